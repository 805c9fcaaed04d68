// SPDX-License-Identifier: Apache-2.0
#include "client/agent.h"

#include <gtest/gtest.h>

#include <map>

namespace wirestamp::client {
namespace {

// Answers as it is told to.
class Told final : public Fetch {
 public:
  Result<Answer> get(const std::string& path) override {
    asked.push_back(path);
    const auto found = answers.find(path.substr(0, path.find('?')));
    if (found == answers.end()) return fail("cannot connect");
    return found->second;
  }
  std::map<std::string, Answer> answers;
  std::vector<std::string> asked;
};

Told told(const std::string& path, unsigned status, const std::string& body) {
  Told agent;
  agent.answers[path] = {.status = status, .body = body};
  return agent;
}

constexpr const char* kSessions = R"({"sessions":[
  {"name":"office","host":"h","configured":true,"state":"silent","since":"2026-11-26T18:00:00.5Z",
   "peer":"192.0.2.7:23999","interval_ns":500000000,"incident":7,
   "last_minute":{"begin":"2026-11-26T18:00:00Z","length_ns":60000000000,"sent":120,"received":117,
     "lost":{"total":3,"forward":2,"backward":1,"unknown":0},"unsent":{"total":0},
     "loss_ratio":0.025,"forward_loss_ratio":0.0166,"backward_loss_ratio":0.0083,
     "rtt_ns":{"count":117,"min":-5,"max":9000,"percentiles":{"p50":2000,"p95":3000,"p99":4000}},
     "ipdv_ns":{"count":1,"mean":12.5}}},
  {"name":"past","host":"p","configured":false}]})";

TEST(AgentApi, sessions_are_read_and_what_is_not_told_is_absent) {
  Told agent = told("/api/v1/overview", 200, kSessions);
  const auto found = sessions(agent);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  const Session& office = found->front();
  EXPECT_EQ(office.name, "office");
  EXPECT_EQ(office.state, "silent");
  EXPECT_EQ(office.incident, 7U);
  EXPECT_EQ(office.interval, Duration::milliseconds(500));
  ASSERT_TRUE(office.since && office.minute);
  EXPECT_EQ(office.since->ns() % 1'000'000'000, 500'000'000);
  EXPECT_EQ(office.minute->p99, Duration::microseconds(4));
  EXPECT_EQ(office.minute->min, Duration::nanoseconds(-5));
  EXPECT_EQ(office.minute->jitter, Duration::nanoseconds(12));
  EXPECT_EQ(office.minute->lost_there, 2U);
  EXPECT_EQ(office.minute->loss_back, 0.0083);
  EXPECT_FALSE(office.minute->there_p50);
  EXPECT_TRUE(found->back().state.empty());
  EXPECT_FALSE(found->back().minute || found->back().incident || found->back().since);
}

TEST(AgentApi, values_of_another_type_are_absent_and_harm_nothing) {
  Told agent = told("/api/v1/overview", 200, R"({"sessions":[7,null,[],"x",{"name":1,"state":{},
    "since":"yesterday","incident":-3,"interval_ns":1e300,
    "last_minute":{"begin":5,"rtt_ns":[],"loss_ratio":"a","sent":-1,"lost":7}}]})");
  const auto found = sessions(agent);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 5U);
  const Session& last = found->back();
  EXPECT_TRUE(last.name.empty() && last.state.empty());
  EXPECT_FALSE(last.since || last.incident || last.interval);
  ASSERT_TRUE(last.minute);
  EXPECT_EQ(last.minute->sent, 0U);
  EXPECT_FALSE(last.minute->loss || last.minute->p50);
}

TEST(AgentApi, of_an_older_agent_the_long_list_is_read) {
  Told older = told("/api/v1/overview", 404, R"({"error":{"message":"unknown address"}})");
  EXPECT_EQ(sessions(older).error().text, "unknown address");
  older.answers["/api/v1/sessions"] = {.status = 200, .body = kSessions};
  EXPECT_EQ(sessions(older)->size(), 2U);
  Told locked = told("/api/v1/overview", 401, "");
  locked.answers["/api/v1/sessions"] = {.status = 200, .body = kSessions};
  EXPECT_FALSE(sessions(locked));
  EXPECT_EQ(locked.asked.size(), 1U) << "it would be refused as well";
  Told one = told("/api/v1/sessions/office", 200, R"({"name":"office","last_minute":{"sent":7}})");
  EXPECT_EQ(session(one, "office")->minute->sent, 7U);
}

TEST(AgentApi, a_name_stays_one_part_of_the_path) {
  Told agent;
  (void)windows(agent, "../a b/é?x=1", Duration::hours(1), Duration::seconds(30));
  ASSERT_EQ(agent.asked.size(), 1U);
  EXPECT_EQ(agent.asked[0],
            "/api/v1/sessions/%2E%2E%2Fa%20b%2F%C3%A9%3Fx%3D1/windows?from=-3600s&step=30s&"
            "percentiles=50,90,99");
}

