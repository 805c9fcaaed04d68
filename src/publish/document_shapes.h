// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "measure/event.h"
#include "measure/summary.h"
#include "packet/address.h"
#include "publish/document.h"
#include "publish/schema.h"
#include "time/timestamp.h"

// What stands in several places of the document. For document.cc alone: rows are made of functions
// without a name, which two files would have twice.
namespace wirestamp::publish {

inline constexpr std::string_view kAnyValue = "with at least one value";

// Counts by number, those that are zero left out.
template <std::size_t Size>
Named<std::uint64_t> by_number(const std::array<std::uint64_t, Size>& counts) {
  Named<std::uint64_t> named;
  for (std::size_t i = 0; i < Size; ++i)
    if (counts[i] > 0) named.emplace_back(fmt::format("{}", i), counts[i]);
  return named;
}

template <>
struct Shape<packet::Endpoint> {
  using T = packet::Endpoint;
  static constexpr std::string_view kName = "endpoint", kMeaning = "An address and a UDP port.";
  static constexpr std::array kRows{
      row<[](const T& at) { return packet::to_string(at.address); }>("address", kAlways,
                                                                     "IPv4 or IPv6 address"),
      row<&T::port>("port", kAlways, "UDP port"),
  };
};

template <>
struct Shape<measure::Distribution> {
  using T = measure::Distribution;
  static constexpr std::string_view kName = "distribution",
                                    kMeaning = "Of durations, in nanoseconds.";
  static constexpr std::array kRows{
      row<&T::count>("count", kAlways, "number of values"),
      row<&T::min>("min", kAnyValue, "smallest"),
      row<&T::p10>("p10", kAnyValue, "10th percentile"),
      row<&T::p50>("p50", kAnyValue,
                   "50th percentile; of an even number of values the lower of the middle two"),
      row<&T::p90>("p90", kAnyValue, "90th percentile"),
      row<&T::p95>("p95", kAnyValue, "95th percentile"),
      row<&T::p99>("p99", kAnyValue, "99th percentile"),
      row<&T::max>("max", kAnyValue, "largest"),
      row<&T::mean>("mean", kAnyValue, "arithmetic mean"),
      row<&T::stddev>("stddev", "from two values on", "standard deviation, divisor n - 1"),
  };
};

template <>
struct Shape<measure::Variation> {
  using T = measure::Variation;
  static constexpr std::string_view kName = "variation", kMeaning = "Of delay, in nanoseconds.";
  static constexpr std::string_view kPdv =
      "with at least one value; forward and backward only where that direction's error is at most "
      "1 s";
  static constexpr std::string_view kPair = "with a pair of neighbours";
  static constexpr std::array kRows{
      row<&T::pdv_p50>("pdv_p50", kPdv,
                       "50th percentile of the delay above the minimum (RFC 5481 4.2); forward "
                       "and backward above that since the clocks were last set"),
      row<&T::pdv_p95>("pdv_p95", kPdv, "its 95th percentile"),
      row<&T::pdv_p99>("pdv_p99", kPdv, "its 99th percentile"),
      row<&T::pdv_p999>("pdv_p999", kPdv, "its 99.9th percentile"),
      row<&T::ipdv_p5>("ipdv_p5", kPair,
                       "5th percentile of the difference between neighbours in send order (RFC "
                       "3393); signed"),
      row<&T::ipdv_p95>("ipdv_p95", kPair, "its 95th percentile"),
      row<&T::ipdv_mean_abs>("ipdv_mean_abs", kPair, "mean of its absolute values"),
      row<&T::ipdv_count>("ipdv_count", kAlways,
                          "pairs of neighbours that both have this delay, of the class shown"),
      row<&T::ipdv_undefined>("ipdv_undefined", kAlways, "all other pairs of neighbours"),
  };
};

template <>
struct Shape<measure::Reordering> {
  using T = measure::Reordering;
  static constexpr std::string_view kName = "order",
                                    kMeaning = "Order of arrival in one direction.";
  static Named<std::uint64_t> by_n(const T& order) {
    Named<std::uint64_t> named = by_number(order.n_reordered);
    const std::string last = fmt::format("{}", measure::kMostReordering);
    if (!named.empty() && named.back().first == last) named.back().first = "more";
    return named;
  }
  static constexpr std::array kRows{
      row<&T::reordered>("reordered", kAlways,
                         "packets that came after one sent later (RFC 4737 3)"),
      row<&T::received>("received", kAlways, "packets received, copies not counted"),
      row<&T::ratio>("ratio", "when something was received", "reordered / received"),
      row<&T::max_extent>("max_extent", kAlways, "largest extent in packets (RFC 4737 4.2)"),
      row<[](const T& order) { return by_n(order); }>(
          "n_reordered", "for each n that occurs",
          "packets that are n-reordered (RFC 4737 5), n from 1 to 16, and `more`"),
  };
};

template <>
struct Shape<measure::StampCounts> {
  using T = measure::StampCounts;
  static constexpr std::string_view kName = "stamps",
                                    kMeaning = "Where one of the four stamps was taken.";
  static Named<std::uint64_t> by_source(const T& stamps) {
    Named<std::uint64_t> named;
    for (std::size_t i = 0; i < stamps.by_source.size(); ++i)
      if (stamps.by_source[i] > 0)
        named.emplace_back(name(static_cast<StampSource>(i)), stamps.by_source[i]);
    return named;
  }
  static constexpr std::array kRows{
      row<&T::weakest>("weakest", "with a stamp", "weakest source among them"),
      row<[](const T& stamps) { return by_source(stamps); }>(
          "counts", "for each source that occurs",
          "stamps by source: hardware, kernel, scheduler, user, unknown"),
  };
};

// Traffic classes at one place.
struct MarkCounts {
  std::uint64_t known = 0;
  std::array<std::uint64_t, 64> dscp{};
  std::array<std::uint64_t, 4> ecn{};

