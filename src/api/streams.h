// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <microhttpd.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "api/feed.h"
#include "time/duration.h"

namespace wirestamp::api {

// Streams of live data. A stream that has nothing to tell is suspended; one thread wakes those that
// wait when the feed has something, at most twenty times a second however much it has, and each now
// and then for a heartbeat, which also finds out who is gone.
class Streams {
 public:
  // `clock` tells the time; `tick` is called about once a second.
  Streams(Feed& feed, std::size_t most, Duration heartbeat, std::function<MonoTime()> clock,
          std::function<void()> tick);
  ~Streams();  // stop()
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // A response that follows the feed from `position` on (after `greeting`); null when there are as
  // many as may be.
  MHD_Response* open(MHD_Connection* connection, Feed::Filter filter, std::uint64_t position,
                     std::string greeting);
  // All streams end as soon as the library asks for more. Then no connection is suspended.
  void stop();
  std::size_t size() const;

 private:
  struct Stream {
    Streams& all;
    MHD_Connection* connection;
    Feed::Filter filter;
    Feed::Following following;
    std::uint64_t position;
    std::string pending;   // told already by the feed, not taken yet
    std::size_t sent = 0;  // of that
    MonoTime last;         // when something was told last
    bool waiting = false;  // suspended
  };
  static ssize_t read(void* cls, std::uint64_t position, char* buffer, std::size_t room);
  static void release(void* cls);
  bool fill(Stream& stream);
  void run();
  void wake(bool all);

  Feed& feed_;
  const std::size_t most_;
  const Duration heartbeat_;
  const std::function<MonoTime()> clock_;
  const std::function<void()> tick_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_set<Stream*> streams_;
  std::uint64_t version_ = 0, woken_ = 0;  // of the feed: as it is, and as it was told on
  bool stopping_ = false;
  std::jthread thread_;
};

}  // namespace wirestamp::api
