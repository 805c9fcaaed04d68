// SPDX-License-Identifier: Apache-2.0
#include "store/keeper.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace wirestamp::store {

namespace {

constexpr std::int64_t kStrides = 64;
// A clock that is set forward by mistake would make everything too old at once: it is believed by
// so much more at each call.
constexpr Duration kMostForward = Duration::hours(1);
// Free pages are used again by the next commits; beyond this share of the file they are given back
// to the system, no more in one call than make a log, or than this.
constexpr std::int64_t kFreeShare = 64, kPagesGivenBack = 64;

WallTime before(WallTime time, Duration by) {
  std::int64_t ns = 0;
  if (__builtin_sub_overflow(time.ns(), by.ns(), &ns))
    return WallTime::from_ns(by < Duration() ? INT64_MAX : INT64_MIN);
  return WallTime::from_ns(ns);
}

}  // namespace

Keeper::Keeper(SQLite::Database& file, const Retention& retention)
    : file_(file), retention_(retention) {
  SQLite::Statement newest(file,
                           "SELECT max(begin_ns) FROM windows WHERE session = ? AND "
                           "resolution = ?");
  SQLite::Statement sessions(file, "SELECT id FROM sessions");
  while (sessions.executeStep()) {
    newest.tryReset();
    newest.bind(1, sessions.getColumn(0).getInt64());
    newest.bind(2, static_cast<int>(kResolutions.size()) - 1);
    if (!newest.executeStep() || newest.getColumn(0).isNull()) continue;
    const WallTime begin = WallTime::from_ns(newest.getColumn(0).getInt64());
    now_ = std::max(now_.value_or(begin), begin);
  }
}

Duration Keeper::kept(std::size_t level) const {
  if (level == kSamples) return retention_.samples;
  if (level == kEvents) return retention_.events;
  return retention_.windows[level - kWindows];
}

std::optional<WallTime> Keeper::oldest(std::size_t level) {
  std::optional<WallTime> found;
  const auto look = [&](SQLite::Statement& query) {
    if (!query.executeStep() || query.getColumn(0).isNull()) return;
    const WallTime begin = WallTime::from_ns(query.getColumn(0).getInt64());
    found = std::min(found.value_or(begin), begin);
  };
  if (level == kSamples) {
    SQLite::Statement query(file_, "SELECT min(last_ns) FROM samples");
    look(query);
  } else if (level == kEvents) {
    SQLite::Statement query(file_, "SELECT min(at_ns) FROM events");
    look(query);
  } else {
    SQLite::Statement sessions(file_, "SELECT id FROM sessions");
    SQLite::Statement query(
        file_, "SELECT min(begin_ns) FROM windows WHERE session = ? AND resolution = ?");
    while (sessions.executeStep()) {
      query.tryReset();
      query.bind(1, sessions.getColumn(0).getInt64());
      query.bind(2, static_cast<int>(level - kWindows));
      look(query);
    }
  }
  return found;
}

std::size_t Keeper::cut_windows(std::size_t resolution, WallTime end, std::size_t rows) {
  SQLite::Statement sessions(file_, "SELECT id FROM sessions");
  // The first row that is to stay, when there are more than may go.
  SQLite::Statement bound(file_,
                          "SELECT begin_ns FROM windows WHERE session = ? AND resolution = ? AND "
                          "begin_ns < ? ORDER BY begin_ns LIMIT 1 OFFSET ?");
  SQLite::Statement remove(
      file_, "DELETE FROM windows WHERE session = ? AND resolution = ? AND begin_ns < ?");
  std::size_t gone = 0;
  while (gone < rows && sessions.executeStep()) {
    const std::int64_t session = sessions.getColumn(0).getInt64();
    std::int64_t stay = end.ns();
    bound.tryReset();
    bound.bind(1, session);
    bound.bind(2, static_cast<int>(resolution));
    bound.bind(3, end.ns());
    bound.bind(4, static_cast<std::int64_t>(rows - gone));
    // Rows that begin alike go together, so that this always goes on.
    if (bound.executeStep()) stay = std::min(end.ns(), bound.getColumn(0).getInt64() + 1);
    remove.tryReset();
    remove.bind(1, session);
    remove.bind(2, static_cast<int>(resolution));
    remove.bind(3, stay);
    gone += static_cast<std::size_t>(remove.exec());
  }
  return gone;
}

