// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "measure/incident.h"
#include "measure/sample.h"
#include "measure/window.h"
#include "time/duration.h"

// The agent's memory: one SQLite file, written by one thread and read by any number, of this
// process and of others. docs/store.md tells what a user needs to know of it.
namespace wirestamp::store {

// Lengths of the windows that are kept. Windows of 1 s come from outside; the coarser ones are made
// of them here, so that each level agrees with the one below.
inline constexpr std::array kResolutions{Duration::seconds(1), Duration::seconds(10),
                                         Duration::minutes(1), Duration::hours(1)};

// How long each is kept. When max_octets is too little for all of it, all keep the same share of
// their time; the windows of an hour and the events keep four times that share.
struct Retention {
  std::uint64_t max_octets = std::uint64_t{1} << 30;  // of the file and its log together
  Duration samples = Duration::hours(6);
  std::array<Duration, kResolutions.size()> windows{
      Duration::hours(24), Duration::hours(std::int64_t{24} * 7),
      Duration::hours(std::int64_t{24} * 90), Duration::hours(std::int64_t{24} * 366 * 5)};
  Duration events = Duration::hours(std::int64_t{24} * 366 * 5);
};

// Of a session, as it is configured now.
struct SessionInfo {
  std::string name, host;
  Duration interval = Duration::milliseconds(500);
  std::uint8_t dscp = 0;
  std::string peer;  // address and port, as text; "" until it is known

  bool operator==(const SessionInfo&) const = default;
};

struct SessionRow {
  std::uint32_t id = 0;
  SessionInfo info;
  WallTime first, last;  // of its windows; equal when there are none
};

// A 5-tuple and when it was in use.
struct FlowRow {
  std::uint32_t session = 0, flow = 0;
  std::string tuple;  // "192.0.2.1:40000 > 198.51.100.7:23999"
  WallTime began;
  std::optional<WallTime> ended;
};

// What the user is to hear: that a broken file was set aside (with its new name), that an older one
// was migrated.
struct Note {
  bool set_aside = false;  // what was kept is not in the file any more: a new one was begun
  std::string text;
};

class Store {
 public:
  struct Opened {
    std::unique_ptr<Store> store;
    std::vector<Note> notes;
  };

  // Makes the file and its folder when they are not there. A file that is no database or is broken
  // is renamed to PATH.broken-N and a new one begun. Fails when another program writes to it, when
  // it was made by a newer version, and when it cannot be written: the error says what to do.
  static Result<Opened> open(const std::string& path, const Retention& retention);
  virtual ~Store() = default;

  // The id of the session of this name; what is kept of it is brought up to date by the next
  // flush(): no disk is touched here. An empty host (with interval and dscp) and an empty peer say
  // nothing: what was known of them stays.
  virtual Result<std::uint32_t> session(const SessionInfo& info) = 0;

  // The rest waits in memory until flush(), bounded: what finds it full is dropped and counted.
  // Windows of 1 s, in any order. Any other length, and a second that is there already (same
  // session, begin and epoch), is refused and counted in dropped(): nothing is counted twice. Two
  // parts of one second, as a restart leaves them, are merged. Of events and incidents the ids are
  // safe at once: a small commit once for some dozens of them, nothing for the rest.
  virtual void add_window(std::uint32_t session, const measure::TimedWindow& window) = 0;
  virtual void add_sample(std::uint32_t session, const measure::Sample& sample) = 0;
  virtual void add_event(std::uint32_t session, const measure::RecordedEvent& event) = 0;
  virtual void put_incident(std::uint32_t session, const measure::Incident& incident) = 0;
  virtual void put_flow(const FlowRow& flow) = 0;

