// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>

#include "store/database.h"
#include "store/pack.h"
#include "store/record_form.h"
#include "store/steps.h"
#include "store/window_form.h"

namespace wirestamp::store {

namespace {

// Of one call: what a client may make this process hold or read.
constexpr std::size_t kMostWindows = 100'000, kMostRows = 1'000'000, kMostRecords = 100'000;
constexpr std::size_t kMostSessions = 10'000;

base::Bytes blob(const SQLite::Column& column) {
  return std::as_bytes(std::span(static_cast<const char*>(column.getBlob()),
                                 static_cast<std::size_t>(column.getBytes())));
}

Result<void> check(const TimeRange& range) {
  if (range.to < range.from) return fail("the range ends before it begins");
  return {};
}

// Puts rows that come in order of time together into windows of a step.
class Merger {
 public:
  Merger(Duration step, Duration interval, Form form)
      : step_(step), form_(form), seconds_of_all_(step / std::max(interval, kResolutions[0])) {}

  // Returns false for a row that cannot be read: it hides no other.
  bool take(WallTime begin, std::uint32_t epoch, std::uint64_t seconds, bool part,
            base::Bytes data) {
    const WallTime start = step_begin(begin, step_);
    if (windows_.empty() || windows_.back().begin != start) {
      // The first row of a step stands as it was: if it is as long as the step it is the answer.
      auto window = decode_window(data, form_);
      if (!window) return false;
      close();
      windows_.push_back({.begin = start,
                          .length = step_,
                          .epoch = epoch,
                          .part = part,
                          .window = std::move(*window)});
      first_begin_ = begin;
      seconds_ = seconds;
      return true;
    }
    measure::TimedWindow& last = windows_.back();
    if (!last.window.worst) note_worst(last.window);
    if (!merge_finer_form(data, begin, last.window, form_)) return false;
    last.epoch = std::max(last.epoch, epoch);
    last.part = last.part || part;
    seconds_ += seconds;
    return true;
  }

  std::size_t size() const { return windows_.size(); }
  std::vector<measure::TimedWindow> finish() {
    close();
    return std::move(windows_);
  }

 private:
  // The first row stands in the window as it was: now that others join, it is one of them.
  void note_worst(measure::Window& window) const {
    measure::Window alone = std::move(window);
    window = {};
    window.merge_finer(alone, first_begin_);
  }
  void close() {
    if (windows_.empty()) return;
    if (static_cast<std::int64_t>(seconds_) < seconds_of_all_) windows_.back().part = true;
  }

  Duration step_;
  Form form_;
  std::int64_t seconds_of_all_;  // that a session has in a step, at least: those with a probe
  std::vector<measure::TimedWindow> windows_;
  WallTime first_begin_;
  std::uint64_t seconds_ = 0;
};

class SqliteReader : public Reader {
 public:
  SqliteReader(std::string path, std::unique_ptr<SQLite::Database> file)
      : path_(std::move(path)), file_(std::move(file)) {}

  Result<std::vector<SessionRow>> sessions() override {
    TRY_VOID(in_file([&] {
      const std::int64_t version = pragma(*file_, "data_version");
      if (sessions_version_ == version) return;
      sessions_.clear();
      sessions_version_.reset();
      read_sessions(sessions_);
      sessions_version_ = version;
    }));
    return sessions_;
  }

  Result<std::vector<measure::TimedWindow>> windows(const WindowQuery& query) override {
    TRY_VOID(check(query.range));
    if (query.step) TRY_VOID(check_step(*query.step));
    std::vector<measure::TimedWindow> found;
    Result<void> answer;
    TRY_VOID(in_file([&] {
      const Duration step = query.step ? *query.step : choose_step(query);
      answer = read_windows(query, step, found);
    }));
    TRY_VOID(answer);
    return found;
  }

  Duration step_of(const WindowQuery& query) const override {
    if (query.step) return *query.step;
    Duration step = kResolutions.back();
    // A file that cannot be read is told of by windows().
    if (!in_file([&] { step = choose_step(query); })) return kResolutions.back();
    return step;
  }

  Result<std::vector<measure::Sample>> samples(std::uint32_t session, TimeRange range,
                                               std::size_t limit) override {
    TRY_VOID(check(range));
    std::vector<measure::Sample> found;
    TRY_VOID(in_file([&] { read_samples(session, range, std::min(limit, kMostRecords), found); }));
    return found;
  }

