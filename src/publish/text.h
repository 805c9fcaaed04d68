// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "measure/echo.h"
#include "measure/event.h"
#include "measure/sample.h"
#include "measure/summary.h"
#include "publish/report.h"
#include "time/duration.h"

// What people read.
namespace wirestamp::publish {

// Three significant digits and a unit: "3.42 us", "12.3 ms", "-1.20 s".
std::string human(Duration duration);
// "0.0123 %", "33.3 %", "99.96 %"; "0 %" and "100 %" only when it is so.
std::string human_percent(double ratio);

// One line before the first probe: what is measured, from where, with which stamps.
std::string headline(const Report& start);

// "18:04:05.123 stalled flow: ...": the time is UTC.
std::string event_line(const measure::Event& event);

// The state of a running measurement in at most `columns` characters. `last`: the newest reply, or
// null. `echo`: what ICMP echo tells, or null.
std::string live_line(const measure::Summary& summary, const measure::Sample* last,
                      const measure::EchoSummary* echo, std::size_t columns);

// The summary at the end, several lines.
std::string text_summary(const Report& report);

}  // namespace wirestamp::publish
