// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <thread>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/option_values.h"
#include "cli/ping_events.h"
#include "cli/sample_files.h"
#include "platform/process.h"
#include "platform/terminal.h"
#include "publish/document.h"
#include "publish/text.h"

namespace wirestamp::cli {

namespace {

using config::Key;
using measure::UnsentCause;

std::atomic<agent::Ping*> running{nullptr};

void stop_running() noexcept {
  if (agent::Ping* ping = running.load()) ping->stop();
}

// Where people's text goes: standard output, unless something for programs goes there.
struct Outputs {
  SampleFiles files;
  bool json = false;
  std::FILE* people = stdout;
};

Result<Outputs> plan_outputs(const config::Settings& settings) {
  Outputs outputs;
  outputs.json = settings.flag(Key::Json);
  const std::string jsonl = settings.text(Key::Jsonl), csv = settings.text(Key::Csv);
  const int on_standard_output =
      (outputs.json ? 1 : 0) + (jsonl == "-" ? 1 : 0) + (csv == "-" ? 1 : 0);
  if (on_standard_output > 1)
    return fail(
        "only one of --json, --jsonl - and --csv - can have standard output: "
        "give the others a file");
  if (!jsonl.empty() && jsonl == csv)
    return fail(fmt::format("--jsonl and --csv name the same file '{}'", jsonl));
  if (on_standard_output == 1) outputs.people = stderr;
  return outputs;
}

Result<void> open_files(const config::Settings& settings, Outputs& outputs) {
  if (const auto path = settings.get<std::string>(Key::Jsonl))
    TRY_VOID(outputs.files.open(SampleFiles::Format::JsonLines, *path));
  if (const auto path = settings.get<std::string>(Key::Csv))
    TRY_VOID(outputs.files.open(SampleFiles::Format::Csv, *path));
  return {};
}

// The line on a terminal that is written over again and again.
class LiveLine {
 public:
  explicit LiveLine(std::FILE* stream) : stream_(stream) {}

  void show(const PingEvents::Progress& progress) {
    const auto columns = platform::terminal_columns(stream_);
    if (!columns) return;
    // One column less: a full line would wrap on some terminals.
    fmt::print(stream_, "\r{}\x1b[K",
               publish::live_line(progress.summary, progress.last ? &*progress.last : nullptr,
                                  progress.echo ? &*progress.echo : nullptr, *columns - 1));
    std::fflush(stream_);
    shown_ = true;
  }
  void clear() {
    if (!shown_) return;
    fmt::print(stream_, "\r\x1b[K");
    shown_ = false;
  }

 private:
  std::FILE* stream_;
  bool shown_ = false;
};

publish::Report start_report(const agent::PingOptions& options, const agent::PingStart& start) {
  publish::Report report;
  report.version = kVersion;
  report.host = start.host;
  report.remote = start.remote;
  report.local = start.local;
  report.interface_name = start.interface_name;
  report.transmit = start.stamping.transmit;
  report.receive = start.stamping.receive;
  report.own_ids = start.stamping.own_ids;
  report.stamping_reason = start.stamping.reason;
  report.size = start.size;
  report.dscp = options.dscp;
  report.interval = options.interval;
  return report;
}

std::vector<std::pair<std::string_view, std::uint64_t>> counters_of(
    const session::SenderCounters& counters, std::uint64_t lines_not_written) {
  std::vector<std::pair<std::string_view, std::uint64_t>> told;
  session::for_each(counters, [&](std::string_view name, std::uint64_t value) {
    told.emplace_back(name, value);
  });
  told.emplace_back("lines_not_written", lines_not_written);
  return told;
}

// What to try when nothing came back, from what is known of the probes.
std::string advice(const agent::PingResult& result) {
  const measure::Summary& s = result.summary;
  const auto unsent = [&](UnsentCause cause) {
    return s.unsent_by_cause[static_cast<std::size_t>(cause)] > 0;
  };
  const std::string remote = packet::to_string(result.start.remote);
  if (unsent(UnsentCause::NeighbourUnresolved))
    return fmt::format(
        "no host answers ARP or NDP for {}: it is down, or the address or mask is wrong",
        packet::to_string(result.start.remote.address));
  if (unsent(UnsentCause::NoRoute)) return fmt::format("this host has no route to {}", remote);
  if (s.unsent_total > 0 && s.sent == 0)
    return "no probe left this host: see the causes above (interface, address, local firewall)";
  if (s.peer_closed > 0)
    return fmt::format("the host is up, but nothing listens on {}: run `wirestamp reflect` there",
                       remote);
  if (s.too_big > 0) return "the probes are larger than the path takes: try a smaller --size";
  if (s.refused_by_peer > 0)
    return "the reflector refuses by its policy: see its --allow and --rate";
  if (result.echo && result.echo->summary.received > 0)
    return fmt::format(
        "the host answers ICMP echo, but no STAMP: is `wirestamp reflect` (or another STAMP "
        "reflector) running on {}? Does a firewall drop UDP to it? A reflector answers sources "
        "outside private networks only with --allow {}",
        remote, packet::to_string(result.start.local.address));
  return fmt::format(
      "nothing came back. Is `wirestamp reflect` (or another STAMP reflector) running "
      "on {}? Does a firewall drop UDP to it? A reflector answers sources outside "
      "private networks only with --allow {}",
      remote, packet::to_string(result.start.local.address));
}

// One run of the command, on the writing thread; the measurement has a thread of its own, so that a
// slow file or terminal never delays a probe.
class PingCommand {
 public:
  PingCommand(const config::Settings& settings, agent::PingOptions options, Outputs outputs,
              std::unique_ptr<agent::Ping> ping)
      : settings_(settings),
        options_(std::move(options)),
        outputs_(std::move(outputs)),
        ping_(std::move(ping)),
        events_(!outputs_.files.empty(), platform::terminal_columns(outputs_.people).has_value()),
        live_(outputs_.people) {}

