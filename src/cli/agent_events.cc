// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_events.h"

#include <utility>

namespace wirestamp::cli {

void AgentEvents::put(Item item) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() == kMaxWaiting) {
    ++dropped_;
    return;
  }
  waiting_.push_back(std::move(item));
  something_.notify_one();
}

void AgentEvents::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  something_.notify_one();
}

std::vector<AgentEvents::Item> AgentEvents::take() {
  std::unique_lock lock(mutex_);
  something_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
  return std::exchange(waiting_, {});
}

std::uint64_t AgentEvents::take_dropped() {
  const std::lock_guard lock(mutex_);
  return std::exchange(dropped_, 0);
}

}  // namespace wirestamp::cli
