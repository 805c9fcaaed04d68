// SPDX-License-Identifier: Apache-2.0
//
// The agent, put together. One thread measures (agent::Daemon); what it tells goes by the mailbox
// to this one, which keeps it, judges it and writes it (agent::Keeper); the API has threads of its
// own (api::Server), and so has the delivery of webhooks. Nobody of these can hold up the measuring
// one.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "agent/daemon.h"
#include "agent/keeper.h"
#include "agent/mailbox.h"
#include "cli/agent_configuration.h"
#include "cli/agent_life.h"
#include "cli/agent_notifier.h"
#include "cli/agent_service.h"
#include "cli/agent_settings.h"
#include "cli/agent_writer.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/option_values.h"
#include "cli/reflector_stats.h"
#include "cli/slow_work.h"
#include "cli/streams.h"
#include "platform/file_watch.h"
#include "platform/process.h"
#include "platform/service_manager.h"
#include "platform/system_clock.h"
#include "publish/text.h"

namespace wirestamp::cli {

namespace {

using config::Key;

// How long the last webhooks are waited for at the end.
constexpr Duration kGrace = Duration::seconds(3);
// With --once there is one window, and it is as long as the run.
constexpr Duration kWholeRun = Duration::hours(std::int64_t{24} * 366 * 200);

std::atomic<agent::Daemon*> running{nullptr};
std::atomic<bool> stop_asked{false}, reload_asked{false}, counters_asked{false};

void stop_running() noexcept {
  stop_asked.store(true);
  if (agent::Daemon* daemon = running.load()) daemon->stop();
}

void ask_reload() noexcept { reload_asked.store(true); }
void ask_counters() noexcept { counters_asked.store(true); }

int refused(int code, const Error& error) {
  complain(error.text);
  return code;
}

struct Memory {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Reader> reader;
  std::vector<store::Note> notes;
  std::vector<measure::RecordedEvent> lives;  // starts and stops of agents before this one
  std::uint32_t first_epoch = 0;
};

// A large file that is looked through, or brought to the newest form, takes its time.
Result<Memory> open_memory(const config::Settings& settings, const Say& say) {
  Memory memory;
  const auto path = store_path(settings);
  if (!path) return memory;
  const SlowWork slow(Duration::seconds(3), [&](Duration passed) {
    say(measure::Severity::Info, {},
        fmt::format("{} is being opened, for {} so far: the agent measures when that is done",
                    *path, publish::human(passed)));
  });
  auto opened = TRY(store::Store::open(*path, retention_of(settings)));
  memory.reader = TRY(store::Reader::open(*path));
  memory.store = std::move(opened.store);
  memory.notes = std::move(opened.notes);
  memory.first_epoch = memory.store->last_epoch() + 1;
  auto lives = memory.reader->events(
      {.session = store::kOfTheAgent,
       .kinds = {measure::EventKind::AgentStarted, measure::EventKind::AgentStopped},
       .limit = kLivesSeen});
  if (lives)
    memory.lives = std::move(*lives);
  else
    say(measure::Severity::Warning, {},
        "when the agent ran before cannot be read: " + lives.error().text);
  return memory;
}

// What is told goes to several.
class Outputs final : public agent::KeeperOutput {
 public:
  Outputs(AgentWriter& writer, AgentNotifier& notifier, bool once)
      : writer_(writer), notifier_(notifier), once_(once) {}

  void on_start(const agent::ReflectStart& start) override {
    writer_.on_start(start);
    if (started) started(start);
  }
  void on_session(const agent::KeptSession& session, const agent::PingStart& start) override {
    writer_.on_session(session, start);
  }
  void on_note(const std::string& session, const std::string& text) override {
    writer_.on_note(session, text);
  }
  void on_event(const measure::RecordedEvent& event) override { writer_.on_event(event); }
  void on_reopened(const measure::Incident& incident) override { notifier_.on_reopened(incident); }
  void on_incident(const measure::Incident& incident) override {
    writer_.on_incident(incident);
    notifier_.on_incident(incident);
  }
  void on_window(const agent::KeptSession& session, const agent::ResultWindow& window) override {
    if (!once_) return writer_.on_window(session, window);
    agent::ResultWindow whole = window;
    whole.begin = began;
    whole.end = ended;
    whole.part = false;
    writer_.on_window(session, whole);
  }

  std::function<void(const agent::ReflectStart&)> started;
  WallTime began, ended;  // of the run

