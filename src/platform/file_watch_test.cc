// SPDX-License-Identifier: Apache-2.0
#include "platform/file_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

namespace wirestamp::platform {
namespace {

namespace fs = std::filesystem;

// A folder of its own, and how often a change was told.
class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest()
      : folder_(fs::temp_directory_path() /
                ("wirestamp-watch-" + std::to_string(::getpid()) + "-" +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~FileWatchTest() override {
    watch_.reset();
    fs::remove_all(folder_);
  }
  void watch(const fs::path& path) {
    auto made = FileWatch::create({.path = path.string(), .settle = Duration()}, [this] {
      const std::lock_guard lock(mutex_);
      ++told_;
      changed_.notify_all();
    });
    ASSERT_TRUE(made) << made.error().text;
    watch_ = std::move(*made);
  }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static void replace(const fs::path& path, const std::string& text) {
    const fs::path beside = path.string() + ".new";
    write(beside, text);
    fs::rename(beside, path);
  }
  // A link that is moved to another place at once.
  static void point(const fs::path& link, const fs::path& target) {
    const fs::path beside = link.string() + ".new";
    fs::create_symlink(target, beside);
    fs::rename(beside, link);
  }
  // More changes were told than the last time.
  void expect_told() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return told_ > seen_; });
    seen_ = told_;
  }
  int told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

  fs::path folder_;
  std::unique_ptr<FileWatch> watch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int told_ = 0, seen_ = 0;
};

TEST_F(FileWatchTest, a_file_that_is_written_or_replaced_is_told) {
  const fs::path file = folder_ / "agent.toml";
  write(file, "1");
  watch(file);
  write(file, "22");
  expect_told();
  replace(file, "333");
  expect_told();
  std::ofstream(file, std::ios::app) << "more";
  expect_told();
}

TEST_F(FileWatchTest, one_that_is_gone_and_back_is_told_both_times) {
  const fs::path file = folder_ / "agent.toml";
  watch(file);
  replace(file, "1");
  expect_told();
  fs::remove(file);
  expect_told();
  replace(file, "22");
  expect_told();
}

TEST_F(FileWatchTest, a_folder_that_comes_later_or_is_renamed_is_followed) {
  const fs::path file = folder_ / "etc" / "wirestamp" / "agent.toml";
  watch(file);
  fs::create_directories(folder_ / "made" / "wirestamp");
  write(folder_ / "made" / "wirestamp" / "agent.toml", "1");
  fs::rename(folder_ / "made", folder_ / "etc");
  expect_told();
  replace(file, "22");
  expect_told();
  fs::rename(folder_ / "etc" / "wirestamp", folder_ / "etc" / "old");
  expect_told();
  fs::create_directory(folder_ / "etc" / "wirestamp");
  replace(file, "333");
  expect_told();
}

// ..data is swapped, and the file's own link stays.
TEST_F(FileWatchTest, a_configuration_that_kubernetes_mounts_is_followed) {
  for (const char* version : {"..1", "..2", "..3"}) {
    fs::create_directory(folder_ / version);
    write(folder_ / version / "agent.toml", version);
  }
  fs::create_symlink("..1", folder_ / "..data");
  fs::create_symlink("..data/agent.toml", folder_ / "agent.toml");
  watch(folder_ / "agent.toml");
  point(folder_ / "..data", "..2");
  fs::remove_all(folder_ / "..1");
  expect_told();
  point(folder_ / "..data", "..3");
  fs::remove_all(folder_ / "..2");
  expect_told();
  replace(folder_ / "..3" / "agent.toml", "in place");
  expect_told();
}

TEST_F(FileWatchTest, links_to_files_and_folders_elsewhere_are_followed) {
  const fs::path one = folder_ / "one", other = folder_ / "other", etc = folder_ / "etc";
  for (const fs::path& made : {one, other, etc}) fs::create_directory(made);
  write(one / "a.toml", "1");
  write(other / "a.toml", "22");
  fs::create_directory_symlink(one, etc / "current");
  watch(etc / "current" / "a.toml");
  replace(one / "a.toml", "333");
  expect_told();
  point(etc / "current", other);
  expect_told();
  replace(other / "a.toml", "4444");
  expect_told();
}

TEST_F(FileWatchTest, links_in_a_circle_are_no_file) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  watch(folder_ / "a");
  replace(folder_ / "b", "now it is");
  expect_told();
}

// The order of events is that of what was done: had the first ones been told, there would be more.
TEST_F(FileWatchTest, what_happens_to_other_files_or_changes_nothing_is_not_told) {
  const fs::path file = folder_ / "agent.toml";
  write(file, "1");
  watch(file);
  write(folder_ / "other", "x");
  fs::remove(folder_ / "other");
  fs::permissions(file, fs::perms::owner_all);
  replace(file, "22");
  expect_told();
  EXPECT_EQ(told(), 1);
}

TEST_F(FileWatchTest, an_end_does_not_wait_for_a_change) {
  watch(folder_ / "agent.toml");
  watch_.reset();
  replace(folder_ / "agent.toml", "1");
  EXPECT_EQ(told(), 0);
}

TEST_F(FileWatchTest, a_folder_that_may_not_be_read_is_named) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read every folder";
  fs::permissions(folder_, fs::perms::owner_exec);
  const auto made = FileWatch::create({.path = (folder_ / "a").string()}, [] {});
  fs::permissions(folder_, fs::perms::owner_all);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text.find("SIGHUP"), std::string::npos) << made.error().text;
}

}  // namespace
}  // namespace wirestamp::platform
