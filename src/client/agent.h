// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/fetch.h"
#include "time/duration.h"

// What an agent tells by its API (docs/api.md), as far as a terminal shows it. Nothing of an answer
// is believed: what is missing, or of another type than it should be, is absent.
namespace wirestamp::client {

// Figures of a window.
struct Figures {
  WallTime begin;
  Duration length;
  std::uint64_t sent = 0, received = 0, unsent = 0;
  std::uint64_t lost = 0, lost_there = 0, lost_back = 0;
  std::optional<Duration> min, p50, p90, p99, max, jitter;
  std::optional<Duration> there_p50, back_p50, one_way_error;
  std::optional<double> loss, loss_there, loss_back;
};

struct Session {
  std::string name, host, peer, local, interface_name, problem;
  std::string state;  // "waiting", "up", "silent", "stopped"; "" when only its past is kept
  std::optional<WallTime> since;
  std::optional<Duration> interval;
  std::optional<std::uint64_t> incident;       // an open one
  std::optional<WallTime> kept_from, kept_to;  // absent: nothing is, or it cannot be read
  std::optional<Figures> minute;               // the newest that is decided
  std::optional<Figures> total;                // all that is decided; session() alone tells it
};

// Of the last hour, evenly spaced, oldest first; absent: no data.
struct Sparkline {
  std::string name;
  std::vector<std::optional<Duration>> p50, p99;
  std::vector<std::optional<double>> loss;
};

struct Sparklines {
  bool known = false;  // the agent has the route; an older one has not
  std::vector<Sparkline> sessions;
};

struct Windows {
  Duration step;
  std::vector<Figures> windows;
};

struct Flow {
  std::uint32_t number = 0;
  std::string tuple;
  std::optional<WallTime> began, ended;
};

struct Event {
  std::string severity, kind, text;
  std::optional<WallTime> at;
  std::optional<std::uint64_t> incident;
};

struct Incident {
  std::uint64_t id = 0;
  std::string severity, title;
  std::optional<WallTime> opened, closed;
  std::uint64_t events = 0;
};

// A single probe.
struct Probe {
  struct Stamp {
    std::optional<WallTime> at;
    std::string source;  // "hardware", "kernel", "user"; "" where nobody says
  };
  std::uint64_t number = 0;
  std::string outcome, cause;
  std::optional<WallTime> due;
  std::optional<Duration> rtt, there, back, residence;
  std::array<Stamp, 4> stamps;  // it left here, came there, its reply left there, came here
};

// A request that was not answered as it should be: what to do, in one line.
struct Problem {
  std::string text;
  bool answered = false;  // by whatever is there
  bool refused = false;   // for good: trying again changes nothing
  bool missing = false;   // there is nothing at this address
};

template <typename T>
using Asked = std::expected<T, Problem>;

// Of each the main figures of its minute; session() tells the others, too.
Asked<std::vector<Session>> sessions(Fetch& agent);
Asked<Session> session(Fetch& agent, std::string_view name);
Asked<Sparklines> sparklines(Fetch& agent);
// Of the time from so long ago until now, about so many windows.
Asked<Windows> windows(Fetch& agent, std::string_view session, Duration back, Duration step);
Asked<std::vector<Flow>> flows(Fetch& agent, std::string_view session, Duration back);
Asked<std::vector<Event>> events(Fetch& agent, std::string_view session, Duration back);
// The newest that are kept, at most so many; oldest first. A few requests at most, whatever the
// interval; `session` as sessions() or session() told it.
Asked<std::vector<Probe>> probes(Fetch& agent, const Session& session, std::size_t most);
Asked<std::vector<Incident>> incidents(Fetch& agent, std::string_view session, Duration back);

// RFC 3339 with any fraction and offset; absent when it is none.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace wirestamp::client
