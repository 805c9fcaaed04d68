// SPDX-License-Identifier: Apache-2.0
#include "session/reflector_view.h"

#include <algorithm>
#include <iterator>

#include "session/limits.h"

namespace wirestamp::session {

namespace {
// Requests may overtake each other on the way; a hole is widened by so many requests on both sides.
constexpr std::uint64_t kReorderSlack = 16;
}  // namespace

bool ReflectorView::note(std::uint64_t reflector_sequence, std::uint64_t sender_sequence) {
  const auto [place, fresh] = request_by_reply_.try_emplace(reflector_sequence, sender_sequence);
  if (!fresh) return place->second == sender_sequence;
  if (reflector_sequence >= next_reply_) {
    const std::uint64_t gap = reflector_sequence - next_reply_;
    if (gap + missing_.size() > kMaxMissingReplies) {
      missing_forgotten_ += gap;
    } else {
      for (std::uint64_t n = next_reply_; n < reflector_sequence; ++n)
        missing_.insert(missing_.end(), n);
    }
    next_reply_ = reflector_sequence + 1;
  } else if (missing_.erase(reflector_sequence) == 0 && missing_forgotten_ > 0) {
    --missing_forgotten_;
  }
  reply_by_request_.emplace(sender_sequence, reflector_sequence);
  newest_request_ = std::max(newest_request_.value_or(0), sender_sequence);
  if (request_by_reply_.size() > kMaxKnownReplies) forget_oldest();
  return true;
}

Reached ReflectorView::reached(std::uint64_t sender_sequence) const {
  if (reply_by_request_.contains(sender_sequence)) return Reached::Yes;
  if (!newest_request_ || *newest_request_ < sender_sequence || sender_sequence < first_request_)
    return Reached::Unknown;
  if (missing_forgotten_ > 0) return Reached::InHole;
  // Walk the holes: runs of missing numbers with the known replies on both sides.
  for (auto hole = missing_.begin(); hole != missing_.end();) {
    const auto after = request_by_reply_.upper_bound(*hole);
    std::uint64_t low = 0;
    if (after != request_by_reply_.begin()) low = std::prev(after)->second;
    const std::uint64_t high = after == request_by_reply_.end() ? *newest_request_ : after->second;
    const std::uint64_t first = std::min(low, high), last = std::max(low, high);
    if (sender_sequence + kReorderSlack >= first && sender_sequence <= last + kReorderSlack)
      return Reached::InHole;
    if (after == request_by_reply_.end()) break;
    hole = missing_.lower_bound(after->first);
  }
  return Reached::No;
}

unsigned ReflectorView::replies_to(std::uint64_t sender_sequence) const {
  return static_cast<unsigned>(reply_by_request_.count(sender_sequence));
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

void ReflectorView::forget_before(std::uint64_t sender_sequence) {
  // The last reply before a hole is its edge: it stays as long as the hole matters.
  while (request_by_reply_.size() > 1 &&
         std::next(request_by_reply_.begin())->second + kReorderSlack < sender_sequence) {
    forget_oldest();
  }
  // Missing numbers below what is remembered stay counted, but no longer blur later probes.
  const std::uint64_t floor = request_by_reply_.empty() ? 0 : request_by_reply_.begin()->first;
  while (!missing_.empty() && *missing_.begin() < floor) {
    missing_.erase(missing_.begin());
    ++missing_settled_;
  }
}

}  // namespace wirestamp::session
