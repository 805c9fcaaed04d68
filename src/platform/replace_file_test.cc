// SPDX-License-Identifier: Apache-2.0
#include "platform/replace_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace wirestamp::platform {
namespace {

// A disk that is full, or a process that is killed, leaves the report of an hour ago.
TEST(ReplaceFile, a_file_is_replaced_whole_or_stays) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / fmt::format("replace_file.{}", ::getpid());
  std::filesystem::create_directory(folder);
  const std::string path = folder / "report.html";
  const auto content = [&] {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_TRUE(replace_file(path, "old"));
  std::filesystem::permissions(path, std::filesystem::perms{0640});
  EXPECT_TRUE(replace_file(path, "new"));
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms{0640});

  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit little{.rlim_cur = 1'024, .rlim_max = limit.rlim_max};
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto refused = replace_file(path, std::string(100'000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, before);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().os_error, EFBIG);
  EXPECT_EQ(content(), "new");

  std::ofstream(fmt::format("{}.{}", path, ::getpid())) << "left by one that was killed";
  EXPECT_TRUE(replace_file(path, "newer"));
  EXPECT_EQ(content(), "newer");

  const std::string link = folder / "link";
  std::filesystem::create_symlink("report.html", link);
  EXPECT_TRUE(replace_file(link, "through it"));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(content(), "through it");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2) << "nothing else";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace wirestamp::platform
