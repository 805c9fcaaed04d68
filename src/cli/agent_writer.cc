// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_writer.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "cli/streams.h"
#include "packet/address.h"
#include "publish/agent_lines.h"
#include "publish/period.h"
#include "publish/text.h"

namespace wirestamp::cli {

LineFile::~LineFile() {
  if (stream_ != nullptr && stream_ != stdout) std::fclose(stream_);
}

Result<void> LineFile::open(const std::string& path) {
  path_ = path;
  stream_ = path == "-" ? stdout : std::fopen(path.c_str(), "ae");
  return stream_ != nullptr ? Result<void>() : failed();
}

Result<void> LineFile::write(const std::string& line) {
  // What a full disk took of a line must not spoil the next one.
  if (torn_) std::fputc('\n', stream_);
  const bool written = std::fwrite(line.data(), 1, line.size(), stream_) == line.size();
  torn_ = !written || std::fflush(stream_) != 0;
  return torn_ ? failed() : Result<void>();
}

Result<void> LineFile::failed() const {
  return fail(fmt::format("cannot write '{}': {}", path_ == "-" ? "standard output" : path_,
                          std::generic_category().message(errno)),
              errno);
}

Result<void> AgentWriter::open(const config::Settings& settings) {
  using config::Key;
  const std::string results = settings.text(Key::Results), events = settings.text(Key::Events);
  if (!results.empty()) TRY_VOID(results_.open(results));
  if (!events.empty()) TRY_VOID(events_.open(events));
  return {};
}

void AgentWriter::on_start(const agent::ReflectStart& start) {
  for (const agent::ReflectStart::Port& port : start.ports)
    say_(measure::Severity::Info, {},
         fmt::format("reflecting on {}, stamps here: {} when received, {} when sent",
                     packet::to_string(port.local), name(port.stamping.receive),
                     name(port.stamping.transmit)));
  if (!start.keys.empty()) say_(measure::Severity::Info, {}, "keys: " + start.keys);
  for (const packet::Endpoint& at : start.twamp)
    say_(measure::Severity::Info, {},
         fmt::format("listening on {} (TCP) as a TWAMP server", packet::to_string(at)));
  for (const std::string& note : start.notes) say_(measure::Severity::Info, {}, note);
}

void AgentWriter::on_session(const agent::KeptSession& session, const agent::PingStart& start) {
  say_(measure::Severity::Info, session.name,
       fmt::format("measuring {} from {}{}, {} octets every {}, {}, stamps here: {} when sent, {} "
                   "when received",
                   packet::to_string(start.remote), packet::to_string(start.local),
                   start.interface_name.empty() ? "" : " on " + start.interface_name, start.size,
                   publish::human(session.options.interval),
                   publish::load_text(start.size, start.remote.address.family(),
                                      session.options.interval, session.options.flows),
                   name(start.stamping.transmit), name(start.stamping.receive)));
  if (!start.key_id.empty())
    say_(measure::Severity::Info, session.name,
         fmt::format("{}authenticated with key {} ({})", start.tlv_hmac ? "TLVs " : "",
                     start.key_id, start.key_fingerprint));
  for (const std::string& note : start.notes) say_(measure::Severity::Info, session.name, note);
}

void AgentWriter::on_note(const std::string& session, const std::string& text) {
  say_(measure::Severity::Info, session, text);
}

void AgentWriter::on_event(const measure::RecordedEvent& event) {
  say_(event.severity, event.session, event.event.text);
  if (events_.is_open()) put(events_, publish::event_json_line(event.session, event.event));
}

void AgentWriter::on_incident(const measure::Incident& incident) {
  // It changes with each event that belongs to it, and with each worse figure; what is news is what
  // it is about, and how grave that is.
  std::string news(name(incident.severity));
  news += incident.by_figure && incident.worst ? name(incident.worst->crossing.figure)
                                               : std::string_view(incident.title);
  if (!incident.closed && std::exchange(titles_[incident.id], news) == news) return;
  if (incident.closed) titles_.erase(incident.id);
  // It may be open from before this start, and a crossed threshold is told minutes later.
  const std::string how =
      incident.closed == incident.opened ? std::string("closed")
      : incident.closed
          ? "closed after " + publish::human_length(*incident.closed - incident.opened)
          : "open since " + publish::human_time(incident.opened) + " UTC";
  say_(incident.closed ? measure::Severity::Info : incident.severity, incident.session,
       fmt::format("incident {} {}{}: {}", incident.id, how,
                   incident.in_maintenance ? ", in maintenance" : "", incident.title));
}

void AgentWriter::on_window(const agent::KeptSession& session, const agent::ResultWindow& window) {
  const publish::AgentResult result{.session = session.name,
                                    .host = session.options.host,
                                    .begin = window.begin,
                                    .end = window.end,
                                    .part = window.part,
                                    .summary = window.summary};
  if (results_.is_open())
    put(results_, publish::result_json_line(result));
  else
    tell(stdout, "{}\n", publish::result_text_line(result));
}

void AgentWriter::put(LineFile& file, const std::string& line) {
  bool& failing = &file == &results_ ? results_failing_ : events_failing_;
  const auto written = file.write(line);
  if (!written && !failing)
    say_(measure::Severity::Error, {},
         written.error().text + ": lines are lost until that is mended");
  if (written && failing)
    say_(measure::Severity::Info, {}, fmt::format("'{}' can be written again", file.path()));
  failing = !written;
}

}  // namespace wirestamp::cli
