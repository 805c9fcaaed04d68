// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "measure/order.h"

namespace wirestamp::measure {

// Of each request the reflector's numbers.
struct ReflectorNumber {
  std::uint32_t epoch = 0;     // counts the restarts of the numbers of this flow
  std::uint32_t sequence = 0;  // of the reply
  std::uint32_t first = 0;     // of the first reply to the request: when that arrived
};

// Reordering by direction within one flow, from the first replies in order of arrival: round trip
// and backward as they come, forward by the reflector's numbers, which are sorted within a window
// of so many arrivals.
class FlowOrder {
 public:
  void add(std::uint64_t probe, const std::optional<ReflectorNumber>& number);
  // No more replies will come.
  void finish();

  const Reordering& round_trip() const { return round_trip_.figures(); }
  const Reordering& forward() const { return forward_.figures(); }
  const Reordering& backward() const { return backward_.figures(); }

 private:
  static constexpr std::size_t kWindow = 1'024;

  std::uint64_t unwrap(std::uint32_t epoch, std::uint32_t sequence);
  void take_first();

  OrderTracker round_trip_, forward_, backward_;
  // (reflector number, probe), smallest number first.
  std::priority_queue<std::pair<std::uint64_t, std::uint64_t>,
                      std::vector<std::pair<std::uint64_t, std::uint64_t>>, std::greater<>>
      by_reflector_;
  std::uint32_t epoch_ = 0;
  std::uint64_t newest_number_ = 0;
};

// Reordering of a session: the sums over its flows. Each flow may take a path of its own, and has
// reflector's numbers of its own, so packets of two flows are not compared.
class ArrivalOrder {
 public:
  // The order of so many flows is kept. When one more comes, that of the flow that was silent for
  // longest is closed: what still arrives of it is compared with nothing before.
  static constexpr std::size_t kOpenFlows = 64;

  struct Figures {
    Reordering round_trip, forward, backward;
  };

  // Replies in order of arrival.
  void add(std::uint32_t flow, std::uint64_t probe, const std::optional<ReflectorNumber>& number);
  // No more replies will come.
  void finish();

  Figures figures() const;

 private:
  struct OpenFlow {
    FlowOrder order;
    std::uint64_t last_arrival = 0;
  };

  void close_oldest();

  std::map<std::uint32_t, OpenFlow> open_;
  Figures closed_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace wirestamp::measure
