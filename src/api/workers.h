// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "api/desk.h"

namespace wirestamp::api {

// Threads that answer what may wait, each at a desk of its own.
class Workers {
 public:
  // Gets null when the server ends before its turn.
  using Job = std::move_only_function<void(Desk*)>;

  Workers(const Sources& sources, unsigned threads, std::size_t waiting);
  ~Workers();  // stop()

  // False when the queue is full or it is stopped: the job is gone then. `before` is called when
  // the job is taken, before any thread can begin it.
  bool add(Job job, const std::function<void()>& before);
  // Ends what runs, and the rest with null.
  void stop();

 private:
  void work();

  const Sources& sources_;
  const std::size_t waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace wirestamp::api
