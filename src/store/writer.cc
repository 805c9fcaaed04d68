// SPDX-License-Identifier: Apache-2.0
#include "store/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/pack.h"
#include "store/record_form.h"
#include "store/window_form.h"

namespace wirestamp::store {

namespace {

// Of one row, so that a query for a minute does not read a day.
constexpr std::size_t kMostSamplesInBatch = 256;

WallTime begin_of(WallTime time, Duration length) {
  const std::int64_t behind = time.ns() % length.ns();
  return WallTime::from_ns(time.ns() - (behind < 0 ? behind + length.ns() : behind));
}

template <typename... Values>
void run(SQLite::Statement& statement, const Values&... values) {
  statement.tryReset();
  int index = 0;
  (statement.bind(++index, values), ...);
  statement.exec();
}

std::int64_t as_int(std::uint64_t value) { return static_cast<std::int64_t>(value); }

base::Bytes blob(const SQLite::Column& column) {
  return std::as_bytes(std::span(static_cast<const char*>(column.getBlob()),
                                 static_cast<std::size_t>(column.getBytes())));
}

}  // namespace

Writer::Writer(SQLite::Database& file)
    : file_(file),
      find_window_(file,
                   "SELECT seconds, part, data FROM windows WHERE session = ? AND resolution = ? "
                   "AND begin_ns = ? AND epoch = ?"),
      put_window_(file, "INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?, ?, ?)"),
      put_samples_(file,
                   "INSERT INTO samples (session, first_ns, last_ns, data) VALUES (?, ?, ?, ?)"),
      put_event_(file, "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"),
      put_incident_(file,
                    "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      put_flow_(file,
                "INSERT INTO flows VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET "
                "tuple = ?4, ended_ns = coalesce(?5, ended_ns)"),
      put_session_(file,
                   "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO "
                   "UPDATE SET host = ?3, interval_ns = ?4, dscp = ?5, peer = ?6"),
      put_number_(file,
                  "INSERT INTO numbers VALUES (?1, ?2) ON CONFLICT DO UPDATE SET "
                  "value = max(value, ?2)"),
      find_number_(file, "SELECT value FROM numbers WHERE name = ?"),
      drop_number_(file, "DELETE FROM numbers WHERE name = ?") {}

void Writer::put_session(std::uint32_t id, const SessionInfo& info) {
  run(put_session_, id, info.name, info.host, info.interval.ns(), std::uint32_t{info.dscp},
      info.peer);
}

void Writer::end_flows() {
  // The finest length that is there says it best; each coarser one may be all that is left.
  std::string ends;
  for (std::size_t level = 0; level < kResolutions.size(); ++level)
    ends += fmt::format(
        "(SELECT max(begin_ns) FROM windows WHERE session = flows.session AND resolution = {}) + "
        "{}, ",
        level, kResolutions[level].ns());
  file_.exec("UPDATE flows SET ended_ns = max(began_ns, coalesce(" + ends +
             "began_ns)) WHERE ended_ns IS NULL");
}

void Writer::put_number(const char* name, std::uint64_t value) {
  run(put_number_, name, as_int(value));
}

std::uint64_t Writer::number(const char* name) {
  find_number_.tryReset();
  find_number_.bind(1, name);
  const std::uint64_t value = find_number_.executeStep()
                                  ? static_cast<std::uint64_t>(find_number_.getColumn(0).getInt64())
                                  : 0;
  find_number_.tryReset();
  return value;
}

void Writer::drop_number(const char* name) { run(drop_number_, name); }

std::optional<Writer::Row> Writer::find(std::uint32_t session, std::size_t level, WallTime begin,
                                        std::uint32_t epoch) {
  find_window_.tryReset();
  find_window_.bind(1, session);
  find_window_.bind(2, static_cast<std::uint32_t>(level));
  find_window_.bind(3, begin.ns());
  find_window_.bind(4, epoch);
  if (!find_window_.executeStep()) return std::nullopt;
  Row row{.begin = begin,
          .epoch = epoch,
          .seconds = static_cast<std::uint64_t>(find_window_.getColumn(0).getInt64()),
          .part = find_window_.getColumn(1).getInt() != 0,
          .window = {}};
  // A row that cannot be read is as good as none.
  auto window = decode_window(blob(find_window_.getColumn(2)));
  find_window_.tryReset();
  if (!window) return std::nullopt;
  row.window = std::move(*window);
  return row;
}

void Writer::put(std::uint32_t session, std::size_t level, const Row& row,
                 const std::string& data) {
  put_window_.tryReset();
  put_window_.bind(1, session);
  put_window_.bind(2, static_cast<std::uint32_t>(level));
  put_window_.bind(3, row.begin.ns());
  put_window_.bind(4, row.epoch);
  put_window_.bind(5, as_int(row.seconds));
  put_window_.bind(6, row.part ? 1 : 0);
  put_window_.bindNoCopy(7, data.data(), static_cast<int>(data.size()));
  put_window_.exec();
}

// Returns false for a second that is refused.
bool Writer::write_second(const WaitingWindow& waiting) {
  auto window = decode_window(std::as_bytes(std::span(waiting.data)));
  if (!window) return false;
  const WallTime begin = begin_of(waiting.begin, kResolutions[0]);
  Row row{.begin = begin,
          .epoch = waiting.epoch,
          .seconds = 1,
          .part = waiting.part,
          .window = std::move(*window)};
  if (auto there = find(waiting.session, 0, begin, waiting.epoch)) {
    if (!there->part || !waiting.part) return false;
    there->window.merge(row.window);
    put(waiting.session, 0, *there, encode(there->window));
    row.seconds = 0;  // counted with the first part
  } else {
    put(waiting.session, 0, row, waiting.data);
  }
  const WallTime parent = begin_of(begin, kResolutions[1]);
  auto& growing = growing_[1];
  if (growing && (growing->begin != parent || growing->epoch != waiting.epoch))
    fold(waiting.session, 1);
  if (!growing) growing = Row{.begin = parent, .epoch = waiting.epoch};
  growing->seconds += row.seconds;
  growing->part = growing->part || row.part;
  growing->window.merge_finer(row.window, begin);
  return true;
}

// Writes what grew at this level, and hands it on to the next.
void Writer::fold(std::uint32_t session, std::size_t level) {
  const std::optional<Row> grown = std::exchange(growing_[level], std::nullopt);
  if (!grown) return;
  Row row = *grown;
  if (auto there = find(session, level, grown->begin, grown->epoch)) {
    there->window.merge_finer(grown->window, grown->begin);
    there->seconds += grown->seconds;
    there->part = there->part || grown->part;
    row = std::move(*there);
  }
  put(session, level, row, encode(row.window));
  if (level + 1 == kResolutions.size()) return;
  auto& above = growing_[level + 1];
  const WallTime parent = begin_of(grown->begin, kResolutions[level + 1]);
  if (above && (above->begin != parent || above->epoch != grown->epoch)) fold(session, level + 1);
  if (!above) above = Row{.begin = parent, .epoch = grown->epoch};
  above->seconds += grown->seconds;
  above->part = above->part || grown->part;
  above->window.merge_finer(grown->window, grown->begin);
}

std::uint64_t Writer::write(const Waiting& waiting) {
  growing_ = {};
  std::vector<const WaitingWindow*> order;
  order.reserve(waiting.windows().size());
  std::uint32_t epoch = 0;
  for (const WaitingWindow& window : waiting.windows()) {
    order.push_back(&window);
    epoch = std::max(epoch, window.epoch);
  }
  std::ranges::stable_sort(order, {}, [](const WaitingWindow* window) {
    return std::tuple(window->session, window->epoch, window->begin);
  });
  std::uint64_t refused = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!write_second(*order[i])) ++refused;
    const std::uint32_t session = order[i]->session;
    if (i + 1 == order.size() || order[i + 1]->session != session)
      for (std::size_t level = 1; level < kResolutions.size(); ++level) fold(session, level);
  }
  if (epoch > 0) put_number("last_epoch", epoch);
  write_samples(waiting.samples());
  write_events(waiting.events());
  write_incidents(waiting);
  write_flows(waiting.flows());
  return refused;
}