TEST(AgentApi, refusals_say_what_to_do) {
  const auto problem = [](unsigned status, const std::string& body) {
    Told agent = told("/api/v1/overview", status, body);
    return sessions(agent).error();
  };
  EXPECT_EQ(problem(401, R"({"error":{"code":"unauthorized","message":"wrong token"}})").text,
            "the agent wants a token, or another one: --api-token-file names the file with it, the "
            "same as the agent's; it says: wrong token");
  EXPECT_TRUE(problem(401, "").refused);
  EXPECT_FALSE(problem(429, "").refused);
  EXPECT_FALSE(problem(503, R"({"error":{"message":"busy"}})").refused);
  EXPECT_EQ(problem(503, R"({"error":{"message":"busy"}})").text, "busy");
  EXPECT_EQ(problem(404, "<html>").text,
            "answered with status 404, as no agent does: is this the address of its API?");
  for (const char* rubbish : {"", "[]", "{", "{}", "null", "<html>", "{\"sessions\":7}"})
    EXPECT_TRUE(problem(200, rubbish).refused) << rubbish;
  Told nobody;
  EXPECT_EQ(sessions(nobody).error().text, "cannot connect");
  EXPECT_FALSE(sessions(nobody).error().refused);
}

TEST(AgentApi, sparklines_of_an_older_agent_are_unknown) {
  Told older = told("/api/v1/sparklines", 404, R"({"error":{"message":"unknown address"}})");
  const auto none = sparklines(older);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->known);
  Told agent =
      told("/api/v1/sparklines", 200, R"({"from":"2026-11-26T17:00:00Z","step_ns":60000000000,
    "sessions":[{"name":"a","rtt_p50_ns":[1,null,3],"rtt_p99_ns":[4,5],"loss_ratio":[0,null,1]}]})");
  const auto found = sparklines(agent);
  ASSERT_TRUE(found && found->known);
  ASSERT_EQ(found->sessions.size(), 1U);
  const Sparkline& line = found->sessions[0];
  ASSERT_EQ(line.p50.size(), 3U);
  EXPECT_FALSE(line.p50[1]);
  EXPECT_EQ(line.p50[2], Duration::nanoseconds(3));
  EXPECT_EQ(line.loss[2], 1.0);
}

TEST(AgentApi, single_probes_are_read_the_newest_of_them) {
  Told agent;
  agent.answers["/api/v1/sessions/a/samples"] = {.status = 200, .body = R"({"complete":true,
    "samples":[{"probe":1},{"probe":2,"outcome":"delivered","scheduled_ns":1795716000500000000,
    "sender_tx_ns":1795716000500040000,"sender_tx_source":"kernel","sender_rx_ns":"x",
    "rtt_ns":2000000,"forward_ns":-350000,"backward_ns":2350000,"residence_ns":21000},
    {"probe":-1,"outcome":7,"scheduled_ns":1e300,"rtt_ns":[]}]})"};
  const auto found = probes(agent, "a", Duration::minutes(2), 2);
  EXPECT_EQ(agent.asked.back(), "/api/v1/sessions/a/samples?from=-120s&limit=10000");
  ASSERT_TRUE(found && found->size() == 2);
  const Probe& probe = found->front();
  EXPECT_EQ(probe.number, 2U);
  EXPECT_EQ(probe.outcome, "delivered");
  EXPECT_EQ(probe.due, WallTime::from_ns(1'795'716'000'500'000'000));
  EXPECT_EQ(probe.stamps[0].at, WallTime::from_ns(1'795'716'000'500'040'000));
  EXPECT_EQ(probe.stamps[0].source, "kernel");
  EXPECT_FALSE(probe.stamps[1].at || probe.stamps[3].at);
  EXPECT_EQ(probe.there, Duration::microseconds(-350));
  EXPECT_EQ(found->back().outcome, "");
  EXPECT_FALSE(found->back().due || found->back().rtt);
}

TEST(AgentApi, what_happened_is_read) {
  Told agent;
  agent.answers["/api/v1/events"] = {.status = 200, .body = R"({"complete":true,"events":[{"id":1,
    "session":"a","severity":"error","incident":4,
    "event":{"kind":"outage_began","at":"2026-11-26T18:00:00Z","text":"nothing comes back"}}]})"};
  agent.answers["/api/v1/incidents"] = {.status = 200,
                                        .body = R"({"incidents":[{"id":4,"session":"a",
    "severity":"error","opened":"2026-11-26T18:00:00Z","title":"outage","events":3}]})"};
  agent.answers["/api/v1/sessions/a/flows"] = {.status = 200, .body = R"({"session":"a","flows":[
    {"flow":2,"tuple":"x > y","began":"2026-11-26T18:00:00Z"}]})"};
  const auto happened = events(agent, "a", Duration::hours(1));
  ASSERT_TRUE(happened && happened->size() == 1);
  EXPECT_EQ(happened->front().text, "nothing comes back");
  EXPECT_EQ(happened->front().incident, 4U);
  EXPECT_TRUE(happened->front().at);
  const auto open = incidents(agent, "a", Duration::hours(1));
  ASSERT_TRUE(open && open->size() == 1);
  EXPECT_EQ(open->front().id, 4U);
  EXPECT_FALSE(open->front().closed);
  const auto used = flows(agent, "a", Duration::hours(1));
  ASSERT_TRUE(used && used->size() == 1);
  EXPECT_EQ(used->front().tuple, "x > y");
  EXPECT_FALSE(used->front().ended);
}

}  // namespace
}  // namespace wirestamp::client