 private:
  AgentWriter& writer_;
  AgentNotifier& notifier_;
  bool once_;
};

// Tells the service manager that we live, on a thread of its own: a disk or a log that stands still
// must not look like a measurement that does.
class Pulse {
 public:
  // `idle`: the time since the measuring thread last turned.
  explicit Pulse(std::function<Duration()> idle) {
    const auto every = manager_.keep_alive_every();
    if (!every) return;
    thread_ = std::thread([this, every = *every, idle = std::move(idle)] {
      std::unique_lock lock(mutex_);
      while (!ended_) {
        (void)manager_.keep_alive(idle());
        end_.wait_for(lock, std::chrono::nanoseconds(every.ns()), [this] { return ended_; });
      }
    });
  }
  ~Pulse() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    end_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

 private:
  platform::ServiceManager manager_ = platform::ServiceManager::of_this_process();
  std::mutex mutex_;
  std::condition_variable end_;
  bool ended_ = false;
  std::thread thread_;
};

class Standing {
 public:
  explicit Standing(AgentConfiguration configuration)
      : once_(configuration.settings().flag(Key::Once)),
        every_(*configuration.settings().get<Duration>(Key::ResultEvery)),
        log_(stderr,
             configuration.settings().text(Key::Log) == "json" ? LogFormat::Json : LogFormat::Text),
        say_([this](measure::Severity level, std::string_view session, std::string_view text) {
          const std::lock_guard lock(saying_);
          log_.write(
              {.level = level, .session = session, .text = text, .time = said_clock_.now().wall});
        }),
        writer_(say_),
        outputs_(writer_, notifier_, once_),
        configuration_(std::move(configuration)) {}

  static Result<std::unique_ptr<platform::FileWatch>> watch(const std::string& file) {
    if (file.empty()) return nullptr;
    return platform::FileWatch::create({.path = file}, ask_reload);
  }

  // Opens all that can fail.
  Result<void> open() {
    const config::Settings& settings = configuration_->settings();
    if (auto watched = watch(configuration_->file()))
      file_watch_ = std::move(*watched);
    else
      say_(measure::Severity::Warning, {}, watched.error().text);
    look_again_ = file_watch_ != nullptr;  // it may have changed since it was read
    TRY_VOID(writer_.open(settings));
    Memory memory = TRY(open_memory(settings, say_));
    configuration_->set_first_epoch(memory.first_epoch);
    agent::DaemonOptions options{.reflect = reflect_options(settings),
                                 .sessions = configuration_->daemon_sessions()};
    options.reflect.devices.clear();  // --device is where the sessions send
    options.result_every = once_ ? kWholeRun : every_;
    daemon_ = TRY(agent::Daemon::create(options));
    TRY_VOID(notifier_.open(TRY(webhook_options(settings)), say_));
    outputs_.began = clock_.now().wall;
    keeper_ = std::make_unique<agent::Keeper>(
        agent::KeeperOptions{.flush = *settings.get<Duration>(Key::StoreFlush),
                             .watch = watch_options(settings)},
        std::move(memory.store), std::move(memory.reader), feed_, outputs_, clock_);
    keeper_->plan(configuration_->sessions());
    life_.set_before(std::move(memory.lives));
    if (const auto path = store_path(settings))
      say_(measure::Severity::Info, {}, fmt::format("what is found is kept in {}", *path));
    for (const store::Note& note : memory.notes) {
      if (note.set_aside)
        tell(measure::EventKind::StoreSetAside, note.text);
      else
        say_(measure::Severity::Info, {}, note.text);
    }
    return open_api();
  }

  int run() {
    running.store(daemon_.get());
    if (stop_asked.load()) daemon_->stop();
    outputs_.started = [this](const agent::ReflectStart& start) { started(start); };
    Result<agent::ReflectCounters> counters = fail("the agent did not start");
    std::thread measuring([&] {
      counters = daemon_->run(mailbox_);
      if (counters) life_.stopped(platform::SystemClock().now().wall);
      mailbox_.end();
    });
    Pulse pulse([this] { return service_->idle(); });
    keeper_->run(mailbox_, [this] { turn(); });
    measuring.join();
    running.store(nullptr);
    note(service_manager_.stopping("stopping"));
    server_.reset();
    notifier_.stop(kGrace);
    if (!counters) return refused(kRefused, counters.error());
    say_(measure::Severity::Info, {}, stopped_line(*counters));
    return once_ && !keeper_->every_session_answered() ? kNoReply : kMeasured;
  }

 private:
  // An event of the agent as a whole.
  void tell(measure::EventKind kind, const std::string& text) {
    mailbox_.on_event(agent_event(kind, clock_.now().wall, text));
  }

