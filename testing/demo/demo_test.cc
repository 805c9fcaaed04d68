// SPDX-License-Identifier: Apache-2.0
//
// Five hours of the demonstration; the whole month is judged in the release build
// (tests/demo/demo_test.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "history.h"
#include "plan.h"
#include "store/window_form.h"
#include "weather.h"

namespace wirestamp::demo {
namespace {

using measure::EventKind;

// 02:00 UTC of a Wednesday, so that the outage of 22:14 lies in the five hours before.
constexpr WallTime kUntil = WallTime::from_ns(1'700'013'600'000'000'000);
constexpr Detail kDetail{.samples = Duration::minutes(3),
                         .seconds = Duration::minutes(15),
                         .tens = Duration::minutes(45)};

MonthOptions five_hours(std::uint64_t seed = 1) {
  return {.seed = seed, .until = kUntil, .length = Duration::hours(5)};
}

class Demo : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "wirestamp-demo-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::unique_ptr<store::Reader> written(const MonthOptions& options, const std::string& name) {
    const auto done = write_month(plan_month(options), kDetail, options.seed, path(name));
    EXPECT_TRUE(done) << (done ? "" : done.error().text);
    auto reader = store::Reader::open(path(name));
    EXPECT_TRUE(reader) << (reader ? "" : reader.error().text);
    return reader ? std::move(*reader) : nullptr;
  }

  std::filesystem::path folder_;
};

template <typename Value>
Value got(Result<Value> result) {
  EXPECT_TRUE(result) << (result ? "" : result.error().text);
  return result ? std::move(*result) : Value{};
}

store::TimeRange all() { return {.from = kUntil - kDay, .to = kUntil + kDay}; }

