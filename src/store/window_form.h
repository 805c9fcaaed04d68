// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "measure/window.h"

// A Window as the octets that are stored. The form, version 1 (numbers as in pack.h):
//
//   version     octet, 1
//   counters    a mask of those that are not 0 (order: kCounters in window_form.cc), then those
//   stamps      for each of the four: 0, or 1 and five counts and 1 + the weakest, 0 without one
//   presence    a mask of what else there is, then that, in the order of its bits
//   Values      a form: 1 one value, 2 two values (min and max are all that is known of them),
//               3 a sum that is a whole number, 4 any sum; min, max - min (not in 1), and in 3 and
//               4 the sum, the count of zeros, the negative buckets, the positive ones
//   buckets     how many places; the first index; then counts of buckets that follow each other, 0
//               and g standing for g empty ones
//
// A second of two probes takes about 70 octets, an hour about 1 KiB.
namespace wirestamp::store {

std::string encode(const measure::Window& window);
// Absent when the octets are not a whole window, well formed, of a version that is known.
// Brief: of its values the round trips alone, which takes a third of the time.
enum class Form : std::uint8_t { Whole, Brief };
std::optional<measure::Window> decode_window(base::Bytes octets, Form form = Form::Whole);
// As into.merge_finer(*decode_window(octets, form), begin), in less time. False, and `into` as it
// was, where there is no window.
bool merge_finer_form(base::Bytes octets, WallTime begin, measure::Window& into,
                      Form form = Form::Whole);

}  // namespace wirestamp::store
