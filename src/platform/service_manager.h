// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/duration.h"

// What a service manager wants to hear of a service (sd_notify(3)): assignments of variables in a
// datagram to the socket that NOTIFY_SOCKET names. A page of code of our own instead of a library,
// since the protocol is promised to stay.
namespace wirestamp::platform {

// One thread. Nothing is told where no service manager asks. A failure says what the manager does
// not know now; there is nothing else to do about it than to tell the user.
class ServiceManager {
 public:
  // The one that started this process, by NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  static ServiceManager of_this_process();
  // `socket`: a path, or "@NAME" in the abstract namespace; "" tells nothing. `watchdog`: after so
  // long without keep_alive() the manager ends us.
  ServiceManager(std::string socket, std::optional<Duration> watchdog)
      : socket_(std::move(socket)), watchdog_(watchdog) {}

  bool listens() const { return !socket_.empty(); }

  Result<void> ready(std::string_view status);   // started, or a reload is over
  Result<void> status(std::string_view status);  // one line for `systemctl status`
  Result<void> reloading();                      // until ready()
  Result<void> stopping(std::string_view status);

  // How often to call keep_alive(): half of the watchdog's time; absent when there is none.
  std::optional<Duration> keep_alive_every() const;
  // Tells that we live, unless the thread that matters did not turn for so long that the manager
  // should end us: `idle` is the time since it last did, and may be the watchdog's half.
  Result<void> keep_alive(Duration idle);

 private:
  Result<void> tell(const std::string& assignments) const;

  std::string socket_;
  std::optional<Duration> watchdog_;
};

}  // namespace wirestamp::platform
