// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What happens, as it happens: a bounded ring of messages that any number of readers follow, each
// at a pace of its own. Nothing waits for a reader: who is too slow for the ring is told how much
// he missed.
namespace wirestamp::api {

class Feed {
 public:
  enum class Kind : std::uint8_t { Sample, Window, Event, Incident, Status };
  static constexpr std::size_t kKinds = 5;

  struct Limits {
    std::size_t messages = 16'384;
    std::size_t octets = std::size_t{8} << 20U;
  };

  Feed();
  explicit Feed(const Limits& limits);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Any thread; takes a lock for as long as it takes to copy the text. `session`: name, "" of the
  // agent as a whole. `json`: an object in one line; a line end behind it is taken off. What is
  // longer than a quarter of the ring is not kept: readers are told of a gap.
  void publish(Kind kind, std::string_view session, std::string_view json);

  // Number of the next message; a reader that begins here sees what comes from now on.
  std::uint64_t next() const;
  // Behind the message that a reader saw last, as its `id` line said. Absent when that was of
  // another run or is no id: what is between is not known.
  std::optional<std::uint64_t> behind(std::string_view last_id) const;

  struct Filter {
    std::uint8_t kinds = 0xff;          // bit of each Kind
    std::vector<std::string> sessions;  // empty: all; messages of the agent as a whole pass always
  };
  // Appends messages from `position` on as server-sent events, until there are no more or `out` has
  // `enough` octets, and moves `position`. Those that are gone are told as an event `gap`.
  void take(std::uint64_t& position, const Filter& filter, std::size_t enough,
            std::string& out) const;

  // Called (under the feed's lock: no call back) after each message; null to end it.
  void on_publish(std::function<void()> told);

  // While it lives, somebody follows the feed with that filter. The feed outlives it.
  class Following {
   public:
    Following() = default;
    Following(Feed& feed, const Filter& filter);
    Following(Following&& other) noexcept
        : feed_(std::exchange(other.feed_, nullptr)), kinds_(other.kinds_) {}
    Following& operator=(Following&& other) noexcept;
    ~Following();

   private:
    Feed* feed_ = nullptr;
    std::uint8_t kinds_ = 0;
  };
  // Whether anybody follows messages of that kind. Any thread, no lock. Who is told that nobody
  // does may spare himself the making of them: the feed notes where they would have been.
  bool wanted(Kind kind) const;
  // Whether messages that pass the filter may have been spared since `position`.
  bool spared(std::uint64_t position, const Filter& filter) const;

  std::uint64_t published() const { return next() - 1; }
  std::size_t octets() const;

 private:
  struct Message {
    Kind kind = Kind::Status;
    std::string session, json;
    std::size_t octets() const { return session.size() + json.size() + sizeof(Message); }
  };
  void append(std::uint64_t id, const Message& message, std::string& out) const;

  const Limits limits_;
  const std::uint64_t run_;  // told in each id, so that ids of another run are known as such
  mutable std::mutex mutex_;
  std::deque<Message> ring_;
  std::uint64_t first_ = 1;  // number of ring_.front()
  std::size_t octets_ = 0;
  std::function<void()> told_;
  std::array<std::atomic<std::uint32_t>, kKinds> followers_{};
  // next() as it was when the answer of wanted() was no for the last time; 0: never. Written by
  // wanted(), which is a question to whoever asks it.
  mutable std::array<std::atomic<std::uint64_t>, kKinds> unwanted_{};
  std::atomic<std::uint64_t> coming_{1};  // next(), for who has no lock
};

constexpr std::string_view name(Feed::Kind kind) {
  switch (kind) {
    case Feed::Kind::Sample:
      return "sample";
    case Feed::Kind::Window:
      return "window";
    case Feed::Kind::Event:
      return "event";
    case Feed::Kind::Incident:
      return "incident";
    case Feed::Kind::Status:
      return "status";
  }
  return "status";
}

// The event that tells a reader what it missed: so many messages, or an unknown number of them.
std::string gap_event(std::optional<std::uint64_t> missed);

}  // namespace wirestamp::api
