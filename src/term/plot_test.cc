// SPDX-License-Identifier: Apache-2.0
#include "term/plot.h"

#include <gtest/gtest.h>

#include "term/timeline.h"

namespace wirestamp::term {
namespace {

// 2026-11-26 18:00:00 UTC.
constexpr WallTime kBegin = WallTime::from_ns(1'795'716'000'000'000'000);

WallTime at(double seconds) {
  return kBegin + Duration::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

constexpr Duration ms(std::int64_t n) { return Duration::milliseconds(n); }

TEST(Timeline, extremes_survive_in_every_resolution) {
  Timeline timeline;
  for (int i = 0; i < 7'200; ++i)
    timeline.add(at(i), Fate::Answered, i == 1'000 ? ms(900) : ms(10 + i % 3));
  for (const Duration length : {Duration::seconds(60), Duration::seconds(10)}) {
    const auto stretches =
        timeline.read(kBegin, length, static_cast<std::size_t>(Duration::hours(2) / length));
    const Stretch& with = stretches[static_cast<std::size_t>(Duration::seconds(1'000) / length)];
    EXPECT_EQ(with.high, ms(900));
    EXPECT_EQ(with.low, ms(10));
    std::uint64_t all = 0;
    for (const Stretch& stretch : stretches) all += stretch.answered;
    EXPECT_EQ(all, 7'200U);
  }
}

TEST(Timeline, what_lies_beyond_its_reach_is_told_coarser) {
  Timeline timeline;
  timeline.add(at(0), Fate::LostThere, {});
  timeline.add(at(3'600), Fate::Answered, ms(1));
  // A second's resolution goes back 25 minutes, that of ten seconds fills ten columns.
  const auto stretches = timeline.read(kBegin, Duration::seconds(1), 20);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(stretches[i].lost_there, i < 10 ? 1U : 0U) << i;
}

TEST(Timeline, an_outage_lasts_until_it_is_told_to_end) {
  Timeline timeline;
  timeline.silent_from(at(2));
  timeline.silent_from(at(3));
  auto silent = [&] {
    std::string text;
    for (const Stretch& stretch : timeline.read(kBegin, Duration::seconds(1), 6))
      text += stretch.silent ? '=' : '.';
    return text;
  };
  EXPECT_EQ(silent(), "..====");
  timeline.silent_until(at(4));
  EXPECT_EQ(silent(), "..===.");
  timeline.silent_until(at(5));
  EXPECT_EQ(silent(), "..===.");
}

TEST(Timeline, what_is_older_than_what_replaced_it_is_forgotten) {
  Timeline timeline;
  timeline.add(at(0), Fate::Answered, ms(1));
  timeline.add(at(86'400.0 * 3), Fate::Answered, ms(2));
  timeline.add(at(1), Fate::Answered, ms(3));
  const auto stretches = timeline.read(at(86'400.0 * 3), Duration::minutes(1), 1);
  EXPECT_EQ(stretches[0].answered, 1U);
  EXPECT_EQ(stretches[0].high, ms(2));
}

// Twenty columns of a second each: an even delay, a peak, losses each way, an outage, a mark.
std::string example(Glyphs glyphs, int rows) {
  Timeline timeline;
  for (int i = 0; i < 40; ++i) {
    const double when = i / 2.0 + 0.1;
    if (i == 12)
      timeline.add(at(when), Fate::LostThere, {});
    else if (i == 16)
      timeline.add(at(when), Fate::LostBack, {});
    else if (i >= 22 && i < 28)
      timeline.add(at(when), Fate::LostSomewhere, {});
    else
      timeline.add(at(when), Fate::Answered, i == 8 ? ms(9) : ms(2));
  }
  timeline.silent_from(at(11));
  timeline.silent_until(at(13.9));
  const int columns = glyphs == Glyphs::Braille ? 19 : 29;
  const std::size_t count = stretches_in(columns, glyphs);
  const auto stretches = timeline.read(kBegin, Duration::seconds(1), count);
  const std::vector<Mark> marks{{.at = at(15.5)}, {.at = at(-3)}, {.at = at(900)}};
  Canvas canvas({.columns = 31, .rows = rows}, glyphs);
  draw_plot(canvas, {.row = 0, .column = 0, .columns = columns, .rows = rows},
            {.from = kBegin,
             .length = Duration::seconds(1),
             .stretches = stretches,
             .marks = marks,
             .logarithmic = false,
             .at_least_to = {}});
  return "\n" + canvas.text();
}

TEST(Plot, has_an_axis_a_curve_losses_outages_and_times) {
  EXPECT_EQ(example(Glyphs::Ascii, 8), R"(
   10 ms+    .      ///
        |    :      ///
    5 ms+    :      ///
        |    :      ///
    0 ms+'''''''''''///''''''
   lost        > <  xxx
  stall             === !
    UTC  18:00:00
)");
}

TEST(Plot, leaves_out_what_has_no_room) {
  for (int rows = 0; rows <= 8; ++rows) {
    const std::string text = example(Glyphs::Braille, rows);
    EXPECT_EQ(text.find("UTC") != std::string::npos, rows >= 5) << rows;
    EXPECT_EQ(text.find("stall") != std::string::npos, rows >= 4) << rows;
    EXPECT_EQ(text.find("lost") != std::string::npos, rows >= 2) << rows;
  }
}

}  // namespace
}  // namespace wirestamp::term
