// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "store/database.h"
#include "store/waiting.h"

// Puts what waited into the tables, all of it within the caller's transaction. Everything throws
// what the library throws.
//
// Coarser windows are made as follows. A second that is new is merged into the ten seconds, minute
// and hour that it lies in, in the transaction that brings the second itself. So at any commit each
// level holds the same seconds as the one below, whenever the process dies, and a row of an hour
// that has just begun is completed by whoever comes next. A second that is there already was
// counted already: it is refused. The one exception are two parts of one second, which is what a
// restart within it leaves: they share no probe and are merged.
namespace wirestamp::store {

class Writer {
 public:
  explicit Writer(SQLite::Database& file);

  // Returns how many seconds it refused.
  std::uint64_t write(const Waiting& waiting);
  void put_session(std::uint32_t id, const SessionInfo& info);
  // Flows without an end end with the last window of their session, or where they began.
  void end_flows();
  void put_number(const char* name, std::uint64_t value);
  std::uint64_t number(const char* name);  // 0 where there is none
  void drop_number(const char* name);

 private:
  struct Row {
    WallTime begin;
    std::uint32_t epoch = 0;
    std::uint64_t seconds = 0;
    bool part = false;
    measure::Window window;
  };

  bool write_second(const WaitingWindow& waiting);
  void fold(std::uint32_t session, std::size_t level);
  std::optional<Row> find(std::uint32_t session, std::size_t level, WallTime begin,
                          std::uint32_t epoch);
  void put(std::uint32_t session, std::size_t level, const Row& row, const std::string& data);
  void write_samples(const std::deque<WaitingSample>& samples);
  void write_events(const std::deque<WaitingEvent>& events);
  void write_incidents(const Waiting& waiting);
  void write_flows(const std::deque<FlowRow>& flows);

  SQLite::Database& file_;
  SQLite::Statement find_window_, put_window_, put_samples_, put_event_, put_incident_, put_flow_,
      put_session_, put_number_, find_number_, drop_number_;
  // Of the session that is being written: what its coarser rows are to get, by place in
  // kResolutions.
  std::array<std::optional<Row>, kResolutions.size()> growing_;
};

}  // namespace wirestamp::store