  Result<std::vector<measure::RecordedEvent>> events(const EventQuery& query) override {
    if (query.range) TRY_VOID(check(*query.range));
    std::vector<measure::RecordedEvent> found;
    TRY_VOID(in_file([&] { read_events(query, found); }));
    std::ranges::reverse(found);
    return found;
  }

  Result<std::vector<measure::Incident>> incidents(const EventQuery& query) override {
    if (query.range) TRY_VOID(check(*query.range));
    std::vector<measure::Incident> found;
    TRY_VOID(in_file([&] { read_incidents(query, found); }));
    std::ranges::reverse(found);
    return found;
  }

  Result<std::optional<measure::Incident>> incident(std::uint64_t id) override {
    const auto found = TRY(incidents({.incident = id, .limit = 1}));
    if (found.empty()) return std::nullopt;
    return found.front();
  }

  Result<std::vector<FlowRow>> flows(std::uint32_t session, TimeRange range) override {
    TRY_VOID(check(range));
    std::vector<FlowRow> found;
    TRY_VOID(in_file([&] { read_flows(session, range, found); }));
    std::ranges::reverse(found);
    return found;
  }

 private:
  // Whatever happens no kept statement stays at a row: it would hold on to this state of the file.
  struct Rest {
    const SqliteReader& reader;
    ~Rest() {
      for (auto* const kept : reader.statements())
        if (*kept) (*kept)->tryReset();
    }
  };
  std::array<std::optional<SQLite::Statement>*, 3> statements() const {
    return {&first_at_, &interval_of_, &windows_};
  }
  // Reads in one transaction. A file that was set aside by its writer is followed by the new one.
  Result<void> in_file(const std::function<void()>& body) const {
    if (!file_ || has_moved(*file_)) {
      for (auto* const kept : statements()) kept->reset();
      file_.reset();
      sessions_version_.reset();
      file_ = TRY(open_readable(path_));
    }
    return guarded(path_, "reading", [&] {
      SQLite::Transaction transaction(*file_);
      const Rest rest{*this};
      body();
    });
  }

  void read_sessions(std::vector<SessionRow>& rows);
  Result<void> read_windows(const WindowQuery& query, Duration step,
                            std::vector<measure::TimedWindow>& found);
  void read_samples(std::uint32_t session, TimeRange range, std::size_t limit,
                    std::vector<measure::Sample>& found);
  void read_events(const EventQuery& query, std::vector<measure::RecordedEvent>& found);
  void read_incidents(const EventQuery& query, std::vector<measure::Incident>& found);
  void read_flows(std::uint32_t session, TimeRange range, std::vector<FlowRow>& found);

  // Rows of one length.
  struct Stretch {
    std::size_t level = 0;
    WallTime from, to;
  };
  void cut(std::uint32_t session, Duration step, std::size_t level, TimeRange range,
           std::vector<Stretch>& stretches) const;
  Duration interval_of(std::uint32_t session) const;
  Duration choose_step(const WindowQuery& query) const;
  // Of the session's windows of one length the first that begins at `from` or later; of all of them
  // the end of the last.
  std::optional<WallTime> first_at(std::uint32_t session, std::size_t level, WallTime from) const;
  std::optional<WallTime> last_end(std::uint32_t session) const;

