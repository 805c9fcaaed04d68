// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include <gtest/gtest.h>

#include "api/world_test.h"

namespace wirestamp::api {
namespace {

struct ApiServer : testing::Test {
  World world{[](ServerOptions&) {}};
};

TEST_F(ApiServer, the_process_answers) {
  const Response response = world.get("/healthz");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json(), nlohmann::json({{"alive", true}}));
}

TEST_F(ApiServer, sessions_are_those_that_run_and_those_that_are_kept) {
  const Response response = world.get("/api/v1/sessions");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.header("content-type"), "application/json");
  const auto sessions = response.json()["sessions"];
  ASSERT_EQ(sessions.size(), 4U);
  EXPECT_EQ(sessions[0]["name"], "office");
  EXPECT_EQ(sessions[0]["state"], "up");
  EXPECT_EQ(sessions[0]["last_minute"]["rtt_ns"]["percentiles"]["p50"], 1'000'000);
  EXPECT_EQ(sessions[0]["protocol"], "stamp");
  EXPECT_EQ(sessions[0]["mode"], "authenticated");
  EXPECT_EQ(sessions[0]["key_id"], "site-2026");
  EXPECT_EQ(sessions[1]["incident"], 8);
  EXPECT_EQ(sessions[1]["protocol"], "twamp-light");
  EXPECT_EQ(sessions[1]["mode"], "open");
  EXPECT_FALSE(sessions[1].contains("key_id"));
  EXPECT_FALSE(sessions[2].contains("mode")) << "it did not begin";
  EXPECT_FALSE(sessions[1].contains("peer"));
  EXPECT_EQ(sessions[2]["problem"], "the name is not found");
  EXPECT_FALSE(sessions[2].contains("kept_from"));
  EXPECT_EQ(sessions[3]["name"], "gone");
  EXPECT_EQ(sessions[3]["configured"], false);
  EXPECT_FALSE(sessions[3].contains("state"));
}

TEST_F(ApiServer, every_answer_forbids_to_keep_guess_and_frame_it) {
  for (const char* target : {"/healthz", "/api/v1/sessions", "/nothing", "/api/v1/openapi.json"}) {
    const Response response = world.get(target);
    EXPECT_EQ(response.header("cache-control"), "no-store") << target;
    EXPECT_EQ(response.header("x-content-type-options"), "nosniff") << target;
    EXPECT_NE(response.header("content-security-policy").find("frame-ancestors 'none'"),
              std::string::npos);
    EXPECT_EQ(response.header("access-control-allow-origin"), "") << target;
  }
}

TEST_F(ApiServer, what_changes_something_needs_the_token_on_loopback_too) {
  const Response without = world.ask({.method = "POST", .target = "/api/v1/reload"});
  EXPECT_EQ(without.status, 401);
  EXPECT_EQ(without.error(), "unauthorized");
  EXPECT_NE(without.header("www-authenticate"), "");
  EXPECT_EQ(world.service.reloads, 0);
  const Response with =
      world.ask({.method = "POST", .target = "/api/v1/reload", .headers = {authorization()}});
  EXPECT_EQ(with.status, 200) << with.body;
  EXPECT_EQ(with.json()["changed"][0], "office: interval 1s");
  EXPECT_EQ(world.service.reloads, 1);
}

TEST_F(ApiServer, a_wrong_configuration_is_told_and_changes_nothing) {
  world.service.reload_problem = "agent.toml:3: intervall: no such key";
  const Response response =
      world.ask({.method = "POST", .target = "/api/v1/reload", .headers = {authorization()}});
  EXPECT_EQ(response.status, 422);
  EXPECT_NE(response.message().find("agent.toml:3"), std::string::npos);
}

}  // namespace
}  // namespace wirestamp::api
