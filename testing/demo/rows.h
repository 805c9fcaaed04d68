// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "measure/window.h"
#include "time/duration.h"

namespace wirestamp::demo {

// Windows longer than a second, of a time whose seconds are not kept any more. The store makes them
// of seconds alone, and of a month that would be twenty million; so they go to its file beside it,
// in the form it has for them.
class Rows {
 public:
  // `level`: place in store::kResolutions, above 0. `seconds`: that are in it.
  void add(std::uint32_t session, std::size_t level, const measure::TimedWindow& window,
           std::uint64_t seconds);
  // Into the file of a store that is open and has nothing waiting. What was added is gone then.
  Result<void> write(const std::string& path);

 private:
  struct Row {
    std::uint32_t session = 0, level = 0, epoch = 0;
    WallTime begin;
    std::uint64_t seconds = 0;
    bool part = false;
    std::string data;
  };
  std::vector<Row> rows_;
};

}  // namespace wirestamp::demo
