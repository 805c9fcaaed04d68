// SPDX-License-Identifier: Apache-2.0
#include "config/file.h"

#include <gtest/gtest.h>

#include <string>

namespace wirestamp::config {
namespace {

File good(const std::string& text) {
  auto file = read_file(text, "w.toml");
  EXPECT_TRUE(file) << file.error().text;
  return file ? *file : File{};
}

std::string error_of(const std::string& text) {
  const auto file = read_file(text, "w.toml");
  EXPECT_FALSE(file) << text;
  return file ? std::string() : file.error().text;
}

TEST(File, options_of_the_agent_of_all_sessions_and_of_one_are_told_apart) {
  const File file = good(R"(
listen = [":23999", "[::1]:862"]
[defaults]
interval = "1s"
[sessions.office]
host = "198.51.100.7:862"
dscp = 46
[sessions.dc]
host = "dc.example.net"
)");
  ASSERT_EQ(file.agent.size(), 2U);
  EXPECT_EQ(file.agent[1].text, "[::1]:862");
  EXPECT_EQ(file.agent[1].origin, "w.toml:2");
  ASSERT_EQ(file.defaults.size(), 1U);
  EXPECT_EQ(file.defaults[0].key, Key::Interval);
  ASSERT_EQ(file.sessions.size(), 2U);
  EXPECT_EQ(file.sessions[0].name, "office");
  EXPECT_EQ(file.sessions[0].place, "w.toml:5");
  EXPECT_EQ(file.sessions[0].source[1].text, "46");
  EXPECT_EQ(file.sessions[1].name, "dc") << "the order is that of the file";
}

TEST(File, an_empty_file_has_nothing) {
  const File file = good("");
  EXPECT_TRUE(file.agent.empty() && file.defaults.empty() && file.sessions.empty());
}

TEST(File, an_unknown_key_names_place_and_nearest) {
  EXPECT_EQ(error_of("[defaults]\nintervall = \"1s\"\n"),
            "w.toml:2: there is no key 'intervall'; did you mean 'interval'?");
  EXPECT_EQ(error_of("lisen = [\":1\"]\n"),
            "w.toml:1: there is no key 'lisen'; did you mean 'listen'?");
  EXPECT_EQ(error_of("[session.x]\nhost = \"h\"\n"),
            "w.toml:1: there is no key 'session'; did you mean 'sessions'?");
}

TEST(File, a_key_in_the_wrong_table_is_told_where_it_belongs) {
  EXPECT_EQ(
      error_of("interval = \"1s\"\n"),
      "w.toml:1: 'interval' is an option of sessions: put it under [defaults] or [sessions.NAME]");
  EXPECT_EQ(error_of("[sessions.a]\nhost = \"h\"\nallow = [\"10.0.0.0/8\"]\n"),
            "w.toml:3: 'allow' is an option of the agent: put it above the first [table]");
  EXPECT_EQ(error_of("[defaults]\ncount = 5\n"),
            "w.toml:2: 'count' cannot stand in a file: it is an option of 'wirestamp ping'");
}

TEST(File, a_value_of_the_wrong_kind_is_refused_with_its_line) {
  EXPECT_TRUE(
      error_of("[defaults]\n\ninterval = 1.5\n").starts_with("w.toml:3: 'interval' has a value"));
  EXPECT_TRUE(error_of("[defaults]\ninterval = [\"1s\"]\n")
                  .starts_with("w.toml:2: 'interval' takes one value, not an array"));
  EXPECT_TRUE(error_of("listen = [[\":1\"]]\n").starts_with("w.toml:1: 'listen' has a value"));
  EXPECT_TRUE(error_of("[defaults]\nflows = 2020-01-01\n").starts_with("w.toml:2:"));
  EXPECT_EQ(error_of("defaults = 5\n"), "w.toml:1: 'defaults' is a table: write [defaults]");
  EXPECT_EQ(error_of("sessions = 5\n"), "w.toml:1: 'sessions' is a table: write [sessions.NAME]");
  EXPECT_EQ(error_of("[sessions]\nx = 5\n"),
            "w.toml:2: the session 'x' is a table: write [sessions.x]");
}

TEST(File, a_name_that_could_not_stand_in_a_url_is_refused) {
  for (const char* name : {"\"a b\"", "\"\"", "\"a/b\"", "\"\xc3\xa4\""})
    EXPECT_TRUE(error_of("[sessions." + std::string(name) + "]\nhost = \"h\"\n")
                    .contains("cannot name a session"))
        << name;
  EXPECT_TRUE(error_of("[sessions." + std::string(65, 'a') + "]\n").contains("cannot name"));
}

TEST(File, what_is_no_toml_is_refused_with_its_line) {
  for (const std::string& text :
       {std::string("x"), std::string("[sessions.a]\nhost = \"h\"\n[sessions.a]\nhost = \"h\"\n"),
        std::string("[defaults]\ninterval = \"1s\"\ninterval = \"2s\"\n"),
        std::string("a = \"\xff\""), std::string("a = \"b"), std::string("\0\0\0", 3),
        std::string(5'000, '[')})
    EXPECT_TRUE(error_of(text).starts_with("w.toml:")) << error_of(text);
}

TEST(File, a_file_that_nobody_wrote_is_refused) {
  EXPECT_TRUE(error_of(std::string(kLargestFile + 1, '#')).contains("more than"));
  std::string many;
  for (std::size_t i = 0; i <= kMostSessions; ++i)
    many += "[sessions.s" + std::to_string(i) + "]\nhost = \"h\"\n";
  EXPECT_TRUE(error_of(many).contains("more than 4096 sessions"));
}

}  // namespace
}  // namespace wirestamp::config
