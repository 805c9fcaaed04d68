// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/option_values.h"
#include "cli/ping_events.h"
#include "cli/ping_report.h"
#include "cli/ping_screen.h"
#include "cli/sample_files.h"
#include "cli/streams.h"
#include "cli/terminal_view.h"
#include "platform/process.h"
#include "platform/system_clock.h"
#include "platform/terminal.h"
#include "publish/document.h"
#include "publish/text.h"

namespace wirestamp::cli {

namespace {

using config::Key;

constexpr std::size_t kMostMeasurements = 64;  // of one run; each has a thread

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

  // `before`: how far it is, "" when that is not known.
  void show(std::span<const publish::LiveState> states, std::string before) {
    const auto columns = platform::terminal_columns(stream_);
    if (!columns) return;
    if (!before.empty()) before += " | ";
    // One column less: a full line would wrap on some terminals.
    const std::size_t room = *columns - 1;
    before.resize(std::min(before.size(), room));
    tell(stream_, "\r{}{}\x1b[K", before, publish::live_line(states, room - before.size()));
    shown_ = true;
  }
  void clear() {
    if (!shown_) return;
    tell(stream_, "\r\x1b[K");
    shown_ = false;
  }

 private:
  std::FILE* stream_;
  bool shown_ = false;
};

// One measurement of the run, by one device in one network namespace.
struct Measurement {
  agent::PingOptions options;
  std::string label;  // what tells it from the others; "" when it is the only one
  std::unique_ptr<agent::Ping> ping;
  std::optional<PingEvents::Progress> progress;
  MonoTime began;
  bool ended = false;
  Result<agent::PingResult> result = fail("the measurement did not start");

  // Of what concerns this one.
  std::string labelled(std::string_view text) const {
    return label.empty() ? std::string(text) : fmt::format("{}: {}", label, text);
  }
};

// Each device in each namespace. Of what only one was given nothing needs to be said.
std::string label_of(const agent::PingOptions& options, bool devices, bool namespaces) {
  if (!devices) return namespaces ? options.network_namespace : std::string();
  return namespaces ? fmt::format("{}/{}", options.network_namespace, options.device)
                    : options.device;
}

// One run of the command, on the writing thread; each measurement has a thread of its own, so that
// a slow file or terminal never delays a probe.
class PingCommand {
 public:
  PingCommand(const config::Settings& settings, Outputs outputs,
              std::vector<Measurement> measurements)
      : settings_(settings),
        outputs_(std::move(outputs)),
        measurements_(std::move(measurements)),
        drawn_(!settings.flag(Key::Plain) && platform::terminal_traits(outputs_.people).screen),
        events_(measurements_.size(),
                {.samples = !outputs_.files.empty(),
                 .progress = platform::terminal_columns(outputs_.people).has_value(),
                 .points = drawn_}),
        live_(outputs_.people) {}

  // Before anything is opened: looking up a name takes its time. What a SIGHUP asks for meanwhile
  // is done when the files are followed.
  static void reload_keys_on_signal(const config::Settings& settings) {
    if (settings.given(Key::KeyFile) || settings.given(Key::TwampKeyFile))
      platform::on_reload_signal([]() noexcept {
        if (PingCommand* command = running.load()) command->reload_keys();
      });
  }

  int run() {
    running.store(this);
    platform::on_stop_signal([]() noexcept {
      if (PingCommand* command = running.load()) command->stop();
    });
    std::vector<std::thread> measuring;
    for (std::size_t i = 0; i < measurements_.size(); ++i)
      measuring.emplace_back([this, i] {
        measurements_[i].result = measurements_[i].ping->run(events_.observer(i));
        events_.end(i);
      });
    if (drawn_) draw_until_ended();
    while (!ended_ && !take_batches(events_.take())) {
    }
    for (std::thread& thread : measuring) thread.join();
    running.store(nullptr);
    live_.clear();
    if (auto finished = outputs_.files.finish(); !finished && !write_error_)
      write_error_ = finished.error();
    if (const int told = tell_results(); told != kMeasured) return told;
    return judge();
  }

 private:
  static inline std::atomic<PingCommand*> running{nullptr};

  // Async-signal-safe.
  void stop() noexcept {
    stopping_.store(true, std::memory_order_relaxed);
    for (Measurement& measurement : measurements_) measurement.ping->stop();
  }

  // So is this.
  void reload_keys() noexcept {
    for (Measurement& measurement : measurements_) measurement.ping->reload_keys();
  }

