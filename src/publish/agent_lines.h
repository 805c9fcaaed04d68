// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "measure/event.h"
#include "measure/summary.h"
#include "time/duration.h"

// What an agent tells of its sessions, a line each.
namespace wirestamp::publish {

// One session's figures over one window.
struct AgentResult {
  std::string session, host;  // name of the session; host as the user named it
  WallTime begin, end;        // `end` is not in it
  bool part = false;          // of a window that the session was not there for all of
  measure::Summary summary;
};

// "12:05:00 office: 120 sent, loss 0 %, round trip p50 1.20 ms, p99 3.10 ms, max 9.00 ms": the time
// is the window's beginning, UTC.
std::string result_text_line(const AgentResult& result);
// One JSON object of docs/reference/output.md, with a line end.
std::string result_json_line(const AgentResult& result);
std::string event_json_line(const std::string& session, const measure::Event& event);

}  // namespace wirestamp::publish
