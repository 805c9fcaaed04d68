// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_screen.h"

#include <gtest/gtest.h>

#include "cli/screen_file_test.h"
#include "packet/address.h"

namespace wirestamp::cli {
namespace {

using measure::Outcome;

// 2026-11-26 18:00:00 UTC.
constexpr WallTime kBegin = WallTime::from_ns(1'795'716'000'000'000'000);
constexpr MonoTime kMono = MonoTime::from_ns(5'000'000'000);
constexpr Duration kInterval = Duration::milliseconds(500);

publish::Report start() {
  publish::Report report;
  report.host = "office";
  report.remote = {*packet::IpAddress::parse("192.0.2.7"), 23999};
  report.local = {*packet::IpAddress::parse("192.0.2.1"), 40000};
  report.interface_name = "eth0";
  report.interval = kInterval;
  report.size = 252;
  return report;
}

measure::Distribution spread(std::int64_t ms) {
  const Duration d = Duration::milliseconds(ms);
  return {.count = 100, .min = d, .p50 = d + d, .p90 = d * 3, .p99 = d * 4, .max = d * 5};
}

// A minute of it: 2 to 6 ms, one peak, losses each way, an outage at the end.
PingEvents::Batch minute() {
  PingEvents::Batch batch;
  PingEvents::Progress progress;
  progress.summary.scheduled = progress.summary.sent = 120;
  progress.summary.received = 105;
  progress.summary.lost = {.forward = 2, .backward = 1, .unknown = 12};
  progress.summary.rtt = spread(2);
  progress.summary.jitter_consecutive = Duration::microseconds(350);
  progress.summary.forward_delay = spread(1);
  progress.summary.backward_delay = spread(1);
  progress.summary.one_way_error = Duration::microseconds(40);
  batch.progress = progress;
  for (std::uint64_t i = 0; i < 120; ++i) {
    PingEvents::Point point{
        .probe = i,
        .flow = 0,
        .due = kBegin + kInterval * static_cast<std::int64_t>(i),
        .outcome = Outcome::Delivered,
        .rtt = Duration::milliseconds(i == 30 ? 10 : 2 + static_cast<int>(i % 4))};
    if (i == 50 || i == 51) point.outcome = Outcome::LostForward;
    if (i == 70) point.outcome = Outcome::LostBackward;
    if (i >= 108) point.outcome = Outcome::LostUnknown;
    if (point.outcome != Outcome::Delivered) point.rtt.reset();
    batch.points.push_back(point);
  }
  measure::Event event;
  event.kind = measure::EventKind::OutageBegan;
  event.wall = kBegin + Duration::seconds(59);
  event.first_lost = measure::ProbeMark{.probe = 108, .left = kBegin + Duration::seconds(54)};
  event.text = "nothing comes back since 18:00:54";
  batch.events.push_back(event);
  return batch;
}

PingScreen example() {
  PingScreen screen({""}, {.count = {}, .duration = {}, .interval = kInterval}, 1);
  screen.on_start(0, start(), kMono);
  screen.on_batch(0, minute(), kBegin + Duration::minutes(1));
  return screen;
}

std::string drawn(const PingScreen& screen, int columns, int rows,
                  term::Glyphs glyphs = term::Glyphs::Ascii) {
  return screen
      .draw({.columns = columns, .rows = rows}, glyphs, kBegin + Duration::minutes(1),
            kMono + Duration::minutes(1))
      .text();
}

TEST(PingScreen, shows_plot_percentiles_losses_and_what_happened) {
  EXPECT_EQ(other_than_screen("ping-80x24", drawn(example(), 80, 24, term::Glyphs::Braille)), "");
  EXPECT_EQ(other_than_screen("ping-80x24-ascii", drawn(example(), 80, 24)), "");
  EXPECT_EQ(
      other_than_screen("ping-120x40-blocks", drawn(example(), 120, 40, term::Glyphs::Blocks)), "");
}

TEST(PingScreen, fits_a_small_terminal) {
  EXPECT_EQ(other_than_screen("ping-40x10", drawn(example(), 40, 10, term::Glyphs::Braille)), "");
  EXPECT_EQ(other_than_screen("ping-40x12", drawn(example(), 40, 12, term::Glyphs::Braille)), "");
}

TEST(PingScreen, no_size_is_too_small_or_too_large) {
  const PingScreen screen = example();
  for (const auto glyphs : {term::Glyphs::Braille, term::Glyphs::Blocks, term::Glyphs::Ascii})
    for (const int columns : {1, 3, 9, 10, 11, 39, 72, 200, 1'000})
      for (const int rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 60, 500}) {
        const term::Canvas canvas =
            screen.draw({.columns = columns, .rows = rows}, glyphs, kBegin, kMono);
        EXPECT_EQ(canvas.size(), (term::Size{.columns = columns, .rows = rows}));
      }
}

TEST(PingScreen, several_measurements_have_a_row_each_and_one_is_plotted) {
  PingScreen screen({"wan0", "wan1"}, {.count = 240, .duration = {}, .interval = kInterval}, 1);
  for (const std::size_t i : {0U, 1U}) screen.on_start(i, start(), kMono);
  screen.on_batch(0, minute(), kBegin + Duration::minutes(1));
  const std::string first = drawn(screen, 100, 24);
  EXPECT_NE(first.find(">wan0               STALLED"), std::string::npos) << first;
  EXPECT_NE(first.find(" wan1               NO REPLY"), std::string::npos) << first;
  EXPECT_NE(first.find("50 %, 1m00s left"), std::string::npos) << first;
  EXPECT_FALSE(screen.on_key({.kind = term::KeyKind::Tab, .text = {}}));
  const std::string second = drawn(screen, 100, 24);
  EXPECT_NE(second.find(">wan1"), std::string::npos) << second;
  EXPECT_NE(second.find("no loss and no event so far"), std::string::npos) << second;
}

TEST(PingScreen, what_is_known_of_a_silence_is_its_state) {
  using enum measure::EventKind;
  PingScreen screen({""}, {.count = 240, .duration = {}, .interval = kInterval}, 1);
  screen.on_start(0, start(), kMono);
  const auto after = [&](measure::EventKind kind, std::optional<measure::Finding> finding) {
    measure::Event event;
    event.kind = kind;
    event.finding = finding;
    PingEvents::Batch batch;
    batch.events = {event};
    screen.on_batch(0, batch, kBegin);
    const std::string text = drawn(screen, 80, 24);
    const std::size_t begin = text.find('\n') + 2;
    return text.substr(begin, text.find("  ", begin) - begin);
  };
  EXPECT_EQ(after(OutageBegan, {}), "STALLED");
  EXPECT_EQ(after(Verdict, measure::Finding::PeerClosed), "PORT CLOSED");
  EXPECT_EQ(after(Verdict, measure::Finding::PeerOrPathDown), "STALLED");
  EXPECT_EQ(after(Verdict, measure::Finding::LocalCause), "NOT SENT");
  EXPECT_EQ(after(OutageEnded, {}), "NO REPLY");
  EXPECT_EQ(after(OutageBegan, {}), "STALLED") << "what is known is of one silence";
}

TEST(PingScreen, keys_change_what_is_shown_and_q_ends) {
  PingScreen screen = example();
  const auto press = [&](const char* text) {
    return screen.on_key({.kind = term::KeyKind::Text, .text = text});
  };
  EXPECT_NE(drawn(screen, 80, 24).find("1m00s shown"), std::string::npos);
  EXPECT_FALSE(press("+"));
  EXPECT_NE(drawn(screen, 80, 24).find("30s shown"), std::string::npos);
  EXPECT_FALSE(press("-") || press("-"));
  EXPECT_NE(drawn(screen, 80, 24).find("2m00s shown"), std::string::npos);
  EXPECT_FALSE(press("l"));
  EXPECT_NE(drawn(screen, 80, 24).find("logarithmic"), std::string::npos);
  EXPECT_FALSE(press("?"));
  EXPECT_NE(drawn(screen, 80, 24).find("end the measurement"), std::string::npos);
  EXPECT_TRUE(press("q"));
  EXPECT_NE(drawn(screen, 80, 24).find(" ends "), std::string::npos);
}

TEST(PingTicker, losses_that_follow_each_other_are_one_however_they_are_decided) {
  PingTicker ticker;
  const auto lose = [&](std::uint64_t probe, Outcome outcome) {
    ticker.on_point({.probe = probe,
                     .flow = 0,
                     .due = kBegin + kInterval * static_cast<std::int64_t>(probe),
                     .outcome = outcome,
                     .rtt = {}});
  };
  lose(11, Outcome::LostForward);
  lose(12, Outcome::LostBackward);
  lose(10, Outcome::LostForward);
  lose(20, Outcome::Late);
  lose(21, Outcome::Delivered);
  lose(31, Outcome::TooBig);
  lose(30, Outcome::PeerClosed);
  const auto lines = ticker.newest(10);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].text,
            "18:00:05.000 lost 3 within 1.00 s: 2 on the way there, 1 on the way back");
  EXPECT_EQ(lines[1].text, "18:00:10.000 lost 1: answered too late");
  EXPECT_EQ(lines[2].text,
            "18:00:15.000 lost 2 within 500 ms: 1 at a closed port, 1 too big for the way");
  EXPECT_EQ(ticker.newest(1).size(), 1U);
}

TEST(PingTicker, holds_a_bounded_number_of_lines) {
  PingTicker ticker;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    ticker.on_point(
        {.probe = i * 2, .flow = 0, .due = kBegin, .outcome = Outcome::LostForward, .rtt = {}});
    ticker.on_note("note", kBegin);
  }
  EXPECT_EQ(ticker.newest(100'000).size(), 400U);
}

TEST(PingScreen, how_far_it_is_does_not_change_when_the_clock_is_set) {
  PingScreen screen({""}, {.count = {}, .duration = Duration::hours(2), .interval = kInterval}, 1);
  screen.on_start(0, start(), kMono);
  for (const Duration set : {Duration::hours(8), Duration(), Duration::hours(-20)}) {
    const std::string text =
        screen
            .draw({.columns = 100, .rows = 24}, term::Glyphs::Ascii,
                  kBegin + Duration::hours(1) + set, kMono + Duration::hours(1))
            .text();
    EXPECT_NE(text.find("50 %, 1h00m left"), std::string::npos) << text;
  }
}

TEST(Progress, says_how_far_a_measurement_of_known_length_is) {
  const PingGoal endless{.count = {}, .duration = {}, .interval = kInterval};
  EXPECT_EQ(progress_text(endless, 10, Duration::seconds(5)), "");
  const PingGoal counted{.count = 100, .duration = {}, .interval = kInterval};
  EXPECT_EQ(progress_text(counted, 25, Duration::seconds(12)), "25 %, 38s left");
  EXPECT_EQ(progress_text(counted, 100, Duration::seconds(50)), "100 %, 0s left");
  PingGoal of_four = counted;
  of_four.flows = 4;
  EXPECT_EQ(progress_text(of_four, 100, Duration::seconds(12)), "25 %, 38s left");
  const PingGoal timed{.count = {}, .duration = Duration::hours(2), .interval = kInterval};
  EXPECT_EQ(progress_text(timed, 25, Duration::minutes(30)), "25 %, 1h30m left");
  const PingGoal both{
      .count = 1'000'000'000'000, .duration = Duration::minutes(2), .interval = kInterval};
  EXPECT_EQ(progress_text(both, 60, Duration::seconds(30)), "25 %, 1m30s left");
  const PingGoal vast{.count = 1'000'000'000'000, .duration = {}, .interval = Duration::hours(1)};
  EXPECT_EQ(progress_text(vast, 0, {}), "0 %, 36525d left");
}

}  // namespace
}  // namespace wirestamp::cli
