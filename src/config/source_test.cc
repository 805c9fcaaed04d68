// SPDX-License-Identifier: Apache-2.0
#include "config/source.h"

#include <gtest/gtest.h>

namespace wirestamp::config {
namespace {

using Words = std::vector<std::string_view>;

Result<Arguments> ping(const Words& words) { return read_arguments(Command::Ping, words); }

std::string error_of(const Words& words) {
  const auto read = ping(words);
  return read ? "no error" : read.error().text;
}

std::string joined(const Source& source) {
  std::string text;
  for (const Assignment& one : source) {
    if (!text.empty()) text += ' ';
    text += std::string(option(one.key).name) + "=" + one.text;
  }
  return text;
}

TEST(Arguments, flags_take_their_value_behind_a_space_or_an_equals_sign) {
  EXPECT_EQ(joined(ping({"h", "--interval", "5ms", "--count=3"})->source),
            "host=h interval=5ms count=3");
  EXPECT_EQ(joined(ping({"-c5", "-i", "5ms", "h", "--json"})->source),
            "count=5 interval=5ms host=h json=true");
  EXPECT_EQ(joined(ping({"--json=false", "--csv", "-", "--", "-h"})->source),
            "json=false csv=- host=-h");
}

TEST(Arguments, what_is_secret_in_a_url_is_not_told) {
  const auto told = [](const Words& words) {
    const auto read = read_arguments(Command::Top, words);
    return read ? "no error" : read.error().text;
  };
  EXPECT_EQ(
      told({"--api", "http://example:word@one.example", "--api=http://example:word@two.example"}),
      "--api is given twice: 'http://one.example' and 'http://two.example'");
  EXPECT_EQ(told({"http://example:word@one.example"}), "'http://one.example' is one word too many");
}

TEST(Arguments, letters_may_stand_together) {
  EXPECT_EQ(joined(ping({"-4c5", "h"})->source), "family=ipv4 count=5 host=h");
}

TEST(Arguments, each_value_remembers_its_flag) {
  EXPECT_EQ(ping({"-i", "5ms"})->source.front().origin, "-i");
  EXPECT_EQ(ping({"--interval", "5ms"})->source.front().origin, "--interval");
}

TEST(Arguments, help_may_stand_anywhere) {
  EXPECT_TRUE(ping({"h", "-c", "5", "--help"})->help);
  EXPECT_TRUE(ping({"-h"})->help);
}

TEST(Arguments, a_negative_number_is_a_value_and_a_flag_is_not) {
  EXPECT_EQ(joined(ping({"--count", "-5"})->source), "count=-5");
  EXPECT_EQ(error_of({"--count", "--json"}),
            "--count wants a value: a whole number from 1 to 1000000000000");
  EXPECT_EQ(error_of({"-c", "-4"}), "no error");
  EXPECT_EQ(error_of({"h", "-c"}), "-c wants a value: a whole number from 1 to 1000000000000");
}

TEST(Arguments, an_unknown_flag_names_the_nearest) {
  EXPECT_EQ(error_of({"--intervall", "5ms"}),
            "there is no option --intervall; did you mean '--interval'?");
  EXPECT_EQ(error_of({"--cuont=5"}), "there is no option --cuont; did you mean '--count'?");
  EXPECT_EQ(error_of({"--qwertyuiop"}), "there is no option --qwertyuiop");
  EXPECT_EQ(error_of({"--help=ping"}), "--help takes no value");
  EXPECT_EQ(error_of({"-z"}), "there is no option -z");
}

TEST(Arguments, a_flag_of_the_other_command_says_so) {
  EXPECT_EQ(
      error_of({"--allow", "::/0"}),
      "--allow is an option of 'wirestamp reflect' and 'wirestamp agent', not of 'wirestamp ping'");
}

TEST(Arguments, every_flag_that_is_not_repeatable_is_refused_when_given_twice) {
  for (const Option& row : options()) {
    if (row.positional) continue;
    for (const Command command : kCommands) {
      if (!applies(row, command)) continue;
      const std::string word = flag(row) + "=1";
      const bool twice = read_arguments(command, Words{word, word}).has_value();
      EXPECT_EQ(twice, row.repeatable) << row.name;
    }
  }
  EXPECT_EQ(error_of({"-c", "1", "-c", "2"}), "-c is given twice: '1' and '2'");
  EXPECT_EQ(error_of({"-4", "-6"}), "-4 and -6 contradict each other: both set the option family");
}

TEST(Arguments, a_second_host_is_one_word_too_many) {
  EXPECT_EQ(error_of({"a", "b"}), "'b' is one word too many");
}

TEST(Environment, every_option_has_a_variable) {
  EXPECT_EQ(variable(option(Key::LossAfter)), "WIRESTAMP_LOSS_AFTER");
  for (const Option& row : options()) {
    const std::vector<std::pair<std::string, std::string>> variables{{variable(row), "x"}};
    const auto source = read_environment(variables);
    ASSERT_TRUE(source) << row.name;
    ASSERT_EQ(source->size(), 1U);
    EXPECT_EQ(source->front().key, row.key);
    EXPECT_EQ(source->front().origin, variable(row));
  }
}

TEST(Environment, a_repeatable_option_takes_a_list_with_commas) {
  const std::vector<std::pair<std::string, std::string>> variables{
      {"WIRESTAMP_ALLOW", "10.0.0.0/8,::1"}};
  EXPECT_EQ(joined(*read_environment(variables)), "allow=10.0.0.0/8 allow=::1");
}

TEST(Environment, an_unknown_variable_is_an_error_that_names_the_nearest) {
  const std::vector<std::pair<std::string, std::string>> variables{{"WIRESTAMP_STAMP", "user"}};
  EXPECT_EQ(
      read_environment(variables).error().text,
      "the environment variable WIRESTAMP_STAMP is no option; did you mean 'WIRESTAMP_STAMPS'? "
      "('wirestamp config reference' lists them)");
}

TEST(Environment, variables_of_others_and_of_the_tests_are_ignored) {
  const std::vector<std::pair<std::string, std::string>> variables{
      {"HOME", "/"},
      {"wirestamp_stamps", "x"},
      {"WIRESTAMP_NO_RIG", "1"},
      {"WIRESTAMP_DEV_X", "1"},
      {"WIRESTAMP_RIG_INSIDE", "1"},
      {"WIRESTAMP_BIN", "b"},
      {"WIRESTAMP_PORT", "udp://10.0.0.1:23999"},
      {"WIRESTAMP_SERVICE_HOST", "10.0.0.1"}};
  EXPECT_TRUE(read_environment(variables)->empty());
}

}  // namespace
}  // namespace wirestamp::config
