// SPDX-License-Identifier: Apache-2.0
//
// Report and evidence from a store on disk: an hour of one session with an outage in it, and
// whatever a user may ask for that is not there.
#include "cli/report_command.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/evidence_command.h"
#include "cli/exit_code.h"
#include "cli/stored_session.h"
#include "report/plots.h"

namespace wirestamp::cli {
namespace {

constexpr WallTime kBegin = WallTime::from_ns(1'764'072'000'000'000'000);  // 2025-11-25 12:00
constexpr WallTime kEnd = kBegin + Duration::hours(1);
constexpr WallTime kNow = kEnd + Duration::seconds(40);
constexpr std::int64_t kOutage = 1'800;  // seconds after the begin; it lasts ten

// Stands still until it is told to go on.
class StillClock final : public Clock {
 public:
  MonoTime mono_now() override { return now_; }
  Timestamp now() override { return {.wall = kNow, .mono = now_, .source = StampSource::User}; }
  ClockState state() override { return {}; }
  void pass(Duration time) { now_ += time; }

 private:
  MonoTime now_;
};

measure::Sample probe(std::uint64_t number, bool lost) {
  measure::Sample sample;
  sample.probe = number;
  sample.sequence = static_cast<std::uint32_t>(number);
  sample.scheduled_wall = kBegin + Duration::milliseconds(500) * static_cast<std::int64_t>(number);
  sample.outcome = lost ? measure::Outcome::LostForward : measure::Outcome::Delivered;
  const auto stamp = [&](Duration after) {
    return Timestamp{.wall = sample.scheduled_wall + after,
                     .mono = MonoTime::from_ns(sample.scheduled_wall.ns()) + after,
                     .error = Duration::microseconds(2),
                     .source = StampSource::Kernel};
  };
  sample.sender_tx = stamp(Duration());
  if (lost) return sample;
  sample.reflector_rx = stamp(Duration::milliseconds(10));
  sample.reflector_tx = stamp(Duration::milliseconds(11));
  sample.sender_rx = stamp(Duration::milliseconds(21));
  return sample;
}

bool lost(std::uint64_t number) { return number >= 2 * kOutage && number < 2 * (kOutage + 10); }

measure::RecordedEvent event(std::uint64_t id, measure::EventKind kind, std::uint64_t incident) {
  const auto mark = [](std::uint64_t number) {
    return measure::ProbeMark{.probe = number, .left = probe(number, false).scheduled_wall};
  };
  measure::RecordedEvent recorded{.id = id, .session = "office", .incident = incident};
  recorded.event.kind = kind;
  recorded.event.wall = kBegin + Duration::seconds(kOutage + 12);
  recorded.event.text = "what happened";
  recorded.event.old_flow = "192.0.2.1:23999 > 198.51.100.7:23999";
  recorded.event.last_good = mark(2 * kOutage - 1);
  recorded.event.first_lost = mark(2 * kOutage);
  recorded.event.first_good = mark(2 * (kOutage + 10));
  recorded.event.lost = 20;
  recorded.event.at_least = Duration::milliseconds(9'500);
  recorded.event.at_most = Duration::milliseconds(10'500);
  return recorded;
}

void fill(store::Store& store) {
  const auto id = store.session({.name = "office", .host = "198.51.100.7"});
  ASSERT_TRUE(id);
  ASSERT_TRUE(store.session({.name = "silent", .host = "203.0.113.7"}));
  for (std::int64_t second = 0; second < 3'600; ++second) {
    measure::TimedWindow window{.begin = kBegin + Duration::seconds(second),
                                .length = Duration::seconds(1)};
    for (std::uint64_t i = 0; i < 2; ++i) {
      const auto number = static_cast<std::uint64_t>(2 * second) + i;
      window.window.add(probe(number, lost(number)));
      if (second >= kOutage - 5 && second < kOutage + 20)
        store.add_sample(*id, probe(number, lost(number)));
    }
    store.add_window(*id, window);
  }
  store.put_incident(*id, {.id = 7,
                           .session = "office",
                           .severity = measure::Severity::Error,
                           .opened = kBegin + Duration::seconds(kOutage),
                           .closed = kBegin + Duration::seconds(kOutage + 10),
                           .title = "outage",
                           .events = 2});
  store.add_event(*id, event(1, measure::EventKind::Verdict, 7));
  store.add_event(*id, event(2, measure::EventKind::OutageEnded, 7));
  // Told when the incident was closed already, and of another flow.
  store.add_event(*id, event(3, measure::EventKind::TimeoutMeasured, 0));
  measure::RecordedEvent other = event(4, measure::EventKind::PathSwept, 0);
  other.event.old_flow = "192.0.2.1:5 > 198.51.100.7:23999";
  store.add_event(*id, other);
  // Of no incident, before the silence and after it.
  for (const std::uint64_t number : {5U, 6U}) {
    measure::RecordedEvent changed = event(number, measure::EventKind::HopsChanged, 0);
    if (number == 5) changed.event.wall = kBegin + Duration::seconds(kOutage - 60);
    store.add_event(*id, changed);
  }
  store.put_flow({.session = *id,
                  .flow = 0,
                  .tuple = "192.0.2.1:23999 > 198.51.100.7:23999",
                  .began = kBegin,
                  .ended = {}});
  const auto flushed = store.flush();
  ASSERT_TRUE(flushed) << flushed.error().text;
}

class StoredReport : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string name =
        (std::filesystem::temp_directory_path() / "wirestamp-report-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto opened = store::Store::open(path(), {});
    ASSERT_TRUE(opened) << opened.error().text;
    fill(*opened->store);
  }
  static void TearDownTestSuite() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  static std::string path() { return folder_ + "/store.db"; }

  void SetUp() override {
    auto reader = store::Reader::open(path());
    ASSERT_TRUE(reader) << reader.error().text;
    reader_ = std::move(*reader);
  }

  std::string made(const ReportRequest& request, bool data = true) {
    Progress progress("reading", clock_, nullptr);
    const auto report = make_report(*reader_, request, kNow, progress);
    EXPECT_TRUE(report) << report.error().error.text;
    if (!report) return "";
    EXPECT_EQ(report->data, data);
    return report->text;
  }
  std::string refused(const ReportRequest& request) {
    Progress progress("reading", clock_, nullptr);
    const auto report = make_report(*reader_, request, kNow, progress);
    EXPECT_FALSE(report);
    if (report) return "";
    EXPECT_TRUE(report.error().usage);
    return report.error().error.text;
  }

  static inline std::string folder_;
  std::unique_ptr<store::Reader> reader_;
  StillClock clock_;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(StoredReport, an_hour_is_told_with_its_outage) {
  const std::string text = made({.session = "office", .from = "2025-11-25T12:00Z"});
  EXPECT_TRUE(has(text, "sent         7200, answered in time 7180")) << text;
  EXPECT_TRUE(has(text, "lost         20 (0.278 %): on the way there 20")) << text;
  EXPECT_TRUE(has(text, "worst second loss 100 % at 2025-11-25 12:30")) << text;
  EXPECT_TRUE(has(text, "data         100 % of the time")) << text;
  EXPECT_TRUE(has(text, "outages      1")) << text;
  EXPECT_TRUE(has(text, "#7 2025-11-25 12:30, 10.0 s, error: outage")) << text;
  EXPECT_TRUE(has(text, "round trip   min 20.0 ms, p50 20.0 ms")) << text;
}

TEST_F(StoredReport, figures_do_not_depend_on_the_step) {
  std::vector<nlohmann::json> figures;
  for (const std::int64_t seconds : {1, 10, 60, 600, 3'600}) {
    auto document = nlohmann::json::parse(made({.session = "office",
                                                .from = "2025-11-25T12:00Z",
                                                .to = "+1h",
                                                .step = Duration::seconds(seconds),
                                                .format = ReportFormat::Json}));
    EXPECT_EQ(document["period"]["windows"].size(), static_cast<std::size_t>(3'600 / seconds));
    figures.push_back(document["period"]["figures"]);
  }
  for (const auto& one : figures) EXPECT_EQ(one, figures.front());
}

TEST_F(StoredReport, what_is_before_the_first_data_is_said) {
  const std::string text = made({.session = "office"});
  EXPECT_TRUE(has(text, "note         data of this session begin at 2025-11-25 12:00 UTC")) << text;
  EXPECT_TRUE(has(text, "gaps         1 without data:")) << text;
}

TEST_F(StoredReport, an_empty_range_is_told_with_where_the_data_are) {
  const std::string text =
      made({.session = "office", .from = "2025-11-01", .to = "+1h"}, /*data=*/false);
  EXPECT_TRUE(has(text, "data         none in this range")) << text;
  EXPECT_TRUE(has(text, "data of this session are from 2025-11-25 12:00 to 2025-11-25")) << text;
  EXPECT_TRUE(has(made({.session = "silent"}, false), "no window of this session is kept"));
}

TEST_F(StoredReport, all_sessions_stand_in_a_table) {
  const std::string text = made({.from = "2025-11-25T12:00Z"});
  EXPECT_TRUE(has(text, "\noffice       7200")) << text;
  EXPECT_TRUE(has(text, "\nsilent          0")) << text;
  const auto document = nlohmann::json::parse(made({.format = ReportFormat::Json}));
  EXPECT_EQ(document["sessions"].size(), 2U);
  EXPECT_EQ(document["sessions"][0]["figures"]["sent"], 7'200);
  EXPECT_EQ(std::ranges::count(made({.format = ReportFormat::Csv}), '\n'), 3);
}

TEST_F(StoredReport, two_halves_of_an_hour_are_compared) {
  const ReportRequest request{.session = "office",
                              .from = "2025-11-25T12:30Z",
                              .to = "+30m",
                              .compare = "before",
                              .step = Duration::seconds(10)};
  const std::string text = made(request);
  EXPECT_TRUE(has(text, "compared with 2025-11-25 12:00 to 2025-11-25 12:30 UTC, 30 min:")) << text;
  EXPECT_TRUE(has(text, "no level changed; in a few parts only: more loss")) << text;
}

// Of a day ago the seconds are gone: what is compared is read in windows that are there.
TEST_F(StoredReport, a_period_is_compared_with_one_of_which_coarser_windows_are_left) {
  const std::string file = folder_ + "/aged.db";
  {
    const auto opened = store::Store::open(file, {});
    ASSERT_TRUE(opened) << opened.error().text;
    store::Store& store = *opened->store;
    const auto id = store.session({.name = "office", .host = "198.51.100.7"});
    ASSERT_TRUE(id);
    const Duration day = Duration::hours(24);
    for (const WallTime begin : {kBegin - day, kBegin})
      for (std::int64_t second = 0; second < 3'600; ++second) {
        measure::TimedWindow window{.begin = begin + Duration::seconds(second),
                                    .length = Duration::seconds(1)};
        window.window.add(probe(static_cast<std::uint64_t>(2 * second), false));
        store.add_window(*id, window);
      }
    ASSERT_TRUE(store.flush());
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(store.retain(kEnd));
  }
  auto reader = store::Reader::open(file);
  ASSERT_TRUE(reader) << reader.error().text;
  reader_ = std::move(*reader);
  const std::string text =
      made({.session = "office", .from = "2025-11-25T12:00Z", .compare = "yesterday"});
  EXPECT_TRUE(has(text, "compared with 2025-11-24 12:00")) << text;
  EXPECT_TRUE(has(text, "data         98.9 %                         100 %")) << text;
}

TEST_F(StoredReport, each_plot_is_one_document_with_its_incident) {
  for (const report::NamedPlot& plot : report::named_plots()) {
    const std::string svg = made({.session = "office",
                                  .from = "2025-11-25T12:00Z",
                                  .compare = "2025-11-25T12:00Z/+30m",
                                  .format = ReportFormat::Svg,
                                  .plot = plot.kind});
    EXPECT_TRUE(has(svg, "<svg ")) << svg.substr(0, 200);
    EXPECT_TRUE(svg.ends_with("</svg>\n") || svg.ends_with("</svg>"));
    EXPECT_TRUE(has(svg, "office (198.51.100.7)"));
  }
  EXPECT_TRUE(
      has(made({.session = "office", .from = "2025-11-25T12:00Z", .format = ReportFormat::Svg}),
          "incident 7: outage"));
}

TEST_F(StoredReport, what_cannot_be_asked_is_refused_with_the_reason) {
  EXPECT_EQ(refused({.session = "ofice"}),
            "the store has no session 'ofice'; did you mean 'office'?");
  EXPECT_EQ(refused({.session = "zzzzzz"}),
            "the store has no session 'zzzzzz'; it has office, silent");
  EXPECT_TRUE(has(refused({.session = "office", .from = "now", .to = "yesterday"}), "before"));
  EXPECT_TRUE(has(refused({.session = "office", .from = "1970-01-01"}), "ten years"));
  EXPECT_TRUE(has(refused({.session = "office", .from = "2099-01-01"}), "still to come"));
  EXPECT_TRUE(has(refused({.session = "office", .compare = "x"}), "nothing to compare"));
  EXPECT_TRUE(has(refused({.compare = "before"}), "is of one session"));
  EXPECT_TRUE(has(refused({.format = ReportFormat::Svg}), "is of one session"));
  EXPECT_TRUE(has(refused({.session = "office", .plot = publish::PlotKind::Loss}), "--format svg"));
  EXPECT_TRUE(has(refused({.session = "office", .step = Duration::milliseconds(5)}), "a second"));
}

TEST_F(StoredReport, without_a_store_the_error_says_what_to_do) {
  EXPECT_EQ(run_report({.store = folder_ + "/none.db"}), kRefused);
  std::ofstream(folder_ + "/text.db") << "this is no database, and it is long enough to see that";
  EXPECT_EQ(run_report({.store = folder_ + "/text.db"}), kRefused);
  EXPECT_EQ(run_evidence({.store = folder_ + "/none.db", .incident = "1"}), kRefused);
}

TEST_F(StoredReport, evidence_has_the_edges_and_what_was_told_later) {
  Progress progress("reading", clock_, nullptr);
  const auto evidence = collect_evidence(*reader_, 7, {}, kNow, progress);
  ASSERT_TRUE(evidence) << evidence.error().text;
  ASSERT_TRUE(*evidence);
  EXPECT_EQ((*evidence)->samples.size(), 3U);
  EXPECT_EQ((*evidence)->step, Duration::seconds(1));
  EXPECT_EQ((*evidence)->windows.size(), 1'810U);
  EXPECT_EQ((*evidence)->flows.size(), 1U);
  ASSERT_EQ((*evidence)->events.size(), 3U);
  const publish::EvidenceFacts facts = publish::facts_of(**evidence);
  EXPECT_NE(facts.timeout, nullptr);
  EXPECT_EQ(facts.during.lost_total(), 20U);
  ASSERT_EQ(facts.outages.size(), 1U);
  EXPECT_NE(facts.outages[0].first_good_sample, nullptr);
  ASSERT_TRUE((*evidence)->changes);
  ASSERT_EQ((*evidence)->changes->size(), 1U);
  EXPECT_EQ((*evidence)->changes->front().id, 5U);
}

TEST_F(StoredReport, evidence_of_what_is_not_there_is_refused) {
  Progress progress("reading", clock_, nullptr);
  const auto none = collect_evidence(*reader_, 8, {}, kNow, progress);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_EQ(no_such_incident(*reader_, 8),
            "the store has no incident 8; the newest is 7, of office: `wirestamp report office` "
            "lists those of a range");
  EXPECT_EQ(run_evidence({.store = path(), .incident = "8"}), kUsage);
  for (const char* text : {"", "#", "x", "7x", "-7", "0", "99999999999999999999"})
    EXPECT_FALSE(parse_incident(text)) << text;
  EXPECT_EQ(parse_incident("#7").value_or(0), 7U);
}

TEST(Progress, is_told_after_a_second_and_goes_away) {
  StillClock clock;
  std::FILE* stream = std::tmpfile();
  ASSERT_NE(stream, nullptr);
  const auto told = [&] {
    std::rewind(stream);
    std::string text(200, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), stream));
    return text;
  };
  {
    Progress progress("reading the store", clock, stream);
    progress.at(1, 4);
    EXPECT_EQ(told(), "");
    clock.pass(Duration::seconds(2));
    progress.at(2, 4);
    EXPECT_EQ(told(), "\rreading the store: 50 %\x1b[K");
  }
  EXPECT_TRUE(told().ends_with("\r\x1b[K"));
  std::fclose(stream);
}

}  // namespace
}  // namespace wirestamp::cli
