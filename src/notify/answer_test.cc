// SPDX-License-Identifier: Apache-2.0
#include "notify/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wirestamp::notify {
namespace {

using testing::HasSubstr;

TEST(Answer, each_status_is_judged) {
  for (unsigned status = 100; status < 1'000; ++status) {
    const Verdict verdict = judge({.status = status});
    if (status >= 200 && status < 300)
      EXPECT_EQ(verdict, Verdict::Delivered) << status;
    else if (status == 408 || status == 429 || status >= 500)
      EXPECT_EQ(verdict, Verdict::Refused) << status;
    else
      EXPECT_EQ(verdict, Verdict::GivenUp) << status;
  }
}

TEST(Answer, no_answer_is_tried_again) {
  EXPECT_EQ(judge({.problem = "refused"}), Verdict::Unreachable);
}

TEST(Answer, is_told_in_words_that_help) {
  EXPECT_EQ(describe({.problem = "connection refused"}), "connection refused");
  EXPECT_EQ(describe({.status = 503}), "answered 503");
  EXPECT_THAT(describe({.status = 302}), HasSubstr("redirects, which is not followed"));
  EXPECT_THAT(describe({.status = 401}), HasSubstr("secret"));
  EXPECT_THAT(describe({.status = 404}), HasSubstr("path"));
}

}  // namespace
}  // namespace wirestamp::notify
