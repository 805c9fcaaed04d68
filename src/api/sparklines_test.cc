// SPDX-License-Identifier: Apache-2.0
#include "api/sparklines.h"

#include <gtest/gtest.h>

#include "api/world_test.h"

namespace wirestamp::api {
namespace {

using nlohmann::json;

struct ApiSparklines : testing::Test {
  World world{[](ServerOptions&) {}};

  json all(const std::string& query) { return world.get("/api/v1/sparklines" + query).json(); }
};

TEST_F(ApiSparklines, an_hour_of_minutes_of_all_sessions_without_a_parameter) {
  const json answer = all("");
  EXPECT_EQ(answer["from"], "2026-01-31T11:00:00.000000000Z");
  EXPECT_EQ(answer["step_ns"], 60'000'000'000);
  EXPECT_EQ(answer["steps"], 60);
  std::vector<std::string> names;
  for (const json& session : answer["sessions"]) {
    names.push_back(session["name"]);
    for (const char* line : {"rtt_p50_ns", "rtt_p99_ns", "loss_ratio"})
      EXPECT_EQ(session[line].size(), 60U) << line;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"office", "dc", "fresh", "gone"}));
}

TEST_F(ApiSparklines, each_value_is_that_of_the_window) {
  const json answer = all("?from=-10m&step=2m&session=dc&session=office&session=dc");
  ASSERT_EQ(answer["sessions"].size(), 2U) << "one named twice is told once";
  for (const json& session : answer["sessions"]) {
    const json windows = world
                             .get("/api/v1/sessions/" + session["name"].get<std::string>() +
                                  "/windows?from=-10m&step=2m")
                             .json()["windows"];
    ASSERT_EQ(windows.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(session["rtt_p50_ns"][i], windows[i]["rtt_ns"]["percentiles"]["p50"]);
      EXPECT_EQ(session["rtt_p99_ns"][i], windows[i]["rtt_ns"]["percentiles"]["p99"]);
      EXPECT_EQ(session["loss_ratio"][i], windows[i]["loss_ratio"]);
    }
  }
  // Of dc half is lost on the way there; of the other nothing.
  EXPECT_EQ(answer["sessions"][0]["forward_loss_ratio"], json({0.5, 0.5, 0.5, 0.5, 0.5}));
  EXPECT_EQ(answer["sessions"][0]["backward_loss_ratio"], json({0.0, 0.0, 0.0, 0.0, 0.0}));
  EXPECT_FALSE(answer["sessions"][1].contains("forward_loss_ratio"));
}

TEST_F(ApiSparklines, what_is_not_there_is_null_in_its_place) {
  const json answer = all("?from=-62m&to=-58m&step=1m");
  EXPECT_EQ(answer["from"], "2026-01-31T10:58:00.000000000Z");
  EXPECT_EQ(answer["sessions"][0]["loss_ratio"], json({nullptr, nullptr, 0.0, 0.0}));
  EXPECT_EQ(answer["sessions"][0]["rtt_p50_ns"][1], nullptr);
  EXPECT_NE(answer["sessions"][0]["rtt_p50_ns"][2], nullptr);
  // Nothing is kept of it yet.
  EXPECT_EQ(answer["sessions"][2]["rtt_p99_ns"], json({nullptr, nullptr, nullptr, nullptr}));
}

TEST_F(ApiSparklines, steps_begin_at_multiples_of_their_length) {
  const json answer = all("?from=2026-01-31T11:58:30Z&to=2026-01-31T11:59:30Z&step=1m");
  EXPECT_EQ(answer["from"], "2026-01-31T11:58:00.000000000Z");
  EXPECT_EQ(answer["steps"], 2);
}

TEST_F(ApiSparklines, sessions_of_the_past_are_told_where_they_have_data) {
  const json answer = all("?from=-3d&to=-2d&step=1h");
  for (const json& session : answer["sessions"]) EXPECT_NE(session["name"], "gone");
  EXPECT_EQ(answer["sessions"].size(), 3U);
}

TEST_F(ApiSparklines, wrong_questions_say_what_is_wrong) {
  const auto wrong = [&](const std::string& query) {
    const Response response = world.get("/api/v1/sparklines" + query);
    EXPECT_EQ(response.status, 400) << query << response.body;
    return response.message();
  };
  EXPECT_NE(wrong("?from=-30d&step=1s").find("step of 5m or more"), std::string::npos)
      << wrong("?from=-30d&step=1s");
  EXPECT_NE(wrong("?step=500ms").find("whole number of seconds"), std::string::npos);
  EXPECT_NE(wrong("?step=36000d").find("10000 days"), std::string::npos);
  EXPECT_NE(wrong("?step=0s").find("above 0"), std::string::npos);
  EXPECT_NE(wrong("?from=-1h&to=-2h").find("before"), std::string::npos);
  EXPECT_NE(wrong("?steps=5").find("step"), std::string::npos);
  EXPECT_EQ(world.get("/api/v1/sparklines?session=offic").status, 404);
  EXPECT_EQ(all("?session=offic")["error"]["allowed"][0], "office");
}

}  // namespace
}  // namespace wirestamp::api
