// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/result.h"
#include "time/duration.h"

// Lengths of time that people read, and where windows of them begin.
namespace wirestamp::store {

// The multiple of `step` since 1970 at or before `time`.
WallTime step_begin(WallTime time, Duration step);
// Between two times; at most some 292 years, never negative.
Duration span(WallTime from, WallTime to);
// Steps are whole seconds, from one second to ten thousand days.
Result<void> check_step(Duration step);
// The shortest step of those on a clock's face (1, 2, 5, 10, 15, 20, 30 s; so many minutes; 1, 2,
// 3, 4, 6, 8, 12 h; whole days) that `finest` divides and of which at most `most` make up the
// range, the broken ones at both ends counted.
Duration fitting_step(Duration range, Duration finest, std::size_t most);

}  // namespace wirestamp::store
