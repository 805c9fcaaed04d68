// SPDX-License-Identifier: Apache-2.0
#include "config/agent_config.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wirestamp::config {
namespace {

struct Places {
  std::vector<std::string_view> words;
  std::vector<std::pair<std::string, std::string>> variables;
  std::string file;
};

Result<AgentConfig> load(const Places& places) {
  const Arguments arguments = TRY(read_arguments(Command::Agent, places.words));
  const Source environment = TRY(read_environment(places.variables));
  return load_agent(arguments.source, environment, TRY(read_file(places.file, "w.toml")));
}

AgentConfig good(const Places& places) {
  auto config = load(places);
  EXPECT_TRUE(config) << config.error().text;
  return config ? std::move(*config) : AgentConfig{};
}

std::string error_of(const Places& places) {
  const auto config = load(places);
  return config ? "no error" : config.error().text;
}

std::string host(const SessionConfig& session) {
  return session.settings.values(Key::Host)[0].text;
}

TEST(AgentConfig, needs_nothing_at_all) {
  const AgentConfig config = good({});
  EXPECT_TRUE(config.sessions.empty());
  EXPECT_EQ(config.settings.values(Key::Listen)[0].text, ":23999");
}

TEST(AgentConfig, variables_alone_can_define_sessions) {
  const AgentConfig config =
      good({.words = {},
            .variables = {{"WIRESTAMP_SESSIONS", "office=198.51.100.7:862 interval=1s,[::1]:862"},
                          {"WIRESTAMP_DSCP", "EF"}},
            .file = ""});
  ASSERT_EQ(config.sessions.size(), 2U);
  EXPECT_EQ(config.sessions[0].name, "office");
  EXPECT_EQ(host(config.sessions[0]), "198.51.100.7:862");
  EXPECT_EQ(config.sessions[0].settings.get<Duration>(Key::Interval), Duration::seconds(1));
  EXPECT_EQ(config.sessions[1].name, "___1__862");
  EXPECT_EQ(config.sessions[1].settings.get<std::uint64_t>(Key::Dscp), 46U);
  EXPECT_EQ(config.sessions[1].settings.values(Key::Dscp)[0].origin, "WIRESTAMP_DSCP");
}

TEST(AgentConfig, the_stronger_place_decides) {
  const std::string file =
      "[defaults]\ninterval = \"9s\"\nttl = 9\n[sessions.a]\nhost = \"f\"\ninterval = \"8s\"\n";
  const auto interval = [&](const Places& places) {
    return good(places).sessions.at(0).settings.values(Key::Interval)[0].text;
  };
  EXPECT_EQ(interval({.words = {}, .variables = {}, .file = file}), "8s");
  EXPECT_EQ(interval({{}, {{"WIRESTAMP_INTERVAL", "7s"}}, file}), "7s");
  EXPECT_EQ(
      interval(
          {{}, {{"WIRESTAMP_INTERVAL", "7s"}, {"WIRESTAMP_SESSIONS", "a=h interval=6s"}}, file}),
      "6s");
  EXPECT_EQ(interval({{"--interval", "5s"}, {{"WIRESTAMP_SESSIONS", "a=h interval=6s"}}, file}),
            "5s");
  EXPECT_EQ(interval({{"--interval", "5s", "a=h interval=4s"}, {}, file}), "4s");
  const AgentConfig config = good({{"a=h"}, {}, file});
  EXPECT_EQ(host(config.sessions.at(0)), "h");
  EXPECT_EQ(config.sessions[0].settings.values(Key::Interval)[0].text, "8s")
      << "the table still counts";
  EXPECT_EQ(config.sessions[0].settings.values(Key::Ttl)[0].origin, "w.toml:3");
}

TEST(AgentConfig, the_host_of_a_session_is_its_own) {
  EXPECT_EQ(host(good({{"a=h"}, {{"WIRESTAMP_HOST", "other"}}, ""}).sessions.at(0)), "h");
}

TEST(AgentConfig, what_is_wrong_says_where_it_stands) {
  EXPECT_TRUE(error_of({{}, {}, "[sessions.a]\nhost = \"h\"\ninterval = \"5\"\n"})
                  .starts_with("session 'a': interval: '5' (from w.toml:3) "));
  EXPECT_EQ(error_of({{}, {}, "[sessions.a]\nttl = 5\n"}),
            "w.toml:1: the session 'a' has no host: add host = \"HOST[:PORT]\"");
  EXPECT_TRUE(error_of({{"a=h", "a=i"}, {}, ""}).contains("two sessions 'a'"));
  EXPECT_TRUE(error_of({{"h interva=1s"}, {}, ""}).contains("did you mean 'interval'?"));
  EXPECT_TRUE(error_of({{"h host=i"}, {}, ""}).contains("no option of sessions"));
  EXPECT_TRUE(error_of({{"h ttl=1 ttl=2"}, {}, ""}).contains("'ttl' twice"));
  EXPECT_TRUE(error_of({{"a/b=h"}, {}, ""}).contains("has the name 'a/b'"));
  for (const std::string dots : {".", ".."}) {
    EXPECT_TRUE(error_of({{dots + "=h"}, {}, ""}).contains("but not '.' or '..'")) << dots;
    EXPECT_TRUE(error_of({{}, {}, "[sessions.\"" + dots + "\"]\nhost = \"h\"\n"})
                    .contains("'" + dots + "' cannot name a session"))
        << dots;
  }
  EXPECT_TRUE(error_of({{" "}, {}, ""}).contains("is empty"));
}

TEST(AgentConfig, what_is_for_all_sessions_is_checked_before_there_is_one) {
  EXPECT_EQ(error_of({.words = {}, .variables = {}, .file = "[defaults]\ninterval = \"1x\"\n"}),
            "interval: '1x' (from w.toml:2) has the unknown unit 'x'; there are ns, us, ms, s, m "
            "(minutes), h, d; allowed: a duration from 1us to 1h, such as 500ms or 2s");
}

TEST(AgentConfig, a_wrong_value_is_wrong_even_where_a_stronger_one_hides_it) {
  EXPECT_TRUE(error_of({{"--interval", "5s"}, {}, "[sessions.a]\nhost = \"h\"\ninterval = \"x\"\n"})
                  .contains("w.toml:3"));
}

}  // namespace
}  // namespace wirestamp::config
