// SPDX-License-Identifier: Apache-2.0
#include "agent/second_windows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "agent/packed_sample.h"
#include "base/random.h"
#include "measure/accumulator.h"

namespace wirestamp::agent {
namespace {

using measure::Outcome;
using measure::Sample;
using measure::TimedWindow;

constexpr Duration kSecond = Duration::seconds(1);
constexpr Duration kHalf = Duration::milliseconds(500);
const MonoTime kStart = MonoTime::from_ns(5'000'000'000'000);
const WallTime kWall = WallTime::from_ns(1'800'000'000'000'000'000);  // a full second

// --- what a window is, as text

std::string text(const measure::Values& values) {
  std::string text = fmt::format("{} {} {} {:.0f} {}:", values.count(), values.min, values.max,
                                 values.sum, values.histogram.zero());
  values.histogram.for_each_bucket([&](int sign, int bucket, std::uint64_t times) {
    text += fmt::format(" {}/{}/{}", sign, bucket, times);
  });
  return text;
}

std::string text(const measure::ClassedValues& values) {
  std::string all;
  for (const auto& one : values.classes)
    all += fmt::format("[{} {}]", name(one.stamps), text(one.values));
  return all;
}

std::string text(const measure::StampCounts& counts) {
  return fmt::format("{} {}", fmt::join(counts.by_source, ","),
                     counts.weakest ? name(*counts.weakest) : "none");
}

template <typename T>
std::string text(const std::optional<T>& value) {
  if (!value) return "-";
  if constexpr (std::is_same_v<T, Duration>)
    return std::to_string(value->ns());
  else
    return std::to_string(*value);
}

// All but order.
std::string text(const measure::Window& w) {
  return fmt::format(
      "probes {} {} {} {} lost {} {} {} {} {} {} held {} {} {} unsent {} dup {} {} {} burst {} {} "
      "{} odd {} {} {}\nrtt {}\nforward {}\nbackward {}\nschedule {}\nresidence {}\nerrors {} "
      "{}\nstamps {} / {} / {} / {}\nmarks {} {} {} {} {} {} {} {}",
      w.scheduled, w.sent, w.delivered, w.late, w.lost.forward, w.lost.backward, w.lost.unknown,
      w.peer_closed, w.too_big, w.refused_by_peer, w.withheld, w.late_schedule,
      w.departure_unconfirmed, fmt::join(w.unsent_by_cause, ","), w.duplicates_forward,
      w.duplicates_backward, w.duplicates_unknown, w.burst_sent, w.burst_received, w.burst_lost,
      w.negative_rtt, w.clock_step_samples, w.bad_reflector_stamps, text(w.rtt),
      text(w.forward_delay), text(w.backward_delay), text(w.schedule_error), text(w.residence),
      text(w.rtt_error_max), text(w.one_way_error_max), text(w.sender_tx), text(w.reflector_rx),
      text(w.reflector_tx), text(w.sender_rx), w.forward_marks_known, w.forward_remarked,
      w.backward_marks_known, w.backward_remarked, text(w.forward_traffic_class),
      text(w.backward_traffic_class), text(w.forward_hop_limit), text(w.backward_hop_limit));
}

// --- samples of every kind

struct Drawn {
  explicit Drawn(std::uint64_t seed) : random(seed) {}

