// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "publish/period.h"
#include "report/span.h"
#include "store/store.h"

// What the store knows of a session, as a report tells it: one way for the command and for the API,
// so that both tell the same of the same range.
namespace wirestamp::report {

inline constexpr std::size_t kMostWindows = 2'000;  // of one session
inline constexpr int kPieces = 16;  // that a range is read in, so that progress can be told

// Reads all of it and sums it up. `step`: of the windows; absent: chosen such that there are at
// most `most`. `read` is called after each piece. Fails when the store cannot be read.
Result<publish::Period> read_period(store::Reader& reader, const store::SessionRow& session,
                                    const TimeSpan& span, std::optional<Duration> step,
                                    std::size_t most, const std::function<void()>& read);

struct Question {
  std::string_view version;  // of the program
  TimeSpan span;
  std::optional<TimeSpan> compared;  // with this
  std::optional<Duration> step;
};

// The report of one session.
Result<publish::PeriodReport> read_report(store::Reader& reader, const store::SessionRow& session,
                                          const Question& question,
                                          const std::function<void()>& read);

}  // namespace wirestamp::report
