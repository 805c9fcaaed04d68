// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
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
#include "packet/address.h"

// The agent: any number of sessions and a reflector on one measuring thread, until stopped.
namespace wirestamp::agent {

struct DaemonSession {
  std::string name;
  PingOptions options;  // `session`, `network_namespace`, `portable` and `features` do not count
};

struct DaemonOptions {
  ReflectOptions reflect;
  std::vector<DaemonSession> sessions;
  Duration result_every = Duration::minutes(1);
};

// Called on the measuring thread; keep it short. `session` is the place in DaemonOptions.
class DaemonObserver {
 public:
  virtual ~DaemonObserver() = default;
  virtual void on_start(const ReflectStart&) {}
  // It measures this end from now on: at the start, and when its name has another address.
  virtual void on_session(std::size_t session, const PingStart&) { (void)session; }
  virtual void on_note(const std::string&) {}  // concerns the reflector or the whole
  virtual void on_note(std::size_t session, const std::string&) { (void)session; }
  virtual void on_event(std::size_t session, const measure::Event&) { (void)session; }
  virtual void on_window(std::size_t session, const ResultWindow&) { (void)session; }
};

class Daemon {
 public:
  // Opens the reflector's ports. That a session cannot begin (its name has no address, its device
  // is not there) is no failure: it is told, and tried again until it can.
  static Result<std::unique_ptr<Daemon>> create(const DaemonOptions& options);
  virtual ~Daemon() = default;
  // Blocks until stop(). Then probes in flight are decided and the last windows told.
  virtual Result<session::ReflectorCounters> run(DaemonObserver& observer) = 0;
  virtual void stop() noexcept = 0;  // any thread, async-signal-safe
};

}  // namespace wirestamp::agent
