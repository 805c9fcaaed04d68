// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_report.h"

#include <gtest/gtest.h>

#include <string>

namespace wirestamp::cli {
namespace {

// Ten probes left, and nothing came back.
agent::PingResult silent() {
  agent::PingResult result;
  result.start.remote = {packet::IpAddress::v4(0xc633'6407), 23'999, 0};
  result.start.local = {packet::IpAddress::v4(0xc000'0201), 40'000, 0};
  result.summary.scheduled = result.summary.sent = 10;
  return result;
}

testing::AssertionResult says(const agent::PingResult& result, const std::string& words) {
  const std::string text = advice(result);
  if (text.find(words) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << text;
}

TEST(Advice, names_the_reflectors_policies_by_their_options) {
  EXPECT_TRUE(says(silent(), "wirestamp reflect"));
  EXPECT_TRUE(says(silent(), "outside private networks only with --allow 192.0.2.1"));
  EXPECT_TRUE(says(silent(), "--answer listed"));
  EXPECT_TRUE(says(silent(), "--answer authenticated a key (--key-file here)"));
  agent::PingResult result = silent();
  result.summary.refused_by_peer = 1;
  EXPECT_TRUE(says(result, "--answer, --allow and --rate"));
}

TEST(Advice, does_not_wonder_at_silence_that_was_asked_for) {
  const std::string text = advice(silent(), true);
  EXPECT_TRUE(text.starts_with("no reply to this host was asked for (--tlv)")) << text;
  EXPECT_EQ(text.find("firewall"), std::string::npos) << text;
}

TEST(Advice, with_a_key_asks_whether_the_reflector_has_it) {
  agent::PingResult result = silent();
  result.start.key_id = "site";
  result.start.key_fingerprint = "1f0c22e9";
  EXPECT_TRUE(says(result, "the key 'site' with fingerprint 1f0c22e9"));
  // A key for TLVs alone keeps no reflector silent.
  result.start.tlv_hmac = true;
  EXPECT_TRUE(says(result, "--answer listed"));
}

TEST(Advice, about_a_silent_twamp_session_speaks_of_its_server_and_not_of_stamp) {
  agent::PingResult result = silent();
  result.start.twamp = true;
  const auto speaks_of_stamp = [&] {
    const std::string text = advice(result);
    return text.find("STAMP") != std::string::npos || text.find("wirestamp") != std::string::npos;
  };
  EXPECT_TRUE(says(result, "granted the session; nothing came back from the UDP port"));
  EXPECT_TRUE(says(result, "198.51.100.7:23999"));
  EXPECT_FALSE(speaks_of_stamp());
  result.echo.emplace().summary.received = 5;
  EXPECT_TRUE(says(result, "its host answers ICMP echo, and nothing came back"));
  EXPECT_FALSE(speaks_of_stamp());
  result.summary.peer_closed = 10;
  EXPECT_TRUE(says(result, "nothing listens on the UDP port that it named, 198.51.100.7:23999"));
  EXPECT_FALSE(speaks_of_stamp());
}

TEST(Advice, about_a_closed_port_of_stamp_says_what_to_run) {
  agent::PingResult result = silent();
  result.summary.peer_closed = 10;
  EXPECT_TRUE(says(result, "nothing listens on 198.51.100.7:23999: run `wirestamp reflect` there"));
}

}  // namespace
}  // namespace wirestamp::cli
