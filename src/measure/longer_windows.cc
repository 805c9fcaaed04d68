// SPDX-License-Identifier: Apache-2.0
#include "measure/longer_windows.h"

#include <utility>

namespace wirestamp::measure {

std::optional<TimedWindow> LongerWindows::add(const TimedWindow& window) {
  const std::int64_t into = window.begin.ns() % length_.ns();
  const WallTime begin =
      WallTime::from_ns(window.begin.ns() - into - (into < 0 ? length_.ns() : 0));
  std::optional<TimedWindow> ended;
  if (open_ && (open_->begin != begin || open_->epoch != window.epoch))
    ended = std::exchange(open_, std::nullopt);
  if (!open_)
    open_ = {.begin = begin, .length = length_, .epoch = window.epoch, .part = false, .window = {}};
  open_->part = open_->part || window.part;
  open_->window.merge_finer(window.window, window.begin);
  return ended;
}

std::optional<TimedWindow> LongerWindows::older_than(WallTime time) {
  if (!open_ || open_->end() > time) return std::nullopt;
  return std::exchange(open_, std::nullopt);
}

}  // namespace wirestamp::measure
