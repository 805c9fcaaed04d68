// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <tuple>

#include "store/database.h"
#include "store/window_form.h"

namespace wirestamp::demo {

void Rows::add(std::uint32_t session, std::size_t level, const measure::TimedWindow& window,
               std::uint64_t seconds) {
  rows_.push_back({.session = session,
                   .level = static_cast<std::uint32_t>(level),
                   .epoch = window.epoch,
                   .begin = window.begin,
                   .seconds = seconds,
                   .part = window.part,
                   .data = store::encode(window.window)});
}

// In the order in which they lie, so that pages are full.
Result<void> Rows::write(const std::string& path) {
  std::ranges::sort(rows_, {}, [](const Row& row) {
    return std::tuple(row.session, row.level, row.begin, row.epoch);
  });
  TRY_VOID(store::guarded(path, "writing the past to", [&] {
    SQLite::Database file(path, SQLite::OPEN_READWRITE);
    SQLite::Transaction transaction(file, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement put(file, "INSERT INTO windows VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (const Row& row : rows_) {
      put.reset();
      put.bind(1, row.session);
      put.bind(2, row.level);
      put.bind(3, row.begin.ns());
      put.bind(4, row.epoch);
      put.bind(5, static_cast<std::int64_t>(row.seconds));
      put.bind(6, row.part ? 1 : 0);
      put.bindNoCopy(7, row.data.data(), static_cast<int>(row.data.size()));
      put.exec();
    }
    transaction.commit();
  }));
  rows_.clear();
  return {};
}

}  // namespace wirestamp::demo
