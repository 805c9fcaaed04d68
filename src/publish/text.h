// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

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
// What probes of `size` octets of UDP payload take of the path, headers of IP and UDP included, in
// each direction where replies are as long: "22.4 kbit/s each way".
std::string load_text(std::uint32_t size, packet::Family family, Duration interval, unsigned lanes);

std::string headline(const Report& start);

// "18:04:05.123 stalled flow: ...": the time is UTC.
std::string event_line(const measure::Event& event);

// The state of a running measurement.
struct LiveState {
  std::string_view label;  // "" when it is the only one
  const measure::Summary* summary = nullptr;
  const measure::Sample* last = nullptr;       // the newest reply, or null
  const measure::EchoSummary* echo = nullptr;  // what ICMP echo tells, or null
};
// All of them in one line of at most `columns` characters; of several each is told in short.
std::string live_line(std::span<const LiveState> states, std::size_t columns);

// The summary at the end, several lines.
std::string text_summary(const Report& report);

// Several measurements of one run beside each other: a table of one line each.
std::string comparison(std::span<const Report> reports);

}  // namespace wirestamp::publish
