// SPDX-License-Identifier: Apache-2.0
#include "platform/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace wirestamp::platform {
namespace {

class SecretFile : public testing::Test {
 protected:
  std::string write(std::string_view text, ::mode_t mode = 0600) {
    std::ofstream(path_) << text;
    EXPECT_EQ(::chmod(path_.c_str(), mode), 0);
    return path_;
  }
  ~SecretFile() override { std::filesystem::remove(path_); }

  std::string path_ = testing::TempDir() + "secret." + std::to_string(::getpid()) + "." +
                      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(SecretFile, one_line_is_the_secret) {
  EXPECT_EQ(read_secret(write("open sesame")).value(), "open sesame");
  EXPECT_EQ(read_secret(write("open sesame\n")).value(), "open sesame");
  EXPECT_EQ(read_secret(write("open sesame\r\n")).value(), "open sesame");
}

TEST_F(SecretFile, one_that_others_may_read_is_refused_and_its_text_not_told) {
  const auto refused = read_secret(write("open sesame", 0640));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("chmod 600"), std::string::npos);
  EXPECT_EQ(refused.error().text.find("sesame"), std::string::npos);
}

TEST_F(SecretFile, a_credential_of_systemd_has_the_mask_of_its_access_list) {
  const std::string folder = std::filesystem::path(path_).parent_path();
  ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", folder.c_str(), 1), 0);
  EXPECT_EQ(read_secret(write("open sesame", 0440)).value(), "open sesame");
  for (const ::mode_t mode : {0460U, 0450U, 0444U}) {
    std::filesystem::remove(path_);
    EXPECT_FALSE(read_secret(write("open sesame", mode))) << mode;
  }
  std::filesystem::remove(path_);
  ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", (folder + "/other").c_str(), 1), 0);
  EXPECT_FALSE(read_secret(write("open sesame", 0440)));
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(SecretFile, what_holds_no_secret_is_refused) {
  EXPECT_FALSE(read_secret(write("")));
  EXPECT_FALSE(read_secret(write("\n")));
  EXPECT_FALSE(read_secret(write("two\nlines")));
  EXPECT_FALSE(read_secret(write(std::string("zero\0octet", 10))));
  EXPECT_FALSE(read_secret(write(std::string(5'000, 'x'))));
  EXPECT_FALSE(read_secret(testing::TempDir()));
  EXPECT_FALSE(read_secret(testing::TempDir() + "there-is-no-such-file"));
}

TEST_F(SecretFile, one_with_lines_has_the_same_guards) {
  EXPECT_EQ(read_secret_lines(write("two\nlines\n")).value(), "two\nlines\n");
  EXPECT_EQ(read_secret_lines(write("")).value(), "");
  EXPECT_TRUE(read_secret_lines(write(std::string(256 * 1'024, 'x'))));
  EXPECT_FALSE(read_secret_lines(write(std::string(256 * 1'024 + 1, 'x'))));
  EXPECT_FALSE(read_secret_lines(write("two\nlines\n", 0604)));
  EXPECT_FALSE(read_secret_lines(testing::TempDir()));
}

}  // namespace
}  // namespace wirestamp::platform