  // The live view. Without a terminal that lasts all is told in lines.
  void draw_until_ended() {
    std::vector<std::string> labels;
    for (const Measurement& measurement : measurements_) labels.push_back(measurement.label);
    const agent::PingOptions& options = measurements_.front().options;
    auto view = TerminalView::open(outputs_.people, settings_.text(Key::Color));
    if (!view) return complain(view.error().text);
    screen_.emplace(std::move(labels), goal_of(options), options.flows);
    bool gone = false;
    while (!ended_ && !gone) {
      const TerminalView::News news = (*view)->wait();
      for (const term::Key& key : news.keys)
        if (screen_->on_key(key)) stop();
      take_batches(events_.take_now());
      screen_->on_points_dropped(events_.points_dropped());
      gone = news.gone;
      if (stopping_.load(std::memory_order_relaxed)) screen_->on_stop();
      (*view)->show(
          screen_->draw((*view)->size(), (*view)->glyphs(), clock_.now().wall, clock_.mono_now()));
    }
    view->reset();
    screen_.reset();
    // Nobody is left to see it.
    if (gone) stop();
    for (const std::string& text : told_later_) tell(outputs_.people, text);
    for (const std::string& note : notes_later_) tell(stderr, note);
  }

  static PingGoal goal_of(const agent::PingOptions& options) {
    return {.count = options.count,
            .duration = options.duration,
            .interval = options.interval,
            .flows = options.flows};
  }

  // True when all have ended.
  bool take_batches(std::vector<PingEvents::Batch> batches) {
    bool progressed = false, all_ended = true;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      take_batch(measurements_[i], batches[i]);
      progressed = progressed || batches[i].progress.has_value();
      all_ended = all_ended && measurements_[i].ended;
    }
    if (progressed && !all_ended && !screen_) show_live();
    ended_ = all_ended;
    return all_ended;
  }

  // While a screen is drawn nothing else may be written to that terminal.
  void tell_people(const std::string& text) {
    if (screen_) {
      told_later_.push_back(text);
    } else {
      live_.clear();
      tell(outputs_.people, text);
    }
  }
  // Nor to standard error, unless that goes elsewhere. `kept`: the summary tells it as well.
  void tell_errors(const std::string& text, bool kept) {
    if (screen_ && platform::terminal_columns(stderr)) {
      if (!kept) notes_later_.push_back(text);
    } else {
      live_.clear();
      tell(stderr, text);
    }
  }

  void take_batch(Measurement& measurement, PingEvents::Batch& batch) {
    if (batch.start && !outputs_.json) {
      publish::Report start = start_report(measurement.options, *batch.start);
      start.label = measurement.label;
      tell_people(publish::headline(start));
      for (const std::string& note : batch.start->notes)
        tell_people(fmt::format("note: {}\n", measurement.labelled(note)));
    }
    for (const std::string& note : batch.notes)
      tell_errors(fmt::format("note: {}\n", measurement.labelled(note)), false);
    for (const measure::Event& event : batch.events)
      tell_errors(fmt::format("{}\n", measurement.labelled(publish::event_line(event))),
                  !outputs_.json);
    if (batch.start) measurement.began = clock_.mono_now();
    if (screen_) show_on_screen(measurement, batch);
    if (!write_error_) {
      if (auto written = outputs_.files.write(batch.samples); !written) {
        write_error_ = written.error();
        stop();
      }
    }
    if (batch.progress) measurement.progress = batch.progress;
    measurement.ended = measurement.ended || batch.ended;
  }

  void show_on_screen(const Measurement& measurement, const PingEvents::Batch& batch) {
    const auto index = static_cast<std::size_t>(&measurement - measurements_.data());
    if (batch.start) {
      publish::Report start = start_report(measurement.options, *batch.start);
      screen_->on_start(index, std::move(start), clock_.mono_now());
    }
    screen_->on_batch(index, batch, clock_.now().wall);
  }

  // Of the one that has come least far.
  std::string how_far() {
    const Measurement* least = nullptr;
    for (const Measurement& measurement : measurements_)
      if (measurement.progress && (least == nullptr || measurement.progress->summary.scheduled <
                                                           least->progress->summary.scheduled))
        least = &measurement;
    if (least == nullptr) return {};
    return progress_text(goal_of(least->options), least->progress->summary.scheduled,
                         clock_.mono_now() - least->began);
  }

  void show_live() {
    std::vector<publish::LiveState> states;
    for (const Measurement& measurement : measurements_)
      if (const auto& progress = measurement.progress)
        states.push_back({.label = measurement.label,
                          .summary = &progress->summary,
                          .last = progress->last ? &*progress->last : nullptr,
                          .echo = progress->echo ? &*progress->echo : nullptr});
    live_.show(states, how_far());
  }