  int run() {
    running.store(ping_.get());
    platform::on_stop_signal(stop_running);
    Result<agent::PingResult> result = fail("the measurement did not start");
    std::thread measuring([&] {
      result = ping_->run(events_);
      events_.end();
    });
    while (!take_batch()) {
    }
    measuring.join();
    running.store(nullptr);
    live_.clear();
    if (auto finished = outputs_.files.finish(); !finished && !write_error_)
      write_error_ = finished.error();
    if (!result) {
      complain(result.error().text);
      return kRefused;
    }
    return tell(*result);
  }

 private:
  // True when it was the last.
  bool take_batch() {
    PingEvents::Batch batch = events_.take();
    if (batch.start && !outputs_.json) {
      fmt::print(outputs_.people, "{}", publish::headline(start_report(options_, *batch.start)));
      for (const std::string& note : batch.start->notes)
        fmt::print(outputs_.people, "note: {}\n", note);
    }
    for (const std::string& note : batch.notes) {
      live_.clear();
      fmt::print(stderr, "note: {}\n", note);
    }
    for (const measure::Event& event : batch.events) {
      live_.clear();
      fmt::print(stderr, "{}\n", publish::event_line(event));
    }
    if (!write_error_) {
      if (auto written = outputs_.files.write(batch.samples); !written) {
        write_error_ = written.error();
        ping_->stop();
      }
    }
    if (batch.progress && !batch.ended) live_.show(*batch.progress);
    std::fflush(outputs_.people);
    return batch.ended;
  }

  int tell(const agent::PingResult& result) {
    publish::Report report = start_report(options_, result.start);
    report.settings = told_settings(settings_, config::Command::Ping);
    report.counters = counters_of(result.counters, events_.samples_dropped());
    report.notes = result.start.notes;
    report.notes.insert(report.notes.end(), result.notes.begin(), result.notes.end());
    report.began = result.began;
    report.ended = result.ended;
    report.interrupted = result.interrupted;
    report.requirement_failed = result.requirement_failed;
    report.summary = result.summary;
    for (const agent::FlowResult& flow : result.flows)
      report.flows.push_back({.tuple = flow.tuple, .summary = flow.summary});
    if (result.echo) report.echo = {.reason = result.echo->reason, .summary = result.echo->summary};
    report.events = result.events;
    report.events_dropped = result.events_dropped;
    const std::string text =
        outputs_.json ? publish::json_document(report) : publish::text_summary(report);
    std::FILE* stream = outputs_.json ? stdout : outputs_.people;
    const bool written =
        std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
    if (!written && !write_error_) write_error_ = Error{"cannot write the result", errno};
    return exit_code(result);
  }

  int exit_code(const agent::PingResult& result) {
    if (events_.samples_dropped() > 0)
      complain(
          fmt::format("{} probes are missing in the files: they could not be written fast enough",
                      events_.samples_dropped()));
    if (write_error_) {
      // A reader that went away, as `head` does, has what it wanted.
      if (write_error_->os_error != EPIPE) complain(write_error_->text);
      return kRefused;
    }
    if (result.requirement_failed) {
      complain(fmt::format("requirement not met: {}", *result.requirement_failed));
      return kRefused;
    }
    if (result.summary.received > 0) return kMeasured;
    if (result.summary.scheduled > 0) complain(advice(result));
    return kNoReply;
  }

  const config::Settings& settings_;
  agent::PingOptions options_;
  Outputs outputs_;
  std::unique_ptr<agent::Ping> ping_;
  PingEvents events_;
  LiveLine live_;
  std::optional<Error> write_error_;
};

}  // namespace

int run_ping(const config::Settings& settings) {
  auto options = ping_options(settings);
  if (!options) {
    complain(options.error().text);
    return kUsage;
  }
  auto outputs = plan_outputs(settings);
  if (!outputs) {
    complain(outputs.error().text);
    return kUsage;
  }
  auto ping = agent::Ping::create(*options);
  if (!ping) {
    complain(ping.error().text);
    return kRefused;
  }
  if (auto opened = open_files(settings, *outputs); !opened) {
    complain(opened.error().text);
    return kRefused;
  }
  return PingCommand(settings, std::move(*options), std::move(*outputs), std::move(*ping)).run();
}

}  // namespace wirestamp::cli
