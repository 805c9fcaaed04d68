// SPDX-License-Identifier: Apache-2.0
#include "store/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace wirestamp::store {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDay = 86'400, kMostDays = 10'000;
constexpr std::array<std::int64_t, 22> kFaces{
    1,   2,     5,     10,    15,    20,     30,     60,     120,    300,    600,
    900, 1'200, 1'800, 3'600, 7'200, 10'800, 14'400, 21'600, 28'800, 43'200, kDay};

}  // namespace

WallTime step_begin(WallTime time, Duration step) {
  const std::int64_t behind = time.ns() % step.ns();
  const std::int64_t back = behind < 0 ? behind + step.ns() : behind;
  std::int64_t begin = 0;
  if (__builtin_sub_overflow(time.ns(), back, &begin)) return time;
  return WallTime::from_ns(begin);
}

Duration span(WallTime from, WallTime to) {
  if (to < from) return {};
  std::int64_t ns = 0;
  if (__builtin_sub_overflow(to.ns(), from.ns(), &ns))
    ns = std::numeric_limits<std::int64_t>::max();
  return Duration::nanoseconds(ns);
}

Result<void> check_step(Duration step) {
  if (step.ns() >= kSecond && step.ns() % kSecond == 0 && step.ns() / kSecond <= kMostDays * kDay)
    return {};
  return fail(fmt::format("a step of {} ns: steps are whole seconds, from 1 s to {} days",
                          step.ns(), kMostDays));
}

Duration fitting_step(Duration range, Duration finest, std::size_t most) {
  const auto windows = static_cast<std::int64_t>(std::clamp<std::size_t>(most, 3, 1'000'000)) - 1;
  // Rounded up: `windows` of them cover the range, and one more when it begins within the first.
  const std::int64_t seconds = range.ns() / kSecond / windows + 1;
  const std::int64_t wanted = range.ns() % (kSecond * windows) == 0
                                  ? std::max<std::int64_t>(1, range.ns() / kSecond / windows)
                                  : seconds;
  for (const std::int64_t face : kFaces)
    if (face >= wanted && face % (finest.ns() / kSecond) == 0) return Duration::seconds(face);
  return Duration::seconds((wanted + kDay - 1) / kDay * kDay);
}

}  // namespace wirestamp::store
