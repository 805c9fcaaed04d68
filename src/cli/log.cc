// SPDX-License-Identifier: Apache-2.0
#include "cli/log.h"

#include <fmt/format.h>

#include "cli/streams.h"
#include "platform/terminal.h"
#include "publish/document.h"
#include "publish/json_writer.h"

namespace wirestamp::cli {

namespace {

// Of syslog (RFC 5424 6.2.1). What an agent tells in the usual course of things is `notice`:
// `info` is often not kept.
char priority_of(measure::Severity level) {
  switch (level) {
    case measure::Severity::Error:
      return '3';
    case measure::Severity::Warning:
      return '4';
    case measure::Severity::Info:
      break;
  }
  return '5';
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f)
      line += fmt::format("\\x{:02x}", octet);
    else
      line += c;
  }
  return line;
}

std::string as_json(const LogLine& line) {
  std::string text;
  publish::JsonWriter json(text);
  json.begin_object();
  json.member("time", publish::rfc3339(line.time));
  json.member("level", name(line.level));
  if (!line.session.empty()) json.member("session", line.session);
  json.member("text", line.text);
  json.end_object();
  return text;
}

}  // namespace

std::string log_line(const LogLine& line, LogFormat format, bool priority) {
  std::string text;
  if (priority) text = {'<', priority_of(line.level), '>'};
  if (format == LogFormat::Json) {
    text += as_json(line);
  } else {
    if (!line.session.empty()) text += one_line(line.session) + ": ";
    text += one_line(line.text);
  }
  return text + '\n';
}

Log::Log(std::FILE* stream, LogFormat format)
    : stream_(stream), format_(format), journal_(platform::is_journal(stream)) {}

void Log::write(const LogLine& line) const {
  tell(stream_, std::string_view(log_line(line, format_, journal_)));
}

}  // namespace wirestamp::cli
