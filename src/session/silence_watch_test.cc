// SPDX-License-Identifier: Apache-2.0
#include "session/silence_watch.h"

#include <gtest/gtest.h>

namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);

MonoTime after(std::int64_t ms) { return kStart + Duration::milliseconds(ms); }

class Watched {
 public:
  explicit Watched(Duration silence = Duration::seconds(5),
                   Duration interval = Duration::milliseconds(500))
      : watch(silence, interval, kStart) {}
  void leave(std::uint64_t probe, std::int64_t ms) {
    watch.on_departure(probe, after(ms), WallTime::from_ns(after(ms).ns()));
  }
  SilenceWatch watch;
};

TEST(SilenceWatch, is_silent_five_seconds_after_the_last_answer) {
  Watched w;
  w.leave(0, 0);
  w.watch.on_answer(0, after(10));
  for (int n = 1; n < 20; ++n) w.leave(static_cast<std::uint64_t>(n), n * std::int64_t{500});
  EXPECT_FALSE(w.watch.silent(after(5'009)));
  EXPECT_TRUE(w.watch.silent(after(5'010)));
  EXPECT_EQ(w.watch.deadline(), after(5'010));
}

TEST(SilenceWatch, needs_three_probes_that_left_since) {
  Watched w;
  w.leave(0, 0);
  w.watch.on_answer(0, after(1));
  w.leave(1, 9'000);
  w.leave(2, 9'500);
  EXPECT_FALSE(w.watch.silent(after(12'000)));
  w.leave(3, 12'000);
  EXPECT_TRUE(w.watch.silent(after(12'000)));
}

// Of a round that comes seldom, all flows are asked at once.
TEST(SilenceWatch, what_was_asked_after_a_long_gap_has_half_the_silence_to_be_answered) {
  Watched w;
  w.leave(0, 0);
  w.watch.on_answer(0, after(1));
  for (std::uint64_t n = 1; n < 9; ++n) w.leave(n, 8'000);
  EXPECT_FALSE(w.watch.silent(after(10'499)));
  EXPECT_TRUE(w.watch.silent(after(10'500)));
}

TEST(SilenceWatch, at_long_intervals_waits_for_three_of_them) {
  Watched w(Duration::seconds(5), Duration::seconds(4));
  for (int n = 0; n < 4; ++n) w.leave(static_cast<std::uint64_t>(n), n * std::int64_t{4'000});
  EXPECT_FALSE(w.watch.silent(after(11'999)));
  EXPECT_TRUE(w.watch.silent(after(12'000)));
}

TEST(SilenceWatch, what_does_not_leave_is_no_silence_of_the_path) {
  Watched w;
  for (int n = 0; n < 20; ++n) w.watch.on_unsent();
  EXPECT_FALSE(w.watch.silent(after(60'000)));
  EXPECT_TRUE(w.watch.locally_silent(after(60'000)));
  EXPECT_FALSE(w.watch.locally_silent(after(4'999)));
}

TEST(SilenceWatch, tells_the_edges_of_an_outage_to_one_probe) {
  Watched w;
  for (int n = 0; n < 100; ++n) w.leave(static_cast<std::uint64_t>(n), n * std::int64_t{500});
  for (const std::uint64_t n : {0U, 1U, 2U}) w.watch.on_answer(n, after(10'000));
  EXPECT_EQ(w.watch.last_good()->probe, 2U);
  EXPECT_EQ(w.watch.first_lost()->probe, 3U);
  EXPECT_EQ(w.watch.lost_so_far(), 97U);
  w.watch.on_answer(60, after(30'050));
  EXPECT_EQ(w.watch.newest_gap().good_before->probe, 2U);
  EXPECT_EQ(w.watch.newest_gap().lost_from->probe, 3U);
  EXPECT_EQ(w.watch.newest_gap().lost_to->probe, 59U);
  EXPECT_EQ(w.watch.last_good()->probe, 60U);
  EXPECT_EQ(w.watch.newest_gap().lost, 57U);
}

TEST(SilenceWatch, an_overtaken_answer_moves_no_edge_back) {
  Watched w;
  for (int n = 0; n < 5; ++n) w.leave(static_cast<std::uint64_t>(n), n);
  w.watch.on_answer(3, after(10));
  w.watch.on_answer(1, after(11));
  EXPECT_EQ(w.watch.last_good()->probe, 3U);
  EXPECT_EQ(w.watch.first_lost()->probe, 4U);
}

TEST(SilenceWatch, what_did_not_leave_before_the_last_answer_is_no_silence) {
  Watched w;
  w.leave(0, 0);
  w.watch.on_answer(0, after(3'000));
  for (const int ms : {500, 1'000, 3'000}) w.watch.on_unsent(after(ms));
  EXPECT_FALSE(w.watch.may_be_silent());
  for (const int ms : {3'500, 4'000, 4'500}) w.watch.on_unsent(after(ms));
  EXPECT_FALSE(w.watch.locally_silent(after(7'999)));
  EXPECT_TRUE(w.watch.locally_silent(after(8'000)));
}

// The stamps of several ports are read one port after the other.
TEST(SilenceWatch, departures_may_be_told_in_any_order) {
  Watched w;
  w.leave(0, 0);
  w.watch.on_answer(0, after(10));
  for (const std::uint64_t n : {3U, 1U, 5U, 2U, 4U}) w.leave(n, 500);
  EXPECT_EQ(w.watch.first_lost()->probe, 1U);
  w.watch.on_answer(4, after(520));
  EXPECT_EQ(w.watch.newest_gap().lost, 3U);
  EXPECT_EQ(w.watch.newest_gap().lost_from->probe, 1U);
  EXPECT_EQ(w.watch.newest_gap().lost_to->probe, 3U);
  EXPECT_EQ(w.watch.newest_gap().first_good->probe, 4U);
  EXPECT_EQ(w.watch.first_lost()->probe, 5U);
  EXPECT_EQ(w.watch.lost_so_far(), 1U);
  w.watch.on_answer(5, after(521));
  EXPECT_EQ(w.watch.newest_gap().lost, 0U);
}

TEST(SilenceWatch, a_departure_told_after_a_later_answer_moves_no_edge_back) {
  Watched w;
  w.leave(0, 0);
  w.watch.on_answer(0, after(10));
  w.leave(2, 500);
  w.watch.on_answer(2, after(510));
  w.leave(1, 500);
  EXPECT_EQ(w.watch.unanswered(), 0U);
  w.watch.on_answer(1, after(511));
  EXPECT_EQ(w.watch.last_good()->probe, 2U);
  EXPECT_EQ(w.watch.first_lost(), std::nullopt);
  EXPECT_EQ(w.watch.lost_so_far(), 0U);
}

TEST(SilenceWatch, remembers_a_bounded_number_and_still_counts_all) {
  Watched w;
  for (int n = 0; n < 100'000; ++n) w.leave(static_cast<std::uint64_t>(n), n);
  EXPECT_EQ(w.watch.lost_so_far(), 100'000U);
  EXPECT_EQ(w.watch.first_lost()->probe, 0U);
  w.watch.on_answer(99'999, after(100'000));
  EXPECT_EQ(w.watch.newest_gap().lost, 99'999U);
}

}  // namespace
}  // namespace wirestamp::session
