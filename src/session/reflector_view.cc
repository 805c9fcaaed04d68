// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_view.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "session/limits.h"

namespace wirestamp::session {

namespace {
// Requests may overtake each other on the way; a hole is widened by so many requests on both sides.
constexpr std::uint64_t kReorderSlack = 16;
// Holes are in the order of reply numbers; by so many requests theirs may differ from it.
constexpr std::uint64_t kHoleDisorder = 1'024;
}  // namespace

ReflectorView::ReflectorView(std::uint64_t first_request, ReflectorView& before)
    : given_up_(before.given_up_.take_from(first_request)),
      given_up_uncounted_(before.given_up_uncounted_.take_from(first_request)),
      first_request_(first_request) {}

bool ReflectorView::note(std::uint64_t reflector_sequence, std::uint64_t sender_sequence) {
  if (reflector_sequence < floor_) return true;  // done with
  const auto [place, fresh] = request_by_reply_.try_emplace(reflector_sequence, sender_sequence);
  if (!fresh) return place->second == sender_sequence;
  if (reflector_sequence >= next_reply_) {
    missing_.add_range(next_reply_, reflector_sequence);
    next_reply_ = reflector_sequence + 1;
  } else {
    missing_.remove(reflector_sequence);
  }
  reply_by_request_.emplace(sender_sequence, reflector_sequence);
  newest_request_ = std::max(newest_request_.value_or(0), sender_sequence);
  if (given_up_.remove(sender_sequence)) ++resolved_.backward;
  given_up_uncounted_.remove(sender_sequence);
  if (request_by_reply_.size() > kMaxKnownReplies) {
    const std::uint64_t request = request_by_reply_.begin()->second;
    evicted_request_ = std::max(evicted_request_.value_or(request), request);
    forget_oldest();
    settle_missing();
  }
  return true;
}

Reached ReflectorView::reached(std::uint64_t sender_sequence) const {
  if (reply_by_request_.contains(sender_sequence)) return Reached::Yes;
  if (!newest_request_ || *newest_request_ < sender_sequence || sender_sequence < first_request_)
    return Reached::Unknown;
  if (evicted_request_ && sender_sequence <= *evicted_request_) return Reached::Unknown;
  for (const auto& [first, end] : missing_.runs()) {
    // Both neighbours of a hole are known, but for one that begins with the state itself.
    const auto before = first > 0 ? request_of(first - 1) : std::nullopt;
    const std::uint64_t low = before.value_or(first_request_);
    const std::uint64_t high = request_of(end).value_or(*newest_request_);
    const auto [from, to] = std::minmax(low, high);
    if (sender_sequence + kReorderSlack >= from && sender_sequence <= to + kReorderSlack)
      return Reached::InHole;
    if (from > sender_sequence + kReorderSlack + kHoleDisorder) break;
  }
  return Reached::No;
}

unsigned ReflectorView::replies_to(std::uint64_t sender_sequence) const {
  return static_cast<unsigned>(reply_by_request_.count(sender_sequence));
}

std::optional<std::uint64_t> ReflectorView::first_reply_to(std::uint64_t sender_sequence) const {
  const auto [from, to] = reply_by_request_.equal_range(sender_sequence);
  if (from == to) return std::nullopt;
  return std::min_element(from, to,
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->second;
}

std::optional<std::uint64_t> ReflectorView::request_of(std::uint64_t reflector_sequence) const {
  const auto known = request_by_reply_.find(reflector_sequence);
  if (known == request_by_reply_.end()) return std::nullopt;
  return known->second;
}

std::optional<std::uint64_t> ReflectorView::newest() const {
  if (next_reply_ == 0) return std::nullopt;
  return next_reply_ - 1;
}

void ReflectorView::forget_oldest() {
  const auto oldest = request_by_reply_.begin();
  const auto [from, to] = reply_by_request_.equal_range(oldest->second);
  const auto same =
      std::find_if(from, to, [&](const auto& pair) { return pair.second == oldest->first; });
  if (same != to) reply_by_request_.erase(same);
  request_by_reply_.erase(oldest);
}

// Missing numbers below what is remembered stay counted, but no longer blur later probes.
void ReflectorView::settle_missing() {
  if (request_by_reply_.empty() || request_by_reply_.begin()->first <= floor_) return;
  floor_ = request_by_reply_.begin()->first;
  missing_settled_ += missing_.remove_below(floor_);
}

void ReflectorView::forget_before(std::uint64_t sender_sequence) {
  // The last reply before a hole is its edge: it stays as long as the hole matters.
  while (request_by_reply_.size() > 1 && request_by_reply_.begin()->second < sender_sequence &&
         std::next(request_by_reply_.begin())->second + kReorderSlack < sender_sequence) {
    forget_oldest();
  }
  settle_missing();
  // Where some reply is always missing there is never a moment without a hole.
  const bool too_many = given_up_.runs().size() > kMaxGivenUpRuns ||
                        given_up_uncounted_.runs().size() > kMaxGivenUpRuns;
  if (missing_.empty() || too_many) resolve_below(sender_sequence);
}

void ReflectorView::give_up(std::uint64_t sender_sequence, bool counted) {
  // What is known of it was thrown away, so no sum can tell.
  if (evicted_request_ && sender_sequence <= *evicted_request_) return;
  (counted ? given_up_ : given_up_uncounted_).add(sender_sequence);
}

// Each missing number answered one of the requests given up; who is left never arrived.
void ReflectorView::resolve_below(std::uint64_t sender_sequence) {
  if (!newest_request_) return;
  const std::uint64_t end = std::min(sender_sequence, *newest_request_ + 1);
  given_up_.remove_below(first_request_);
  given_up_uncounted_.remove_below(first_request_);
  const std::uint64_t counted = given_up_.remove_below(end);
  const std::uint64_t uncounted = given_up_uncounted_.remove_below(end);
  const std::uint64_t missing = std::exchange(missing_settled_, 0);
  std::uint64_t backward = std::min(counted, missing);
  // Nobody knows which of them the missing numbers belong to: in proportion.
  if (missing < counted + uncounted && uncounted > 0)
    backward = static_cast<std::uint64_t>(
        std::llround(static_cast<double>(missing) * static_cast<double>(counted) /
                     static_cast<double>(counted + uncounted)));
  resolved_ += {.forward = counted - backward, .backward = backward};
}

void ReflectorView::resolve_all() {
  missing_settled_ += missing_.remove_below(next_reply_);
  if (newest_request_) resolve_below(*newest_request_ + 1);
}

}  // namespace wirestamp::session
