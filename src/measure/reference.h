// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

// The definitions themselves, written for reading and not for speed: each function takes the whole
// of its input. The streaming figures are judged by these, and these by the examples of the RFCs
// (tests/vectors/metrics.json). Units are the caller's.
namespace wirestamp::measure::reference {

// A delay; absent: the packet was lost, its delay is infinite.
using Delay = std::optional<double>;

// RFC 2330 11.3, RFC 7679 5.1: the value of rank max(1, ceil(ppm * n / 10^6)); absent when that one
// is infinite or there is none.
std::optional<double> percentile(std::span<const Delay> delays, std::uint32_t ppm);
std::optional<double> median(std::span<const Delay> delays);      // RFC 7679 5.2
std::optional<double> minimum(std::span<const Delay> delays);     // RFC 7679 5.3
std::optional<double> loss_ratio(const std::vector<bool>& lost);  // RFC 7680 4.1

// RFC 3393, RFC 5481 4.1: each delay minus the one before in send order.
std::vector<Delay> ipdv(std::span<const Delay> delays);
// RFC 5481 4.2: each delay minus the smallest.
std::vector<Delay> pdv(std::span<const Delay> delays);
// RFC 3550 6.4.1: the jitter after each arrival but the first.
std::vector<double> rtp_jitter(std::span<const double> transits);

// RFC 4737. Indices count arrivals from 1.
struct ReorderedPacket {
  std::uint64_t sequence = 0, index = 0, extent = 0, discontinuity = 0;
  bool operator==(const ReorderedPacket&) const = default;
};
struct FreeRuns {
  std::uint64_t packets = 0, runs = 0, in_order = 0, squares = 0;
};
struct Reordering {
  std::vector<ReorderedPacket> reordered;
  std::optional<double> ratio;
  std::vector<std::uint64_t> discontinuities, gaps;
  FreeRuns free_runs;
};
Reordering reordering(std::span<const std::uint64_t> arrivals);
// RFC 4737 5: for each arrival the largest n for which it is n-reordered.
std::vector<std::uint64_t> n_reordering(std::span<const std::uint64_t> arrivals);
// RFC 4737 4.3: how much later each reordered packet came than the one it should have preceded.
std::map<std::uint64_t, double> late_times(std::span<const std::uint64_t> arrivals,
                                           std::span<const double> arrival_times);

struct Duplication {
  double fraction = 0, replicated_rate = 0;
};
std::optional<Duplication> duplication(std::span<const std::uint64_t> arrivals);  // RFC 5560

// RFC 3357, over send order.
struct LossPattern {
  std::vector<std::uint64_t> distance, period;  // per packet
  std::vector<std::uint64_t> lengths, gaps;     // per loss period
  std::optional<double> noticeable_rate(std::uint64_t delta) const;
};
LossPattern loss_pattern(const std::vector<bool>& lost);

// RFC 6534 5, from the outcomes of pairs of neighbours: counts[first lost][second lost].
struct LossEpisodes {
  std::optional<double> ratio, duration_packets, frequency_per_packet;
};
LossEpisodes loss_episodes(const std::array<std::array<std::uint64_t, 2>, 2>& counts);

// RFC 3611 4.7.2.
struct BurstsAndGaps {
  std::vector<std::pair<std::size_t, std::size_t>> bursts;  // first and last packet
  std::size_t burst_packets = 0, gap_packets = 0;
  double burst_density = 0, gap_density = 0;
};
BurstsAndGaps bursts_and_gaps(const std::vector<bool>& lost_or_discarded, std::size_t gmin);

// RFC 5905 8 for one exchange.
struct Exchange {
  double offset = 0, delay = 0, forward = 0, backward = 0, offset_low = 0, offset_high = 0;
};
Exchange exchange(double t1, double t2, double t3, double t4);

// The line under the points that is nearest to them (linear programme of Moon, Skelly and Towsley
// by the convex hull): drift of one clock against the other. Points in order of time.
struct Line {
  double slope = 0, intercept = 0;
};
std::optional<Line> skew(std::span<const std::pair<double, double>> points);

}  // namespace wirestamp::measure::reference
