// SPDX-License-Identifier: Apache-2.0
#include "cli/log.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace wirestamp::cli {
namespace {

using measure::Severity;

const WallTime kTime = WallTime::from_ns(1'800'000'000'123'999'999);

TEST(LogLine, a_person_reads_the_session_and_what_happened) {
  EXPECT_EQ(log_line({.session = "office", .text = "nothing comes back"}, LogFormat::Text, false),
            "office: nothing comes back\n");
  EXPECT_EQ(log_line({.text = "stopped"}, LogFormat::Text, false), "stopped\n");
}

TEST(LogLine, a_journal_gets_the_level_in_front) {
  const auto line = [](Severity level, LogFormat format) {
    return log_line({.level = level, .text = "x", .time = kTime}, format, true);
  };
  EXPECT_EQ(line(Severity::Info, LogFormat::Text), "<5>x\n");
  EXPECT_EQ(line(Severity::Warning, LogFormat::Text), "<4>x\n");
  EXPECT_EQ(line(Severity::Error, LogFormat::Text), "<3>x\n");
  EXPECT_TRUE(line(Severity::Error, LogFormat::Json).starts_with("<3>{"));
}

TEST(LogLine, a_program_reads_an_object) {
  const auto object = nlohmann::json::parse(
      log_line({.level = Severity::Warning, .session = "a\"b", .text = "loss", .time = kTime},
               LogFormat::Json, false));
  EXPECT_EQ(object, nlohmann::json({{"time", "2027-01-15T08:00:00.123999999Z"},
                                    {"level", "warning"},
                                    {"session", "a\"b"},
                                    {"text", "loss"}}));
  const auto whole =
      nlohmann::json::parse(log_line({.text = "stopped", .time = kTime}, LogFormat::Json, false));
  EXPECT_FALSE(whole.contains("session"));
}

TEST(LogLine, a_time_before_1970_is_one_too) {
  const auto object = nlohmann::json::parse(
      log_line({.text = "x", .time = WallTime::from_ns(-500'000'000)}, LogFormat::Json, false));
  EXPECT_EQ(object["time"], "1969-12-31T23:59:59.500000000Z");
}

// A peer's name or a file's content may be anything.
TEST(LogLine, nothing_in_the_text_makes_another_line_or_talks_to_the_terminal) {
  const LogLine line{.session = "a\nb", .text = "c\r\n<3>forged\x1b[2J\x7f"};
  EXPECT_EQ(log_line(line, LogFormat::Text, true),
            "<5>a\\x0ab: c\\x0d\\x0a<3>forged\\x1b[2J\\x7f\n");
  const std::string json = log_line(line, LogFormat::Json, false);
  EXPECT_EQ(json.find('\n'), json.size() - 1);
  EXPECT_EQ(nlohmann::json::parse(json)["text"], line.text);
}

TEST(Log, writes_without_priorities_where_no_journal_reads) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::tmpfile());
  ASSERT_TRUE(file);
  Log(file.get(), LogFormat::Text).write({.text = "one line"});
  ASSERT_EQ(std::fseek(file.get(), 0, SEEK_SET), 0);
  char text[32] = {};
  EXPECT_EQ(std::fread(text, 1, sizeof text, file.get()), 9U);
  EXPECT_STREQ(text, "one line\n");
}

}  // namespace
}  // namespace wirestamp::cli
