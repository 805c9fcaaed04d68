// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace wirestamp::session {

// A set of sequence numbers, kept as runs of neighbours: an outage of any length is one run.
class NumberRuns {
 public:
  // Numbers that are there already stay there; a range must hold none of these.
  void add(std::uint64_t number) {
    if (!contains(number)) add_range(number, number + 1);
  }
  void add_range(std::uint64_t first, std::uint64_t end);
  bool remove(std::uint64_t number);  // false: it was not there
  // Removes what is below `end` and tells how many these were.
  std::uint64_t remove_below(std::uint64_t end);
  // Moves what is not below `first` to the result.
  NumberRuns take_from(std::uint64_t first);

  bool contains(std::uint64_t number) const;
  bool empty() const { return runs_.empty(); }
  std::uint64_t size() const { return size_; }
  // First number to the one behind the last, ascending; neighbouring runs do not touch.
  const std::map<std::uint64_t, std::uint64_t>& runs() const { return runs_; }

 private:
  std::map<std::uint64_t, std::uint64_t> runs_;
  std::uint64_t size_ = 0;
};

}  // namespace wirestamp::session
