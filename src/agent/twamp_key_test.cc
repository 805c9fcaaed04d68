// SPDX-License-Identifier: Apache-2.0
//
// The passphrase of TWAMP is guarded as the keys of STAMP are.
#include "agent/twamp_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "platform/entropy.h"

namespace wirestamp::agent {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TwampKey : public testing::Test {
 protected:
  ~TwampKey() override { std::filesystem::remove(path_); }

  std::string write(const std::string& text, unsigned mode = 0600) {
    std::filesystem::remove(path_);
    std::ofstream(path_, std::ios::binary) << text;
    std::filesystem::permissions(path_, static_cast<std::filesystem::perms>(mode));
    return path_;
  }
  std::string refusal(const std::string& text, unsigned mode = 0600) {
    const auto read = read_twamp_key(write(text, mode), "probe1");
    EXPECT_FALSE(read) << text;
    return read ? std::string() : read.error().text;
  }

  std::string path_ = testing::TempDir() + "twamp_key." + std::to_string(platform::random_bits()) +
                      "." + testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(TwampKey, is_the_line_of_its_file) {
  const auto key = read_twamp_key(write("correct horse battery staple\r\n"), "probe1");
  ASSERT_TRUE(key) << key.error().text;
  EXPECT_EQ(key->key_id(), "probe1");
  const base::Bytes octets = key->passphrase();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(octets.data()), octets.size()),
            "correct horse battery staple");
}

TEST_F(TwampKey, of_a_file_that_others_may_read_is_refused) {
  for (const unsigned mode : {0640U, 0604U, 0660U})
    EXPECT_THAT(refusal("correct horse", mode), AllOf(HasSubstr("chmod 600"), HasSubstr(path_)));
}

TEST_F(TwampKey, has_a_least_and_a_greatest_length) {
  EXPECT_THAT(refusal("battery"), HasSubstr("has 7 octets: 8 to 1024 are allowed"));
  EXPECT_THAT(refusal(std::string(1'025, 'x')), HasSubstr("has 1025 octets: 8 to 1024"));
  EXPECT_THAT(refusal(std::string(4'097, 'x')), HasSubstr("larger than"));
  EXPECT_THAT(refusal("\n"), HasSubstr("is empty"));
  EXPECT_TRUE(read_twamp_key(write(std::string(1'024, 'x')), "probe1"));
  EXPECT_TRUE(read_twamp_key(write("12345678"), ""));
}

TEST_F(TwampKey, is_one_line_of_printable_ascii) {
  EXPECT_THAT(refusal("correct\nhorse"), HasSubstr("more than one line"));
  EXPECT_THAT(refusal("correct h\xc3\xb6rse"), HasSubstr("printable ASCII"));
  EXPECT_THAT(refusal("correct\thorse"), HasSubstr("printable ASCII"));
  EXPECT_THAT(refusal("\xef\xbb\xbf"
                      "correct horse"),
              HasSubstr("printable ASCII"));
  EXPECT_THAT(refusal(std::string("correct\0horse", 13)), HasSubstr("more than one line"));
}

TEST_F(TwampKey, of_a_file_that_is_missing_is_told) {
  const auto read = read_twamp_key(path_ + ".missing", "probe1");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text,
              AllOf(HasSubstr("cannot read the secret file"), HasSubstr(path_ + ".missing")));
  EXPECT_FALSE(read_twamp_key(testing::TempDir(), "probe1"));
}

TEST_F(TwampKey, is_in_no_error) {
  EXPECT_THAT(refusal("hunter2"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal("hunter22\thunter22"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal("hunter22", 0644), Not(HasSubstr("hunter2")));
  EXPECT_FALSE(read_twamp_key(write("hunter22"), std::string(81, 'k')));
}

}  // namespace
}  // namespace wirestamp::agent
