// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "alert/watch.h"

namespace wirestamp::alert {

namespace {
constexpr Duration kDay = Duration::hours(24);
constexpr std::int64_t kThursday = 4;  // 1 January 1970
}  // namespace

bool Maintenance::covers(WallTime time) const {
  if (from || until) return (!from || *from <= time) && (!until || time < *until);
  std::int64_t day = time.ns() / kDay.ns(), rest = time.ns() % kDay.ns();
  if (rest < 0) {
    --day;
    rest += kDay.ns();
  }
  const Duration since_midnight = Duration::nanoseconds(rest);
  const auto on = [&](std::int64_t which) {
    const std::int64_t weekday = ((which + kThursday) % 7 + 7) % 7;
    return weekdays.empty() || std::ranges::find(weekdays, weekday) != weekdays.end();
  };
  if (begin < end) return on(day) && begin <= since_midnight && since_midnight < end;
  // Over midnight: the weekday is that of its begin.
  return (on(day) && begin <= since_midnight) || (on(day - 1) && since_midnight < end);
}

}  // namespace wirestamp::alert
