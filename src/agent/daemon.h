// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/ping.h"
#include "agent/reflect.h"
#include "agent/result_windows.h"
#include "base/result.h"
#include "measure/event.h"
#include "measure/sample.h"
#include "measure/window.h"
#include "packet/address.h"

// The agent: any number of sessions and a reflector on one measuring thread, until stopped.
namespace wirestamp::agent {

struct DaemonSession {
  std::uint32_t id = 0;  // the caller's; unlike every other one while the process lives
  std::string name;
  PingOptions options;  // `session`, `network_namespace`, `portable` and `features` do not count
  std::uint32_t first_epoch = 0;  // of its windows of a second; counts up from there

  // Same name, same options: it need not begin anew.
  bool measures_as(const DaemonSession& other) const;
};

// Of those that are `wanted` next: a session that already runs gets the id it has there, each other
// one the next free id. So apply() knows what to leave alone. Names are unique within each list.
void keep_ids(const std::vector<DaemonSession>& running, std::vector<DaemonSession>& wanted,
              std::uint32_t& next_id);

struct DaemonOptions {
  ReflectOptions reflect;
  std::vector<DaemonSession> sessions;
  Duration result_every = Duration::minutes(1);
};

// Called on the measuring thread; keep it short. `session` is DaemonSession::id.
class DaemonObserver {
 public:
  virtual ~DaemonObserver() = default;
  virtual void on_start(const ReflectStart&) {}
  // Of the reflector, every second.
  virtual void on_counters(const ReflectCounters&) {}
  // It measures this end from now on: at the start, and when its name has another address.
  virtual void on_session(std::uint32_t session, const PingStart&) { (void)session; }
  // It goes on with another key from now on.
  virtual void on_key(std::uint32_t session, const std::string& key_id) {
    (void)session, (void)key_id;
  }
  // Nothing measures it now: it cannot begin, or not where its name has moved to. Tried again.
  virtual void on_waiting(std::uint32_t session, const std::string& why) {
    (void)session, (void)why;
  }
  // It is over: no longer wanted, or the agent stops. All of it was told; the last call for this
  // id. Of each session, those included that never began.
  virtual void on_session_ended(std::uint32_t session) { (void)session; }
  virtual void on_note(const std::string&) {}  // concerns the reflector or the whole
  virtual void on_note(std::uint32_t session, const std::string&) { (void)session; }
  virtual void on_event(std::uint32_t session, const measure::Event&) { (void)session; }
  // Of this host and no session: its clock was set, it slept.
  virtual void on_event(const measure::Event&) {}
  virtual void on_window(std::uint32_t session, const ResultWindow&) { (void)session; }
  // Once per probe, when all is known about it, and before that when its first reply came.
  virtual void on_sample(std::uint32_t session, const measure::Sample&) { (void)session; }
  virtual void on_reply(std::uint32_t session, const measure::Sample& provisional) {
    (void)session, (void)provisional;
  }
  // Each second that had a probe, some 13 s later (agent/second_windows.h). Take what is needed:
  // the window is gone when this returns.
  virtual void on_second(std::uint32_t session, const measure::TimedWindow&) { (void)session; }
};

class Daemon {
 public:
  // Opens the reflector's ports. That a session cannot begin (its name has no address, its device
  // is not there) is no failure: it is told, and tried again until it can.
  static Result<std::unique_ptr<Daemon>> create(const DaemonOptions& options);
  virtual ~Daemon() = default;
  // Blocks until stop(). Then probes in flight are decided and the last windows told.
  virtual Result<ReflectCounters> run(DaemonObserver& observer) = 0;
  virtual void stop() noexcept = 0;         // any thread, async-signal-safe
  virtual void reload_keys() noexcept = 0;  // reads the key file again; as stop()

  // These sessions from now on. Any thread; the measuring thread takes them at its next turn.
  // Sessions that are gone end: their probes in flight are decided and their last windows told
  // within a second or two. Those that stay, by their id, are not touched: same flow, same numbers.
  // New ones begin when those that are gone are over, so that a port can pass from one to the
  // other. An id that stays must measure as before; keep_ids() sees to that.
  virtual void apply(std::vector<DaemonSession> sessions) = 0;

  // When the measuring thread last turned (Clock::mono_now() of any clock of this process): every
  // second at least, unless it hangs. Absent before run(). Any thread.
  virtual std::optional<MonoTime> last_turn() const = 0;
};

}  // namespace wirestamp::agent
