// SPDX-License-Identifier: Apache-2.0
#include "cli/slow_work.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace wirestamp::cli {

SlowWork::SlowWork(Duration first, std::function<void(Duration)> tell)
    : tell_(std::move(tell)), thread_([this, first] { run(first); }) {}

SlowWork::~SlowWork() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  over_.notify_one();
  thread_.join();
}

void SlowWork::run(Duration first) {
  std::unique_lock lock(mutex_);
  Duration passed, next = first;
  while (!over_.wait_for(lock, std::chrono::nanoseconds((next - passed).ns()),
                         [this] { return done_; })) {
    passed = next;
    next = std::max(passed * 2, Duration::milliseconds(1));
    lock.unlock();
    tell_(passed);
    lock.lock();
  }
}

}  // namespace wirestamp::cli
