// SPDX-License-Identifier: Apache-2.0
#include "publish/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>

namespace wirestamp::publish {
namespace {

Report report_of(const measure::Summary& summary) {
  Report report;
  report.remote = {*packet::IpAddress::parse("192.0.2.7"), 23999, 0};
  report.ended = WallTime::from_ns(1'500'000'000);
  report.summary = summary;
  return report;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Text, durations_have_three_digits_and_the_unit_that_fits) {
  EXPECT_EQ(human(Duration::nanoseconds(0)), "0 ns");
  EXPECT_EQ(human(Duration::nanoseconds(999)), "999 ns");
  EXPECT_EQ(human(Duration::nanoseconds(1'500)), "1.50 us");
  EXPECT_EQ(human(Duration::nanoseconds(-12'340)), "-12.3 us");
  EXPECT_EQ(human(Duration::nanoseconds(999'600)), "1.00 ms");
  EXPECT_EQ(human(Duration::milliseconds(123)), "123 ms");
  EXPECT_EQ(human(Duration::seconds(2)), "2.00 s");
}

TEST(Text, a_share_reads_as_none_or_all_only_when_it_is) {
  EXPECT_EQ(human_percent(0), "0 %");
  EXPECT_EQ(human_percent(1), "100 %");
  EXPECT_EQ(human_percent(0.15), "15 %");
  EXPECT_EQ(human_percent(1.0 / 3), "33.3 %");
  EXPECT_EQ(human_percent(0.9994), "99.9 %");
  EXPECT_EQ(human_percent(0.9996), "99.96 %");
  EXPECT_EQ(human_percent(1 - 1e-8), "99.999999 %");
  EXPECT_EQ(human_percent(0.000123), "0.0123 %");
  EXPECT_EQ(human_percent(1.0 / 3e9), "0.0000000333 %");
}

TEST(Text, a_dead_neighbour_reads_as_full_loss_and_as_unsent) {
  measure::Summary s;
  s.scheduled = s.unsent_total = 5;
  s.unsent_by_cause[static_cast<std::size_t>(measure::UnsentCause::NeighbourUnresolved)] = 5;
  s.loss_ratio = 1;
  s.unreachable_ratio = 1;
  const std::string text = text_summary(report_of(s));
  EXPECT_TRUE(has(text, "unsent       5: neighbour unresolved 5")) << text;
  EXPECT_TRUE(has(text, "loss         100 %")) << text;
  EXPECT_TRUE(has(text, "sent         0,")) << text;
}

TEST(Text, the_lost_line_tells_directions_and_causes) {
  measure::Summary s;
  s.scheduled = s.sent = 100;
  s.lost = {.forward = 3, .backward = 2, .unknown = 1};
  s.late = 4;
  s.peer_closed = 5;
  s.network_loss_ratio = s.loss_ratio = 0.15;
  const std::string text = text_summary(report_of(s));
  EXPECT_TRUE(has(text,
                  "lost         15 (15 %): on the way there 3, on the way back 2,\n"
                  "               direction unknown 1, late 4, peer closed 5"))
      << text;
  EXPECT_FALSE(has(text, "neighbour")) << text;
}

TEST(Text, one_probe_is_one_probe_and_columns_never_touch) {
  measure::Summary s;
  s.scheduled = s.sent = s.peer_closed = s.loss_periods = s.longest_loss_period = 1;
  const std::string text = text_summary(report_of(s));
  EXPECT_TRUE(has(text, ": 1 probe in 1.50 s\n")) << text;
  EXPECT_TRUE(has(text, "loss periods 1, the longest of 1 probe\n")) << text;
}

TEST(Text, lines_fit_a_terminal_and_break_between_their_parts) {
  measure::Summary s;
  s.scheduled = s.sent = 1'000'000;
  s.lost = {.forward = 30'000, .backward = 20'000, .unknown = 10'000};
  s.late = s.peer_closed = s.too_big = 10'000;
  s.received = s.rtt.count = s.reflector_residence.count = 920'000;
  const Duration ms = Duration::microseconds(12'345);
  s.rtt.min = s.rtt.p50 = s.rtt.p90 = s.rtt.p99 = s.rtt.max = s.reflector_residence.p50 = ms;
  s.rtt_error_max = s.jitter_consecutive = s.jitter_rfc3550 = ms;
  s.sender_tx.by_source[static_cast<std::size_t>(StampSource::Kernel)] = 1'000'000;
  s.reflector_rx = s.reflector_tx = s.sender_rx = s.sender_tx;
  Report report = report_of(s);
  report.echo = {.reason = "no STAMP reply within 3 s", .summary = {}};
  const std::string text = headline(report) + text_summary(report);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_TRUE(has(text,
                  "lost         90000: on the way there 30000, on the way back 20000,\n"
                  "               direction unknown 10000, late 10000, peer closed 10000,\n"
                  "               too big 10000\n"))
      << text;
  EXPECT_TRUE(has(text, "T1 here kernel 1000000; T2 there kernel 1000000;\n")) << text;
}

//= RFC7679:sync-told
TEST(Text, one_way_delays_are_not_told_without_clocks_that_agree) {
  measure::Summary s;
  s.rtt.count = s.forward_delay.count = s.backward_delay.count = 1;
  s.rtt.p50 = s.forward_delay.p50 = s.backward_delay.p50 = Duration::microseconds(1);
  EXPECT_TRUE(has(text_summary(report_of(s)), "one way      not told"));
  s.one_way_error = Duration::microseconds(20);
  EXPECT_TRUE(has(text_summary(report_of(s)), "+-20.0 us"));
}

TEST(Text, round_trips_that_contain_the_reflector_are_told_apart) {
  measure::Summary s;
  s.bad_reflector_stamps = s.gross_rtt.count = 3;
  s.gross_rtt.min = s.gross_rtt.p50 = s.gross_rtt.max = Duration::microseconds(22);
  const std::string text = text_summary(report_of(s));
  EXPECT_TRUE(has(text, "round trip   of 3 probes with the reflector's time in it: min 22.0 us"))
      << text;
  EXPECT_TRUE(has(text, "3 replies with T3 before T2, or a T2 or T3 that is no instant"));
  EXPECT_FALSE(has(text, "net of the reflector")) << text;
}

TEST(Text, the_variation_of_each_way_is_told_where_the_clocks_allow) {
  measure::Summary s;
  s.rtt.count = 9;
  s.rtt_variation.pdv_p95 = Duration::microseconds(5);
  EXPECT_TRUE(has(text_summary(report_of(s)), "95 % within 5.00 us of the minimum\n"));
  s.forward_variation.pdv_p95 = s.backward_variation.pdv_p95 = Duration::microseconds(2);
  EXPECT_TRUE(has(text_summary(report_of(s)), "of the minimum; there 2.00 us, back 2.00 us\n"));
}

TEST(Text, the_live_line_is_cut_at_the_width_of_the_terminal) {
  measure::Summary s;
  s.sent = 1'000'000;
  s.received = 999'999;
  const std::array only{LiveState{.summary = &s}};
  EXPECT_EQ(live_line(only, 20).size(), 20U);
  EXPECT_TRUE(live_line(only, 200).starts_with("1000000 sent, 999999 received, 0 lost"));
}

TEST(Text, the_live_line_of_several_measurements_tells_each_in_short) {
  measure::Summary good, bad;
  good.scheduled = bad.scheduled = 20;
  good.received = 19;
  good.rtt = {.count = 19, .p50 = Duration::microseconds(120)};
  const std::array two{LiveState{.label = "wan0", .summary = &good},
                       LiveState{.label = "wan1", .summary = &bad}};
  EXPECT_EQ(live_line(two, 79), "wan0: 19 of 20, p50 120 us | wan1: 0 of 20");
  EXPECT_EQ(live_line(two, 30).size(), 30U);
}

TEST(Text, several_measurements_stand_beside_each_other_at_the_end) {
  Report first = report_of({}), second = report_of({});
  first.label = "wan0";
  second.label = "lte";
  second.summary.loss_ratio = 0.25;
  const std::array reports{first, second};
  const std::string text = comparison(reports);
  EXPECT_EQ(std::ranges::count(text, '\n'), 4) << text;
  EXPECT_TRUE(has(text, "\nwan0  ")) << text;
  EXPECT_TRUE(has(text, "\nlte   ")) << text;
  EXPECT_TRUE(has(text, "25 %")) << text;
  EXPECT_TRUE(headline(first).starts_with("wan0: measuring ")) << headline(first);
}

//= RFC8762:load-estimated
TEST(Text, the_load_of_the_path_is_told_before_it_starts) {
  constexpr packet::Family kV4 = packet::Family::V4, kV6 = packet::Family::V6;
  const auto ms = [](int n) { return Duration::milliseconds(n); };
  EXPECT_EQ(load_text(252, kV4, ms(100), 1), "22.4 kbit/s each way");
  EXPECT_EQ(load_text(252, kV6, ms(100), 1), "24 kbit/s each way");
  EXPECT_EQ(load_text(252, kV4, ms(100), 4), "89.6 kbit/s each way");
  EXPECT_EQ(load_text(44, kV4, ms(1'000), 1), "576 bit/s each way");
  EXPECT_EQ(load_text(252, kV4, ms(2'241), 1), "1 kbit/s each way");  // of 999.55 bit/s
  EXPECT_EQ(load_text(1'472, kV4, ms(1), 1), "12.0 Mbit/s each way");
  EXPECT_EQ(load_text(97, kV4, ms(1), 1), "1.00 Mbit/s each way");
  Report start;
  start.remote.address = packet::IpAddress::v4(0xc0000201);
  start.size = 252;
  start.interval = ms(100);
  start.lanes = 2;
  EXPECT_TRUE(has(headline(start), "44.8 kbit/s")) << headline(start);
}

measure::EchoSummary some_echo() {
  measure::EchoSummary echo;
  echo.sent = 12;
  echo.received = 11;
  echo.lost = 1;
  echo.loss_ratio = 1.0 / 12;
  const Duration rtt = Duration::microseconds(120);
  echo.rtt = {.count = 11, .min = rtt, .p50 = rtt, .p90 = rtt, .p99 = rtt, .max = rtt};
  echo.rtt_class = StampSource::Kernel;
  return echo;
}

TEST(Text, icmp_echo_is_labelled_as_what_it_is_and_not_among_the_probes) {
  Report report = report_of({});
  EXPECT_FALSE(has(text_summary(report), "ICMP"));
  report.echo = {.reason = "no STAMP reply within 3 s", .summary = some_echo()};
  const std::string text = text_summary(report);
  EXPECT_TRUE(has(text,
                  "ICMP echo    no direction, round trip includes the peer's kernel;\n"
                  "               no STAMP reply within 3 s"))
      << text;
  EXPECT_TRUE(has(text, "sent 12, received 11, late 0, duplicates 0, lost 1 (8.33 %)")) << text;
  EXPECT_TRUE(has(text, "p50 120 us")) << text;
  EXPECT_TRUE(has(text, "by kernel stamps")) << text;
  EXPECT_TRUE(has(text, "sent         0, received 0")) << text;
}

TEST(Text, the_live_line_tells_echo_beside_the_probes) {
  measure::Summary s;
  s.sent = 20;
  const measure::EchoSummary echo = some_echo();
  const std::string text = live_line(std::array{LiveState{.summary = &s, .echo = &echo}}, 200);
  EXPECT_TRUE(has(text, "20 sent, 0 received")) << text;
  EXPECT_TRUE(has(text, "ICMP echo, no direction: 11 of 12, p50 120 us")) << text;
}

}  // namespace
}  // namespace wirestamp::publish
