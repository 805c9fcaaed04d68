// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "api/world_test.h"
#include "report/period_reading.h"
#include "report/plots.h"

namespace wirestamp::api {
namespace {

struct ApiReport : testing::Test {
  World world{[](ServerOptions&) {}};

  std::string wrong(const std::string& target) {
    const Response response = world.get("/api/v1/sessions/office/" + target);
    EXPECT_EQ(response.status, 400) << target << response.body;
    return response.message();
  }
};

// What the command tells: the same questions to the same code (cli/report_command_test.cc).
publish::PeriodReport told(std::optional<report::TimeSpan> compared) {
  std::atomic<bool> broken{false};
  FakeReader reader(broken);
  const auto sessions = reader.sessions();
  report::Question question{.version = "1.2.3",
                            .span = {.from = kNow - Duration::minutes(30), .to = kNow},
                            .compared = std::move(compared),
                            .step = Duration::minutes(1)};
  return *report::read_report(reader, sessions->front(), question, [] {});
}

TEST_F(ApiReport, is_the_document_of_the_command) {
  const Response response = world.get(
      "/api/v1/sessions/office/report?from=2026-01-31T11:30:00Z&to=2026-01-31T12:00:00Z&step=1m");
  EXPECT_EQ(response.header("content-type"), "application/json");
  EXPECT_EQ(response.body, publish::period_json(told({})));
  EXPECT_EQ(response.json()["period"]["figures"]["sent"], 3'600);
}

TEST_F(ApiReport, compares_with_a_stretch_as_long_when_no_end_is_named) {
  const std::string target =
      "report?from=2026-01-31T11:30:00Z&to=2026-01-31T12:00:00Z&step=1m&compare_from=2026-01-31T"
      "11:00:00Z";
  const Response response = world.get("/api/v1/sessions/office/" + target);
  EXPECT_EQ(response.body,
            publish::period_json(told(report::TimeSpan{.from = kNow - Duration::hours(1),
                                                       .to = kNow - Duration::minutes(30)})));
  EXPECT_EQ(response.json()["before"]["to"], "2026-01-31T11:30:00.000000000Z");
  EXPECT_FALSE(response.json()["comparison"]["verdict"].empty());
}

TEST_F(ApiReport, without_its_windows_all_else_is_the_same) {
  const std::string target =
      "/api/v1/sessions/office/report?from=-30m&step=1m&compare_from=-1h&windows=";
  const Response whole = world.get(target + "all"), brief = world.get(target + "none");
  auto document = whole.json();
  EXPECT_EQ(document["period"]["windows"].size(), 30U);
  for (const char* period : {"period", "before"})
    document[period]["windows"] = nlohmann::json::array();
  EXPECT_EQ(brief.json(), document);
  EXPECT_LT(brief.body.size(), whole.body.size() / 5);
  EXPECT_NE(wrong("report?windows=some").find("it is one of all none"), std::string::npos);
}

TEST_F(ApiReport, of_a_session_of_which_nothing_is_kept_it_says_so) {
  const auto report = world.get("/api/v1/sessions/fresh/report").json();
  EXPECT_EQ(report["period"]["session"], "fresh");
  EXPECT_EQ(report["notes"][0], "no window of this session is kept");
}

TEST_F(ApiReport, a_plot_is_a_picture_whose_policy_permits_its_own_style_alone) {
  for (const report::NamedPlot& plot : report::named_plots()) {
    const Response response =
        world.get("/api/v1/sessions/office/plot?from=-30m&plot=" + std::string(plot.name) +
                  "&width=640&height=400");
    ASSERT_EQ(response.status, 200) << plot.name << response.body;
    EXPECT_EQ(response.header("content-type"), "image/svg+xml");
    EXPECT_EQ(response.header("content-disposition"),
              "inline; filename=\"office-" + std::string(plot.name) + "-2026-01-31T11_30Z.svg\"");
    EXPECT_NE(response.body.find("width=\"640\""), std::string::npos);
    EXPECT_EQ(response.headers.count("content-security-policy"), 1U);
    const std::string policy = response.header("content-security-policy");
    EXPECT_NE(policy.find("style-src 'sha256-"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  }
}

TEST_F(ApiReport, a_theme_is_light_or_dark_or_as_the_viewer_likes) {
  const std::string target = "/api/v1/sessions/office/plot?from=-30m";
  const std::string viewer = world.get(target).body,
                    light = world.get(target + "&theme=light").body,
                    dark = world.get(target + "&theme=dark").body;
  EXPECT_NE(viewer.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_EQ(light.find("prefers-color-scheme"), std::string::npos);
  EXPECT_EQ(light.find("#15181d"), std::string::npos);
  EXPECT_NE(dark.find(".wsp-paper{fill:#15181d}"), std::string::npos);
}

TEST_F(ApiReport, wrong_questions_say_what_is_wrong) {
  EXPECT_NE(wrong("report?from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z").find("still to come"),
            std::string::npos);
  EXPECT_NE(wrong("report?from=1970-01-01").find("ten years"), std::string::npos);
  EXPECT_NE(wrong("report?compare_to=-1h").find("needs compare_from"), std::string::npos);
  EXPECT_NE(wrong("report?compare_from=-1h&compare_to=-2h").find("before it begins"),
            std::string::npos);
  EXPECT_NE(wrong("report?from=-30d&step=1s").find("windows"), std::string::npos);
  EXPECT_NE(wrong("report?format=csv").find("format"), std::string::npos);
  EXPECT_NE(wrong("plot?plot=latencies").find("latency forward"), std::string::npos);
  EXPECT_NE(wrong("plot?width=100000").find("320 to 4000"), std::string::npos);
  EXPECT_NE(wrong("plot?theme=red").find("light dark"), std::string::npos);
  EXPECT_EQ(world.get("/api/v1/sessions/nobody/report").status, 404);
  EXPECT_EQ(world.get("/api/v1/sessions/nobody/plot").status, 404);
}

}  // namespace
}  // namespace wirestamp::api
