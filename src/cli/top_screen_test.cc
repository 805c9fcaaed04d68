// SPDX-License-Identifier: Apache-2.0
#include "cli/top_screen.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "cli/screen_file_test.h"

namespace wirestamp::cli {
namespace {

using term::Glyphs;
using term::KeyKind;

// 2026-11-26 18:00:00 UTC.
constexpr WallTime kNow = WallTime::from_ns(1'795'716'000'000'000'000);

client::Figures figures(std::int64_t us, double there, double back) {
  client::Figures found;
  found.begin = kNow - Duration::minutes(2);
  found.length = Duration::minutes(1);
  found.sent = 120;
  found.received = 118;
  found.lost = 2;
  found.lost_there = 1;
  found.lost_back = 1;
  found.min = Duration::microseconds(us / 2);
  found.p50 = Duration::microseconds(us);
  found.p99 = Duration::microseconds(us * 3);
  found.max = Duration::microseconds(us * 4);
  found.jitter = Duration::microseconds(us / 10);
  found.loss = there + back;
  found.loss_there = there;
  found.loss_back = back;
  return found;
}

client::Session session(const std::string& name, const std::string& state) {
  client::Session made;
  made.name = name;
  made.host = name + ".example";
  made.state = state;
  made.peer = "192.0.2.7:23999";
  made.since = kNow - Duration::minutes(90);
  made.interval = Duration::milliseconds(500);
  return made;
}

TopNews example() {
  TopNews news;
  client::Session office = session("office", "up"), lab = session("lab", "silent"),
                  waits = session("branch", "waiting");
  office.minute = figures(2'000, 0.001, 0);
  lab.minute = figures(900, 0.5, 0.25);
  lab.incident = 12;
  waits.since.reset();
  waits.problem = "cannot resolve branch.example";
  news.sessions = {office, lab, waits};
  client::Sparkline line{.name = "office", .p50 = {}, .p99 = {}, .loss = {}};
  for (int i = 0; i < 60; ++i) {
    line.p99.emplace_back(Duration::milliseconds(1 + i % 8));
    line.loss.emplace_back(i == 30 ? 0.5 : 0.0);
  }
  news.sparklines["office"] = line;
  return news;
}

std::string drawn(TopScreen& screen, const TopNews& news, int columns = 80, int rows = 10,
                  Glyphs glyphs = Glyphs::Ascii) {
  return screen.draw({.columns = columns, .rows = rows}, glyphs, news, kNow).text();
}

void press(TopScreen& screen, const TopNews& news, const std::string& text) {
  for (const char c : text) screen.on_key({.kind = KeyKind::Text, .text = std::string(1, c)}, news);
}

TEST(TopScreen, the_worst_session_is_first) {
  TopScreen screen("http://127.0.0.1:23999");
  EXPECT_EQ(other_than_screen("top-80x10", drawn(screen, example(), 80, 10, Glyphs::Braille)), "");
  EXPECT_EQ(other_than_screen("top-80x10-ascii", drawn(screen, example())), "");
  EXPECT_EQ(other_than_screen("top-40x10", drawn(screen, example(), 40, 10, Glyphs::Braille)), "");
  EXPECT_EQ(other_than_screen("top-132x10", drawn(screen, example(), 132, 10, Glyphs::Braille)),
            "");
}

TEST(TopScreen, before_the_first_answer_it_says_what_it_waits_for) {
  TopScreen screen("http://127.0.0.1:23999");
  TopNews news;
  EXPECT_NE(drawn(screen, news).find("asking the agent"), std::string::npos);
  news.problem = client::Problem{.text = "cannot connect", .refused = false};
  news.problem_since = kNow - Duration::seconds(75);
  const std::string text = drawn(screen, news);
  EXPECT_NE(text.find("not reachable since 17:58:45 (1m15s), retrying: cannot connect"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("Does an agent run there?"), std::string::npos) << text;
  news.problem->refused = true;
  news.problem->text = "the agent wants a token";
  EXPECT_EQ(drawn(screen, news).find("retrying"), std::string::npos);
  news.problem.reset();
  news.sessions.emplace();
  EXPECT_NE(drawn(screen, news).find("the agent has no sessions"), std::string::npos);
}

TEST(TopScreen, of_an_agent_that_went_away_the_last_is_shown_and_said_to_be_so) {
  TopScreen screen("http://127.0.0.1:23999");
  TopNews news = example();
  news.problem = client::Problem{.text = "cannot connect", .refused = false};
  news.problem_since = kNow;
  const std::string text = drawn(screen, news);
  EXPECT_NE(text.find("\n>?       lab"), std::string::npos) << text;
  EXPECT_NE(text.find("not reachable since 18:00:00"), std::string::npos) << text;
}

TEST(TopScreen, sessions_are_filtered_and_ordered) {
  const TopNews news = example();
  const auto names = [&](const std::string& filter, TopOrder order, bool reverse = false) {
    std::string text;
    for (const auto* one : chosen_sessions(*news.sessions, filter, order, reverse))
      text += one->name + " ";
    return text;
  };
  EXPECT_EQ(names("", TopOrder::Trouble), "lab branch office ");
  EXPECT_EQ(names("", TopOrder::Trouble, true), "office branch lab ");
  EXPECT_EQ(names("", TopOrder::Name), "branch lab office ");
  EXPECT_EQ(names("", TopOrder::Median), "office lab branch ");
  EXPECT_EQ(names("", TopOrder::Tail), "office lab branch ");
  EXPECT_EQ(names("", TopOrder::Jitter), "office lab branch ");
  EXPECT_EQ(names("", TopOrder::Loss), "lab office branch ");
  EXPECT_EQ(names("OFF", TopOrder::Name), "office ");
  EXPECT_EQ(names("silent", TopOrder::Name), "lab ");
  EXPECT_EQ(names("nothing of it", TopOrder::Name), "");
}

TEST(TopScreen, a_filter_is_typed_and_taken_back) {
  TopScreen screen("a");
  const TopNews news = example();
  press(screen, news, "/off");
  screen.on_key({.kind = KeyKind::Text, .text = "é"}, news);
  screen.on_key({.kind = KeyKind::Backspace, .text = {}}, news);
  EXPECT_FALSE(screen.on_key({.kind = KeyKind::Text, .text = "q"}, news)) << "it is text here";
  screen.on_key({.kind = KeyKind::Backspace, .text = {}}, news);
  std::string text = drawn(screen, news);
  EXPECT_NE(text.find("office"), std::string::npos) << text;
  EXPECT_EQ(text.find("lab "), std::string::npos) << text;
  EXPECT_NE(text.find("/off"), std::string::npos) << text;
  screen.on_key({.kind = KeyKind::Escape, .text = {}}, news);
  text = drawn(screen, news);
  EXPECT_NE(text.find("lab "), std::string::npos) << text;
}

TEST(TopScreen, five_hundred_sessions_are_scrolled_through) {
  TopScreen screen("a");
  TopNews news;
  news.sessions.emplace();
  for (int i = 0; i < 500; ++i) news.sessions->push_back(session(fmt::format("s{:03}", i), "up"));
  press(screen, news, "n");
  EXPECT_NE(drawn(screen, news).find("1-6 of 500"), std::string::npos);
  EXPECT_EQ(screen.wish().visible.size(), 6U);
  screen.on_key({.kind = KeyKind::End, .text = {}}, news);
  std::string text = drawn(screen, news);
  EXPECT_NE(text.find(">up      s499"), std::string::npos) << text;
  EXPECT_NE(text.find("495-500 of 500"), std::string::npos) << text;
  screen.on_key({.kind = KeyKind::PageUp, .text = {}}, news);
  screen.on_key({.kind = KeyKind::Up, .text = {}}, news);
  text = drawn(screen, news);
  EXPECT_NE(text.find(">up      s492"), std::string::npos) << text;
  screen.on_key({.kind = KeyKind::Enter, .text = {}}, news);
  EXPECT_EQ(screen.wish().session, "s492");
}

TEST(TopScreen, names_are_whole_as_far_as_there_is_room) {
  TopScreen screen("a");
  TopNews news;
  news.sessions.emplace();
  for (const char* name : {"berlin-gateway-north", "berlin-gateway-south"})
    news.sessions->push_back(session(name, "up"));
  const auto text = [&](int columns) {
    return screen.draw({.columns = columns, .rows = 10}, Glyphs::Braille, news, kNow).text();
  };
  for (const int columns : {80, 100, 132}) {
    EXPECT_NE(text(columns).find("berlin-gateway-north "), std::string::npos) << text(columns);
    EXPECT_NE(text(columns).find("LAST HOUR"), std::string::npos) << text(columns);
    EXPECT_EQ(text(columns).find("JITTER") != std::string::npos, columns > 80) << text(columns);
  }
  EXPECT_NE(text(60).find(">up      berlin-gat"), std::string::npos) << text(60);
  EXPECT_NE(text(60).find("LAST HOUR"), std::string::npos) << text(60);
  EXPECT_EQ(top_columns(132, 6).name, 7) << "what no name needs is the line's";
  EXPECT_EQ(top_columns(200, 150).name, 40);
  for (int columns = 40; columns <= 250; ++columns)
    for (const int longest : {0, 7, 13, 40, 100}) {
      const TopColumns found = top_columns(columns, longest);
      int taken = 1;
      for (const int one : {found.state, found.name, found.p50, found.p99, found.there, found.back,
                            found.jitter, found.incident, found.since, found.spark})
        taken += one > 0 ? one + 1 : 0;
      EXPECT_LE(taken, columns + 1) << columns << ", " << longest;
    }
}

TEST(TopScreen, names_that_steer_or_confuse_are_harmless) {
  TopScreen screen("a");
  TopNews news;
  news.sessions.emplace();
  for (const char* name : {"\x1b[2Jclear", "\u202eright to left", "東京都庁舎から大阪まで長い名前",
                           "🚀🚀🚀", "<b>&amp;", "line\nbreak", "\xff\xfe", "שלום עולם", ""})
    news.sessions->push_back(session(name, "up"));
  news.sessions->push_back(session(std::string(200, 'x'), "up"));
  for (const auto glyphs : {Glyphs::Braille, Glyphs::Ascii})
    for (const int columns : {1, 5, 20, 40, 80, 200}) {
      const term::Canvas canvas = screen.draw({.columns = columns, .rows = 14}, glyphs, news, kNow);
      const std::string text = canvas.text();
      EXPECT_EQ(text.find('\x1b'), std::string::npos);
      EXPECT_EQ(text.find("\u202e"), std::string::npos);
      EXPECT_EQ(std::ranges::count(text, '\n'), 14);
    }
}

TopNews with_detail(const TopWish& wish) {
  TopNews news = example();
  TopNews::Detail detail{.wish = wish, .at = kNow};
  detail.wish.session = "office";
  detail.windows.step = Duration::minutes(1);
  for (int i = 60; i > 0; --i) {
    client::Figures one = figures(2'000 + i % 5 * 100, 0, 0);
    one.begin = kNow - Duration::minutes(i);
    one.lost = one.lost_there = one.lost_back = 0;
    if (i == 30) one.lost = one.lost_there = 5;
    if (i <= 20 && i > 15) {
      one.received = 0;
      one.lost = 120;
      one.min.reset();
      one.max.reset();
    }
    detail.windows.windows.push_back(one);
  }
  detail.events.push_back({.severity = "error",
                           .kind = "outage_began",
                           .text = "nothing comes back",
                           .at = kNow - Duration::minutes(20),
                           .incident = 12});
  detail.incidents.push_back({.id = 12,
                              .severity = "error",
                              .title = "outage of 5 minutes",
                              .opened = kNow - Duration::minutes(20),
                              .closed = kNow - Duration::minutes(15),
                              .events = 2});
  detail.flows.push_back({.number = 0,
                          .tuple = "192.0.2.1:40000 > 192.0.2.7:23999",
                          .began = kNow - Duration::hours(30),
                          .ended = {}});
  news.detail = detail;
  return news;
}

TEST(TopScreen, enter_shows_one_session_and_escape_all_of_them) {
  TopScreen screen("a");
  TopNews news = example();
  press(screen, news, "n");
  screen.on_key({.kind = KeyKind::End, .text = {}}, news);
  screen.on_key({.kind = KeyKind::Enter, .text = {}}, news);
  EXPECT_EQ(screen.wish().session, "office");
  EXPECT_NE(drawn(screen, news, 80, 24).find("asking the agent"), std::string::npos);
  EXPECT_EQ(screen.wish().back, Duration::hours(1));
  EXPECT_EQ(screen.wish().step, Duration::seconds(52)) << "one for each column";
  news = with_detail(screen.wish());
  EXPECT_EQ(other_than_screen("top-session-80x24", drawn(screen, news, 80, 24, Glyphs::Braille)),
            "");
  EXPECT_EQ(other_than_screen("top-session-40x12", drawn(screen, news, 40, 12, Glyphs::Braille)),
            "");
  std::ranges::find(*news.sessions, "office", &client::Session::name)->host = "192.0.2.7";
  EXPECT_NE(drawn(screen, news, 80, 24).find("up  for 1h30m  192.0.2.7:23999  every"),
            std::string::npos)
      << "an address is not told twice";
  press(screen, news, "i");
  EXPECT_NE(
      drawn(screen, news, 80, 24).find("#12 17:40:00 lasted 5m00s, error: outage of 5 minutes"),
      std::string::npos);
  press(screen, news, "f");
  EXPECT_NE(drawn(screen, news, 80, 24)
                .find("192.0.2.1:40000 > 192.0.2.7:23999 since 2026-11-25 12:00:00"),
            std::string::npos);
  press(screen, news, "--");
  (void)drawn(screen, news, 80, 24);
  EXPECT_EQ(screen.wish().back, Duration::hours(24));
  for (const int rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 40})
    for (const int columns : {1, 9, 10, 40, 132}) (void)drawn(screen, news, columns, rows);
  screen.on_key({.kind = KeyKind::Escape, .text = {}}, news);
  EXPECT_TRUE(screen.wish().session.empty());
  EXPECT_TRUE(screen.on_key({.kind = KeyKind::Text, .text = "q"}, news));
}

// Office is looked at; the others are lab and branch.
void look_at(TopScreen& screen, const TopNews& news, const std::string& name) {
  screen.on_key({.kind = KeyKind::Escape, .text = {}}, news);
  press(screen, news, "ng");
  while (true) {
    screen.on_key({.kind = KeyKind::Enter, .text = {}}, news);
    if (screen.wish().session == name) return;
    screen.on_key({.kind = KeyKind::Escape, .text = {}}, news);
    screen.on_key({.kind = KeyKind::Down, .text = {}}, news);
  }
}

void goes_away(TopNews& news) {
  news.problem = client::Problem{.text = "cannot connect", .refused = false};
  news.problem_since = kNow;
}

TEST(TopScreen, of_another_session_nothing_is_shown_until_it_is_told) {
  TopScreen screen("a");
  TopNews news = example();
  look_at(screen, news, "office");
  (void)drawn(screen, news, 80, 24);
  news = with_detail(screen.wish());
  EXPECT_NE(drawn(screen, news, 80, 24).find("nothing comes back"), std::string::npos);
  look_at(screen, news, "lab");
  std::string text = drawn(screen, news, 80, 24);
  EXPECT_EQ(text.find("nothing comes back"), std::string::npos) << text;
  EXPECT_EQ(text.find("10 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("asking the agent ..."), std::string::npos) << text;
  goes_away(news);
  text = drawn(screen, news, 80, 24);
  EXPECT_EQ(text.find("nothing comes back"), std::string::npos) << text;
  EXPECT_NE(text.find("not reachable since"), std::string::npos) << text;
  EXPECT_NE(text.find("nothing is told of it yet"), std::string::npos) << text;
}

TEST(TopScreen, a_plot_goes_by_its_own_time_until_another_is_told) {
  TopScreen screen("a");
  TopNews news = example();
  look_at(screen, news, "office");
  (void)drawn(screen, news, 80, 24);
  news = with_detail(screen.wish());
  EXPECT_EQ(drawn(screen, news, 80, 24).find("asking for"), std::string::npos);
  goes_away(news);
  press(screen, news, "-");
  std::string text = drawn(screen, news, 80, 24);
  EXPECT_NE(text.find("round trip, last hour  asking for the last 6 hours ..."), std::string::npos)
      << text;
  EXPECT_EQ(screen.wish().back, Duration::hours(6));
  news = with_detail(screen.wish());
  text = drawn(screen, news, 80, 24);
  EXPECT_NE(text.find("round trip, last 6 hours\n"), std::string::npos) << text;
}

TEST(TopScreen, what_cannot_be_told_is_not_said_to_be_nothing) {
  TopScreen screen("a");
  TopNews news = example();
  look_at(screen, news, "office");
  (void)drawn(screen, news, 80, 24);
  news = with_detail(screen.wish());
  news.detail->events.clear();
  EXPECT_NE(drawn(screen, news, 80, 24).find("\n none in this time\n"), std::string::npos);
  news.detail->problem = client::Problem{.text = "the store cannot be read", .answered = true};
  const std::string text = drawn(screen, news, 80, 24);
  EXPECT_NE(text.find("\n the store cannot be read\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n not known\n"), std::string::npos) << text;
}

TEST(TopScreen, in_its_first_minute_a_session_has_the_figures_so_far) {
  TopScreen screen("a");
  TopNews news = example();
  client::Session& office = news.sessions->front();
  office.total = figures(9'000, 0.5, 0);
  EXPECT_EQ(drawn(screen, news).find('*'), std::string::npos) << "it has a minute";
  office.total = std::exchange(office.minute, std::nullopt);
  std::string text = drawn(screen, news);
  EXPECT_NE(text.find("\n up      office *2.00 ms 6.00 ms 0.10%    0%  200 us"), std::string::npos)
      << text;
  EXPECT_NE(text.find("1 incident open; * first minute\n"), std::string::npos) << text;
  EXPECT_EQ(chosen_sessions(*news.sessions, "", TopOrder::Median, false).front()->name, "office");
  look_at(screen, news, "office");
  text = drawn(screen, news, 80, 24);
  EXPECT_NE(text.find("\n so far  p50 2.00 ms  p99 6.00 ms  loss> 0.10%"), std::string::npos)
      << text;
  // Nothing is decided at all.
  news.sessions->front().total = client::Figures();
  EXPECT_EQ(drawn(screen, news, 80, 24).find("so far"), std::string::npos);
  screen.on_key({.kind = KeyKind::Escape, .text = {}}, news);
  EXPECT_EQ(drawn(screen, news).find('*'), std::string::npos);
}

TEST(TopScreen, of_the_address_no_password_is_shown) {
  TopScreen screen("http://example:word@agent.example.net:8080");
  const std::string text = drawn(screen, example());
  EXPECT_EQ(text.find("word"), std::string::npos) << text;
  EXPECT_NE(text.find("wirestamp top  http://agent.example.net:8080"), std::string::npos) << text;
}

client::Probe probe(std::uint64_t number, const std::string& outcome) {
  client::Probe made{.number = number, .outcome = outcome};
  made.due = kNow - Duration::seconds(20) + Duration::milliseconds(static_cast<int>(number) * 500);
  made.stamps[0] = {.at = *made.due + Duration::microseconds(40), .source = "hardware"};
  if (outcome != "delivered") return made;
  made.rtt = Duration::microseconds(2'000);
  made.there = Duration::microseconds(-350);
  made.back = Duration::microseconds(2'350);
  made.residence = Duration::microseconds(21);
  made.stamps[1] = {.at = *made.due, .source = "kernel"};
  made.stamps[2] = {.at = *made.due + Duration::microseconds(21), .source = "user"};
  made.stamps[3] = {.at = *made.due + Duration::microseconds(2'061), .source = ""};
  return made;
}

TEST(TopScreen, single_probes_are_told_with_their_outcome_and_stamps) {
  TopScreen screen("a");
  TopNews news = example();
  press(screen, news, "n");
  screen.on_key({.kind = KeyKind::End, .text = {}}, news);
  screen.on_key({.kind = KeyKind::Enter, .text = {}}, news);
  EXPECT_FALSE(screen.wish().probes) << "nobody looks at them";
  news = with_detail(screen.wish());
  press(screen, news, "p");
  EXPECT_TRUE(screen.wish().probes);
  EXPECT_NE(drawn(screen, news, 80, 24).find("asking the agent"), std::string::npos);
  news.detail->wish.probes = true;
  EXPECT_NE(drawn(screen, news, 80, 24).find("no probe is kept yet"), std::string::npos);
  for (client::Session& one : *news.sessions) one.kept_to = kNow;
  EXPECT_NE(drawn(screen, news, 80, 24).find("no probe is kept of what was measured last"),
            std::string::npos);
  for (std::uint64_t n = 1; n <= 30; ++n)
    news.detail->probes.push_back(probe(n, n == 29   ? "lost_forward"
                                           : n == 28 ? "unsent"
                                                     : "delivered"));
  news.detail->probes[27].cause = "no_route";
  EXPECT_EQ(other_than_screen("top-probes-80x24", drawn(screen, news, 80, 24, Glyphs::Braille)),
            "");
  const std::string wide = drawn(screen, news, 160, 24);
  EXPECT_NE(
      wide.find("#30     delivered      2.00 ms  -350 us > 21.0 us < 2.35 ms  hku?  T1 "
                "17:59:55.000040  T2 17:59:55.000000  T3 17:59:55.000021  T4 17:59:55.002061"),
      std::string::npos)
      << wide;
  EXPECT_NE(wide.find("#29     lost_forward         -  h---  T1 17:59:54.500040"),
            std::string::npos)
      << wide;
  screen.on_key({.kind = KeyKind::Tab, .text = {}}, news);
  EXPECT_FALSE(screen.wish().probes);
}

TEST(TopScreen, shares_take_five_columns) {
  EXPECT_EQ(short_percent(0), "0%");
  EXPECT_EQ(short_percent(0.00001), "<.01%");
  EXPECT_EQ(short_percent(0.0123), "1.23%");
  EXPECT_EQ(short_percent(0.1234), "12.3%");
  EXPECT_EQ(short_percent(0.99999), ">99%");
  EXPECT_EQ(short_percent(1), "100%");
}

}  // namespace
}  // namespace wirestamp::cli
