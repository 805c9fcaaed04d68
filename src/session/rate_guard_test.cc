// SPDX-License-Identifier: Apache-2.0
#include "session/rate_guard.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "session/limits.h"

namespace wirestamp::session {
namespace {

using Kind = RateGuard::Change::Kind;

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
constexpr Duration kInterval = Duration::milliseconds(20);

// What a sender makes of it: a round each 20 ms, of one probe, answered after 10 ms or lost.
class Path {
 public:
  // Whether a probe that left is lost, by its number among those and the time since the start.
  using Loses = std::function<bool(std::uint64_t, Duration)>;
  explicit Path(const RateGuardOptions& options = {}) : guard(options) {}

  void run(Duration lasting, const Loses& loses, bool leaves = true) {
    for (const MonoTime end = now_ + lasting; now_ < end; now_ = now_ + kInterval) {
      if (const auto change = guard.on_time(now_, probe_))
        told.push_back({change->kind, now_ - kStart, change->sent, change->lost, change->marked});
      const std::uint64_t probe = probe_++;
      if (!guard.sends(now_)) continue;
      sent.push_back(now_ - kStart);
      if (!leaves) continue;
      guard.on_departure(probe, now_);
      if (loses(left_++, now_ - kStart)) continue;
      guard.on_answer(probe, marks && marks(left_ - 1, now_ - kStart));
      guard.on_sign_of_life();
    }
  }
  std::size_t sent_within(Duration from, Duration to) const {
    std::size_t found = 0;
    for (const Duration at : sent) found += at >= from && at < to;
    return found;
  }

  struct Told {
    Kind kind;
    Duration at;
    std::uint64_t sent, lost, marked;
  };
  Loses marks;  // of those that are not lost: with CE; none by default
  RateGuard guard;
  std::vector<Told> told;
  std::vector<Duration> sent;

