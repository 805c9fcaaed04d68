// SPDX-License-Identifier: Apache-2.0
#include "config/settings.h"

#include <gtest/gtest.h>

namespace wirestamp::config {
namespace {

Source one(Key key, const char* text, const char* origin) { return {{key, text, origin}}; }

TEST(Settings, the_flag_is_stronger_than_the_variable_and_the_variable_than_the_default) {
  const Source flags = one(Key::Interval, "1ms", "--interval");
  const Source variables = one(Key::Interval, "2ms", "WIRESTAMP_INTERVAL");
  const auto interval = [](std::vector<Source> sources) {
    const auto settings = resolve(Command::Ping, sources);
    return settings->values(Key::Interval).front();
  };
  EXPECT_EQ(interval({flags, variables}).origin, "--interval");
  EXPECT_EQ(interval({flags, variables}).text, "1ms");
  EXPECT_EQ(interval({{}, variables}).origin, "WIRESTAMP_INTERVAL");
  EXPECT_EQ(interval({{}, {}}).origin, "default");
  EXPECT_EQ(std::get<Duration>(interval({}).data), Duration::milliseconds(500));
}

TEST(Settings, the_strongest_source_decides_the_whole_of_a_repeatable_option) {
  const std::vector<Source> sources{{{Key::Allow, "::1", "--allow"}},
                                    {{Key::Allow, "10.0.0.0/8", "WIRESTAMP_ALLOW"},
                                     {Key::Allow, "192.0.2.0/24", "WIRESTAMP_ALLOW"}}};
  EXPECT_EQ(resolve(Command::Reflect, sources)->all<packet::Prefix>(Key::Allow).size(), 1U);
  EXPECT_EQ(
      resolve(Command::Reflect, std::span(sources).last(1))->all<packet::Prefix>(Key::Allow).size(),
      2U);
}

TEST(Settings, a_source_between_variable_and_default_slots_in) {
  const std::vector<Source> sources{{}, {}, one(Key::Ttl, "9", "wirestamp.toml:3")};
  const auto settings = resolve(Command::Ping, sources);
  EXPECT_EQ(settings->get<std::uint64_t>(Key::Ttl), 9U);
  EXPECT_TRUE(settings->given(Key::Ttl));
  EXPECT_FALSE(settings->given(Key::Interval));
}

TEST(Settings, the_error_names_option_value_place_and_what_is_allowed) {
  const std::vector<Source> sources{one(Key::Interval, "500", "WIRESTAMP_INTERVAL")};
  EXPECT_EQ(
      resolve(Command::Ping, sources).error().text,
      "interval: '500' (from WIRESTAMP_INTERVAL) has no unit; did you mean '500ms' or '500s'? "
      "Allowed: a duration from 1us to 1h, such as 500ms or 2s");
}

TEST(Settings, the_error_hides_what_is_secret_in_a_url) {
  for (const char* url : {"ftp://user:word@example.net/", "user:word@example.net:9100"}) {
    const std::vector<Source> sources{one(Key::Api, url, "--api")};
    const auto settings = resolve(Command::Top, sources);
    ASSERT_FALSE(settings) << url;
    EXPECT_EQ(settings.error().text.find("word"), std::string::npos) << settings.error().text;
    EXPECT_NE(settings.error().text.find("example.net"), std::string::npos);
  }
}

TEST(Settings, a_wrong_value_is_refused_even_where_a_stronger_one_hides_it) {
  const std::vector<Source> sources{one(Key::Ttl, "9", "--ttl"),
                                    one(Key::Ttl, "x", "WIRESTAMP_TTL")};
  EXPECT_FALSE(resolve(Command::Ping, sources));
}

TEST(Settings, variables_of_the_other_command_are_not_looked_at) {
  const std::vector<Source> sources{one(Key::Listen, "nonsense", "WIRESTAMP_LISTEN")};
  EXPECT_TRUE(resolve(Command::Ping, sources));
  EXPECT_FALSE(resolve(Command::Reflect, sources));
}

TEST(Settings, without_value_and_default_an_option_is_absent) {
  const auto settings = resolve(Command::Ping, std::span<const Source>());
  EXPECT_FALSE(settings->get<std::uint64_t>(Key::Count));
  EXPECT_FALSE(settings->flag(Key::Json));
  EXPECT_EQ(settings->text(Key::Device), "");
  EXPECT_EQ(settings->text(Key::Stamps), "auto");
}

}  // namespace
}  // namespace wirestamp::config
