// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "time/duration.h"

namespace wirestamp::simulation {

// What is to happen in virtual time; at one instant in the order in which it was put down.
class Agenda {
 public:
  void at(MonoTime time, std::function<void()> run) {
    events_.push({time, order_++, std::move(run)});
  }
  bool empty() const { return events_.empty(); }
  MonoTime next() const { return events_.top().time; }
  void run_next() {
    const Event event = events_.top();
    events_.pop();
    event.run();
  }

 private:
  struct Event {
    MonoTime time;
    std::uint64_t order;
    std::function<void()> run;
    bool operator>(const Event& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
};

}  // namespace wirestamp::simulation