void Writer::write_samples(const std::deque<WaitingSample>& samples) {
  std::vector<const WaitingSample*> order;
  order.reserve(samples.size());
  for (const WaitingSample& sample : samples) order.push_back(&sample);
  std::ranges::stable_sort(order, {}, &WaitingSample::session);
  for (std::size_t at = 0; at < order.size();) {
    const std::uint32_t session = order[at]->session;
    WallTime first = order[at]->at, last = first;
    std::string data;
    for (std::size_t count = 0;
         count < kMostSamplesInBatch && at < order.size() && order[at]->session == session;
         ++count, ++at) {
      first = std::min(first, order[at]->at);
      last = std::max(last, order[at]->at);
      data += order[at]->data;
    }
    put_samples_.tryReset();
    put_samples_.bind(1, session);
    put_samples_.bind(2, first.ns());
    put_samples_.bind(3, last.ns());
    put_samples_.bindNoCopy(4, data.data(), static_cast<int>(data.size()));
    put_samples_.exec();
  }
}

void Writer::write_events(const std::deque<WaitingEvent>& events) {
  std::uint64_t last = 0;
  for (const WaitingEvent& event : events) {
    put_event_.tryReset();
    put_event_.bind(1, as_int(event.id));
    put_event_.bind(2, event.session);
    put_event_.bind(3, event.at.ns());
    put_event_.bind(4, static_cast<int>(event.severity));
    put_event_.bind(5, as_int(event.incident));
    put_event_.bindNoCopy(6, event.data.data(), static_cast<int>(event.data.size()));
    put_event_.bind(7, static_cast<int>(event.kind));
    put_event_.exec();
    last = std::max(last, event.id);
  }
  if (last > 0) put_number("last_event", last);
}