  Result<void> open_api() {
    const config::Settings& settings = configuration_->settings();
    auto options = TRY(api_options(settings));
    const auto path = store_path(settings);
    service_ = std::make_unique<AgentService>(std::move(*configuration_), *daemon_, *keeper_,
                                              mailbox_, notifier_, outputs_.began);
    configuration_.reset();
    if (!options || once_) return {};
    options->open_store = [path]() -> Result<std::unique_ptr<store::Reader>> {
      if (!path) return fail("the agent keeps nothing: it runs with --store none");
      return store::Reader::open(*path);
    };
    options->host = [this] { return service_->host(); };
    auto server = api::Server::create(*options, *service_, feed_, [this](std::string_view accept) {
      return service_->metrics(accept);
    });
    if (!server)
      return fail(server.error().text + "; --api names another address, --api none does without");
    server_ = std::move(*server);
    say_(measure::Severity::Info, {}, fmt::format("API on {}", server_->url()));
    return {};
  }

  void started(const agent::ReflectStart& start) {
    std::vector<std::string> addresses;
    for (const agent::ReflectStart::Port& port : start.ports)
      addresses.push_back(packet::to_string(port.local));
    service_->set_listening(std::move(addresses));
    if (!once_) life_.started(clock_.now().wall, clock_.mono_now());
    if (service_->sessions().empty())
      say_(
          measure::Severity::Info, {},
          "no sessions: name hosts on the command line, in WIRESTAMP_SESSIONS or in --config FILE");
    note(service_manager_.ready(status_line()));
    end_at_ = clock_.mono_now() + every_;
  }

  // Some times a second.
  void turn() {
    outputs_.ended = clock_.now().wall;
    const bool look_again = std::exchange(look_again_, false);
    if (counters_asked.exchange(false))
      say_(measure::Severity::Info, {}, stats_line(mailbox_.counters()));
    if (reload_asked.exchange(false) || look_again) {
      daemon_->reload_keys();
      note(service_manager_.reloading());
      (void)service_->reload(look_again);  // it tells what came of it
      note(service_manager_.ready(status_line()));
    }
    tell_dropped();
    life_.turn(clock_.mono_now());
    if (once_ && end_at_ && clock_.mono_now() >= *end_at_) daemon_->stop();
  }

  std::string status_line() const {
    return fmt::format("measuring {} sessions", service_->sessions().size());
  }

  // What the service manager could not be told, once.
  void note(const Result<void>& told) {
    if (told || std::exchange(manager_problem_, told.error().text) == told.error().text) return;
    say_(measure::Severity::Warning, {}, told.error().text);
  }

  void tell_dropped() {
    const agent::Mailbox::Dropped dropped = mailbox_.dropped();
    if (dropped.items > told_dropped_)
      say_(measure::Severity::Error, {},
           fmt::format("{} windows and events were lost: they could not be kept fast enough",
                       dropped.items - told_dropped_));
    told_dropped_ = dropped.items;
  }

  bool once_;
  Duration every_;
  Log log_;
  std::mutex saying_;
  platform::SystemClock said_clock_;  // under `saying_`
  Say say_;
  AgentWriter writer_;
  AgentNotifier notifier_;
  Outputs outputs_;
  platform::SystemClock clock_;  // of this thread
  platform::ServiceManager service_manager_ = platform::ServiceManager::of_this_process();
  std::string manager_problem_;
  api::Feed feed_;
  agent::Mailbox mailbox_;
  std::optional<AgentConfiguration> configuration_;  // until it is the service's
  std::unique_ptr<agent::Daemon> daemon_;
  std::unique_ptr<agent::Keeper> keeper_;
  std::unique_ptr<AgentService> service_;
  std::unique_ptr<platform::FileWatch> file_watch_;
  std::unique_ptr<api::Server> server_;
  AgentLife life_{[this](const measure::Event& event) { mailbox_.on_event(event); }};
  std::optional<MonoTime> end_at_;
  std::uint64_t told_dropped_ = 0;
  bool look_again_ = false;
};

}  // namespace

int run_agent(const config::Source& flags, const config::Source& environment) {
  platform::on_stop_signal(stop_running);
  platform::on_reload_signal(ask_reload);
  platform::on_question_signal(ask_counters);
  auto configuration = AgentConfiguration::load(flags, environment);
  // A file of keys that cannot be read may be there when we are started again.
  if (!configuration)
    return refused(configuration.error().os_error != 0 ? kRefused : kUsage, configuration.error());
  Standing standing(std::move(*configuration));
  if (auto opened = standing.open(); !opened) return refused(kRefused, opened.error());
  return standing.run();
}

}  // namespace wirestamp::cli
