// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "measure/incident.h"
#include "time/duration.h"

// What an agent says while it runs: a line each, for a person, a journal or a program.
namespace wirestamp::cli {

enum class LogFormat : std::uint8_t {
  Text,  // "office: nothing comes back since ..."
  Json,  // {"time":"2026-11-26T00:50:36.123456789Z","level":"warning","session":"office","text":"..."}
};

struct LogLine {
  measure::Severity level = measure::Severity::Info;
  std::string_view session = {};  // name; "": of the agent as a whole
  std::string_view text;
  WallTime time;  // of what it tells; in JSON only, since a journal has its own
};

// The line, with its end. Whatever stands in the text it is one line: control characters, which
// could forge another one or talk to a terminal, are written as \xNN. `priority`: begins with the
// <N> of sd-daemon(3), by which a journal knows the level.
std::string log_line(const LogLine& line, LogFormat format, bool priority);

// Writes to one stream from one thread. What cannot be written is lost: a log that is full is no
// reason to stop measuring.
class Log {
 public:
  // With priorities when the stream is the journal (JOURNAL_STREAM).
  explicit Log(std::FILE* stream, LogFormat format);

  void write(const LogLine& line) const;

 private:
  std::FILE* stream_;
  LogFormat format_;
  bool journal_;
};

}  // namespace wirestamp::cli
