// SPDX-License-Identifier: Apache-2.0
#include "measure/echo.h"

#include "measure/delay.h"

namespace wirestamp::measure {

namespace {

// The same arithmetic as for a probe whose reflector told no stamps.
std::optional<ClassedDelay> round_trip_of(const EchoSample& echo) {
  Sample sample;
  sample.sender_tx = echo.tx;
  sample.sender_rx = echo.rx;
  sample.rate_ppb = echo.rate_ppb;
  sample.rate_error_ppb = echo.rate_error_ppb;
  const auto value = round_trip(sample);
  if (!value) return std::nullopt;
  return ClassedDelay{*value, round_trip_class(sample), round_trip_error(sample)};
}

}  // namespace

void EchoFigures::add(const EchoSample& sample) {
  if (sample.outcome == EchoOutcome::Withheld) {
    ++counts_.withheld;
    return;
  }
  if (sample.outcome == EchoOutcome::Unsent) {
    ++counts_.unsent;
    return;
  }
  ++counts_.sent;
  counts_.duplicates += sample.duplicates;
  counts_.tx.add(sample.tx);
  counts_.rx.add(sample.rx);
  if (sample.outcome != EchoOutcome::Answered) ++counts_.lost;
  if (sample.outcome == EchoOutcome::Late) ++counts_.late;
  if (sample.outcome != EchoOutcome::Lost) ++counts_.received;
  if (sample.outcome != EchoOutcome::Answered) return;
  if (const auto delay = round_trip_of(sample)) rtt_.add(*delay);
}

EchoSummary EchoFigures::summary() const {
  EchoSummary summary = counts_;
  if (summary.sent > 0)
    summary.loss_ratio = static_cast<double>(summary.lost) / static_cast<double>(summary.sent);
  if (const Quantiles* values = rtt_.fullest()) summary.rtt = values->distribution();
  summary.rtt_class = rtt_.fullest_class();
  summary.rtt_other_class = rtt_.others();
  summary.rtt_error_max = rtt_.error().max;
  return summary;
}

}  // namespace wirestamp::measure
