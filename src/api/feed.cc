// SPDX-License-Identifier: Apache-2.0
#include "api/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "platform/entropy.h"

namespace wirestamp::api {

namespace {

bool has(std::uint32_t kinds, std::size_t kind) { return (kinds >> kind & 1U) != 0; }

}  // namespace

Feed::Feed() : Feed(Limits()) {}
Feed::Feed(const Limits& limits) : limits_(limits), run_(platform::random_bits() & 0xffff'ffffU) {}

void Feed::publish(Kind kind, std::string_view session, std::string_view json) {
  while (json.ends_with('\n')) json.remove_suffix(1);
  Message message{.kind = kind, .session = std::string(session), .json = std::string(json)};
  // A line end would end the event in the middle.
  std::ranges::replace(message.json, '\n', ' ');
  std::ranges::replace(message.json, '\r', ' ');

  const std::lock_guard lock(mutex_);
  if (message.octets() > limits_.octets / 4) {
    // Its number is used, so that everybody finds a hole there.
    octets_ = 0;
    first_ += ring_.size() + 1;
    ring_.clear();
  } else {
    octets_ += message.octets();
    ring_.push_back(std::move(message));
  }
  while (ring_.size() > limits_.messages || octets_ > limits_.octets) {
    octets_ -= ring_.front().octets();
    ring_.pop_front();
    ++first_;
  }
  coming_ = first_ + ring_.size();
  if (told_) told_();
}

std::uint64_t Feed::next() const {
  const std::lock_guard lock(mutex_);
  return first_ + ring_.size();
}

std::optional<std::uint64_t> Feed::behind(std::string_view last_id) const {
  const std::string run = fmt::format("{:08x}-", run_);
  if (!last_id.starts_with(run)) return std::nullopt;
  last_id.remove_prefix(run.size());
  std::uint64_t id = 0;
  const std::string digits(last_id);
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, id);
  if (error != std::errc() || stopped != end || id >= next()) return std::nullopt;
  return id + 1;
}

void Feed::append(std::uint64_t id, const Message& message, std::string& out) const {
  fmt::format_to(std::back_inserter(out), "id: {:08x}-{}\nevent: {}\ndata: {}\n\n", run_, id,
                 name(message.kind), message.json);
}

void Feed::take(std::uint64_t& position, const Filter& filter, std::size_t enough,
                std::string& out) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t end = first_ + ring_.size();
  if (position < first_) {
    out += gap_event(first_ - position);
    position = first_;
  }
  for (; position < end && out.size() < enough; ++position) {
    const Message& message = ring_[position - first_];
    if ((filter.kinds >> static_cast<unsigned>(message.kind) & 1U) == 0) continue;
    if (!filter.sessions.empty() && !message.session.empty() &&
        std::ranges::find(filter.sessions, message.session) == filter.sessions.end())
      continue;
    append(position, message, out);
  }
}

Feed::Following::Following(Feed& feed, const Filter& filter) : feed_(&feed), kinds_(filter.kinds) {
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    if (has(kinds_, kind)) ++feed.followers_[kind];
}

Feed::Following::~Following() {
  if (feed_ == nullptr) return;
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    if (has(kinds_, kind)) --feed_->followers_[kind];
}

Feed::Following& Feed::Following::operator=(Following&& other) noexcept {
  std::swap(feed_, other.feed_);
  std::swap(kinds_, other.kinds_);
  return *this;
}

bool Feed::wanted(Kind kind) const {
  const auto at = static_cast<std::size_t>(kind);
  if (followers_[at] > 0) return true;
  const std::uint64_t coming = coming_;
  std::uint64_t noted = unwanted_[at];
  while (noted < coming && !unwanted_[at].compare_exchange_weak(noted, coming)) {
  }
  return false;
}

bool Feed::spared(std::uint64_t position, const Filter& filter) const {
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    if (has(filter.kinds, kind) && unwanted_[kind] >= position) return true;
  return false;
}

void Feed::on_publish(std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  told_ = std::move(told);
}

std::size_t Feed::octets() const {
  const std::lock_guard lock(mutex_);
  return octets_;
}

std::string gap_event(std::optional<std::uint64_t> missed) {
  return missed ? fmt::format("event: gap\ndata: {{\"missed\":{}}}\n\n", *missed)
                : std::string("event: gap\ndata: {}\n\n");
}

}  // namespace wirestamp::api
