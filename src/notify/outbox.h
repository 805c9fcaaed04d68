// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "notify/answer.h"
#include "notify/backoff.h"
#include "time/duration.h"

namespace wirestamp::notify {

struct Message {
  std::string id;              // unique, the same in each attempt and for each URL
  std::string kind;            // "incident.opened"
  std::uint64_t incident = 0;  // 0: none
  std::string body;            // JSON
  MonoTime accepted;
};

struct OutboxLimits {
  std::size_t messages = 256;
  std::size_t octets = std::size_t{4} << 20U;  // of bodies
  Duration keep = Duration::hours(24);         // from when a message was accepted
  unsigned attempts = 300;                     // for one message; 24 hours at the longest pause
  BackoffLimits backoff;
};

struct OutboxStatus {
  std::uint64_t delivered = 0;  // messages
  std::uint64_t failed = 0;     // attempts
  std::uint64_t given_up = 0;   // messages that were refused for good, too old or tried too often
  std::uint64_t dropped = 0;    // messages that found no room, or made room for a newer one
  std::size_t pending = 0;      // messages, the one under way included
  bool failing = false;         // the last attempt failed
  std::string last_error;       // of the last attempt that failed; "" when none did
};

// What waits for one URL, and when it is tried. Pure: times come in. One attempt at a time, oldest
// first; a message that was refused kAttemptsInFront times lets the others pass, so that one which
// the receiver stumbles over does not hold up all.
//
// A full outbox drops the oldest message of an incident that has a newer one waiting (a receiver
// that was away needs to know how it stands, not each step), else, for a message of an incident,
// the oldest that belongs to none, else the new one.
class Outbox {
 public:
  static constexpr unsigned kAttemptsInFront = 6;  // a minute, about

  Outbox(const OutboxLimits& limits, std::uint64_t seed)
      : limits_(limits), backoff_(limits.backoff, seed) {}

  void push(std::shared_ptr<const Message> message);
  void drop() { ++status_.dropped; }  // one that cannot be pushed

  // When the next attempt may begin; nothing while one is under way or nothing waits.
  std::optional<MonoTime> due() const;
  // Begins an attempt; null when none is due. finish() ends it.
  std::shared_ptr<const Message> begin(MonoTime now);
  // True when the receiver began to fail or is well again with this.
  bool finish(const Answer& answer, MonoTime now);

  OutboxStatus status() const;
  std::uint64_t failures() const { return backoff_.failures(); }  // in a row
  bool busy() const { return under_way_.has_value(); }

 private:
  struct Waiting {
    std::shared_ptr<const Message> message;
    unsigned attempts = 0, refused = 0;
  };
  bool fits(const Message& message) const;
  bool make_room(const Message& message);
  void drop_old(MonoTime now);
  void erase(std::list<Waiting>::iterator entry);

  OutboxLimits limits_;
  Backoff backoff_;
  std::list<Waiting> waiting_;  // the one under way is in it
  std::optional<std::list<Waiting>::iterator> under_way_;
  std::size_t octets_ = 0;
  std::optional<MonoTime> not_before_;
  OutboxStatus status_;
};

}  // namespace wirestamp::notify
