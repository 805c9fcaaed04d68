// SPDX-License-Identifier: Apache-2.0
#include "notify/webhook_url.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace wirestamp::notify {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(WebhookUrl, what_is_shown_has_no_secret) {
  const std::pair<std::string, std::string> cases[] = {
      {"https://hooks.example.com", "https://hooks.example.com"},
      {"https://hooks.example.com/", "https://hooks.example.com"},
      {"HTTPS://hooks.example.com:8443/services/T0/secret", "https://hooks.example.com:8443/..."},
      {"http://192.0.2.1:8080/?token=secret", "http://192.0.2.1:8080/..."},
      {fmt::format("{}://user:secret@hooks.example.com/in", "https"),
       "https://hooks.example.com/..."},
      {fmt::format("{}://[2001:db8::1]:80/in", "http"),
       fmt::format("{}://[2001:db8::1]:80/...", "http")},
  };
  for (const auto& [text, shown] : cases) {
    const auto url = parse_webhook_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().text;
    EXPECT_EQ(url->url, text);
    EXPECT_EQ(url->shown, shown);
  }
}

TEST(WebhookUrl, what_is_wrong_is_said_without_the_secret) {
  const std::string http = "http://";
  const std::pair<std::string, const char*> cases[] = {
      {"", "empty"},
      {"hooks.example.com/secret", "no scheme"},
      {"ftp" + std::string("://") + "hooks.example.com/secret", "another scheme"},
      {"file" + std::string(":///") + "secret", "another scheme"},
      {http, "names no host"},
      {http + "/secret", "names no host"},
      {http + "user:secret@/", "names no host"},
      {http + "host:0/secret", "port"},
      {http + "host:65536/secret", "port"},
      {http + "host:-1/secret", "port"},
      {http + "host:http/secret", "port"},
      {http + "[fd00::1/secret", "IPv6"},
      {http + "[secret]/", "IPv6"},
      {http + "ho st/secret", "space"},
      {http + "host/secret\r\nX: y", "control"},
      {http + "h\xc3\xb6st/secret", "ASCII"},
      {http + "host/secret#part", "'#'"},
      {http + "host/secret#", "'#'"},
      {http + "host/" + std::string(2'100, 'a') + "secret", "2118 octets"},
      {http + "us er:secret@host/", "space"},
      {http + "a b", "space"},
      {http + "host/" + std::string("\0secret", 7), "control"},
  };
  for (const auto& [text, what] : cases) {
    const auto url = parse_webhook_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().text, HasSubstr(what)) << text;
    EXPECT_THAT(url.error().text, Not(HasSubstr("secret"))) << text;
  }
}

}  // namespace
}  // namespace wirestamp::notify
