// SPDX-License-Identifier: Apache-2.0
#include "measure/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wirestamp::measure::reference {

namespace {

constexpr double kLost = std::numeric_limits<double>::infinity();

std::vector<double> sorted(std::span<const Delay> delays) {
  std::vector<double> values;
  for (const Delay& delay : delays) values.push_back(delay.value_or(kLost));
  std::ranges::sort(values);
  return values;
}

std::optional<double> finite(double value) {
  return std::isinf(value) ? std::nullopt : std::optional(value);
}

}  // namespace

std::optional<double> percentile(std::span<const Delay> delays, std::uint32_t ppm) {
  if (delays.empty()) return std::nullopt;
  const std::uint64_t rank = (std::uint64_t{ppm} * delays.size() + 999'999) / 1'000'000;
  return finite(sorted(delays)[std::max<std::uint64_t>(rank, 1) - 1]);
}

std::optional<double> median(std::span<const Delay> delays) {
  if (delays.empty()) return std::nullopt;
  const std::vector<double> values = sorted(delays);
  const std::size_t upper = values.size() / 2;
  if (values.size() % 2 == 1) return finite(values[upper]);
  return finite((values[upper - 1] + values[upper]) / 2);
}

std::optional<double> minimum(std::span<const Delay> delays) {
  if (delays.empty()) return std::nullopt;
  return finite(sorted(delays).front());
}

std::optional<double> loss_ratio(const std::vector<bool>& lost) {
  if (lost.empty()) return std::nullopt;
  return static_cast<double>(std::ranges::count(lost, true)) / static_cast<double>(lost.size());
}

std::vector<Delay> ipdv(std::span<const Delay> delays) {
  std::vector<Delay> values(delays.size());
  for (std::size_t i = 1; i < delays.size(); ++i)
    if (delays[i] && delays[i - 1]) values[i] = *delays[i] - *delays[i - 1];
  return values;
}

std::vector<Delay> pdv(std::span<const Delay> delays) {
  const auto smallest = minimum(delays);
  std::vector<Delay> values(delays.size());
  for (std::size_t i = 0; i < delays.size(); ++i)
    if (delays[i]) values[i] = *delays[i] - *smallest;
  return values;
}

std::vector<double> rtp_jitter(std::span<const double> transits) {
  std::vector<double> values;
  double jitter = 0;
  for (std::size_t i = 1; i < transits.size(); ++i) {
    jitter += (std::fabs(transits[i] - transits[i - 1]) - jitter) / 16;
    values.push_back(jitter);
  }
  return values;
}

Reordering reordering(std::span<const std::uint64_t> arrivals) {
  Reordering found;
  std::uint64_t next_expected = 0, run = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    ++found.free_runs.packets;
    if (i == 0 || arrivals[i] >= next_expected) {
      next_expected = arrivals[i] + 1;
      ++found.free_runs.in_order;
      ++run;
      continue;
    }
    std::size_t earlier = 0;
    while (arrivals[earlier] < arrivals[i]) ++earlier;
    found.reordered.push_back({.sequence = arrivals[i],
                               .index = i + 1,
                               .extent = i - earlier,
                               .discontinuity = earlier + 1});
    if (std::ranges::find(found.discontinuities, earlier + 1) == found.discontinuities.end())
      found.discontinuities.push_back(earlier + 1);
    found.free_runs.squares += run * run;
    ++found.free_runs.runs;
    run = 0;
  }
  for (std::size_t i = 1; i < found.discontinuities.size(); ++i)
    found.gaps.push_back(found.discontinuities[i] - found.discontinuities[i - 1]);
  if (!arrivals.empty())
    found.ratio =
        static_cast<double>(found.reordered.size()) / static_cast<double>(arrivals.size());
  return found;
}

std::vector<std::uint64_t> n_reordering(std::span<const std::uint64_t> arrivals) {
  std::vector<std::uint64_t> largest;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    std::size_t n = 0;
    while (n < i && arrivals[i - 1 - n] > arrivals[i]) ++n;
    largest.push_back(n);
  }
  return largest;
}

std::map<std::uint64_t, double> late_times(std::span<const std::uint64_t> arrivals,
                                           std::span<const double> arrival_times) {
  std::map<std::uint64_t, double> late;
  for (const ReorderedPacket& packet : reordering(arrivals).reordered)
    late[packet.sequence] =
        arrival_times[packet.index - 1] - arrival_times[packet.index - 1 - packet.extent];
  return late;
}

