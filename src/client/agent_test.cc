// SPDX-License-Identifier: Apache-2.0
#include "client/agent.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

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

// A session that is kept from some moment to another.
Session kept_session(Duration interval, std::int64_t from_s, std::int64_t to_s) {
  Session session;
  session.name = "a";
  session.interval = interval;
  session.kept_from = WallTime::from_ns(from_s * 1'000'000'000);
  session.kept_to = WallTime::from_ns(to_s * 1'000'000'000);
  return session;
}

TEST(AgentApi, single_probes_are_read_the_newest_of_them) {
  Told agent;
  agent.answers["/api/v1/sessions/a/samples"] = {.status = 200, .body = R"({"complete":true,
    "samples":[{"probe":1},{"probe":2,"outcome":"delivered","scheduled_ns":1795716000500000000,
    "sender_tx_ns":1795716000500040000,"sender_tx_source":"kernel","sender_rx_ns":"x",
    "rtt_ns":2000000,"forward_ns":-350000,"backward_ns":2350000,"residence_ns":21000},
    {"probe":-1,"outcome":7,"scheduled_ns":1e300,"rtt_ns":[]}]})"};
  const auto found = probes(agent, kept_session(Duration::seconds(1), 1'000, 2'000), 2);
  ASSERT_EQ(agent.asked.size(), 1U);
  EXPECT_EQ(agent.asked[0],
            "/api/v1/sessions/a/samples?from=1997000000000&to=2000000000000&limit=10");
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

// Keeps probes and tells them as an agent does: the oldest of a range, and those of one moment
// together.
class Keeps final : public Fetch {
 public:
  explicit Keeps(std::vector<std::int64_t> due) : due_(std::move(due)) {}
  Result<Answer> get(const std::string& path) override {
    ++asked;
    const auto value = [&](const std::string& name) {
      return std::stoll(path.substr(path.find(name + "=") + name.size() + 1));
    };
    const std::int64_t from = value("from"), to = value("to");
    const auto limit = static_cast<std::size_t>(value("limit"));
    std::string body, next;
    std::size_t count = 0;
    std::int64_t before = 0;
    for (std::size_t n = 0; n < due_.size(); ++n) {
      if (due_[n] < from || due_[n] >= to) continue;
      if (count >= limit && due_[n] != before) {
        next = fmt::format(R"("complete":false,"next_ns":{},)", due_[n]);
        break;
      }
      body += fmt::format(R"({}{{"probe":{},"scheduled_ns":{}}})", count++ == 0 ? "" : ",", n,
                          before = due_[n]);
    }
    told += count;
    return Answer{.status = 200,
                  .body = fmt::format(R"({{{}"samples":[{}]}})",
                                      next.empty() ? R"("complete":true,)" : next, body)};
  }
  int asked = 0;
  std::size_t told = 0;  // probes in all answers

 private:
  std::vector<std::int64_t> due_;
};

// From the second 1,000 on so many, each `together` of them in one moment.
std::vector<std::int64_t> due(std::size_t many, std::int64_t every_ns, std::size_t together = 1) {
  std::vector<std::int64_t> found;
  for (std::size_t n = 0; n < many; ++n)
    found.push_back(1'000'000'000'000 + static_cast<std::int64_t>(n / together) * every_ns);
  return found;
}

TEST(AgentApi, of_a_fast_session_the_newest_probes_are_told) {
  for (const std::int64_t interval_us : {100, 1'000, 3'000, 500'000}) {
    Keeps agent(due(40'000, interval_us * 1'000));
    const std::int64_t to = 1'000 + 40'000 * interval_us / 1'000'000;
    const auto found =
        probes(agent, kept_session(Duration::microseconds(interval_us), 1'000, to), 200);
    ASSERT_TRUE(found && found->size() == 200) << interval_us;
    EXPECT_EQ(found->front().number, 39'800U) << interval_us;
    EXPECT_EQ(found->back().number, 39'999U) << interval_us;
    EXPECT_EQ(agent.asked, 1) << interval_us;
    EXPECT_LE(agent.told, 300U) << interval_us;
  }
}

TEST(AgentApi, probes_denser_than_the_interval_are_found_in_a_few_requests) {
  // Bursts: nothing of the session says how many are due at once.
  for (const std::size_t together : {10U, 100U, 500U}) {
    Keeps agent(due(30'000, 1'000'000'000, together));
    const auto seconds = static_cast<std::int64_t>(30'000 / together);
    Session session = kept_session(Duration::seconds(1), 1'000, 1'000 + seconds);
    auto found = probes(agent, session, 200);
    ASSERT_TRUE(found && found->size() == 200) << together;
    EXPECT_EQ(found->front().number, 29'800U) << together;
    EXPECT_EQ(found->back().number, 29'999U) << together;
    EXPECT_LE(agent.asked, 4) << together;
    // The minute before says it.
    session.minute = Figures{.begin = {}, .length = Duration::minutes(1)};
    session.minute->sent = 60 * together;
    agent.asked = 0;
    found = probes(agent, session, 200);
    ASSERT_TRUE(found && found->size() == 200) << together;
    EXPECT_EQ(found->back().number, 29'999U) << together;
    EXPECT_LE(agent.asked, 2) << together;
  }
}

TEST(AgentApi, probes_rarer_than_the_interval_are_looked_for_farther_back) {
  Keeps agent(due(500, 5'000'000'000));
  auto found = probes(agent, kept_session(Duration::milliseconds(500), 1'000, 3'500), 200);
  ASSERT_TRUE(found && found->size() == 200);
  EXPECT_EQ(found->back().number, 499U);
  EXPECT_LE(agent.asked, 4);
  // No farther than there is anything.
  Keeps young(due(20, 500'000'000));
  found = probes(young, kept_session(Duration::milliseconds(500), 1'000, 1'010), 200);
  ASSERT_TRUE(found && found->size() == 20);
  EXPECT_EQ(young.asked, 1);
  Keeps none({});
  found = probes(none, kept_session(Duration::milliseconds(500), 1'000, 1'000'000), 200);
  ASSERT_TRUE(found && found->empty());
  EXPECT_LE(none.asked, 6);
}

TEST(AgentApi, old_probes_are_never_told_for_the_newest) {
  Told agent = told("/api/v1/sessions/a/samples", 200,
                    R"({"complete":false,"next_ns":1000,"samples":[{"probe":1}]})");
  const Session session = kept_session(Duration::seconds(1), 1'000, 2'000);
  EXPECT_FALSE(probes(agent, session, 200)) << "it says that there are more, and not where";
  EXPECT_EQ(agent.asked.size(), 1U);
  agent = told("/api/v1/sessions/a/samples", 503, R"({"error":{"message":"busy"}})");
  EXPECT_EQ(probes(agent, session, 200).error().text, "busy");
  // Nothing is kept yet, or it cannot be read.
  Session unkept = session;
  unkept.kept_from.reset();
  unkept.kept_to.reset();
  EXPECT_EQ(probes(agent, unkept, 200).error().text, "busy");
  agent = told("/api/v1/sessions/a/samples", 200, R"({"complete":true,"samples":[]})");
  EXPECT_TRUE(probes(agent, unkept, 200)->empty());
}

TEST(AgentApi, of_a_session_it_is_read_what_is_kept_and_all_that_is_decided) {
  Told agent = told("/api/v1/sessions/a", 200, R"({"name":"a","kept_from":"2026-11-26T17:00:00Z",
    "kept_to":"2026-11-26T18:00:00Z","total":{"sent":7,"rtt_ns":{"percentiles":{"p50":5}}}})");
  const auto found = session(agent, "a");
  ASSERT_TRUE(found && found->kept_from && found->kept_to && found->total);
  EXPECT_EQ(*found->kept_to - *found->kept_from, Duration::hours(1));
  EXPECT_EQ(found->total->sent, 7U);
  EXPECT_EQ(found->total->p50, Duration::nanoseconds(5));
  EXPECT_FALSE(found->minute);
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
