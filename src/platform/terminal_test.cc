// SPDX-License-Identifier: Apache-2.0
#include "platform/terminal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <memory>

namespace wirestamp::platform {
namespace {

TEST(Journal, is_the_stream_that_the_variable_names) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::tmpfile()), other(std::tmpfile());
  ASSERT_TRUE(file && other);
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(is_journal(file.get()));
  struct stat found{};
  ASSERT_EQ(::fstat(fileno(file.get()), &found), 0);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", found.st_dev, found.st_ino).c_str(), 1);
  EXPECT_TRUE(is_journal(file.get()));
  EXPECT_FALSE(is_journal(other.get())) << "redirected";
  for (const char* wrong : {"", ":", "8:", "x:y"}) {
    ::setenv("JOURNAL_STREAM", wrong, 1);
    EXPECT_FALSE(is_journal(file.get())) << wrong;
  }
  ::unsetenv("JOURNAL_STREAM");
}

}  // namespace
}  // namespace wirestamp::platform