  std::int64_t about(std::int64_t ns) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(ns)));
  }
  Timestamp stamp(std::int64_t since_start, Duration offset, bool mono) {
    Timestamp stamp;
    stamp.wall = kWall + Duration::nanoseconds(since_start) + offset;
    if (mono) stamp.mono = kStart + Duration::nanoseconds(since_start);
    stamp.error = Duration::nanoseconds(about(60'000));
    stamp.source = static_cast<StampSource>(random.below(5));
    return stamp;
  }
  void answer(Sample& sample) {
    const Duration offset = Duration::milliseconds(about(7'000) - 3'500);
    const std::int64_t t1 = (sample.scheduled - kStart).ns() + about(90'000);
    const std::int64_t t2 = t1 + about(30'000'000), t3 = t2 + about(90'000) - 1'000;
    const std::int64_t t4 = t3 + about(30'000'000);
    sample.sender_tx = stamp(t1, Duration(), true);
    if (random.chance(0.95)) sample.reflector_rx = stamp(t2, offset, false);
    if (random.chance(0.95)) sample.reflector_tx = stamp(t3, offset, false);
    sample.sender_rx = stamp(t4, Duration(), random.chance(0.95));
    if (random.chance(0.8)) sample.sender_clock_error = Duration::nanoseconds(about(9'000'000));
    if (random.chance(0.8)) sample.reflector_clock_error = Duration::nanoseconds(about(9'000'000));
    sample.clock_step = random.chance(0.05);
    sample.bad_reflector_stamps = random.chance(0.05);
    if (random.chance(0.5))
      sample.seen_traffic_class = static_cast<std::uint8_t>(random.below(256));
    if (random.chance(0.5)) sample.seen_hop_limit = static_cast<std::uint8_t>(random.below(256));
    if (random.chance(0.7)) {
      sample.returned.emplace().traffic_class = static_cast<std::uint8_t>(random.below(256));
      if (random.chance(0.7))
        sample.returned->hop_limit = static_cast<std::uint8_t>(random.below(256));
    }
    sample.reply_class_refused = random.chance(0.2);
    sample.duplicates_forward = static_cast<std::uint16_t>(random.chance(0.1) ? about(5) : 0);
    sample.duplicates_backward = static_cast<std::uint16_t>(random.chance(0.1) ? about(5) : 0);
    sample.duplicates_unknown = static_cast<std::uint16_t>(random.chance(0.1) ? about(5) : 0);
  }
  Sample sample(std::uint64_t probe, Duration since, unsigned flows) {
    Sample sample;
    sample.probe = probe;
    sample.flow = static_cast<std::uint32_t>(random.below(flows));
    sample.scheduled = kStart + since;
    sample.scheduled_wall = kWall + since;
    sample.burst = random.chance(0.1);
    sample.outcome =
        random.chance(0.7) ? Outcome::Delivered : static_cast<Outcome>(random.below(11));
    if (sample.outcome == Outcome::Unsent)
      sample.cause = static_cast<measure::UnsentCause>(random.below(7));
    sample.sent.traffic_class = static_cast<std::uint8_t>(random.below(256));
    sample.departure_unconfirmed = sample.outcome == Outcome::LostUnknown && random.chance(0.5);
    sample.rate_ppb = about(90'000) - 45'000;
    sample.rate_error_ppb = about(50'000);
    if (random.chance(0.9)) sample.sender_user = stamp(since.ns() + about(50'000), {}, true);
    const bool answered = sample.outcome == Outcome::Delivered || sample.outcome == Outcome::Late;
    if (answered) answer(sample);
    return sample;
  }

  base::Random random;
};

// A stream in the order of its decisions, which is neither that of sending nor that of arrival.
std::vector<Sample> stream(std::uint64_t seed, std::size_t count, Duration interval,
                           unsigned flows) {
  Drawn drawn(seed);
  std::vector<Sample> samples;
  for (std::uint64_t probe = 0; probe < count; ++probe)
    samples.push_back(drawn.sample(probe, interval * static_cast<std::int64_t>(probe), flows));
  std::vector<std::pair<Duration, std::size_t>> arrivals, decisions;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Duration left = samples[i].scheduled - kStart;
    const bool answered = samples[i].sender_rx.has_value();
    const Duration jitter = Duration::milliseconds(drawn.about(700));
    if (answered) arrivals.emplace_back(left + jitter, i);
    decisions.emplace_back(
        left + (answered ? Duration::seconds(2) + jitter : Duration::seconds(10)), i);
  }
  std::ranges::sort(arrivals);
  for (std::size_t i = 0; i < arrivals.size(); ++i)
    samples[arrivals[i].second].arrival_index = i + 1;
  std::ranges::sort(decisions);
  std::vector<Sample> decided;
  for (const auto& [when, i] : decisions) decided.push_back(samples[i]);
  return decided;
}

// As the agent does it: after each decision it takes what is told by then.
std::vector<TimedWindow> run(SecondWindows& windows, const std::vector<Sample>& decided) {
  std::vector<TimedWindow> told;
  for (const Sample& sample : decided) {
    windows.add(sample);
    const bool answered = sample.sender_rx.has_value();
    const MonoTime now = sample.scheduled + Duration::seconds(answered ? 2 : 10);
    for (TimedWindow& window : windows.take(now)) told.push_back(std::move(window));
  }
  for (TimedWindow& window : windows.take_all(kStart, true)) told.push_back(std::move(window));
  return told;
}

class EveryStream : public ::testing::TestWithParam<int> {};

TEST_P(EveryStream, its_windows_are_those_of_its_samples_and_its_order_that_of_the_whole) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  base::Random random(seed);
  const std::size_t count = 200 + random.below(1'500);
  const Duration interval = Duration::milliseconds(static_cast<std::int64_t>(
      random.chance(0.3) ? 5 + random.below(20) : 200 + random.below(900)));
  const auto flows = static_cast<unsigned>(1 + random.below(5));
  const std::vector<Sample> decided = stream(seed, count, interval, flows);

  std::map<WallTime, measure::Window> expected;
  measure::Accumulator accumulator({.interval = interval});
  for (const Sample& sample : decided) {
    accumulator.add(sample);
    const WallTime begin = kWall + kSecond * ((sample.scheduled_wall - kWall).ns() / kSecond.ns());
    expected[begin].add(sample);
  }
  accumulator.finish();
  const measure::Summary summary = accumulator.summary();

  SecondWindows windows(interval, kStart, 7);
  const std::vector<TimedWindow> told = run(windows, decided);
  ASSERT_EQ(told.size(), expected.size());
  measure::Window all;
  for (const TimedWindow& one : told) {
    ASSERT_TRUE(expected.contains(one.begin));
    EXPECT_EQ(text(one.window), text(expected[one.begin]));
    EXPECT_EQ(one.epoch, 7U);
    EXPECT_EQ(one.length, kSecond);
    EXPECT_EQ(one.part, &one == &told.back());
    all.merge(one.window);
  }
  EXPECT_TRUE(std::ranges::is_sorted(told, {}, &TimedWindow::begin));
  EXPECT_EQ(all.scheduled, summary.scheduled);
  EXPECT_EQ(all.delivered, summary.delivered);
  EXPECT_EQ(all.lost.unknown, summary.lost.unknown);
  EXPECT_EQ(all.arrived, summary.round_trip_order.received);
  EXPECT_EQ(all.reordered, summary.round_trip_order.reordered);
  ASSERT_TRUE(summary.rtt_class);
  const auto of_class = std::ranges::find(all.ipdv.classes, *summary.rtt_class,
                                          &measure::ClassedValues::OfClass::stamps);
  const std::uint64_t pairs = of_class == all.ipdv.classes.end() ? 0 : of_class->values.count();
  EXPECT_EQ(pairs, summary.rtt_variation.ipdv_count);
  if (pairs > 0) {
    EXPECT_EQ(of_class->values.mean(), summary.rtt_variation.ipdv_mean_abs);
  }
}

INSTANTIATE_TEST_SUITE_P(SecondWindows, EveryStream, ::testing::Range(1, 61));

TEST(PackedSample, everything_that_a_window_reads_comes_back_from_sixty_octets) {
  Drawn drawn(11);
  std::vector<std::byte> packed;
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    samples.push_back(drawn.sample(i, kHalf * static_cast<std::int64_t>(i % 3), 70'000));
    pack(samples.back(), kStart, packed);
  }
  std::size_t at = 0;
  for (const Sample& sample : samples) {
    const Sample back = unpack(packed, at, kStart);
    measure::Window before, after;
    before.add(sample);
    after.add(back);
    ASSERT_EQ(text(after), text(before));
    ASSERT_EQ(back.probe, sample.probe);
    ASSERT_EQ(back.flow, sample.flow);
  }
  EXPECT_EQ(at, packed.size());
  EXPECT_LT(packed.size() / samples.size(), 70U);
}

TEST(PackedSample, the_largest_and_smallest_times_come_back) {
  Sample sample;
  sample.outcome = Outcome::Delivered;
  sample.probe = ~std::uint64_t{0};
  sample.scheduled = kStart;
  for (auto* stamp : {&sample.sender_tx, &sample.sender_rx}) {
    stamp->emplace().mono = kStart;
    (*stamp)->source = StampSource::Kernel;
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  sample.sender_tx->wall = WallTime::from_ns(-kMost - 1);
  sample.sender_rx->wall = WallTime::from_ns(kMost);
  sample.sender_rx->error = Duration::nanoseconds(kMost);
  std::vector<std::byte> packed;
  pack(sample, kStart, packed);
  std::size_t at = 0;
  const Sample back = unpack(packed, at, kStart);
  EXPECT_EQ(back.probe, sample.probe);
  EXPECT_EQ(back.sender_rx->error, sample.sender_rx->error);
  EXPECT_EQ(back.sender_rx->wall.ns(), -1) << "2^64 - 1 after a wall time of 0, around the corner";
}

// --- one thing at a time

Sample at(Duration since, std::uint64_t probe, Outcome outcome = Outcome::LostUnknown) {
  Sample sample;
  sample.probe = probe;
  sample.scheduled = kStart + since;
  sample.scheduled_wall = kWall + since;
  sample.outcome = outcome;
  return sample;
}

TEST(SecondWindows, a_window_is_told_when_none_of_its_probes_can_be_undecided) {
  SecondWindows windows(kHalf, kStart, 0);
  EXPECT_FALSE(windows.next());
  windows.add(at(Duration::milliseconds(1'100), 2));
  windows.add(at(Duration::milliseconds(100), 0));
  windows.add(at(Duration::milliseconds(600), 1));
  ASSERT_EQ(*windows.next(), kStart + Duration::seconds(14));
  EXPECT_TRUE(windows.take(kStart + Duration::milliseconds(13'999)).empty());
  const auto told = windows.take(kStart + Duration::seconds(14));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].begin, kWall);
  EXPECT_EQ(told[0].window.scheduled, 2U);
  EXPECT_FALSE(told[0].part);
  EXPECT_EQ(*windows.next(), kStart + Duration::seconds(15));
}

TEST(SecondWindows, those_in_which_the_session_began_and_ended_are_parts) {
  SecondWindows windows(kHalf, kStart + Duration::milliseconds(200), 0);
  for (int i = 0; i < 3; ++i)
    windows.add(at(Duration::milliseconds(300) + kSecond * i, static_cast<std::uint64_t>(i)));
  const auto told = windows.take_all(kStart + kSecond * 20, true);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(told[0].part && !told[1].part && told[2].part);
}

TEST(SecondWindows, what_was_in_flight_at_the_end_makes_parts) {
  SecondWindows windows(kHalf, kStart, 0);
  for (int i = 0; i < 3; ++i) windows.add(at(kSecond * i, static_cast<std::uint64_t>(i)));
  const auto told = windows.take_all(kStart + Duration::milliseconds(14'500), false);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(!told[0].part && told[1].part && told[2].part);
}

// No two windows of a session have begin and epoch in common, whatever the wall clock does.
TEST(SecondWindows, a_clock_set_back_begins_another_epoch_and_nothing_is_told_twice) {
  SecondWindows windows(kHalf, kStart, 3);
  std::vector<TimedWindow> told;
  for (std::uint64_t i = 0; i < 80; ++i) {
    Sample sample = at(kHalf * static_cast<std::int64_t>(i), i);
    if (i >= 40) sample.scheduled_wall += Duration::seconds(-10);
    windows.add(sample);
    for (TimedWindow& window : windows.take(sample.scheduled)) told.push_back(std::move(window));
  }
  for (TimedWindow& window : windows.take_all(kStart, true)) told.push_back(std::move(window));
  ASSERT_EQ(told.size(), 40U);
  std::map<std::pair<WallTime, std::uint32_t>, int> places;
  std::uint64_t probes = 0;
  for (const TimedWindow& window : told) {
    EXPECT_EQ(++places[std::pair(window.begin, window.epoch)], 1);
    probes += window.window.scheduled;
  }
  EXPECT_EQ(probes, 80U);
  EXPECT_EQ(told.front().epoch, 3U);
  EXPECT_EQ(told.back().epoch, 4U);
  EXPECT_EQ(told[20].begin, kWall + kSecond * 10);
}

TEST(SecondWindows, a_clock_set_ahead_tells_no_window_before_its_probes_are_decided) {
  SecondWindows windows(kHalf, kStart, 0);
  windows.add(at(Duration(), 0));
  Sample ahead = at(kSecond, 2);
  ahead.scheduled_wall += Duration::hours(8'760);
  windows.add(ahead);
  EXPECT_TRUE(windows.take(kStart + kSecond * 13).empty());
  windows.add(at(kHalf, 1));  // was in flight meanwhile
  const auto told = windows.take(kStart + kSecond * 15);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].window.scheduled, 2U);
  EXPECT_EQ(told[1].epoch, 0U);
  EXPECT_EQ(told[1].begin, kWall + kSecond + Duration::hours(8'760));
}

// Random steps of the clock, forward and backward, with decisions out of order.
TEST(SecondWindows, whatever_the_clock_does_every_probe_is_in_one_window_of_its_own_place) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    base::Random random(seed);
    SecondWindows windows(kHalf, kStart, 0);
    std::vector<std::pair<Duration, Sample>> decisions;
    Duration offset;
    for (std::uint64_t i = 0; i < 300; ++i) {
      if (random.chance(0.05))
        offset += Duration::milliseconds(static_cast<std::int64_t>(random.below(9'000)) - 4'500);
      Sample sample = at(kHalf * static_cast<std::int64_t>(i), i);
      sample.scheduled_wall += offset;
      const auto wait = Duration::seconds(random.chance(0.3) ? 10 : 2);
      decisions.emplace_back(kHalf * static_cast<std::int64_t>(i) + wait, sample);
    }
    std::ranges::stable_sort(decisions, {}, &std::pair<Duration, Sample>::first);
    std::map<std::pair<WallTime, std::uint32_t>, int> places;
    std::uint64_t probes = 0;
    const auto take = [&](std::vector<TimedWindow> told) {
      for (const TimedWindow& window : told) {
        ASSERT_EQ(++places[std::pair(window.begin, window.epoch)], 1) << "seed " << seed;
        probes += window.window.scheduled;
      }
    };
    for (const auto& [when, sample] : decisions) {
      windows.add(sample);
      take(windows.take(kStart + when));
    }
    take(windows.take_all(kStart, true));
    ASSERT_EQ(probes, 300U) << "seed " << seed;
  }
}

TEST(SecondWindows, a_probe_that_is_decided_after_its_window_was_told_is_not_lost) {
  SecondWindows windows(kHalf, kStart, 0);
  windows.add(at(Duration(), 0));
  EXPECT_EQ(windows.take(kStart + kSecond * 20).size(), 1U);
  windows.add(at(kHalf, 1));
  const auto told = windows.take_all(kStart, true);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].begin, kWall + kSecond) << "the first one that is not told";
  EXPECT_EQ(told[0].window.scheduled, 1U);
}

TEST(SecondWindows, losses_whose_direction_is_known_later_are_those_of_the_newest_windows) {
  SecondWindows windows(kHalf, kStart, 0);
  windows.resolve_unknown(1, 0);  // of nothing
  for (std::uint64_t i = 0; i < 6; ++i) windows.add(at(kHalf * static_cast<std::int64_t>(i), i));
  windows.resolve_unknown(2, 1);
  const auto told = windows.take_all(kStart, true);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[2].window.lost.forward, 2U);
  EXPECT_EQ(told[2].window.lost.unknown, 0U);
  EXPECT_EQ(told[1].window.lost.backward, 1U);
  EXPECT_EQ(told[1].window.lost.unknown, 1U);
  EXPECT_EQ(told[0].window.lost.unknown, 2U);
}

TEST(SecondWindows, a_session_that_begins_anew_shares_the_second_and_no_order) {
  Drawn drawn(5);
  const auto delivered = [&](std::uint64_t probe, Duration since, std::uint64_t arrival) {
    Sample sample = at(since, probe, Outcome::Delivered);
    drawn.answer(sample);
    sample.reflector_rx = drawn.stamp(since.ns() + 5'000'000, {}, false);
    sample.reflector_tx = drawn.stamp(since.ns() + 5'100'000, {}, false);
    for (auto* stamp :
         {&sample.sender_tx, &sample.reflector_rx, &sample.reflector_tx, &sample.sender_rx})
      (*stamp)->source = StampSource::Kernel;
    sample.clock_step = sample.bad_reflector_stamps = false;
    sample.arrival_index = arrival;
    return sample;
  };
  SecondWindows windows(kHalf, kStart, 0);
  windows.add(delivered(0, Duration(), 1));
  windows.add(delivered(1, Duration::milliseconds(100), 2));
  windows.restart(kStart + Duration::milliseconds(500));
  windows.add(delivered(0, Duration::milliseconds(600), 1));
  windows.add(delivered(1, Duration::milliseconds(700), 2));
  const auto told = windows.take(kStart + kSecond * 20);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].window.delivered, 4U);
  EXPECT_EQ(told[0].window.arrived, 4U);
  EXPECT_EQ(told[0].window.reordered, 0U);
  ASSERT_EQ(told[0].window.ipdv.classes.size(), 1U);
  EXPECT_EQ(told[0].window.ipdv.classes[0].values.count(), 2U);
  EXPECT_TRUE(told[0].part);
}

// --- memory

TEST(SecondWindows, a_session_of_two_probes_a_second_takes_few_kilooctets_for_ever) {
  Drawn drawn(2);
  SecondWindows windows(kHalf, kStart, 0);
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    Sample sample = drawn.sample(i, kHalf * static_cast<std::int64_t>(i), 1);
    sample.outcome = Outcome::Delivered;
    if (!sample.sender_rx) drawn.answer(sample);
    sample.arrival_index = i + 1;
    windows.add(sample);
    windows.take(sample.scheduled + Duration::seconds(2));
    most = std::max(most, windows.octets());
  }
  EXPECT_LT(most, 6'000U);
  RecordProperty("octets", static_cast<int>(most));
}

TEST(SecondWindows, a_clock_that_jumps_all_the_time_cannot_fill_the_memory) {
  SecondWindows windows(kHalf, kStart, 0);
  std::size_t probes = 0, most = 0;
  const auto count = [&](const std::vector<TimedWindow>& told) {
    for (const TimedWindow& window : told) probes += window.window.scheduled;
  };
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    Sample sample = at(Duration::milliseconds(1) * static_cast<std::int64_t>(i), i);
    sample.scheduled_wall += Duration::hours(i % 2 == 0 ? 1 : -1) * static_cast<std::int64_t>(i);
    windows.add(sample);
    count(windows.take(sample.scheduled));
    most = std::max(most, windows.octets());
  }
  count(windows.take_all(kStart, true));
  EXPECT_EQ(probes, 10'000U);
  EXPECT_LT(most, 400'000U);
}

TEST(SecondWindows, arrivals_that_wait_for_each_other_are_bounded) {
  SecondWindows windows(Duration::microseconds(1), kStart, 0);
  for (std::uint64_t i = 0; i < 3 * SecondWindows::kMostArrivals; ++i) {
    Sample sample =
        at(Duration::microseconds(1) * static_cast<std::int64_t>(i), i, Outcome::Delivered);
    sample.arrival_index = i + 1;
    windows.add(sample);
  }
  const auto told = windows.take_all(kStart, true);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].window.arrived, 3 * SecondWindows::kMostArrivals);
  EXPECT_EQ(told[0].window.reordered, 0U);
}

}  // namespace
}  // namespace wirestamp::agent
