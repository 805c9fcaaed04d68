// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/mailbox.h"
#include "alert/watch.h"
#include "api/feed.h"
#include "api/service.h"
#include "store/store.h"
#include "time/clock.h"

// The agent's other half: takes what the measuring thread tells, keeps it, judges it and passes it
// on. It is the only one that writes the store.
namespace wirestamp::agent {

// What is kept of one session beside its figures.
struct KeptSession {
  std::uint32_t id = 0;  // DaemonSession::id
  std::string name;
  PingOptions options;
  alert::Thresholds thresholds;
};

// Where what was kept is told; called on the keeping thread.
class KeeperOutput {
 public:
  virtual ~KeeperOutput() = default;
  virtual void on_start(const ReflectStart&) {}
  virtual void on_session(const KeptSession&, const PingStart&) {}
  virtual void on_note(const std::string& session, const std::string& text) {  // "": of the agent
    (void)session, (void)text;
  }
  virtual void on_event(const measure::RecordedEvent&) {}
  // It was open when the agent ended, and goes on: told at the start.
  virtual void on_reopened(const measure::Incident&) {}
  // Opened, changed or closed.
  virtual void on_incident(const measure::Incident&) {}
  virtual void on_window(const KeptSession&, const ResultWindow&) {}
};

struct KeeperOptions {
  Duration flush = Duration::seconds(10);
  alert::WatchOptions watch;
};

class Keeper {
 public:
  // `store` may be null: then nothing is kept. `reader`: of the same file, null with it. `feed` and
  // `output` outlive the keeper. `clock` is the keeping thread's own.
  Keeper(const KeeperOptions& options, std::unique_ptr<store::Store> store,
         std::unique_ptr<store::Reader> reader, api::Feed& feed, KeeperOutput& output,
         Clock& clock);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // The sessions from now on: those that are new begin, those whose id is not among them end when
  // the daemon says so. Any thread.
  void plan(std::vector<KeptSession> sessions);
  void set_maintenance(std::vector<alert::Maintenance> maintenance);

  // Until the mailbox has ended; then all is committed. Blocks. `turn` is called some times a
  // second, on this thread.
  void run(Mailbox& mailbox, const std::function<void()>& turn = {});

  // Any thread.
  // `totals`: with them, which are most of what is to be copied.
  std::vector<api::SessionStatus> sessions(bool totals = true) const;
  // Those parts of the status that the keeper knows.
  void fill(api::AgentStatus& status) const;
  // Of all sessions there were, those that ended included: whether each has had a reply.
  bool every_session_answered() const;
  // Of the windows of all sessions so far.
  std::uint32_t newest_epoch() const;

 private:
  struct Kept;

  void take(const Mailbox::Started& started) { output_.on_start(started.start); }
  void take(const Mailbox::Begun& begun);
  void take(const Mailbox::Rekeyed& rekeyed);
  void take(const Mailbox::Waits& waits);
  void take(const Mailbox::Ended& ended);
  void take(const Mailbox::Note& note);
  void take(const Mailbox::Happened& happened);
  void take(const Mailbox::Result& result);
  void take(const Mailbox::Second& second);
  void take(const Mailbox::Decided& decided);
  void take(const Mailbox::Reply& reply);

  void apply_plan();
  void begin(KeptSession session);
  void use_flow(Kept& session, std::uint32_t flow, const std::string& tuple, WallTime since);
  struct Change {
    api::SessionState state;
    WallTime since;
  };
  static std::optional<Change> change_by(Kept& session, const measure::TimedWindow& second);
  void set_state(Kept& session, api::SessionState state, WallTime since,
                 const std::string& problem);
  void remember_some();
  void remember_next();
  void judge(Kept& session, const measure::TimedWindow& ten);
  void record(const alert::Told& told);
  void tick();
  void flush();
  Kept* kept(std::uint32_t session);
  // Where what is of this session is kept; absent where nothing is, or it cannot be.
  std::optional<std::uint32_t> row_of(const std::string& name);
  void tell(measure::EventKind kind, const std::string& text);
  void store_is(const std::string& problem);  // "": well

  KeeperOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Reader> reader_;
  api::Feed& feed_;
  KeeperOutput& output_;
  Clock& clock_;
  std::unique_ptr<alert::Watch> watch_;
  std::map<std::string, std::uint32_t> rows_;  // of the store, by session name
  std::set<std::string> wanted_;               // names of the sessions that are configured
  std::set<std::string> wanted_before_;        // by the plan before
  std::set<std::string> to_remember_;          // sessions whose history is to be read
  bool flush_now_ = false;                     // without waiting for options_.flush

  mutable std::mutex mutex_;  // what follows; the keeping thread alone changes `sessions_`
  std::map<std::uint32_t, std::unique_ptr<Kept>> sessions_;
  std::set<std::uint32_t> wanted_ids_;                   // of the sessions that are configured
  std::map<std::string, std::uint64_t> open_incidents_;  // by session
  std::uint32_t newest_epoch_ = 0;
  bool ended_unanswered_ = false;  // one of the sessions that are over
  std::optional<std::vector<KeptSession>> planned_;
  std::optional<std::vector<alert::Maintenance>> maintenance_;
  std::string store_problem_;
  std::uint64_t store_octets_ = 0, store_dropped_ = 0;
};

}  // namespace wirestamp::agent