  // Prints what came out.
  int tell_results() {
    std::vector<publish::Report> reports;
    for (std::size_t i = 0; i < measurements_.size(); ++i) {
      const Measurement& measurement = measurements_[i];
      if (!measurement.result) continue;
      reports.push_back(full_report(settings_, measurement.options, *measurement.result,
                                    events_.samples_dropped(i)));
      reports.back().label = measurement.label;
    }
    if (reports.empty()) return kMeasured;
    const bool one = measurements_.size() == 1;
    std::string text;
    if (outputs_.json) {
      text = one ? publish::json_document(reports.front()) : publish::json_documents(reports);
    } else {
      for (const publish::Report& report : reports) text += publish::text_summary(report);
      if (!one) text += publish::comparison(reports);
    }
    if (auto written = put(outputs_.json ? stdout : outputs_.people, text);
        !written && !write_error_)
      write_error_ = written.error();
    if (!write_error_) return kMeasured;
    // A reader that went away, as `head` does, has what it wanted.
    if (write_error_->os_error != EPIPE) complain(write_error_->text);
    return kRefused;
  }

  // The exit code: of several measurements the worst.
  int judge() {
    int worst = kMeasured;
    for (std::size_t i = 0; i < measurements_.size(); ++i)
      worst = std::max(worst, judge(measurements_[i], events_.samples_dropped(i)));
    return worst;
  }

  static int judge(const Measurement& measurement, std::uint64_t samples_dropped) {
    const auto say = [&](std::string_view text) { complain(measurement.labelled(text)); };
    if (!measurement.result) {
      say(measurement.result.error().text);
      return kRefused;
    }
    const agent::PingResult& result = *measurement.result;
    if (samples_dropped > 0)
      say(fmt::format("{} probes are missing in the files: they could not be written fast enough",
                      samples_dropped));
    if (result.requirement_failed) {
      say(fmt::format("requirement not met: {}", *result.requirement_failed));
      return kRefused;
    }
    if (result.summary.received > 0) return kMeasured;
    const session::TlvRequests& asked = measurement.options.tlvs;
    if (result.summary.scheduled > 0) say(advice(result, asked.no_reply || asked.reply_elsewhere));
    return kNoReply;
  }

  const config::Settings& settings_;
  Outputs outputs_;
  std::vector<Measurement> measurements_;
  const bool drawn_;  // as a live view
  PingEvents events_;
  LiveLine live_;
  platform::SystemClock clock_;
  std::optional<PingScreen> screen_;  // while it is drawn
  std::vector<std::string> told_later_, notes_later_;
  std::atomic<bool> stopping_{false};
  bool ended_ = false;
  std::optional<Error> write_error_;
};

// Opens the ports of all of them, or of none.
Result<std::vector<Measurement>> open_measurements(const config::Settings& settings,
                                                   const agent::PingOptions& common) {
  const auto each = [&](Key key) {
    std::vector<std::string> values = settings.all<std::string>(key);
    if (values.empty()) values.emplace_back();
    return values;
  };
  const std::vector<std::string> devices = each(Key::Device), places = each(Key::NetworkNamespace);
  if (devices.size() * places.size() > kMostMeasurements)
    return fail(
        fmt::format("{} devices in {} namespaces are more than the {} measurements of one run",
                    devices.size(), places.size(), kMostMeasurements));
  std::vector<Measurement> measurements;
  for (const std::string& place : places) {
    for (const std::string& device : devices) {
      Measurement measurement{.options = common};
      measurement.options.session = static_cast<std::uint32_t>(measurements.size());
      measurement.options.device = device;
      measurement.options.network_namespace = place;
      measurement.label = label_of(measurement.options, devices.size() > 1, places.size() > 1);
      auto ping = agent::Ping::create(measurement.options);
      if (!ping) return fail(measurement.labelled(ping.error().text), ping.error().os_error);
      measurement.ping = std::move(*ping);
      measurements.push_back(std::move(measurement));
    }
  }
  return measurements;
}

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
  PingCommand::reload_keys_on_signal(settings);
  auto measurements = open_measurements(settings, *options);
  if (!measurements) {
    complain(measurements.error().text);
    return kRefused;
  }
  if (auto opened = open_files(settings, *outputs); !opened) {
    complain(opened.error().text);
    return kRefused;
  }
  return PingCommand(settings, std::move(*outputs), std::move(*measurements)).run();
}

}  // namespace wirestamp::cli