  std::string path_;
  mutable std::unique_ptr<SQLite::Database> file_;
  // Of that file, prepared once: preparing takes longer than most queries.
  SQLite::Statement& statement(std::optional<SQLite::Statement>& kept, const char* sql) const;
  mutable std::optional<SQLite::Statement> first_at_, interval_of_, windows_;
  // What sessions() told last, and of which state of the file: many answers need it, and it changes
  // with a commit only.
  std::vector<SessionRow> sessions_;
  mutable std::optional<std::int64_t> sessions_version_;
};

SQLite::Statement& SqliteReader::statement(std::optional<SQLite::Statement>& kept,
                                           const char* sql) const {
  if (!kept) kept.emplace(*file_, sql);
  kept->tryReset();
  return *kept;
}

std::optional<WallTime> SqliteReader::first_at(std::uint32_t session, std::size_t level,
                                               WallTime from) const {
  SQLite::Statement& query = statement(first_at_,
                                       "SELECT min(begin_ns) FROM windows WHERE session = ? AND "
                                       "resolution = ? AND begin_ns >= ?");
  query.bind(1, session);
  query.bind(2, static_cast<std::uint32_t>(level));
  query.bind(3, from.ns());
  if (!query.executeStep() || query.getColumn(0).isNull()) return std::nullopt;
  return WallTime::from_ns(query.getColumn(0).getInt64());
}

std::optional<WallTime> SqliteReader::last_end(std::uint32_t session) const {
  SQLite::Statement query(*file_,
                          "SELECT max(begin_ns) FROM windows WHERE session = ? AND resolution = ?");
  std::optional<WallTime> end;
  // The finest that is there says it best; each coarser one may be all that is left.
  for (std::size_t level = 0; level < kResolutions.size() && !end; ++level) {
    query.tryReset();
    query.bind(1, session);
    query.bind(2, static_cast<std::uint32_t>(level));
    if (query.executeStep() && !query.getColumn(0).isNull())
      end = WallTime::from_ns(query.getColumn(0).getInt64()) + kResolutions[level];
  }
  return end;
}

// One statement for all: of each session the ends of its rows, which the primary key finds at once.
void SqliteReader::read_sessions(std::vector<SessionRow>& rows) {
  std::string sql = "SELECT id, name, host, interval_ns, dscp, peer";
  std::string last;
  for (std::size_t level = 0; level < kResolutions.size(); ++level) {
    const std::string rest =
        fmt::format("FROM windows WHERE session = s.id AND resolution = {}", level);
    sql += fmt::format(", (SELECT min(begin_ns) {})", rest);
    // The finest that is there says it best; each coarser one may be all that is left.
    last += fmt::format("{}(SELECT max(begin_ns) + {} {})", level == 0 ? "" : ", ",
                        kResolutions[level].ns(), rest);
  }
  SQLite::Statement query(*file_,
                          sql + ", coalesce(" + last + ") FROM sessions AS s ORDER BY id LIMIT ?");
  query.bind(1, static_cast<std::int64_t>(kMostSessions));
  constexpr int kFirst = 6, kLast = kFirst + static_cast<int>(kResolutions.size());
  while (query.executeStep()) {
    SessionRow row;
    row.id = query.getColumn(0).getUInt();
    row.info = {.name = query.getColumn(1).getString(),
                .host = query.getColumn(2).getString(),
                .interval = Duration::nanoseconds(query.getColumn(3).getInt64()),
                .dscp = static_cast<std::uint8_t>(query.getColumn(4).getInt()),
                .peer = query.getColumn(5).getString()};
    std::optional<WallTime> first;
    for (int level = 0; level < kLast - kFirst; ++level) {
      if (query.getColumn(kFirst + level).isNull()) continue;
      const WallTime begin = WallTime::from_ns(query.getColumn(kFirst + level).getInt64());
      // A coarser row begins before the first second in it: take it where it tells more.
      if (!first || begin + kResolutions[static_cast<std::size_t>(level)] <= *first) first = begin;
    }
    row.first = first.value_or(WallTime());
    row.last = query.getColumn(kLast).isNull()
                   ? row.first
                   : WallTime::from_ns(query.getColumn(kLast).getInt64());
    rows.push_back(std::move(row));
  }
}

Duration SqliteReader::choose_step(const WindowQuery& query) const {
  WallTime from = query.range.from, to = query.range.to;
  std::optional<WallTime> first;
  std::array<std::optional<WallTime>, kResolutions.size()> oldest;
  for (std::size_t level = 0; level < kResolutions.size(); ++level) {
    oldest[level] = first_at(query.session, level, from);
    if (oldest[level] && (!first || *oldest[level] < *first)) first = oldest[level];
  }
  if (first) from = std::max(from, *first);
  if (const auto end = last_end(query.session)) to = std::min(to, *end);
  // The finest length that is there for all of it: a coarser row before the finest begin tells that
  // finer ones are gone.
  std::size_t level = 0;
  while (level + 1 < kResolutions.size()) {
    bool complete = oldest[level].has_value();
    for (std::size_t coarser = level + 1; complete && coarser < kResolutions.size(); ++coarser)
      if (oldest[coarser] && *oldest[coarser] < step_begin(*oldest[level], kResolutions[coarser]))
        complete = false;
    if (complete) break;
    ++level;
  }
  if (!first) level = 0;
  return fitting_step(span(from, to), kResolutions[level], query.most);
}

// Where the coarsest rows that fit do not cover the range, or reach over its end, finer ones are
// asked for what is before and behind them: nothing outside of the range counts.
void SqliteReader::cut(std::uint32_t session, Duration step, std::size_t level, TimeRange range,
                       std::vector<Stretch>& stretches) const {
  if (range.from >= range.to) return;
  if (level == 0) return stretches.push_back({.level = 0, .from = range.from, .to = range.to});
  const WallTime to = step_begin(range.to, kResolutions[level]);
  const auto from = step.ns() % kResolutions[level].ns() == 0 ? first_at(session, level, range.from)
                                                              : std::nullopt;
  if (!from || *from >= to) return cut(session, step, level - 1, range, stretches);
  cut(session, step, level - 1, {range.from, *from}, stretches);
  stretches.push_back({.level = level, .from = *from, .to = to});
  cut(session, step, level - 1, {to, range.to}, stretches);
}

// From probe to probe, as it is configured now.
Duration SqliteReader::interval_of(std::uint32_t session) const {
  SQLite::Statement& query =
      statement(interval_of_, "SELECT interval_ns FROM sessions WHERE id = ?");
  query.bind(1, session);
  return query.executeStep() ? Duration::nanoseconds(query.getColumn(0).getInt64()) : Duration();
}

Result<void> SqliteReader::read_windows(const WindowQuery& query, Duration step,
                                        std::vector<measure::TimedWindow>& found) {
  std::vector<Stretch> stretches;
  cut(query.session, step, kResolutions.size() - 1, query.range, stretches);
  SQLite::Statement& rows = statement(
      windows_,
      "SELECT begin_ns, epoch, seconds, part, data FROM windows WHERE session = ? AND resolution = "
      "? AND begin_ns >= ? AND begin_ns < ? ORDER BY begin_ns, epoch");
  Merger merger(step, interval_of(query.session), query.brief ? Form::Brief : Form::Whole);
  std::size_t read = 0;
  for (const Stretch& stretch : stretches) {
    rows.tryReset();
    rows.bind(1, query.session);
    rows.bind(2, static_cast<std::uint32_t>(stretch.level));
    rows.bind(3, stretch.from.ns());
    rows.bind(4, stretch.to.ns());
    while (rows.executeStep()) {
      merger.take(WallTime::from_ns(rows.getColumn(0).getInt64()), rows.getColumn(1).getUInt(),
                  static_cast<std::uint64_t>(rows.getColumn(2).getInt64()),
                  rows.getColumn(3).getInt() != 0, blob(rows.getColumn(4)));
      if (merger.size() > kMostWindows || ++read > kMostRows)
        return fail(fmt::format("that is more than {} windows, or made of more than {}: ask for a "
                                "shorter range, or for a longer step (whole minutes or hours)",
                                kMostWindows, kMostRows),
                    E2BIG);
    }
  }
  found = merger.finish();
  return {};
}

void SqliteReader::read_samples(std::uint32_t session, TimeRange range, std::size_t limit,
                                std::vector<measure::Sample>& found) {
  SQLite::Statement query(*file_,
                          "SELECT data, first_ns FROM samples WHERE session = ? AND first_ns < ? "
                          "AND last_ns >= ? ORDER BY first_ns");
  query.bind(1, session);
  query.bind(2, range.to.ns());
  query.bind(3, range.from.ns());
  while (query.executeStep()) {
    // Batches overlap where a probe was decided late: only one that begins behind all that is to be
    // told has nothing more.
    if (found.size() >= limit &&
        (limit == 0 || query.getColumn(1).getInt64() >= found.back().scheduled_wall.ns()))
      return;
    const auto sorted = static_cast<std::ptrdiff_t>(found.size());
    Unpacker in(blob(query.getColumn(0)));
    while (in.ok() && in.left() > 0) {
      measure::Sample sample = get_sample(in);
      if (in.ok() && sample.scheduled_wall >= range.from && sample.scheduled_wall < range.to)
        found.push_back(sample);
    }
    // Of hours there are thousands of batches: only what is new is sorted, and most of it follows.
    const auto fresh = found.begin() + sorted;
    std::ranges::stable_sort(fresh, found.end(), {}, &measure::Sample::scheduled_wall);
    if (sorted > 0 && fresh != found.end() &&
        fresh->scheduled_wall < std::prev(fresh)->scheduled_wall)
      std::ranges::inplace_merge(found.begin(), fresh, found.end(), {},
                                 &measure::Sample::scheduled_wall);
    if (found.size() > limit) found.resize(limit);
  }
}

// The conditions of an EventQuery but for the range; the newest by `time` come first.
std::string conditions(const EventQuery& query, const char* time, const char* incident) {
  std::string sql;
  if (query.session) sql += fmt::format(" AND session = {}", *query.session);
  if (query.incident)
    sql += fmt::format(" AND {} = {}", incident, static_cast<std::int64_t>(*query.incident));
  if (query.at_least) sql += fmt::format(" AND severity >= {}", static_cast<int>(*query.at_least));
  for (std::size_t n = 0; n < query.kinds.size(); ++n)
    sql += fmt::format("{}{}", n == 0 ? " AND kind IN (" : ", ", static_cast<int>(query.kinds[n]));
  if (!query.kinds.empty()) sql += ')';
  return sql + fmt::format(" ORDER BY {} DESC, id DESC LIMIT {}", time,
                           std::min(query.limit, kMostRecords));
}

void SqliteReader::read_events(const EventQuery& query,
                               std::vector<measure::RecordedEvent>& found) {
  std::string sql = "SELECT id, severity, incident, data FROM events WHERE 1";
  if (query.range)
    sql += fmt::format(" AND at_ns >= {} AND at_ns < {}", query.range->from.ns(),
                       query.range->to.ns());
  SQLite::Statement rows(*file_, sql + conditions(query, "at_ns", "incident"));
  while (rows.executeStep()) {
    measure::RecordedEvent event;
    event.id = static_cast<std::uint64_t>(rows.getColumn(0).getInt64());
    event.severity = static_cast<measure::Severity>(std::clamp(rows.getColumn(1).getInt(), 0, 2));
    event.incident = static_cast<std::uint64_t>(rows.getColumn(2).getInt64());
    const base::Bytes data = blob(rows.getColumn(3));
    Unpacker in(data);
    event.session = in.text();
    auto decoded = decode_event(data.last(in.left()));
    if (!in.ok() || !decoded) continue;
    event.event = std::move(*decoded);
    found.push_back(std::move(event));
  }
}

void SqliteReader::read_incidents(const EventQuery& query, std::vector<measure::Incident>& found) {
  if (query.range && query.range->from == query.range->to) return;
  std::string sql =
      "SELECT id, name, severity, opened_ns, closed_ns, in_maintenance, title, events, opened_as, "
      "figures FROM "
      "incidents WHERE 1";
  if (query.range)
    sql += fmt::format(" AND opened_ns < {1} AND coalesce(closed_ns, {1}) >= {0}",
                       query.range->from.ns(), query.range->to.ns());
  if (query.open_only) sql += " AND closed_ns IS NULL";
  SQLite::Statement rows(*file_, sql + conditions(query, "opened_ns", "id"));
  while (rows.executeStep()) {
    measure::Incident incident;
    incident.id = static_cast<std::uint64_t>(rows.getColumn(0).getInt64());
    incident.session = rows.getColumn(1).getString();
    incident.severity =
        static_cast<measure::Severity>(std::clamp(rows.getColumn(2).getInt(), 0, 2));
    incident.opened = WallTime::from_ns(rows.getColumn(3).getInt64());
    if (!rows.getColumn(4).isNull())
      incident.closed = WallTime::from_ns(rows.getColumn(4).getInt64());
    incident.in_maintenance = rows.getColumn(5).getInt() != 0;
    incident.title = rows.getColumn(6).getString();
    incident.events = static_cast<std::uint64_t>(rows.getColumn(7).getInt64());
    incident.opened_as = rows.getColumn(8).getString();
    if (incident.opened_as.empty()) incident.opened_as = incident.title;  // of an older form
    decode_figures(blob(rows.getColumn(9)), incident);
    found.push_back(std::move(incident));
  }
}

void SqliteReader::read_flows(std::uint32_t session, TimeRange range, std::vector<FlowRow>& found) {
  SQLite::Statement rows(*file_,
                         "SELECT flow, tuple, began_ns, ended_ns FROM flows WHERE session = ? AND "
                         "began_ns < ? AND coalesce(ended_ns, ?) >= ? ORDER BY began_ns DESC, flow "
                         "DESC LIMIT ?");
  rows.bind(1, session);
  rows.bind(2, range.to.ns());
  rows.bind(3, range.from.ns());
  rows.bind(4, range.from.ns());
  rows.bind(5, static_cast<std::int64_t>(kMostRecords));
  while (rows.executeStep()) {
    FlowRow flow;
    flow.session = session;
    flow.flow = rows.getColumn(0).getUInt();
    flow.tuple = rows.getColumn(1).getString();
    flow.began = WallTime::from_ns(rows.getColumn(2).getInt64());
    if (!rows.getColumn(3).isNull()) flow.ended = WallTime::from_ns(rows.getColumn(3).getInt64());
    found.push_back(std::move(flow));
  }
}

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path) {
  return std::make_unique<SqliteReader>(path, TRY(open_readable(path)));
}

}  // namespace wirestamp::store