  MarkCounts(std::uint64_t all, const std::array<std::uint64_t, 256>& traffic_classes)
      : known(all) {
    for (std::size_t value = 0; value < traffic_classes.size(); ++value) {
      dscp[value >> 2U] += traffic_classes[value];
      ecn[value & 3U] += traffic_classes[value];
    }
  }
};

template <>
struct Shape<MarkCounts> {
  using T = MarkCounts;
  static constexpr std::string_view kName = "marks",
                                    kMeaning = "Marks in the IP header at one place.";
  static constexpr std::array kRows{
      row<&T::known>("known", kAlways, "packets whose marks are known at that place"),
      row<[](const T& marks) { return by_number(marks.dscp); }>(
          "dscp", "for each value that occurs", "packets by DSCP, 0 to 63"),
      row<[](const T& marks) { return by_number(marks.ecn); }>("ecn", "for each value that occurs",
                                                               "packets by ECN, 0 to 3"),
  };
};

template <>
struct Shape<measure::ProbeMark> {
  using T = measure::ProbeMark;
  static constexpr std::string_view kName = "mark", kMeaning = "A probe that bounds something.";
  static constexpr std::array kRows{
      row<&T::probe>("probe", kAlways, "its number"),
      row<[](const T& mark) { return mark.left.ns(); }>("left_ns", kAlways,
                                                        "when it left, Unix time in ns, UTC"),
  };
};

template <>
struct Shape<measure::Hop> {
  using T = measure::Hop;
  static constexpr std::string_view kName = "hop", kMeaning = "How far a probe with few hops came.";
  static constexpr std::array kRows{
      row<&T::distance>("distance", kAlways, "hops from here, from 1"),
      row<[](const T& hop) { return unless_empty(hop.address); }>(
          "address", "where somebody answered", "who threw the probe away, or the reflector"),
      row<&T::reflector>("reflector", kAlways, "the probe came through"),
  };
};

template <>
struct Shape<measure::Crossing> {
  using T = measure::Crossing;
  static constexpr std::string_view kName = "crossing",
                                    kMeaning = "A figure above a threshold (`docs/events.md`).";
  static constexpr std::array kRows{
      row<&T::figure>("figure", kAlways, "loss, latency or jitter"),
      row<&T::error>("error", kAlways, "it is the threshold of an error, else of a warning"),
      row<&T::loss>("loss_ratio", "of loss", "lost / sent over the stretch it was judged by"),
      row<&T::loss_threshold>("loss_threshold", "of loss", "the threshold"),
      row<&T::delay>("delay_ns", "of latency and jitter", "median of the windows it was judged by"),
      row<&T::delay_threshold>("delay_threshold_ns", "of latency and jitter", "the threshold"),
      row<&T::median>("median_ns", "when 24 hours are known",
                      "median of 48 hours that the threshold was made of"),
      row<[](const T& crossing) { return rfc3339(crossing.since); }>(
          "since", kAlways, "begin of the trouble, RFC 3339, UTC"),
      row<[](const T& crossing) {
        return crossing.until ? std::optional(rfc3339(*crossing.until)) : std::nullopt;
      }>("until", "of threshold_cleared", "its end, RFC 3339, UTC"),
  };
};

template <>
struct Shape<measure::Event> {
  using T = measure::Event;
  static constexpr std::string_view kName = "event", kMeaning = "What happened beside the probes.";
  static constexpr std::array kRows{
      row<&T::kind>("kind", kAlways,
                    "outage_began, outage_ended, flow_changed, verdict, timeout_measured, "
                    "healing_pause, network_changed, reflector_restarted, remarked, path_swept, "
                    "account_told, flow_differs, ports_exhausted, rate_reduced, rate_restored, "
                    "session_up, peer_stopping, hops_changed, threshold_crossed, "
                    "threshold_cleared, receive_buffer_full; of an agent also clock_stepped, "
                    "clock_unsynchronised, "
                    "clock_synchronised, suspended, store_set_aside, store_failed, "
                    "store_restored, configuration_refused, configuration_reloaded, agent_started, "
                    "agent_stopped; see `docs/events.md`"),
      row<[](const T& event) { return rfc3339(event.wall); }>("at", kAlways,
                                                              "when it was known, RFC 3339, UTC"),
      row<&T::text>("text", kAlways, "the same for a person"),
      row<[](const T& event) { return unless_empty(event.reason); }>(
          "reason", "of flow_changed, network_changed, flow_differs, rate_reduced, session_up",
          "one or two words"),
      row<&T::finding>("finding", "of a verdict",
                       "stalled_flow, stalled_flow_suspected, one_of_several_paths, "
                       "transient_outage, new_ports_blocked, peer_or_path_down, peer_closed or "
                       "local_cause"),
      row<&T::flow>(
          "flow", "where it is about one flow",
          "its place in `flows` (of flow_differs), else its number as in the column `flow`"),
      row<&T::old_flow>("old_flow", "where one is concerned", "5-tuple: source > destination"),
      row<&T::new_flow>("new_flow", "where there is one", "the same of the new flow"),
      row<&T::last_good>("last_good", "where known", "newest probe answered before"),
      row<&T::first_lost>("first_lost", "where known", "first probe that was not answered"),
      row<&T::first_good>("first_good", "where known", "first probe answered again"),
      row<&T::lost>("lost", "of outages, verdicts, session_up, receive_buffer_full",
                    "probes between last_good and first_good; datagrams without room"),
      row<&T::answered>("answered", "of verdicts with fresh flows", "fresh flows answered"),
      row<&T::tried>("tried", "of verdicts with fresh flows", "fresh flows tried"),
      row<&T::at_least>("at_least_ns", "of outage_ended, timeout_measured, session_up",
                        "lower bound of the outage, or of the middlebox's time-out"),
      row<&T::at_most>("at_most_ns", "of outage_ended, timeout_measured, healing_pause, session_up",
                       "upper bound of the same; length of the pause"),
      row<&T::direction>("direction", "of remarked, hops_changed, account_told",
                         "`forward` or `backward`"),
      row<&T::before>("before", "of remarked, hops_changed",
                      "traffic class octet, or hop limit, that arrived before"),
      row<&T::after>("after", "of remarked, hops_changed", "the same after"),
      row<&T::expected>("expected", "of remarked, where known", "traffic class octet as sent"),
      row<&T::account>("account", "of account_told",
                       "what the reflector says: requests seen, replies sent, source of the "
                       "requests"),
      row<[](const T& event) { return unless_empty(event.old_path); }>("old_path", "of path_swept",
                                                                       "the way of the old flow"),
      row<[](const T& event) { return unless_empty(event.new_path); }>("new_path", "of path_swept",
                                                                       "the same of the new flow"),
      row<&T::crossing>("crossing", "of threshold_crossed, threshold_cleared",
                        "what was crossed, and when"),
      row<&T::change>("change_ns", "of clock_stepped, suspended; of agent_started, where known",
                      "by how much the clock was set, forward is positive; how long the host "
                      "slept, or no agent ran"),
  };
};

}  // namespace wirestamp::publish