  // Commits all of it in one transaction, coarser windows included. When this returned, a kill
  // loses none of it. After a failure (a full disk) everything still waits, and is tried next time.
  virtual Result<void> flush() = 0;
  // Deletes what is too old at `now`, and the oldest where the file is too large (see Retention); a
  // little at a time. After flush(). A clock that leaps ahead is believed an hour more each call.
  virtual Result<void> retain(WallTime now) = 0;
  // As Opened::notes, of what happened since: a file that turned out to be broken while it was in
  // use. Each is told once.
  virtual std::vector<Note> take_notes() = 0;
  // Of what was added: what found no room, and what was refused.
  virtual std::uint64_t dropped() const = 0;
  virtual std::uint64_t octets() const = 0;  // of the file and its log
  // Largest ids in use, so that new ones count on: none that was added is given twice, committed or
  // not. When a process ended before it had committed all, some dozens may be left out.
  virtual std::uint64_t last_event() const = 0;
  virtual std::uint64_t last_incident() const = 0;
  virtual std::uint32_t last_epoch() const = 0;  // of all windows
};

// One that ends before it begins is an error of every query; an empty one has nothing in it.
struct TimeRange {
  WallTime from, to;  // `to` is not in it
};

// Where what is of no session is kept: events of the agent as a whole.
inline constexpr std::uint32_t kOfTheAgent = 0;

struct EventQuery {
  std::optional<std::uint32_t> session;  // kOfTheAgent: those of no session
  // When the events happened; incidents are in it when they were open for some of it.
  std::optional<TimeRange> range;
  std::optional<std::uint64_t> incident;
  std::optional<measure::Severity> at_least;
  std::vector<measure::EventKind> kinds = {};  // of events; empty: all
  bool open_only = false;                      // of incidents: those that are not closed
  std::size_t limit = 1'000;                   // the newest
};

// One thread each; sees what was committed when each call begins. At most 100'000 windows or
// records come of one call: windows() fails beyond that, samples() tells the first, the others the
// newest. Goes on with the new file when the writer has set a broken one aside.
class Reader {
 public:
  // Fails when there is no such file, or it is not ours: says so.
  static Result<std::unique_ptr<Reader>> open(const std::string& path);
  virtual ~Reader() = default;

  virtual Result<std::vector<SessionRow>> sessions() = 0;
  // Windows of the session that begin in the range, as fine as `step` needs (the coarsest kept
  // length that divides it, or a finer one where that is all there is), merged into windows of
  // `step` that begin at multiples of it (UTC). In order of time; stretches without data have no
  // window. Nothing outside of the range counts, to the second: where a kept window reaches over an
  // end of it, finer ones tell what is within; where there are none any more, that is not told.
  // `part` where less of it is there than a session of its interval (as it is configured now) has
  // in it: at the ends of a range, too. A session with random gaps (Poisson) has seconds without
  // probes, and so parts only. Windows of several epochs are one, with the newest epoch.
  // `step`: whole seconds; absent: chosen so that there are at most `most` windows (three at least)
  // and as fine as what is kept of all the range.
  struct WindowQuery {
    std::uint32_t session = 0;
    TimeRange range;
    std::optional<Duration> step;
    std::size_t most = 2'000;
    bool brief = false;  // of all values the round trips alone: a third of the work
  };
  // E2BIG where that is too much for one answer.
  virtual Result<std::vector<measure::TimedWindow>> windows(const WindowQuery& query) = 0;
  // The step that windows() takes now.
  virtual Duration step_of(const WindowQuery& query) const = 0;
  // Oldest first; the first `limit` of the range by their scheduled time, so that who wants more
  // asks on from the last one.
  virtual Result<std::vector<measure::Sample>> samples(std::uint32_t session, TimeRange range,
                                                       std::size_t limit) = 0;
  // Oldest first.
  virtual Result<std::vector<measure::RecordedEvent>> events(const EventQuery& query) = 0;
  virtual Result<std::vector<measure::Incident>> incidents(const EventQuery& query) = 0;
  virtual Result<std::optional<measure::Incident>> incident(std::uint64_t id) = 0;
  // Those in use within the range, in the order they began.
  virtual Result<std::vector<FlowRow>> flows(std::uint32_t session, TimeRange range) = 0;
};

}  // namespace wirestamp::store
