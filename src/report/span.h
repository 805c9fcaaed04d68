// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "time/duration.h"

namespace wirestamp::report {

// A stretch of time that a report is about.
struct TimeSpan {
  WallTime from, to;               // `to` is not in it
  bool until_now = false;          // nobody named an end, or it is still to come
  std::vector<std::string> notes;  // what was not taken as it was said

  Duration length() const { return to - from; }
};

// What any span is held against: it begins before it ends and before now, and lasts ten years at
// most. One that ends later ends now, with a note.
Result<TimeSpan> checked(TimeSpan span, WallTime now);

// Notes in `other`, which `span` is compared with, that they have a part in common.
void note_overlap(const TimeSpan& span, TimeSpan& other);

}  // namespace wirestamp::report
