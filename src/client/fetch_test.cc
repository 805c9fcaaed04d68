// SPDX-License-Identifier: Apache-2.0
#include "client/fetch.h"

#include <gtest/gtest.h>

namespace wirestamp::client {
namespace {

TEST(Fetch, of_an_address_nothing_is_shown_that_may_be_secret) {
  EXPECT_EQ(shown_address("http://127.0.0.1:23999"), "http://127.0.0.1:23999");
  EXPECT_EQ(shown_address("https://[2001:db8::1]:8443"), "https://[2001:db8::1]:8443");
  EXPECT_EQ(shown_address("http://example:word@example.net:8080"), "http://example.net:8080");
  EXPECT_EQ(shown_address("http://example:w@rd@example.net"), "http://example.net");
  EXPECT_EQ(shown_address("http://example@example.net/a/b"), "http://example.net/...");
  EXPECT_EQ(shown_address("http://example.net?key=word"), "http://example.net/...");
  EXPECT_EQ(shown_address("http://example:w/rd@example.net:8080"), "http://...");
  EXPECT_EQ(shown_address("http://example:w#rd@example.net"), "http://...");
  EXPECT_EQ(shown_address("http://example:word@"), "http://");
  EXPECT_EQ(shown_address("example:word@example.net"), "...");
  EXPECT_EQ(shown_address(""), "...");
}

// Nothing is sent: libcurl refuses these addresses.
TEST(Fetch, a_problem_names_the_address_without_its_password) {
  const std::atomic<bool> cancel{false};
  for (const char* url : {"http://example:word@example.net:99999", "http://example:word@",
                          "ftp://example:word@example.net"}) {
    const auto agent =
        make_fetch({.url = url, .token = {}, .ca_file = {}, .user_agent = {}}, cancel);
    ASSERT_TRUE(agent);
    const auto answer = (*agent)->get("/api/v1/overview");
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().text.find("word"), std::string::npos) << answer.error().text;
    EXPECT_NE(answer.error().text.find("://"), std::string::npos) << answer.error().text;
  }
}

}  // namespace
}  // namespace wirestamp::client