std::vector<measure::TimedWindow> windows(store::Reader& reader, std::uint32_t session,
                                          Duration step, store::TimeRange range = all()) {
  return got(reader.windows({.session = session, .range = range, .step = step, .most = 100'000}));
}

std::uint32_t id_of(store::Reader& reader, const std::string& name) {
  for (const store::SessionRow& row : got(reader.sessions()))
    if (row.info.name == name) return row.id;
  ADD_FAILURE() << "no session " << name;
  return 0;
}

// All that is kept, as text.
std::string told(store::Reader& reader) {
  std::string text;
  for (const store::SessionRow& row : got(reader.sessions())) {
    for (const Duration step : store::kResolutions)
      for (const measure::TimedWindow& window : windows(reader, row.id, step))
        text += std::to_string(window.begin.ns()) + store::encode(window.window);
    for (const measure::Sample& sample : got(reader.samples(row.id, all(), 100'000)))
      text += std::to_string(sample.probe) + " " + std::to_string(sample.sender_rx->wall.ns());
    for (const store::FlowRow& flow : got(reader.flows(row.id, all()))) text += flow.tuple;
  }
  for (const measure::RecordedEvent& event : got(reader.events({})))
    text += std::to_string(event.event.wall.ns()) + event.event.text;
  for (const measure::Incident& incident : got(reader.incidents({}))) text += incident.title;
  return text;
}

TEST_F(Demo, a_seed_writes_the_same_store_each_time_and_another_one_another) {
  const std::string first = told(*written(five_hours(), "first.db"));
  EXPECT_GT(first.size(), 1'000'000U);
  EXPECT_TRUE(first == told(*written(five_hours(), "again.db")));
  EXPECT_FALSE(first == told(*written(five_hours(2), "other.db")));
}

TEST_F(Demo, windows_of_every_length_count_the_same_probes) {
  const auto reader = written(five_hours(), "store.db");
  const auto sessions = got(reader->sessions());
  ASSERT_EQ(sessions.size(), 8U);  // one was over by then
  for (const store::SessionRow& row : sessions) {
    const auto due = static_cast<std::uint64_t>(Duration::hours(5) / row.info.interval);
    for (const Duration step : {Duration::minutes(1), Duration::hours(1)}) {
      std::uint64_t scheduled = 0;
      for (const measure::TimedWindow& window : windows(*reader, row.id, step))
        scheduled += window.window.scheduled;
      // What an outage is followed by is not sent to the millisecond.
      EXPECT_NEAR(static_cast<double>(scheduled), static_cast<double>(due), 3) << row.info.name;
    }
    const store::TimeRange last{.from = kUntil - Duration::minutes(10), .to = kUntil};
    std::uint64_t by_second = 0, by_ten = 0;
    for (const auto& window : windows(*reader, row.id, Duration::seconds(1), last))
      by_second += window.window.delivered;
    for (const auto& window : windows(*reader, row.id, Duration::seconds(10), last))
      by_ten += window.window.delivered;
    EXPECT_GT(by_second, 0U);
    EXPECT_EQ(by_second, by_ten);
    EXPECT_FALSE(windows(*reader, row.id, Duration::hours(1)).front().window.rtt.classes.empty());
  }
}

TEST_F(Demo, the_worst_second_of_an_outage_is_known_to_each_longer_window) {
  const auto reader = written(five_hours(), "store.db");
  const std::uint32_t session = id_of(*reader, "customer-link");
  const auto hours = windows(*reader, session, Duration::hours(1));
  const auto with_outage = std::ranges::find_if(hours, [](const measure::TimedWindow& hour) {
    return hour.window.worst && hour.window.worst->loss_ratio == 1;
  });
  ASSERT_NE(with_outage, hours.end());
  EXPECT_EQ(with_outage->begin, WallTime::from_ns(1'699'999'200'000'000'000));  // 22:00
  EXPECT_GT(*with_outage->window.loss_ratio(), 0.35);
  EXPECT_LT(*with_outage->window.loss_ratio(), 0.45);
}

TEST_F(Demo, an_outage_is_one_incident_with_its_verdict_and_the_flows_it_tried) {
  const auto reader = written(five_hours(), "store.db");
  const std::uint32_t session = id_of(*reader, "customer-link");
  const auto incidents = got(reader->incidents({.session = session}));
  ASSERT_EQ(incidents.size(), 1U);
  EXPECT_EQ(incidents[0].title,
            "peer or path down: no error was seen, the flow ends after hop 3, 203.0.113.1; "
            "silent for 24 min");
  EXPECT_EQ(incidents[0].severity, measure::Severity::Error);
  ASSERT_TRUE(incidents[0].closed);
  EXPECT_NEAR((*incidents[0].closed - incidents[0].opened).to_seconds(), 23 * 60 + 40, 5);
  const auto events = got(reader->events({.session = session, .incident = incidents[0].id}));
  EXPECT_EQ(events.size(), incidents[0].events);
  std::set<std::string> flows;
  for (const measure::RecordedEvent& event : events) {
    if (event.event.new_flow) flows.insert(*event.event.new_flow);
    if (event.event.kind != EventKind::PathSwept) continue;
    EXPECT_EQ(event.event.text, "the flow ends after hop 3, 203.0.113.1");
  }
  // Each is a row, and one follows upon the other.
  const auto rows = got(reader->flows(session, all()));
  EXPECT_EQ(rows.size(), flows.size() + 1);
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_EQ(rows[i].began, *rows[i - 1].ended);
}

TEST_F(Demo, what_is_open_at_the_end_is_loss_on_the_way_there_alone) {
  const auto reader = written(five_hours(), "store.db");
  const std::uint32_t session = id_of(*reader, "branch-west");
  const auto open = got(reader->incidents({.session = session, .open_only = true}));
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].severity, measure::Severity::Error);
  std::uint64_t forward = 0, backward = 0;
  for (const auto& window : windows(*reader, session, Duration::minutes(1),
                                    {.from = kUntil - Duration::minutes(40), .to = kUntil})) {
    forward += window.window.lost.forward;
    backward += window.window.lost.backward;
  }
  EXPECT_GT(forward, 100U);
  EXPECT_LE(backward, 5U);
}

TEST_F(Demo, a_month_is_not_mixed_with_what_is_there) {
  written(five_hours(), "store.db");
  const auto again = write_month(plan_month(five_hours()), kDetail, 1, path("store.db"));
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().text.find("is there already"), std::string::npos) << again.error().text;
}

TEST_F(Demo, names_of_any_kind_and_many_sessions_are_kept) {
  MonthOptions options{.seed = 1, .until = kUntil, .length = Duration::minutes(30)};
  options.sites = 40;
  options.strange_names = true;
  const auto reader = written(options, "store.db");
  std::set<std::string> names;
  for (const store::SessionRow& row : got(reader->sessions())) names.insert(row.info.name);
  EXPECT_EQ(names.size(), 8U + 40 + 9);
  EXPECT_TRUE(names.contains("<img src=x onerror=alert(1)>"));
  EXPECT_TRUE(std::ranges::any_of(names, [](const auto& name) { return name.size() == 200; }));
}

}  // namespace
}  // namespace wirestamp::demo
