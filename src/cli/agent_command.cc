// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "cli/agent_events.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/option_values.h"
#include "cli/streams.h"
#include "config/agent_config.h"
#include "platform/process.h"
#include "publish/agent_lines.h"
#include "publish/text.h"

namespace wirestamp::cli {

namespace {

using config::Key;

std::atomic<agent::Daemon*> running{nullptr};

void stop_running() noexcept {
  if (agent::Daemon* daemon = running.load()) daemon->stop();
}

Result<agent::DaemonOptions> daemon_options(const config::AgentConfig& config) {
  agent::DaemonOptions options{.reflect = reflect_options(config.settings), .sessions = {}};
  options.reflect.devices.clear();  // --device is where the sessions send
  options.result_every = *config.settings.get<Duration>(Key::ResultEvery);
  for (const config::SessionConfig& session : config.sessions) {
    auto wanted = agent_session_options(session.settings);
    if (!wanted)
      return fail(
          fmt::format("session '{}' ({}): {}", session.name, session.place, wanted.error().text));
    options.sessions.push_back({.id = static_cast<std::uint32_t>(options.sessions.size()),
                                .name = session.name,
                                .options = std::move(*wanted)});
  }
  return options;
}

// A file of JSON lines that is appended to.
class LineFile {
 public:
  Result<void> open(const std::string& path) {
    path_ = path;
    stream_ = path == "-" ? stdout : std::fopen(path.c_str(), "ae");
    return stream_ != nullptr ? Result<void>() : failed();
  }
  ~LineFile() {
    if (stream_ != nullptr && stream_ != stdout) std::fclose(stream_);
  }
  LineFile() = default;
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  bool is_open() const { return stream_ != nullptr; }
  const std::string& path() const { return path_; }
  Result<void> write(const std::string& line) {
    // What a full disk took of a line must not spoil the next one.
    if (torn_) std::fputc('\n', stream_);
    const bool written = std::fwrite(line.data(), 1, line.size(), stream_) == line.size();
    torn_ = !written || std::fflush(stream_) != 0;
    return torn_ ? failed() : Result<void>();
  }

 private:
  Result<void> failed() const {
    return fail(fmt::format("cannot write '{}': {}", path_ == "-" ? "standard output" : path_,
                            std::generic_category().message(errno)),
                errno);
  }
  std::string path_;
  std::FILE* stream_ = nullptr;
  bool torn_ = false;
};

// Writes what the agent tells. A file that cannot be written is no reason to stop measuring: it is
// told once, and again when it works again.
class Writer {
 public:
  explicit Writer(const agent::DaemonOptions& options) : sessions_(options.sessions) {}

  Result<void> open(const config::Settings& settings) {
    const std::string results = settings.text(Key::Results), events = settings.text(Key::Events);
    if (!results.empty() && results == events)
      return fail(fmt::format("--results and --events name the same file '{}'", results));
    if (!results.empty()) TRY_VOID(results_.open(results));
    if (!events.empty()) TRY_VOID(events_.open(events));
    return {};
  }

  void operator()(const agent::ReflectStart& start) {
    for (const agent::ReflectStart::Port& port : start.ports)
      say(fmt::format("reflecting on {}, stamps here: {} when received, {} when sent",
                      packet::to_string(port.local), name(port.stamping.receive),
                      name(port.stamping.transmit)));
    for (const std::string& note : start.notes) say(note);
    if (sessions_.empty())
      say("no sessions: name hosts on the command line, in WIRESTAMP_SESSIONS or in --config FILE");
  }
  void operator()(const AgentEvents::Begun& begun) {
    const agent::PingStart& start = begun.start;
    say(fmt::format(
        "{}: measuring {} from {}{}, {} octets every {}, stamps here: {} when sent, {} "
        "when received",
        name_of(begun.session), packet::to_string(start.remote), packet::to_string(start.local),
        start.interface_name.empty() ? "" : " on " + start.interface_name, start.size,
        publish::human(sessions_[begun.session].options.interval), name(start.stamping.transmit),
        name(start.stamping.receive)));
    for (const std::string& note : start.notes) say(name_of(begun.session) + ": " + note);
  }
  void operator()(const AgentEvents::Note& note) {
    say(note.session ? name_of(*note.session) + ": " + note.text : note.text);
  }
  void operator()(const AgentEvents::Happened& happened) {
    say(name_of(happened.session) + ": " + happened.event.text);
    if (events_.is_open())
      put(events_, publish::event_json_line(name_of(happened.session), happened.event));
  }
  void operator()(const AgentEvents::Window& told) {
    const publish::AgentResult result{.session = name_of(told.session),
                                      .host = sessions_[told.session].options.host,
                                      .begin = told.window->begin,
                                      .end = told.window->end,
                                      .part = told.window->part,
                                      .summary = told.window->summary};
    if (results_.is_open()) {
      put(results_, publish::result_json_line(result));
    } else {
      tell(stdout, "{}\n", publish::result_text_line(result));
    }
  }

 private:
  const std::string& name_of(std::uint32_t session) const { return sessions_[session].name; }
  static void say(std::string_view text) { tell(stderr, "{}\n", text); }
  void put(LineFile& file, const std::string& line) {
    bool& failing = &file == &results_ ? results_failing_ : events_failing_;
    const auto written = file.write(line);
    if (!written && !failing) say(written.error().text + ": lines are lost until that is mended");
    if (written && failing) say(fmt::format("'{}' can be written again", file.path()));
    failing = !written;
  }

  const std::vector<agent::DaemonSession>& sessions_;
  LineFile results_, events_;
  bool results_failing_ = false, events_failing_ = false;
};

int refused(int code, const Error& error) {
  complain(error.text);
  return code;
}

}  // namespace

int run_agent(const config::Source& flags, const config::Source& environment) {
  const auto config = load_agent_config(flags, environment);
  if (!config) return refused(kUsage, config.error());
  const auto options = daemon_options(*config);
  if (!options) return refused(kUsage, options.error());
  Writer writer(*options);
  if (auto opened = writer.open(config->settings); !opened)
    return refused(kRefused, opened.error());
  const auto daemon = agent::Daemon::create(*options);
  if (!daemon) return refused(kRefused, daemon.error());

  running.store(daemon->get());
  platform::on_stop_signal(stop_running);
  AgentEvents events;
  Result<session::ReflectorCounters> counters = fail("the agent did not start");
  std::thread measuring([&] {
    counters = (*daemon)->run(events);
    events.end();
  });
  for (auto items = events.take(); !items.empty(); items = events.take()) {
    for (const AgentEvents::Item& item : items) std::visit(writer, item);
    if (const std::uint64_t lost = events.take_dropped(); lost > 0)
      complain(fmt::format("{} lines were lost: they could not be written fast enough", lost));
  }
  measuring.join();
  running.store(nullptr);
  if (!counters) return refused(kRefused, counters.error());
  tell(stderr, "stopped; answered {} of {} requests\n", counters->replies, counters->requests);
  return kMeasured;
}

}  // namespace wirestamp::cli