std::size_t Keeper::cut(std::size_t level, WallTime end, std::size_t rows) {
  const auto remove = [&](const char* sql) {
    SQLite::Statement statement(file_, sql);
    statement.bind(1, end.ns());
    statement.bind(2, static_cast<std::int64_t>(rows));
    return static_cast<std::size_t>(statement.exec());
  };
  if (level == kSamples)
    return remove(
        "DELETE FROM samples WHERE id IN (SELECT id FROM samples WHERE last_ns < ? ORDER BY "
        "last_ns LIMIT ?)");
  if (level != kEvents) return cut_windows(level - kWindows, end, rows);
  std::size_t gone = remove(
      "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at_ns < ? ORDER BY at_ns LIMIT "
      "?)");
  gone += remove(
      "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE opened_ns < ?1 AND "
      "coalesce(closed_ns, opened_ns) < ?1 ORDER BY opened_ns LIMIT ?2)");
  gone += remove(
      "DELETE FROM flows WHERE (session, began_ns, flow) IN (SELECT session, began_ns, flow FROM "
      "flows WHERE began_ns < ?1 AND coalesce(ended_ns, began_ns) < ?1 LIMIT ?2)");
  return gone;
}

// Pages in use, the free ones left out: those are given back.
std::uint64_t Keeper::used() const {
  return static_cast<std::uint64_t>(
      (pragma(file_, "page_count") - pragma(file_, "freelist_count")) * pragma(file_, "page_size"));
}

std::size_t Keeper::cut_too_much(WallTime now, std::size_t rows) {
  std::optional<std::size_t> victim;
  double largest = 0;
  WallTime end;
  for (std::size_t level = 0; level < kLevels; ++level) {
    const auto begin = oldest(level);
    if (!begin) continue;
    const double age_ns = static_cast<double>(now.ns()) - static_cast<double>(begin->ns());
    // A year by the hour is worth more than a second hour by the second: the coarsest windows and
    // the events lose theirs only when the others keep a quarter of their share.
    const bool last = level == kEvents || level == kEvents - 1;
    const double share =
        (last ? 0.25 : 1.0) *
        std::max(1e-9, age_ns / std::max(1.0, static_cast<double>(kept(level).ns())));
    if (share <= largest) continue;
    victim = level;
    largest = share;
    end = before(*begin, -(kept(level) / kStrides) - Duration::nanoseconds(1));
  }
  return victim ? cut(*victim, end, rows) : 0;
}

void Keeper::retain(WallTime now, std::size_t rows) {
  now_ = std::min(now, now_.value_or(now) + kMostForward);
  SQLite::Transaction transaction(file_, SQLite::TransactionBehavior::IMMEDIATE);
  std::size_t left = rows;
  for (std::size_t level = 0; level < kLevels && left > 0; ++level) {
    const std::int64_t stride = std::max<std::int64_t>(1, kept(level).ns() / kStrides);
    const WallTime end = before(*now_, kept(level));
    left -= std::min(left, cut(level, WallTime::from_ns(end.ns() - end.ns() % stride), left));
  }
  // The log and the free pages come on top. What the log takes now does not count: it does not
  // shrink by deleting.
  const std::uint64_t log = log_pages(retention_.max_octets);
  const std::uint64_t reserve = retention_.max_octets / 16 + 2 * log * kPageOctets;
  const std::uint64_t most = retention_.max_octets - std::min(retention_.max_octets, reserve);
  while (left > 0 && used() > most) {
    const std::size_t gone = cut_too_much(*now_, left);
    if (gone == 0) break;
    left -= std::min(left, gone);
  }
  transaction.commit();
  const std::int64_t spare =
      pragma(file_, "freelist_count") - pragma(file_, "page_count") / kFreeShare;
  if (spare > 0)
    file_.exec(
        "PRAGMA incremental_vacuum(" +
        std::to_string(std::min(spare, std::max(static_cast<std::int64_t>(log), kPagesGivenBack))) +
        ")");
}

}  // namespace wirestamp::store
