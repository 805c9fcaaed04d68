// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "store/database.h"

namespace wirestamp::store {

namespace {

// All times are nanoseconds of UTC since 1970.
constexpr const char* kWindows = R"(
  CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    interval_ns INTEGER NOT NULL,
    dscp INTEGER NOT NULL,
    peer TEXT NOT NULL
  ) STRICT;
  -- `resolution`: place in kResolutions. `seconds`: how many windows of a second are in it; `part`:
  -- one of them was part. Rows lie in the order they are asked for: a session's stretch of time.
  CREATE TABLE windows (
    session INTEGER NOT NULL,
    resolution INTEGER NOT NULL,
    begin_ns INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    part INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (session, resolution, begin_ns, epoch)
  ) WITHOUT ROWID, STRICT;
)";

// Samples, events, incidents and flows.
constexpr const char* kRecords = R"(
  -- A batch of one session's samples each; deleted by their age.
  CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  CREATE INDEX samples_by_time ON samples (session, first_ns, last_ns);
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  CREATE INDEX events_by_time ON events (at_ns);
  CREATE INDEX events_of_session ON events (session, at_ns);
  CREATE INDEX events_of_incident ON events (incident) WHERE incident > 0;
  CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    name TEXT NOT NULL,
    severity INTEGER NOT NULL,
    opened_ns INTEGER NOT NULL,
    closed_ns INTEGER,
    in_maintenance INTEGER NOT NULL,
    title TEXT NOT NULL,
    events INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX incidents_by_time ON incidents (opened_ns);
  CREATE TABLE flows (
    session INTEGER NOT NULL,
    began_ns INTEGER NOT NULL,
    flow INTEGER NOT NULL,
    tuple TEXT NOT NULL,
    ended_ns INTEGER,
    PRIMARY KEY (session, began_ns, flow)
  ) WITHOUT ROWID, STRICT;
)";

// Samples by age, of all sessions: a time that is wrong keeps no other from going.
constexpr const char* kSampleAges = "CREATE INDEX samples_by_end ON samples (last_ns)";

}  // namespace

const std::vector<const char*>& migrations() {
  static const std::vector<const char*> steps{kWindows, kRecords, kSampleAges};
  return steps;
}

void migrate(SQLite::Database& database, std::size_t version) {
  for (auto from = static_cast<std::size_t>(pragma(database, "user_version")); from < version;
       ++from) {
    SQLite::Transaction step(database, SQLite::TransactionBehavior::IMMEDIATE);
    database.exec(migrations()[from]);
    database.exec(fmt::format("PRAGMA application_id={}", kApplicationId));
    database.exec(fmt::format("PRAGMA user_version={}", from + 1));
    step.commit();
  }
}

}  // namespace wirestamp::store
