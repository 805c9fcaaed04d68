// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "time/duration.h"

namespace wirestamp::cli {

// Tells that something is still going on, for work that cannot say how far it is. As long as the
// object lives: after `first`, and then again and again, at twice the time each.
class SlowWork {
 public:
  // `tell`: on a thread of its own; what the work has taken so far.
  SlowWork(Duration first, std::function<void(Duration)> tell);
  ~SlowWork();  // nothing is told any more
  SlowWork(const SlowWork&) = delete;
  SlowWork& operator=(const SlowWork&) = delete;

 private:
  void run(Duration first);

  std::function<void(Duration)> tell_;
  std::mutex mutex_;
  std::condition_variable over_;
  bool done_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace wirestamp::cli
