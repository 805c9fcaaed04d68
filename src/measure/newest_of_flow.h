// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace wirestamp::measure {

// What is compared with its predecessor in the same flow. Knows the newest value of so many flows;
// when one more comes, all are forgotten.
template <typename Value>
class NewestOfFlow {
 public:
  static constexpr std::size_t kMostFlows = 64;

  // The value before this one; absent for the first, or when it was forgotten.
  std::optional<Value> exchange(std::uint32_t flow, Value value) {
    if (const auto known = values_.find(flow); known != values_.end())
      return std::exchange(known->second, std::move(value));
    if (values_.size() == kMostFlows) values_.clear();
    values_.emplace(flow, std::move(value));
    return std::nullopt;
  }

  void forget(std::uint32_t flow) { values_.erase(flow); }
  void forget_all() { values_.clear(); }

 private:
  std::map<std::uint32_t, Value> values_;
};

}  // namespace wirestamp::measure
