// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sqlite3.h>

#include <optional>

#include "store/database.h"
#include "store/pack.h"
#include "store/record_form.h"

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

// What an event is, beside what is told of it: people ask for a kind among very many.
constexpr const char* kEventKinds = R"(
  ALTER TABLE events ADD COLUMN kind INTEGER NOT NULL DEFAULT -1;
  UPDATE events SET kind = event_kind(data);
  CREATE INDEX events_of_kind ON events (kind, at_ns);
)";

// What an incident was called when it opened, and its figures (record_form.h).
constexpr const char* kIncidentFigures = R"(
  ALTER TABLE incidents ADD COLUMN opened_as TEXT NOT NULL DEFAULT '';
  ALTER TABLE incidents ADD COLUMN figures BLOB NOT NULL DEFAULT x'';
)";

// The kind in the row of an event: the name of its session, and the event. -1 for what cannot be
// read.
void event_kind(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* const data = static_cast<const std::byte*>(sqlite3_value_blob(values[0]));
  Unpacker in({data, static_cast<std::size_t>(sqlite3_value_bytes(values[0]))});
  in.text();
  const auto kind = in.ok() ? kind_of_event(in.rest()) : std::nullopt;
  sqlite3_result_int(context, kind ? static_cast<int>(*kind) : -1);
}

}  // namespace

const std::vector<const char*>& migrations() {
  static const std::vector<const char*> steps{kWindows, kRecords, kSampleAges, kEventKinds,
                                              kIncidentFigures};
  return steps;
}

void migrate(SQLite::Database& database, std::size_t version) {
  database.createFunction("event_kind", 1, true, nullptr, event_kind);
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
