// SPDX-License-Identifier: Apache-2.0
#include "agent/flow_watch.h"

#include <fmt/format.h>

#include <optional>

#include "measure/delay.h"

namespace wirestamp::agent {

namespace {

std::string in_words(const measure::FlowDifference& one) {
  using measure::FlowDeviation;
  const auto percent = [](const std::optional<double>& ratio) {
    return ratio ? fmt::format("{:.3g} %", *ratio * 100) : std::string("nothing");
  };
  const auto delay = [](const std::optional<Duration>& value) {
    return value ? fmt::format("{:.3g} ms", value->to_seconds() * 1e3) : std::string("nothing");
  };
  switch (one.deviation) {
    case FlowDeviation::MoreLoss:
      return fmt::format("loses more than the others: {} against {}", percent(one.own.loss_ratio),
                         percent(one.rest.loss_ratio));
    case FlowDeviation::LessLoss:
      return fmt::format("loses less than the others: {} against {}", percent(one.own.loss_ratio),
                         percent(one.rest.loss_ratio));
    case FlowDeviation::Slower:
      return fmt::format("is slower than the others: {} against {}", delay(one.own.round_trip),
                         delay(one.rest.round_trip));
    case FlowDeviation::Faster:
      break;
  }
  return fmt::format("is faster than the others: {} against {}", delay(one.own.round_trip),
                     delay(one.rest.round_trip));
}

}  // namespace

FlowWatch::FlowWatch(unsigned flows, Duration interval)
    : flows_(flows), comparison_({.flows = flows, .interval = interval}) {
  for (unsigned n = 0; n < flows; ++n)
    each_.emplace_back(measure::AccumulatorOptions{.interval = interval});
}

void FlowWatch::add(const measure::Sample& sample, std::size_t flow) {
  using measure::FlowOutcome;
  measure::Sample own = sample;
  own.probe = sample.probe / flows_;
  own.arrival_index = 0;  // the order of arrival is that of all flows together
  each_[flow].add(own);
  measure::FlowProbe probe{
      .flow = static_cast<std::uint32_t>(flow), .round = own.probe, .round_trip = {}, .error = {}};
  if (sample.outcome == measure::Outcome::Delivered) {
    probe.outcome = FlowOutcome::Delivered;
    probe.stamps = measure::round_trip_class(sample);
    if (!sample.bad_reflector_stamps) {
      probe.round_trip = measure::round_trip(sample);
      probe.error = measure::round_trip_error(sample).value_or(Duration());
    }
  } else if (measure::lost_on_the_way(sample.outcome)) {
    probe.outcome = FlowOutcome::Lost;
  }
  comparison_.add(probe);
}

void FlowWatch::finish() {
  comparison_.finish();
  for (measure::Accumulator& one : each_) one.finish();
}

std::vector<measure::Event> FlowWatch::take_news() {
  std::vector<measure::Event> news;
  const auto& differences = comparison_.differences();
  for (; told_ < differences.size(); ++told_) {
    const measure::FlowDifference& one = differences[told_];
    measure::Event event;
    event.kind = measure::EventKind::FlowDiffers;
    event.flow = one.flow;
    event.reason = name(one.deviation);
    event.text = fmt::format("flow {} {}", one.flow, in_words(one));
    news.push_back(std::move(event));
  }
  return news;
}

std::vector<measure::Summary> FlowWatch::summaries() const {
  std::vector<measure::Summary> all;
  for (const measure::Accumulator& one : each_) all.push_back(one.summary());
  return all;
}

}  // namespace wirestamp::agent
