// SPDX-License-Identifier: Apache-2.0
#include "cli/streams.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <memory>

namespace wirestamp::cli {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

TEST(Streams, what_is_only_told_may_be_lost) {
  const File full(std::fopen("/dev/full", "w"));
  ASSERT_TRUE(full);
  tell(full.get(), "{} words", 3);  // fmt::print would throw
}

TEST(Streams, what_the_command_was_run_for_fails_with_the_reason) {
  const File full(std::fopen("/dev/full", "w"));
  ASSERT_TRUE(full);
  const auto written = put(full.get(), "text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().os_error, ENOSPC);
  EXPECT_TRUE(written.error().text.contains("No space left")) << written.error().text;
}

TEST(Streams, text_is_there_at_once) {
  const File file(std::tmpfile());
  ASSERT_TRUE(file);
  ASSERT_TRUE(put(file.get(), "one "));
  tell(file.get(), "{}", "two");
  ASSERT_EQ(std::fseek(file.get(), 0, SEEK_SET), 0);
  char text[16] = {};
  EXPECT_EQ(std::fread(text, 1, sizeof text, file.get()), 7U);
  EXPECT_STREQ(text, "one two");
}

}  // namespace
}  // namespace wirestamp::cli