 private:
  MonoTime now_ = kStart;
  std::uint64_t probe_ = 0, left_ = 0;
};

bool none(std::uint64_t, Duration) { return false; }
bool all(std::uint64_t, Duration) { return true; }
bool one_in_five(std::uint64_t n, Duration) { return n % 5 == 0; }
bool one_in_ten(std::uint64_t n, Duration) { return n % 10 == 0; }
bool two_in_five(std::uint64_t n, Duration) { return n % 5 < 2; }

//= RFC8762:load-estimated RFC8085:low-rate
TEST(RateGuard, concerns_more_than_ten_probes_a_second_to_addresses_of_others) {
  const auto applies = [](const char* to, int interval_ms, unsigned flows = 1) {
    return RateGuard::applies(*packet::IpAddress::parse(to), Duration::milliseconds(interval_ms),
                              flows);
  };
  EXPECT_TRUE(applies("192.0.2.1", 99));
  EXPECT_FALSE(applies("192.0.2.1", 100));
  EXPECT_TRUE(applies("192.0.2.1", 399, 4));
  EXPECT_FALSE(applies("192.0.2.1", 400, 4));
  EXPECT_TRUE(applies("2001:db8::1", 10));
  for (const char* own : {"10.0.0.1", "172.31.255.1", "192.168.0.1", "100.64.0.1", "169.254.1.1",
                          "127.0.0.1", "::1", "fd00::1", "fe80::1"})
    EXPECT_FALSE(applies(own, 1)) << own;
  EXPECT_TRUE(applies("172.32.0.1", 1));
  EXPECT_TRUE(applies("100.128.0.1", 1));
}

//= RFC8085:ecn-reacts
TEST(RateGuard, marks_of_congestion_count_as_losses) {
  Path path;
  path.marks = two_in_five;
  path.run(Duration::seconds(30), none);
  ASSERT_EQ(path.told.size(), 1U);
  EXPECT_EQ(path.told[0].kind, Kind::Reduced);
  EXPECT_EQ(path.told[0].lost, 0U);
  EXPECT_EQ(path.told[0].marked, 200U);
  path.marks = {};
  path.run(Duration::minutes(3), none);
  ASSERT_EQ(path.told.size(), 2U);
  EXPECT_EQ(path.told[1].kind, Kind::Restored);

  Path both;  // a tenth lost, a fifth of the others marked: neither would be enough
  both.marks = one_in_five;
  both.run(Duration::seconds(13), [](std::uint64_t n, Duration) { return n % 10 == 1; });
  ASSERT_EQ(both.told.size(), 1U);
  EXPECT_EQ(both.told[0].lost, 50U);
  EXPECT_EQ(both.told[0].marked, 100U);

  Path borne;
  borne.marks = one_in_five;
  borne.run(Duration::minutes(1), none);
  EXPECT_TRUE(borne.told.empty());
}

TEST(RateGuard, a_fifth_lost_is_borne) {
  Path path;
  path.run(Duration::minutes(5), one_in_five);
  EXPECT_TRUE(path.told.empty());
  EXPECT_EQ(path.sent.size(), 15'000U);
}

//= RFC8085:back-off
TEST(RateGuard, more_loss_over_ten_seconds_doubles_the_interval_up_to_sixteen_times) {
  Path path;
  path.run(Duration::minutes(2), two_in_five);
  ASSERT_EQ(path.told.size(), 1U);
  EXPECT_EQ(path.told[0].kind, Kind::Reduced);
  EXPECT_EQ(path.told[0].at, Duration::seconds(12));  // the last probes have two seconds
  EXPECT_EQ(path.told[0].sent, 500U);
  EXPECT_EQ(path.told[0].lost, 200U);
  std::vector<Duration> gaps;
  for (const int second : {11, 23, 35, 47, 59, 119}) {
    const Duration at = Duration::seconds(second);
    std::size_t n = 0;
    while (path.sent[n] < at) ++n;
    gaps.push_back(path.sent[n + 1] - path.sent[n]);
  }
  EXPECT_EQ(gaps, (std::vector{kInterval, kInterval * 2, kInterval * 4, kInterval * 8,
                               kInterval * 16, kInterval * 16}));
}

TEST(RateGuard, the_rate_comes_back_by_halves_when_little_is_lost) {
  Path path;
  path.run(Duration::milliseconds(48'020), two_in_five);
  EXPECT_EQ(path.guard.factor(), 16U);
  std::vector<unsigned> factors;
  for (int n = 0; n < 4; ++n) {
    path.run(Duration::seconds(12), one_in_ten);
    factors.push_back(path.guard.factor());
  }
  EXPECT_EQ(factors, (std::vector<unsigned>{8, 4, 2, 1}));
  ASSERT_EQ(path.told.size(), 2U);
  EXPECT_EQ(path.told[1].kind, Kind::Restored);
  EXPECT_FALSE(path.guard.reduced());
}

TEST(RateGuard, a_path_with_room_for_half_the_rate_is_left_alone_most_of_the_time) {
  Path path;
  // A token bucket: what comes sooner than 30 ms after what passed is lost.
  std::optional<Duration> passed;
  const auto narrow = [&](std::uint64_t, Duration at) {
    const bool lost = passed && at - *passed < Duration::milliseconds(30);
    if (!lost) passed = at;
    return lost;
  };
  path.run(Duration::hours(2), narrow);
  // Of the last hour the full rate took one period in 33.
  std::size_t full = 0, rounds = path.sent.size();
  for (std::size_t n = 1; n < rounds; ++n)
    full += path.sent[n] > Duration::hours(1) && path.sent[n] - path.sent[n - 1] == kInterval;
  EXPECT_GT(full, 600U * 8);
  EXPECT_LT(full, 600U * 11);
  path.run(Duration::minutes(20), none);
  EXPECT_EQ(path.guard.factor(), 1U);
  // Mended, and forgiven: the next loss is borne no longer than the first one.
  path.run(Duration::seconds(24), two_in_five);
  EXPECT_GT(path.guard.factor(), 1U);
  path.run(Duration::seconds(60), none);
  EXPECT_EQ(path.guard.factor(), 1U);
}

TEST(RateGuard, a_minute_of_silence_is_loss_even_when_the_threshold_is_longer) {
  Path path({.loss_after = Duration::seconds(70)});
  path.run(Duration::seconds(65), all);
  path.run(Duration::seconds(4), none);
  EXPECT_EQ(path.guard.factor(), 16U);
  path.run(Duration::minutes(6), none);
  ASSERT_EQ(path.told.size(), 2U);
  EXPECT_EQ(path.told[0].kind, Kind::NearlyStopped);
  EXPECT_EQ(path.told[1].kind, Kind::Restored);
}

//= RFC8085:no-return-traffic
TEST(RateGuard, after_a_minute_without_a_reply_one_probe_in_three_seconds_until_one_comes) {
  Path path;
  path.run(Duration::minutes(5), all);
  ASSERT_EQ(path.told.size(), 2U);
  EXPECT_EQ(path.told[1].kind, Kind::NearlyStopped);
  EXPECT_EQ(path.told[1].at, Duration::minutes(1));
  EXPECT_EQ(path.sent_within(Duration::seconds(60), Duration::seconds(300)), 80U);
  // The first reply: what the losses allowed, a sixteenth, and then back as ever.
  path.run(Duration::seconds(13), none);
  EXPECT_NEAR(static_cast<double>(path.sent_within(Duration::seconds(303), Duration::seconds(313))),
              10'000.0 / 320, 2);
  path.run(Duration::seconds(60), none);
  ASSERT_EQ(path.told.size(), 3U);
  EXPECT_EQ(path.told[2].kind, Kind::Restored);
}

TEST(RateGuard, one_reply_a_minute_is_no_silence) {
  Path path;
  path.run(Duration::minutes(5),
           [](std::uint64_t, Duration at) { return at.ns() % 50'000'000'000 > 1'000'000'000; });
  ASSERT_EQ(path.told.size(), 1U);
  EXPECT_EQ(path.told[0].kind, Kind::Reduced);
}

TEST(RateGuard, what_does_not_leave_this_host_loads_no_path) {
  Path path;
  path.run(Duration::milliseconds(20), all);  // one left and is lost
  path.run(Duration::minutes(5), all, /*leaves=*/false);
  EXPECT_TRUE(path.told.empty());
  EXPECT_EQ(path.sent.size(), 15'001U);
  // The silence of the path counts from the next one that leaves.
  path.run(Duration::seconds(59), all);
  EXPECT_EQ(path.told.size(), 1U);
  path.run(Duration::seconds(2), all);
  EXPECT_EQ(path.told.size(), 2U);
}

TEST(RateGuard, after_a_pause_the_next_round_is_sent_and_what_was_in_flight_is_not_judged) {
  Path path;
  path.run(Duration::milliseconds(11'980), all);
  path.guard.restart();
  path.run(Duration::seconds(11), none);
  EXPECT_TRUE(path.told.empty());
  path.run(Duration::minutes(2), all);
  path.guard.restart();
  const Duration at = Duration::milliseconds(11'980) + Duration::seconds(131);
  path.run(Duration::milliseconds(20), all);
  EXPECT_EQ(path.sent.back(), at);
}

TEST(RateGuard, a_round_of_many_flows_waits_for_three_seconds_of_each) {
  Path path({.flows = 4});
  path.run(Duration::minutes(2), all);
  EXPECT_EQ(path.sent_within(Duration::seconds(60), Duration::seconds(120)), 5U);
}

// Gaps of a thinned Poisson process are exponential: their mean is their deviation. Here of the
// number of rounds between, which are geometric: about the same.
TEST(RateGuard, of_a_poisson_schedule_rounds_are_picked_by_lot) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    Path path({.by_lot = true, .seed = seed});
    path.run(Duration::minutes(30), two_in_five);
    double sum = 0, squares = 0, count = 0;
    for (std::size_t n = 1; n < path.sent.size(); ++n) {
      if (path.sent[n - 1] < Duration::minutes(2)) continue;
      const double rounds = static_cast<double>((path.sent[n] - path.sent[n - 1]) / kInterval);
      sum += rounds, squares += rounds * rounds, ++count;
    }
    const double mean = sum / count, variance = squares / count - mean * mean;
    EXPECT_NEAR(mean, 16, 0.8) << "seed " << seed;
    EXPECT_NEAR(variance / (mean * (mean - 1)), 1, 0.1) << "seed " << seed;
  }
}

}  // namespace
}  // namespace wirestamp::session
