// SPDX-License-Identifier: Apache-2.0
#include "store/window_form.h"

#include <gmock/gmock.h>

#include <limits>

#include "store/store_folder_test.h"

namespace wirestamp::store {
namespace {

base::Bytes octets(const std::string& text) { return std::as_bytes(std::span(text)); }

void expect_same(const measure::Values& one, const measure::Values& other) {
  EXPECT_EQ(one.min, other.min);
  EXPECT_EQ(one.max, other.max);
  EXPECT_EQ(one.sum, other.sum);
  EXPECT_EQ(one.count(), other.count());
  std::vector<std::array<std::int64_t, 3>> here, there;
  const auto into = [](auto& list) {
    return [&list](int sign, int bucket, std::uint64_t times) {
      list.push_back({sign, bucket, static_cast<std::int64_t>(times)});
    };
  };
  one.histogram.for_each_bucket(into(here));
  other.histogram.for_each_bucket(into(there));
  EXPECT_EQ(here, there);
  EXPECT_EQ(one.histogram.zero(), other.histogram.zero());
}

measure::Window there_and_back(const measure::Window& window) {
  const auto decoded = decode_window(octets(encode(window)));
  EXPECT_TRUE(decoded);
  return decoded.value_or(measure::Window{});
}

TEST(WindowForm, AnEmptyWindowIsAFewOctets) {
  const std::string form = encode({});
  EXPECT_LE(form.size(), 8U);
  EXPECT_EQ(encode(there_and_back({})), form);
}

TEST(WindowForm, KeepsEveryCounterApart) {
  // One counter at a time: no two share a place.
  const auto counters = [](measure::Window& w) {
    std::vector<std::uint64_t*> list{&w.scheduled,
                                     &w.sent,
                                     &w.delivered,
                                     &w.late,
                                     &w.lost.forward,
                                     &w.lost.backward,
                                     &w.lost.unknown,
                                     &w.peer_closed,
                                     &w.too_big,
                                     &w.refused_by_peer,
                                     &w.withheld,
                                     &w.late_schedule,
                                     &w.departure_unconfirmed,
                                     &w.duplicates_forward,
                                     &w.duplicates_backward,
                                     &w.duplicates_unknown,
                                     &w.burst_sent,
                                     &w.burst_received,
                                     &w.burst_lost,
                                     &w.arrived,
                                     &w.reordered,
                                     &w.negative_rtt,
                                     &w.clock_step_samples,
                                     &w.bad_reflector_stamps,
                                     &w.forward_marks_known,
                                     &w.forward_remarked,
                                     &w.backward_marks_known,
                                     &w.backward_remarked};
    for (auto& cause : w.unsent_by_cause) list.push_back(&cause);
    for (auto* stamps : {&w.sender_tx, &w.reflector_rx, &w.reflector_tx, &w.sender_rx})
      for (auto& count : stamps->by_source) list.push_back(&count);
    return list;
  };
  measure::Window first;
  const std::size_t count = counters(first).size();
  for (std::size_t i = 0; i < count; ++i) {
    measure::Window window;
    *counters(window)[i] = std::numeric_limits<std::uint64_t>::max() - i;
    measure::Window back = there_and_back(window);
    for (std::size_t j = 0; j < count; ++j)
      EXPECT_EQ(*counters(back)[j], *counters(window)[j]) << i << " " << j;
  }
}

TEST(WindowForm, KeepsWhatMayBeAbsent) {
  measure::Window window;
  window.rtt_error_max = Duration::nanoseconds(-5);
  window.forward_traffic_class = 184;
  window.backward_hop_limit = 0;
  window.sender_rx.weakest = StampSource::Hardware;
  window.worst = measure::Worst{.loss_ratio = 0.125,
                                .loss_at = kNoon,
                                .rtt_p99 = Duration::nanoseconds(-7),
                                .rtt_p99_at = kNoon + Duration::nanoseconds(1)};
  const auto back = there_and_back(window);
  EXPECT_EQ(back.rtt_error_max, window.rtt_error_max);
  EXPECT_EQ(back.one_way_error_max, std::nullopt);
  EXPECT_EQ(back.forward_traffic_class, 184);
  EXPECT_EQ(back.backward_traffic_class, std::nullopt);
  EXPECT_EQ(back.forward_hop_limit, std::nullopt);
  EXPECT_EQ(back.backward_hop_limit, 0);
  EXPECT_EQ(back.sender_rx.weakest, StampSource::Hardware);
  EXPECT_EQ(back.sender_tx.weakest, std::nullopt);
  ASSERT_TRUE(back.worst);
  EXPECT_EQ(back.worst->loss_ratio, 0.125);
  EXPECT_EQ(back.worst->loss_at, kNoon);
  EXPECT_EQ(back.worst->rtt_p99, Duration::nanoseconds(-7));
  EXPECT_EQ(back.worst->rtt_p99_at, kNoon + Duration::nanoseconds(1));
}

TEST(WindowForm, KeepsValuesOfAnyNumberAndSign) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::vector<std::int64_t>> cases{{0},
                                                     {5},
                                                     {-5},
                                                     {5, 5},
                                                     {-3, 900},
                                                     {0, 0, 0},
                                                     {1, 2, 3},
                                                     {-1, 0, 1},
                                                     {kLargest},
                                                     {-kLargest - 1, kLargest},
                                                     {kLargest, kLargest, kLargest},
                                                     {-1'000'000, -999'000, 12, 7'000'000'000}};
  for (const auto& values : cases) {
    measure::Window window;
    for (const std::int64_t value : values) {
      window.residence.add(Duration::nanoseconds(value));
      window.forward_delay.add(StampSource::Hardware, Duration::nanoseconds(value));
      window.forward_delay.add(StampSource::User, Duration::nanoseconds(value / 2));
    }
    const auto back = there_and_back(window);
    expect_same(back.residence, window.residence);
    ASSERT_EQ(back.forward_delay.classes.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(back.forward_delay.classes[i].stamps, window.forward_delay.classes[i].stamps);
      expect_same(back.forward_delay.classes[i].values, window.forward_delay.classes[i].values);
    }
  }
}

TEST(WindowForm, RandomHoursComeBackAndMergedOnesToo) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    measure::Window hour;
    for (std::uint64_t i = 0; i < 500; ++i)
      hour.merge_finer(second_of(seed * 1'000 + i),
                       kNoon + Duration::seconds(static_cast<std::int64_t>(i)));
    const auto back = there_and_back(hour);
    EXPECT_EQ(encode(back), encode(hour));
    expect_same(back.ipdv.fullest()->values, hour.ipdv.fullest()->values);
    EXPECT_EQ(back.scheduled, 1'000U);
  }
}

TEST(WindowForm, MergingTheOctetsIsMergingTheWindow) {
  for (const std::uint64_t seconds : {1U, 30U}) {
    measure::Window slow, fast;
    for (std::uint64_t row = 0; row < 20; ++row) {
      measure::Window finer = second_of(row);
      for (std::uint64_t i = 1; i < seconds; ++i)
        finer.merge_finer(second_of(row * 100 + i),
                          kNoon + Duration::seconds(static_cast<std::int64_t>(row * 100 + i)));
      finer.schedule_error.add(Duration::nanoseconds(-static_cast<std::int64_t>(row)));
      finer.rtt.add(row % 2 == 0 ? StampSource::User : StampSource::Hardware, Duration());
      const WallTime begin = kNoon + Duration::seconds(static_cast<std::int64_t>(row * 100));
      const std::string form = encode(finer);
      slow.merge_finer(*decode_window(octets(form)), begin);
      ASSERT_TRUE(merge_finer_form(octets(form), begin, fast));
      // One that is cut changes nothing.
      for (std::size_t size = 0; size < form.size(); size += 7)
        EXPECT_FALSE(merge_finer_form(octets(form).first(size), begin, fast));
      EXPECT_EQ(encode(fast), encode(slow)) << row;
    }
  }
}

TEST(WindowForm, ASecondOfTwoProbesIsSmall) { EXPECT_LE(encode(second_of(1)).size(), 110U); }

TEST(WindowForm, RefusesAnyCutAndWhatFollows) {
  measure::Window window = second_of(1);
  for (std::uint64_t i = 2; i < 30; ++i) window.merge_finer(second_of(i), kNoon);
  const std::string form = encode(window);
  for (std::size_t size = 0; size < form.size(); ++size)
    EXPECT_FALSE(decode_window(octets(form).first(size))) << size;
  EXPECT_FALSE(decode_window(octets(form + '\0')));
}

TEST(WindowForm, RefusesOtherVersionsAndNonsense) {
  std::string form = encode(second_of(1));
  for (int version = 0; version < 256; ++version) {
    form[0] = static_cast<char>(version);
    EXPECT_EQ(decode_window(octets(form)).has_value(), version == 1);
  }
  // A literal with zeros in it.
  const auto refused = []<std::size_t kSize>(const char(&text)[kSize]) {
    return !decode_window(octets(std::string(text, kSize - 1)));
  };
  EXPECT_FALSE(refused("\1\0\0\0\0\0\0"));
  EXPECT_TRUE(refused("\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"));    // counters unknown
  EXPECT_TRUE(refused("\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"));  // more than 64 bits
  EXPECT_TRUE(refused("\1\0\2\0\0\0\0"));                              // stamps: 0 or 1
  EXPECT_TRUE(refused("\1\0\1\0\0\0\0\0\7\0\0\0\0"));                  // no such source
  EXPECT_TRUE(refused("\1\0\0\0\0\0\1\0"));                            // no class
  EXPECT_TRUE(refused("\1\0\0\0\0\0\1\2\3\1\2\2\1\2"));                // classes not in order
  EXPECT_TRUE(refused("\1\0\0\0\0\0\x10\5\2"));                        // no such form
  EXPECT_TRUE(refused("\1\0\0\0\0\0\x10\3\2\2\2\0\0\0"));              // values without one
  EXPECT_TRUE(refused("\1\0\0\0\0\0\x10\3\2\2\2\0\0\1\xff\x7f\1"));    // bucket too far
  EXPECT_FALSE(refused("\1\0\0\0\0\0\x10\3\2\2\2\0\0\1\2\1"));
  EXPECT_TRUE(refused("\1\0\0\0\0\0\x10\3\2\2\2\0\0\1\2\0"));  // a gap at the end
  // The first bucket, the last one, and the one behind it.
  EXPECT_FALSE(refused("\1\0\0\0\0\0\x10\3\2\2\2\0\0\1\0\1"));
  EXPECT_FALSE(refused("\1\0\0\0\0\0\x10\3\2\2\2\0\0\1\xc0\x1f\1"));
  EXPECT_TRUE(refused("\1\0\0\0\0\0\x10\3\2\2\2\0\0\1\xc2\x1f\1"));
}

}  // namespace
}  // namespace wirestamp::store
