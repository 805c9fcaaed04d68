// SPDX-License-Identifier: Apache-2.0
#include "publish/period.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "publish/period_samples_test.h"

namespace wirestamp::publish {
namespace {

// Lines are broken where they fit: what they say is compared.
std::string flat(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '\n')
      out += c;
    else if (!out.ends_with(' '))
      out += ' ';
  return out;
}

bool has(const std::string& text, std::string_view part) {
  return flat(text).find(flat(part)) != std::string::npos;
}

std::string text_of(const Period& period) {
  return period_text({.version = "1", .period = period, .notes = {}});
}

measure::RecordedEvent ended_outage(WallTime first_lost, Duration length) {
  measure::RecordedEvent recorded{.id = 1, .session = "office", .incident = 12};
  recorded.event.kind = measure::EventKind::OutageEnded;
  recorded.event.wall = first_lost + length;
  recorded.event.first_lost = measure::ProbeMark{.probe = 7, .left = first_lost};
  recorded.event.at_least = length;
  recorded.event.at_most = length + Duration::milliseconds(500);
  recorded.event.lost = 9;
  return recorded;
}

TEST(Period, times_and_lengths_read_as_people_write_them) {
  EXPECT_EQ(human_time(kNoon), "2025-11-25 12:00");
  EXPECT_EQ(human_time(kNoon + Duration::seconds(5)), "2025-11-25 12:00:05");
  EXPECT_EQ(human_length(Duration::hours(24)), "1 d");
  EXPECT_EQ(human_length(Duration::hours(36)), "1 d 12 h");
  EXPECT_EQ(human_length(Duration::seconds(90)), "1 min 30 s");
  EXPECT_EQ(human_length(Duration::hours(24) + Duration::seconds(3)), "1 d");
  EXPECT_EQ(human_length(Duration::milliseconds(12'340)), "12.3 s");
  EXPECT_EQ(human_length(Duration()), "0 ns");
}

TEST(Period, percentiles_are_those_of_all_windows_together) {
  Minutes minutes;
  minutes.add(minute(100, 0, 1'000));
  minutes.add(minute(100, 0, 9'000));
  const Period period = minutes.done();
  const measure::Values& rtt = period.total.rtt.fullest()->values;
  EXPECT_EQ(rtt.count(), 200U);
  EXPECT_LT(rtt.percentile(490'000)->ns(), 1'100'000);
  EXPECT_GT(rtt.percentile(510'000)->ns(), 8'900'000);
}

TEST(Period, the_worst_window_is_named_with_its_time) {
  Minutes minutes;
  minutes.add(minute(120, 0, 1'000));
  minutes.add(minute(120, 60, 1'000));
  minutes.add(minute(120, 0, 8'000));
  const std::string text = text_of(minutes.done());
  EXPECT_TRUE(
      has(text, "worst window loss 50 % at 2025-11-25 12:01,\n               round trip p99"))
      << text;
  EXPECT_TRUE(has(text, "at 2025-11-25 12:02\n")) << text;
  for (auto& window : minutes.period.windows)
    window.window.worst = measure::Worst{.loss_ratio = 1, .loss_at = kNoon, .rtt_p99_at = kNoon};
  EXPECT_TRUE(has(text_of(minutes.done()), "worst second loss 100 % at 2025-11-25 12:00\n"));
}

TEST(Period, gaps_are_listed_and_taken_from_the_time_with_data) {
  Minutes minutes;
  for (int i = 0; i < 30; ++i) minutes.add(minute(120, 0, 1'000));
  minutes.gap(30);
  for (int i = 0; i < 40; ++i) minutes.add(minute(120, 0, 1'000));
  const Period period = minutes.done();
  ASSERT_EQ(period.gaps.size(), 1U);
  EXPECT_EQ(period.with_data, Duration::minutes(70));
  const std::string text = text_of(period);
  EXPECT_TRUE(has(text, "data         70 % of the time")) << text;
  EXPECT_TRUE(has(text, "2025-11-25 12:30 to 2025-11-25 13:00 (30 min)")) << text;
}

TEST(Period, a_range_that_begins_within_a_window_has_no_gap_there) {
  Minutes minutes;
  minutes.add(minute(120, 0, 1'000));
  minutes.period.from = minutes.period.from - Duration::seconds(40);
  EXPECT_TRUE(minutes.done().gaps.empty());
  minutes.period.from = minutes.period.from - Duration::seconds(40);
  EXPECT_EQ(minutes.done().gaps.size(), 1U);
}

TEST(Period, what_is_not_decided_yet_is_no_gap) {
  Minutes minutes;
  minutes.add(minute(120, 0, 1'000));
  minutes.gap(2);
  EXPECT_EQ(minutes.done().gaps.size(), 1U);
  minutes.period.until_now = true;
  EXPECT_EQ(minutes.done().gaps.size(), 0U);
  minutes.gap(2);
  EXPECT_EQ(minutes.done().gaps.size(), 1U);
}

TEST(Period, windows_that_begin_alike_after_the_clock_was_set_are_no_more_than_the_time) {
  Minutes minutes;
  minutes.add(minute(120, 0, 1'000));
  minutes.add(minute(120, 0, 1'000));
  auto again = minutes.period.windows.back();
  again.epoch = 1;
  minutes.period.windows.push_back(again);
  const Period period = minutes.done();
  EXPECT_TRUE(period.gaps.empty());
  EXPECT_EQ(period.with_data, Duration::minutes(2));
  EXPECT_EQ(period.total.sent, 360U);
}

TEST(Period, without_windows_the_text_says_so_and_nothing_else_is_told) {
  Minutes minutes;
  minutes.gap(60);
  const std::string text = text_of(minutes.done());
  EXPECT_TRUE(has(text, "data         none in this range")) << text;
  EXPECT_FALSE(has(text, "sent")) << text;
  EXPECT_EQ(minutes.period.share_with_data(), 0);
}

TEST(Period, when_all_are_lost_there_is_no_round_trip) {
  Minutes minutes;
  minutes.add(minute(120, 120, 0));
  const std::string text = text_of(minutes.done());
  EXPECT_TRUE(has(text, "lost         120 (100 %)")) << text;
  EXPECT_TRUE(has(text, "round trip   none: no probe was answered in time")) << text;
}

TEST(Period, a_single_sample_is_told_as_one) {
  Minutes minutes;
  minutes.add(minute(1, 0, 1'000));
  const std::string text = text_of(minutes.done());
  EXPECT_TRUE(has(text, "of 1 probe by kernel stamps")) << text;
  EXPECT_TRUE(has(text, "in 1 window of 1 min")) << text;
}

TEST(Period, one_way_values_below_zero_are_told_with_their_error) {
  Minutes minutes;
  measure::Window window = minute(10, 0, 1'000);
  window.forward_delay.add(StampSource::Kernel, Duration::microseconds(-40));
  window.backward_delay.add(StampSource::Kernel, Duration::microseconds(1'040));
  window.one_way_error_max = Duration::milliseconds(1);
  minutes.add(window);
  std::string text = text_of(minutes.done());
  EXPECT_TRUE(has(text, "there p50 -40.0 us")) << text;
  EXPECT_TRUE(has(text, "+-1.00 ms (error of clocks and stamps); below 0 within that error"))
      << text;
  minutes.period.windows.front().window.one_way_error_max = Duration::microseconds(20);
  EXPECT_TRUE(has(text_of(minutes.done()), "below 0 by more than that"));
  minutes.period.windows.front().window.one_way_error_max.reset();
  text = text_of(minutes.done());
  EXPECT_TRUE(has(text, "not told: the clocks of both ends are not known to agree")) << text;
}

TEST(Period, outages_and_incidents_are_told_with_their_times) {
  Minutes minutes;
  minutes.add(minute(120, 9, 1'000));
  minutes.period.events = {ended_outage(kNoon + Duration::seconds(5), Duration::seconds(4))};
  minutes.period.incidents = {{.id = 12,
                               .session = "office",
                               .severity = measure::Severity::Error,
                               .opened = kNoon + Duration::seconds(5),
                               .closed = {},
                               .title = "stalled flow: 192.0.2.1:23999 > 198.51.100.7:23999"}};
  const std::string text = text_of(minutes.done());
  EXPECT_TRUE(
      has(text, "outages 1 2025-11-25 12:00:05, 4.00 s to 4.50 s, 9 probes lost (incident 12)"))
      << text;
  EXPECT_TRUE(has(text, "#12 2025-11-25 12:00:05, still open, error: stalled flow")) << text;
}

TEST(Period, an_outage_without_an_end_is_told_as_such) {
  Minutes minutes;
  minutes.add(minute(120, 9, 1'000));
  measure::RecordedEvent began = ended_outage(kNoon, Duration());
  began.event.kind = measure::EventKind::OutageBegan;
  began.event.text = "no reply for 5 s";
  minutes.period.events = {began};
  EXPECT_TRUE(has(text_of(minutes.done()), "2025-11-25 12:00, end not known: no reply for 5 s"));
}

TEST(Period, an_outage_whose_end_nobody_told_is_told_before_the_next) {
  Minutes minutes;
  minutes.add(minute(120, 9, 1'000));
  measure::RecordedEvent lost = ended_outage(kNoon, Duration());
  lost.event.kind = measure::EventKind::OutageBegan;
  measure::RecordedEvent began = lost, ended = ended_outage(kNoon, Duration::seconds(4));
  minutes.period.events = {lost, began, ended};
  const Period period = minutes.done();
  ASSERT_EQ(period.outages().size(), 2U);
  EXPECT_EQ(period.outages()[0]->event.kind, measure::EventKind::OutageBegan);
  EXPECT_EQ(period.outages()[1]->event.kind, measure::EventKind::OutageEnded);
}

TEST(Period, changes_of_the_hop_limit_are_counted) {
  Minutes minutes;
  for (const std::uint8_t ttl : std::array<std::uint8_t, 4>{57, 57, 55, 57}) {
    measure::Window window = minute(10, 0, 1'000);
    window.backward_hop_limit = ttl;
    minutes.add(window);
  }
  const Period period = minutes.done();
  EXPECT_EQ(period.backward_hop_changes, 2U);
  EXPECT_TRUE(has(text_of(period), "back 57 (changed 2 times between windows)"));
}

TEST(Period, marks_on_replies_are_as_sent_or_not_only_where_the_reflector_tells_what_it_sent) {
  const auto told = [](const measure::Window& window) {
    Minutes minutes;
    minutes.period.dscp = 46;
    minutes.add(window);
    return text_of(minutes.done());
  };
  measure::Window window = minute(10, 0, 1'000);
  window.backward_marks_known = 10;
  window.backward_traffic_class = 0;
  const std::string_view not_known =
      "on replies: DSCP 0 at last, not known with what they were sent";
  EXPECT_TRUE(has(told(window), "seen there: not known;"));
  EXPECT_TRUE(has(told(window), not_known)) << told(window);
  // As windows from before this was told apart have it.
  window.backward_remarked = 10;
  EXPECT_TRUE(has(told(window), not_known)) << told(window);
  // It tells what it saw of eight of the ten.
  window.forward_marks_known = 8;
  window.forward_traffic_class = 46U << 2U;
  EXPECT_TRUE(has(told(window), "on replies: DSCP 0 at last, otherwise than sent 8 of 8 times"))
      << told(window);
  window.backward_remarked = 0;
  window.backward_traffic_class = 46U << 2U;
  EXPECT_TRUE(has(told(window), "on replies: DSCP 46 at last, always as sent")) << told(window);
  // Its policy refuses the class of the probes, and what it takes instead it does not say.
  window.backward_traffic_class = 0;
  EXPECT_TRUE(has(told(window), not_known)) << told(window);
}

TEST(Period, names_from_elsewhere_do_not_steer_the_terminal) {
  Minutes minutes;
  minutes.period.session = "a\x1b[2Jb\nc";
  EXPECT_TRUE(text_of(minutes.done()).starts_with("a?[2Jb?c (198.51.100.7)"));
}

TEST(Period, no_line_is_wider_than_a_terminal) {
  Minutes minutes;
  measure::Window window = minute(1'000'000, 123'456, 1'000);
  window.lost = {.forward = 100'000, .backward = 20'000, .unknown = 3'456};
  window.late = 1'000;
  window.peer_closed = 77;
  window.forward_marks_known = window.backward_marks_known = 500'000;
  window.forward_remarked = 499'999;
  window.forward_traffic_class = window.backward_traffic_class = 184;
  window.forward_hop_limit = window.backward_hop_limit = 64;
  minutes.add(window);
  minutes.gap(5);
  minutes.add(window);
  std::istringstream lines(text_of(minutes.done()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(Overview, tells_each_session_in_a_line) {
  Minutes minutes;
  minutes.add(minute(120, 12, 1'000));
  Overview overview{.version = "1",
                    .from = kNoon,
                    .to = kNoon + Duration::minutes(1),
                    .sessions = {minutes.done()},
                    .notes = {}};
  const std::string text = overview_text(overview);
  EXPECT_TRUE(has(text, "office        120      10 %")) << text;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  overview.sessions.clear();
  EXPECT_TRUE(has(overview_text(overview), "no session has left anything"));
}

TEST(PeriodJson, tells_figures_windows_and_the_comparison) {
  Minutes minutes;
  for (int i = 0; i < 16; ++i) minutes.add(minute(120, i == 3 ? 12 : 0, 1'000));
  minutes.period.events = {ended_outage(kNoon + Duration::seconds(5), Duration::seconds(4))};
  minutes.period.incidents = {{.id = 12, .session = "office", .opened = kNoon}};
  const Period period = minutes.done();
  const PeriodReport report{.version = "1",
                            .period = period,
                            .before = period,
                            .comparison = compare(period, period),
                            .notes = {"a note"}};
  const auto document = nlohmann::json::parse(period_json(report));
  EXPECT_EQ(document["period"]["figures"]["sent"], 16 * 120);
  EXPECT_EQ(document["period"]["figures"]["lost"]["forward"], 12);
  EXPECT_EQ(document["period"]["windows"].size(), 16U);
  EXPECT_EQ(document["period"]["outages"][0]["incident"], 12);
  EXPECT_EQ(document["period"]["incidents"][0]["id"], 12);
  EXPECT_EQ(document["before"]["session"], "office");
  EXPECT_EQ(document["comparison"]["changes"][0]["judgement"], "same");
  EXPECT_EQ(document["notes"][0], "a note");
}

TEST(PeriodJson, a_period_of_nothing_is_a_document_too) {
  Minutes minutes;
  minutes.gap(60);
  const auto document =
      nlohmann::json::parse(period_json({.version = "1", .period = minutes.done(), .notes = {}}));
  EXPECT_EQ(document["period"]["data_ratio"], 0.0);
  EXPECT_EQ(document["period"]["windows"].size(), 0U);
  EXPECT_FALSE(document.contains("comparison"));
}

TEST(PeriodCsv, has_a_line_for_each_window_and_quotes_names) {
  Minutes minutes;
  minutes.period.session = "a,\"b";
  minutes.add(minute(120, 0, 1'000));
  minutes.add(minute(120, 120, 0));
  const std::string csv = period_csv({.version = "1", .period = minutes.done(), .notes = {}});
  EXPECT_TRUE(csv.starts_with("session,begin,end,")) << csv;
  EXPECT_EQ(std::ranges::count(csv, '\n'), 3);
  EXPECT_TRUE(has(csv, "\n\"a,\"\"b\",2025-11-25T12:00:00")) << csv;
}

}  // namespace
}  // namespace wirestamp::publish
