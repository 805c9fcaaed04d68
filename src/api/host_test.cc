// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "api/host_status.h"
#include "api/world_test.h"

namespace wirestamp::api {
namespace {

using nlohmann::json;

TEST(ApiHost, tells_what_the_figures_of_this_host_are_worth) {
  World world([](ServerOptions&) {});
  const json host = world.get("/api/v1/host").json();
  EXPECT_EQ(host["name"], "probe-1");
  EXPECT_EQ(host["agent"], json({{"version", "1.2.3"},
                                 {"began", "2026-01-31T10:00:00.000000000Z"},
                                 {"uptime_ns", 7'200'000'000'000}}));
  EXPECT_EQ(host["clock"]["synchronised"], true);
  EXPECT_EQ(host["clock"]["maximum_error_ns"], 1'500'000);
  EXPECT_EQ(host["clock"]["epoch"], 3);
  EXPECT_EQ(host["dropped"], json({{"sockets", 4}, {"samples", 2}, {"items", 1}, {"store", 3}}));
  ASSERT_EQ(host["interfaces"].size(), 2U);
  EXPECT_EQ(host["interfaces"][0]["addresses"], json({"192.0.2.1/24"}));
  EXPECT_EQ(host["interfaces"][0]["stamps"], json({{"transmit_software", true},
                                                   {"receive_software", true},
                                                   {"transmit_hardware", false},
                                                   {"receive_hardware", false},
                                                   {"reason", "no hardware stamps"}}));
  // Its driver says nothing.
  EXPECT_FALSE(host["interfaces"][1]["stamps"].contains("transmit_software"));
  EXPECT_EQ(host["interfaces_complete"], true);
}

TEST(ApiHost, the_schedule_error_is_that_of_all_sessions) {
  World world([](ServerOptions&) {});
  const json host = world.get("/api/v1/host").json();
  measure::Values all;
  for (const SessionStatus& session : world.service.sessions())
    all.merge(session.total.schedule_error);
  EXPECT_EQ(host["schedule_error_ns"]["count"], all.count());
  EXPECT_EQ(host["schedule_error_ns"]["percentiles"]["p99.9"], all.percentile(999'000)->ns());
}

TEST(ApiHost, the_last_step_of_the_clock_is_an_event_that_is_kept) {
  World world([](ServerOptions&) {});
  const json clock = world.get("/api/v1/host").json()["clock"];
  EXPECT_EQ(clock["last_step_event"], 6);
  EXPECT_EQ(clock["last_step_at"], "2026-01-31T11:56:00.000000000Z");
  EXPECT_EQ(clock["last_step_change_ns"], -250'000'000);
}

TEST(ApiHost, what_is_of_this_moment_needs_no_store) {
  World world([](ServerOptions&) {});
  world.store_broken = true;
  const Response response = world.get("/api/v1/host");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json()["name"], "probe-1");
  EXPECT_FALSE(response.json()["clock"].contains("last_step_at"));
}

TEST(ApiHost, a_question_with_parameters_is_refused) {
  World world([](ServerOptions&) {});
  EXPECT_EQ(world.get("/api/v1/host?interface=lo").error(), "wrong_parameter");
  EXPECT_EQ(world.ask({.method = "POST", .target = "/api/v1/host"}).status, 405);
}

}  // namespace
}  // namespace wirestamp::api