std::optional<Duplication> duplication(std::span<const std::uint64_t> arrivals) {
  std::map<std::uint64_t, std::uint64_t> copies;
  for (const std::uint64_t sequence : arrivals) ++copies[sequence];
  if (copies.empty()) return std::nullopt;
  const auto distinct = static_cast<double>(copies.size());
  const auto replicated =
      std::ranges::count_if(copies, [](const auto& entry) { return entry.second > 1; });
  return Duplication{.fraction = static_cast<double>(arrivals.size()) / distinct - 1,
                     .replicated_rate = static_cast<double>(replicated) / distinct};
}

LossPattern loss_pattern(const std::vector<bool>& lost) {
  LossPattern pattern;
  std::optional<std::size_t> previous;
  for (std::size_t i = 0; i < lost.size(); ++i) {
    pattern.distance.push_back(lost[i] && previous ? i - *previous : 0);
    if (lost[i]) {
      const bool begins = i == 0 || !lost[i - 1];
      if (begins) {
        pattern.gaps.push_back(previous ? i - *previous : 0);
        pattern.lengths.push_back(0);
      }
      ++pattern.lengths.back();
      previous = i;
    }
    pattern.period.push_back(lost[i] ? pattern.lengths.size() : 0);
  }
  return pattern;
}

std::optional<double> LossPattern::noticeable_rate(std::uint64_t delta) const {
  const auto lost = std::ranges::count_if(period, [](std::uint64_t number) { return number > 0; });
  if (lost == 0) return std::nullopt;
  const auto noticeable =
      std::ranges::count_if(distance, [&](std::uint64_t d) { return d > 0 && d <= delta; });
  return static_cast<double>(noticeable) / static_cast<double>(lost);
}

LossEpisodes loss_episodes(const std::array<std::array<std::uint64_t, 2>, 2>& counts) {
  const auto n01 = static_cast<double>(counts[0][1]), n10 = static_cast<double>(counts[1][0]),
             n11 = static_cast<double>(counts[1][1]);
  const double pairs = static_cast<double>(counts[0][0]) + n01 + n10 + n11;
  const double transitions = n01 + n10;
  if (pairs == 0) return {};
  LossEpisodes episodes{.ratio = (n10 + n11) / pairs};
  if (transitions > 0) {
    episodes.duration_packets = (2 * n11 + transitions) / transitions;
    episodes.frequency_per_packet = *episodes.ratio / *episodes.duration_packets;
  } else if (n11 == 0) {
    episodes.duration_packets = 0;
    episodes.frequency_per_packet = 0;
  } else if (counts[0][0] == 0) {
    episodes.frequency_per_packet = 1;
  }
  return episodes;
}

BurstsAndGaps bursts_and_gaps(const std::vector<bool>& events, std::size_t gmin) {
  BurstsAndGaps found;
  std::size_t in_bursts = 0, all = 0;
  std::optional<std::size_t> first, last;
  std::size_t members = 0;
  const auto close_group = [&] {
    if (members < 2) return;
    found.bursts.emplace_back(*first, *last);
    found.burst_packets += *last - *first + 1;
    in_bursts += members;
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!events[i]) continue;
    ++all;
    if (!last || i - *last - 1 >= gmin) {
      close_group();
      first = i;
      members = 0;
    }
    ++members;
    last = i;
  }
  close_group();
  found.gap_packets = events.size() - found.burst_packets;
  const auto density = [](std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  found.burst_density = density(in_bursts, found.burst_packets);
  found.gap_density = density(all - in_bursts, found.gap_packets);
  return found;
}

Exchange exchange(double t1, double t2, double t3, double t4) {
  const double forward = t2 - t1, backward = t4 - t3;
  return {.offset = (forward - backward) / 2,
          .delay = forward + backward,
          .forward = forward,
          .backward = backward,
          .offset_low = -backward,
          .offset_high = forward};
}

std::optional<Line> skew(std::span<const std::pair<double, double>> points) {
  if (points.size() < 2) return std::nullopt;
  std::vector<std::pair<double, double>> hull;
  double mean = 0;
  for (const auto& point : points) {
    mean += point.first / static_cast<double>(points.size());
    // The middle one of three goes when it is not below the line of its neighbours.
    while (hull.size() >= 2) {
      const auto &a = hull[hull.size() - 2], &b = hull.back();
      const double turn = (b.first - a.first) * (point.second - a.second) -
                          (b.second - a.second) * (point.first - a.first);
      if (turn > 0) break;
      hull.pop_back();
    }
    hull.push_back(point);
  }
  for (std::size_t i = 1; i < hull.size(); ++i) {
    if (hull[i].first < mean) continue;
    const auto &a = hull[i - 1], &b = hull[i];
    const double slope = (b.second - a.second) / (b.first - a.first);
    return Line{.slope = slope, .intercept = a.second - slope * a.first};
  }
  return std::nullopt;
}

}  // namespace wirestamp::measure::reference
