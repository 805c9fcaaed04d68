// SPDX-License-Identifier: Apache-2.0
#include "api/workers.h"

#include <utility>

namespace wirestamp::api {

Workers::Workers(const Sources& sources, unsigned threads, std::size_t waiting)
    : sources_(sources), waiting_(waiting) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Workers::~Workers() { stop(); }

bool Workers::add(Job job, const std::function<void()>& before) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || queue_.size() >= waiting_) return false;
  before();
  queue_.push_back(std::move(job));
  wake_.notify_one();
  return true;
}

void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  threads_.clear();
  // Nobody adds any more.
  for (Job& job : queue_) job(nullptr);
  queue_.clear();
}

void Workers::work() {
  Desk desk(sources_);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job(&desk);
    lock.lock();
  }
}

}  // namespace wirestamp::api
