// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"
#include "publish/period.h"
#include "publish/period_samples_test.h"

namespace wirestamp::publish {
namespace {

constexpr int kDay = 24 * 60;

// A day of minutes; `lost_in(i)` of 120 probes and `rtt_of(i)` microseconds in minute i.
template <typename Lost, typename Rtt>
Period day(Lost lost_in, Rtt rtt_of) {
  Minutes minutes;
  for (int i = 0; i < kDay; ++i) minutes.add(minute(120, lost_in(i), rtt_of(i)));
  return minutes.done();
}

const Change& find(const PeriodComparison& comparison, std::string_view figure) {
  return *std::ranges::find(comparison.changes, figure, &Change::figure);
}

constexpr auto kNone = [](int) -> std::uint64_t { return 0; };
// Slower in the afternoon, as networks are: the parts of a day differ.
constexpr auto kDaily = [](int i) -> std::int64_t { return 20'000 + 3'000 * (i / 360 % 2); };

TEST(PeriodComparison, a_period_is_like_itself) {
  const Period period = day([](int i) -> std::uint64_t { return i % 7 == 0; }, kDaily);
  const PeriodComparison comparison = compare(period, period);
  for (const Change& change : comparison.changes) {
    EXPECT_EQ(change.judgement, Judgement::Same) << change.figure;
    EXPECT_EQ(change.parts_p_value, 1.0) << change.figure;
  }
  EXPECT_EQ(comparison.verdict, "nothing changed beyond what differs within the periods");
  EXPECT_EQ(comparison.part, Duration::minutes(45));
}

TEST(PeriodComparison, a_change_within_the_daily_course_is_no_change) {
  const Period before = day(kNone, kDaily);
  // The other half of the day is the slow one.
  const Period after = day(kNone, [](int i) { return kDaily(i + 360); });
  EXPECT_EQ(find(compare(before, after), "round_trip_p50").judgement, Judgement::Same);
}

TEST(PeriodComparison, a_slower_path_is_told_with_the_difference) {
  const Period before = day(kNone, kDaily);
  const Period after = day(kNone, [](int i) { return kDaily(i) + 8'000; });
  const PeriodComparison comparison = compare(before, after);
  const Change& p50 = find(comparison, "round_trip_p50");
  EXPECT_EQ(p50.judgement, Judgement::Higher);
  EXPECT_LT(*p50.parts_p_value, 1e-6);
  EXPECT_TRUE(p50.text.starts_with("higher: +7.96 ms (+39.7 %), beyond")) << p50.text;
  EXPECT_TRUE(comparison.verdict.starts_with("round trip p50 is higher")) << comparison.verdict;
  EXPECT_EQ(find(compare(after, before), "round_trip_p50").judgement, Judgement::Lower);
}

TEST(PeriodComparison, one_long_outage_is_an_event_and_not_another_level_of_loss) {
  const Period before = day(kNone, kDaily);
  const Period after =
      day([](int i) -> std::uint64_t { return i >= 600 && i < 660 ? 120 : 0; }, kDaily);
  const PeriodComparison comparison = compare(before, after);
  const Change& loss = find(comparison, "loss");
  EXPECT_EQ(loss.judgement, Judgement::HigherInPlaces);
  EXPECT_LT(*loss.probes_p_value, 1e-100);
  EXPECT_GT(*loss.parts_p_value, 0.1);
  EXPECT_EQ(comparison.verdict,
            "no level changed; in a few parts only: more loss, more loss on the way there");
}

TEST(PeriodComparison, more_loss_all_day_is_another_level) {
  const Period before = day([](int i) -> std::uint64_t { return i % 10 == 0; }, kDaily);
  const Period after = day([](int i) -> std::uint64_t { return i % 2 == 0; }, kDaily);
  const Change loss = find(compare(before, after), "loss");
  EXPECT_EQ(loss.judgement, Judgement::Higher);
  EXPECT_EQ(find(compare(after, before), "loss").judgement, Judgement::Lower);
  EXPECT_EQ(find(compare(before, after), "loss_backward").text, "none in either");
}

TEST(PeriodComparison, a_few_lost_probes_more_are_chance) {
  const Period before = day([](int i) -> std::uint64_t { return i % 400 == 0; }, kDaily);
  const Period after = day([](int i) -> std::uint64_t { return i % 300 == 0; }, kDaily);
  const Change loss = find(compare(before, after), "loss");
  EXPECT_EQ(loss.judgement, Judgement::Same);
  EXPECT_TRUE(loss.text.starts_with("no change that chance would not make")) << loss.text;
}

TEST(PeriodComparison, alike_periods_are_seldom_told_apart) {
  // Loss in bursts and a wandering delay, so that probes are anything but independent.
  base::Random random(20'251'125);
  const auto made = [&] {
    std::uint64_t burst = 0;
    return day(
        [&, burst](int) mutable -> std::uint64_t {
          if (burst > 0) --burst;
          if (random.below(500) == 0) burst = 3;
          return burst > 0 ? 40 : 0;
        },
        [&](int) { return 20'000 + static_cast<std::int64_t>(random.below(3'000)); });
  };
  constexpr int kTrials = 20;
  int told = 0;
  for (int i = 0; i < kTrials; ++i) {
    const Period before = made(), after = made();
    const PeriodComparison comparison = compare(before, after);
    told += std::ranges::any_of(comparison.changes, [](const Change& change) {
      return change.judgement == Judgement::Higher || change.judgement == Judgement::Lower;
    });
  }
  EXPECT_LE(told, 2);
}

TEST(PeriodComparison, few_parts_tell_nothing) {
  Minutes before, after;
  for (int i = 0; i < 5; ++i) before.add(minute(120, 0, 1'000)), after.add(minute(120, 9, 9'000));
  const PeriodComparison comparison = compare(before.done(), after.done());
  EXPECT_EQ(find(comparison, "round_trip_p50").judgement, Judgement::TooFewParts);
  EXPECT_EQ(find(comparison, "loss").judgement, Judgement::TooFewParts);
  EXPECT_NE(
      comparison.verdict.find("; not to be told: loss, loss on the way there, round trip p50"),
      std::string::npos)
      << comparison.verdict;
}

TEST(PeriodComparison, stamps_of_different_classes_are_not_compared) {
  Minutes before, after;
  for (int i = 0; i < 60; ++i) {
    before.add(minute(120, 0, 1'000));
    after.add(minute(120, 0, 9'000, StampSource::User));
  }
  const PeriodComparison comparison = compare(before.done(), after.done());
  EXPECT_EQ(find(comparison, "round_trip_p50").judgement, Judgement::NotComparable);
  EXPECT_EQ(find(comparison, "loss").judgement, Judgement::Same);
}

TEST(PeriodComparison, a_period_without_data_is_not_known) {
  Minutes before, after;
  for (int i = 0; i < 60; ++i) before.add(minute(120, 0, 1'000));
  after.gap(60);
  const PeriodComparison comparison = compare(before.done(), after.done());
  for (const Change& change : comparison.changes) {
    EXPECT_EQ(change.judgement, Judgement::NotKnown) << change.figure;
    EXPECT_TRUE(change.text.starts_with("not known")) << change.text;
  }
  EXPECT_EQ(comparison.verdict, "the data do not tell whether anything changed");
}

TEST(PeriodComparison, a_difference_below_what_histograms_resolve_is_no_change) {
  const Period before = day(kNone, [](int) -> std::int64_t { return 20'000; });
  const Period after = day(kNone, [](int) -> std::int64_t { return 20'250; });
  EXPECT_EQ(find(compare(before, after), "round_trip_p50").judgement, Judgement::Same);
}

TEST(PeriodComparison, the_text_says_what_changed) {
  const Period before = day(kNone, kDaily);
  const Period after = day(kNone, [](int i) { return kDaily(i) + 8'000; });
  const std::string text = period_text({.version = "1",
                                        .period = after,
                                        .before = before,
                                        .comparison = compare(before, after),
                                        .notes = {}});
  EXPECT_NE(text.find("compared with 2025-11-25 12:00"), std::string::npos) << text;
  EXPECT_NE(text.find("verdict      round trip p50 is higher"), std::string::npos) << text;
}

}  // namespace
}  // namespace wirestamp::publish
