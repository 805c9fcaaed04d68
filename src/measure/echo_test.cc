// SPDX-License-Identifier: Apache-2.0
#include "measure/echo.h"

#include <gtest/gtest.h>

namespace wirestamp::measure {
namespace {

Timestamp stamp_at(Duration since, StampSource source) {
  return {.wall = WallTime::from_ns(1'700'000'000'000'000'000) + since,
          .mono = MonoTime::from_ns(1'000'000'000) + since,
          .error = Duration::microseconds(5),
          .source = source};
}

EchoSample answered(Duration rtt, StampSource tx = StampSource::Kernel) {
  return {.outcome = EchoOutcome::Answered,
          .tx = stamp_at(Duration(), tx),
          .rx = stamp_at(rtt, StampSource::Kernel)};
}

TEST(EchoFigures, nothing_measured_has_no_figures) {
  const EchoSummary summary = EchoFigures().summary();
  EXPECT_EQ(summary.sent, 0U);
  EXPECT_FALSE(summary.loss_ratio);
  EXPECT_FALSE(summary.rtt_class);
  EXPECT_FALSE(summary.tx.weakest);
}

TEST(EchoFigures, a_late_echo_is_received_and_lost_and_has_no_round_trip) {
  EchoFigures figures;
  figures.add(answered(Duration::milliseconds(1)));
  EchoSample late = answered(Duration::seconds(3));
  late.outcome = EchoOutcome::Late;
  figures.add(late);
  figures.add({.outcome = EchoOutcome::Lost, .tx = stamp_at(Duration(), StampSource::Kernel)});
  figures.add({.outcome = EchoOutcome::Lost});
  const EchoSummary summary = figures.summary();
  EXPECT_EQ(summary.sent, 4U);
  EXPECT_EQ(summary.received, 2U);
  EXPECT_EQ(summary.late, 1U);
  EXPECT_EQ(summary.lost, 3U);
  EXPECT_DOUBLE_EQ(*summary.loss_ratio, 0.75);
  EXPECT_EQ(summary.rtt.count, 1U);
  EXPECT_EQ(summary.rtt.max, Duration::milliseconds(1));
}

TEST(EchoFigures, unsent_and_withheld_echoes_are_in_no_other_figure) {
  EchoFigures figures;
  figures.add({.outcome = EchoOutcome::Unsent, .tx = stamp_at(Duration(), StampSource::User)});
  figures.add({.outcome = EchoOutcome::Withheld, .tx = stamp_at(Duration(), StampSource::User)});
  const EchoSummary summary = figures.summary();
  EXPECT_EQ(summary.unsent, 1U);
  EXPECT_EQ(summary.withheld, 1U);
  EXPECT_EQ(summary.sent, 0U);
  EXPECT_FALSE(summary.loss_ratio);
  EXPECT_FALSE(summary.tx.weakest);
}

TEST(EchoFigures, a_distribution_holds_one_stamp_class) {
  EchoFigures figures;
  for (int i = 1; i <= 3; ++i) figures.add(answered(Duration::microseconds(i)));
  figures.add(answered(Duration::microseconds(900), StampSource::User));
  const EchoSummary summary = figures.summary();
  EXPECT_EQ(summary.rtt_class, StampSource::Kernel);
  EXPECT_EQ(summary.rtt.count, 3U);
  EXPECT_EQ(summary.rtt.max, Duration::microseconds(3));
  EXPECT_EQ(summary.rtt_other_class, 1U);
  EXPECT_EQ(summary.tx.weakest, StampSource::User);
  EXPECT_EQ(summary.rx.weakest, StampSource::Kernel);
}

TEST(EchoFigures, the_round_trip_is_on_the_true_scale_and_bounded_by_both_stamps) {
  EchoFigures figures;
  EchoSample sample = answered(Duration::seconds(1));
  sample.rate_ppb = 1'000;
  figures.add(sample);
  const EchoSummary summary = figures.summary();
  EXPECT_EQ(summary.rtt.max, Duration::seconds(1) + Duration::microseconds(1));
  EXPECT_EQ(summary.rtt_error_max, Duration::microseconds(10));
}

TEST(EchoFigures, copies_of_a_reply_are_summed) {
  EchoFigures figures;
  for (const std::uint64_t copies : {0U, 2U, 3U}) {
    EchoSample sample = answered(Duration::milliseconds(1));
    sample.duplicates = copies;
    figures.add(sample);
  }
  EXPECT_EQ(figures.summary().duplicates, 5U);
}

}  // namespace
}  // namespace wirestamp::measure
