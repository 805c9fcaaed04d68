// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "measure/window.h"

namespace wirestamp::measure {

// Merges the windows of one session, which come in the order they happened, into longer ones that
// begin at multiples of their length (UTC). One is told when the next begins, or by older_than().
class LongerWindows {
 public:
  explicit LongerWindows(Duration length) : length_(length) {}

  // The longer window that ended with this: absent while it belongs to the one that is open.
  std::optional<TimedWindow> add(const TimedWindow& window);
  // The open one, if it ended at `time` or before: no more is expected of it.
  std::optional<TimedWindow> older_than(WallTime time);

 private:
  Duration length_;
  std::optional<TimedWindow> open_;
};

}  // namespace wirestamp::measure
