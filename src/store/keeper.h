// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "store/database.h"

// Deletes what is too old, and what is too much.
//
// There are levels: the samples, the windows of each length, and the events with incidents and
// flows. Each has a time for which it is to be kept. Where the file is too large, the level that
// keeps the largest share of its time loses its oldest: so all levels keep the same share, and the
// last hours stay fine while old times become coarse. The coarsest windows and the events keep four
// times that share.
//
// A level is cut in strides, a sixty-fourth of its time each, so that the rows of a session, which
// lie together, go in whole pages. Each call deletes a bounded number of rows, and goes on where
// the last one stopped.
namespace wirestamp::store {

class Keeper {
 public:
  Keeper(SQLite::Database& file, const Retention& retention);

  // `rows`: how many may be deleted. Throws what the library throws.
  void retain(WallTime now, std::size_t rows);

 private:
  static constexpr std::size_t kSamples = 0, kWindows = 1, kEvents = 1 + kResolutions.size(),
                               kLevels = kEvents + 1;

  Duration kept(std::size_t level) const;
  std::optional<WallTime> oldest(std::size_t level);
  // Returns how many rows went; less than `rows` when nothing before `end` is left.
  std::size_t cut(std::size_t level, WallTime end, std::size_t rows);
  std::size_t cut_windows(std::size_t resolution, WallTime end, std::size_t rows);
  std::size_t cut_too_much(WallTime now, std::size_t rows);
  std::uint64_t used() const;

  SQLite::Database& file_;
  Retention retention_;
  std::optional<WallTime> now_;  // what is believed of the caller's
};

}  // namespace wirestamp::store