void Writer::write_incidents(const Waiting& waiting) {
  for (const auto& [id, record] : waiting.incidents()) {
    const measure::Incident& incident = record.incident;
    put_incident_.tryReset();
    put_incident_.bind(1, as_int(id));
    put_incident_.bind(2, record.session);
    put_incident_.bind(3, incident.session);
    put_incident_.bind(4, static_cast<int>(incident.severity));
    put_incident_.bind(5, incident.opened.ns());
    if (incident.closed)
      put_incident_.bind(6, incident.closed->ns());
    else
      put_incident_.bind(6);
    put_incident_.bind(7, incident.in_maintenance ? 1 : 0);
    put_incident_.bind(8, incident.title);
    put_incident_.bind(9, as_int(incident.events));
    put_incident_.bind(10, incident.opened_as);
    const std::string figures = encode_figures(incident);
    put_incident_.bind(11, figures.data(), static_cast<int>(figures.size()));
    put_incident_.exec();
  }
  if (!waiting.incidents().empty())
    put_number("last_incident", waiting.incidents().rbegin()->first);
}

void Writer::write_flows(const std::deque<FlowRow>& flows) {
  for (const FlowRow& flow : flows) {
    put_flow_.tryReset();
    put_flow_.bind(1, flow.session);
    put_flow_.bind(2, flow.began.ns());
    put_flow_.bind(3, flow.flow);
    put_flow_.bind(4, flow.tuple);
    if (flow.ended)
      put_flow_.bind(5, flow.ended->ns());
    else
      put_flow_.bind(5);
    put_flow_.exec();
  }
}

}  // namespace wirestamp::store
