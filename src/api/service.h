// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "measure/window.h"
#include "time/duration.h"

// What the API asks of the agent that it stands before. Everything that is on disk it reads from
// the store itself.
namespace wirestamp::api {

enum class SessionState : std::uint8_t {
  Waiting,  // it could not begin yet: no address, no device
  Up,       // answered within its silence time
  Silent,   // in an outage
  Stopped,  // the peer said that it stops
};

constexpr std::string_view name(SessionState state) {
  switch (state) {
    case SessionState::Waiting:
      return "waiting";
    case SessionState::Up:
      return "up";
    case SessionState::Silent:
      return "silent";
    case SessionState::Stopped:
      return "stopped";
  }
  return "waiting";
}

struct SessionStatus {
  std::string name, host;
  std::string peer, local, interface_name;  // "" until it began
  SessionState state = SessionState::Waiting;
  std::optional<WallTime> since;  // of the state
  std::string protocol;           // of its probes: "stamp" or "twamp-light"
  std::string mode;               // "open" or "authenticated"; "" until it began
  std::string key_id;             // of the key its probes have; "" in the open mode
  Duration interval;
  std::uint32_t size = 0;  // octets of UDP payload; 0 until it began
  std::uint8_t dscp = 0;
  StampSource transmit = StampSource::Unknown,
              receive = StampSource::Unknown;       // what this host gives
  std::string problem;                              // why it waits; "" otherwise
  std::optional<measure::TimedWindow> last_minute;  // newest that is decided
  measure::Window total;                            // of all windows since the agent began
  std::uint64_t incident = 0;                       // open one; 0: none
};

struct ReflectorStatus {
  std::vector<std::string> listening;
  // All of them, always the same; what each counts, in the same order.
  std::vector<std::pair<std::string, std::uint64_t>> counters;
  std::vector<std::string> meanings;
};

// Of one webhook, since the agent began.
struct WebhookStatus {
  std::string url;                                       // as it is shown: no secrets
  std::uint64_t delivered = 0;                           // messages
  std::uint64_t failed = 0;                              // attempts
  std::uint64_t given_up = 0, dropped = 0, pending = 0;  // messages
  bool failing = false;                                  // the last attempt failed
  std::string last_error;  // of the last that failed; "" when none did
};

struct AgentStatus {
  std::string version;
  WallTime began;
  bool measuring = false;  // the measuring thread runs and turned lately
  bool store_well = false;
  std::string store_problem;  // of the last commit; "" when it is well
  std::uint64_t store_octets = 0, store_dropped = 0, samples_dropped = 0;
  std::string configuration_problem;  // of the last reload that was refused; ""
  ReflectorStatus reflector;
  std::vector<WebhookStatus> webhooks;  // as they are configured
};

struct Setting {
  std::string session;              // "": of the agent itself
  std::string name, value, origin;  // value "": not set. Secrets are never in it
};

class Service {
 public:
  virtual ~Service() = default;
  // Any thread; they take a lock for as long as it takes to copy.
  virtual AgentStatus status() const = 0;
  virtual std::vector<SessionStatus> sessions() const = 0;
  // The same without their totals, which are most of what is to be copied.
  virtual std::vector<SessionStatus> brief_sessions() const { return sessions(); }
  virtual std::vector<Setting> configuration() const = 0;
  // Reads the configuration again and applies it; returns what changed, a line each. A failure
  // keeps what runs.
  virtual Result<std::vector<std::string>> reload() = 0;
};

}  // namespace wirestamp::api
