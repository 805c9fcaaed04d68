// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace wirestamp::measure {

// Brings numbered items that come in any order into the order of their numbers. An item whose turn
// it is goes out at once. When as many places are held as may wait, the missing one is given up and
// passed on as empty; items that come after their number was passed are dropped.
template <typename Item>
class InTurn {
 public:
  static constexpr std::size_t kMaxWaiting = 65'536;

  // `most_waiting`: places, at least one.
  explicit InTurn(std::uint64_t first, std::size_t most_waiting = kMaxWaiting)
      : next_(first), most_waiting_(most_waiting) {}

  // `out(const std::optional<Item>&)` is called for each number in turn.
  template <typename Out>
  void put(std::uint64_t number, Item item, Out&& out) {
    if (number < next_) return;
    if (number - next_ >= most_waiting_) skip_to(number - most_waiting_ + 1, out);
    const auto at = static_cast<std::size_t>(number - next_);
    if (at >= waiting_.size()) waiting_.resize(at + 1);
    waiting_[at] = std::move(item);
    while (!waiting_.empty() && waiting_.front()) pass(out);
  }

  template <typename Out>
  void finish(Out&& out) {
    while (!waiting_.empty()) pass(out);
  }

  std::size_t waiting() const { return waiting_.size(); }

 private:
  template <typename Out>
  void pass(Out& out) {
    out(std::as_const(waiting_.front()));
    waiting_.pop_front();
    ++next_;
  }

  template <typename Out>
  void skip_to(std::uint64_t number, Out& out) {
    while (next_ < number && !waiting_.empty()) pass(out);
    if (next_ < number) {
      out(std::optional<Item>());  // a gap of any length breaks the order once
      next_ = number;
    }
  }

  std::uint64_t next_;
  std::size_t most_waiting_;
  std::deque<std::optional<Item>> waiting_;
};

}  // namespace wirestamp::measure
