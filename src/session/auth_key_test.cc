// SPDX-License-Identifier: Apache-2.0
#include "session/auth_key.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "session/replay_window.h"

namespace wirestamp::session {
namespace {

AuthKeyPtr key(const std::string& id, const std::vector<std::string>& peers = {},
               const std::vector<std::uint16_t>& ssids = {}) {
  AuthKey::For valid_for{.peers = {}, .ssids = ssids};
  for (const std::string& peer : peers) valid_for.peers.push_back(*packet::Prefix::parse(peer));
  return std::make_shared<AuthKey>(id, std::as_bytes(std::span(id)), valid_for);
}

std::string ids(std::span<const AuthKeyPtr> keys) {
  std::string text;
  for (const AuthKeyPtr& one : keys) text += one->id() + " ";
  return text;
}

std::string valid(const Keyring& ring, const char* peer, std::uint16_t ssid = 1) {
  return ids(ring.valid(*packet::IpAddress::parse(peer), ssid));
}

//= RFC8762:key-per-session
TEST(Keyring, the_narrowest_rule_decides_and_its_keys_are_valid_together) {
  const Keyring ring({key("any"), key("site", {"10.0.0.0/8"}), key("site-new", {"10.0.0.0/8"}),
                      key("host", {"10.1.2.3/32"}), key("any-new")});
  EXPECT_EQ(valid(ring, "192.0.2.1"), "any any-new ");
  EXPECT_EQ(valid(ring, "2001:db8::1"), "any any-new ");
  EXPECT_EQ(valid(ring, "10.9.9.9"), "site site-new ");
  EXPECT_EQ(valid(ring, "10.1.2.3"), "host ");
}

TEST(Keyring, an_ssid_decides_within_one_prefix_only) {
  const Keyring ring({key("site", {"10.0.0.0/8"}), key("seven", {"10.0.0.0/8"}, {7}),
                      key("any-seven", {}, {7, 8}), key("host", {"10.1.2.3/32"})});
  EXPECT_EQ(valid(ring, "10.9.9.9", 7), "seven ");
  EXPECT_EQ(valid(ring, "10.9.9.9", 8), "site ");
  EXPECT_EQ(valid(ring, "10.1.2.3", 7), "host ");
  EXPECT_EQ(valid(ring, "192.0.2.1", 8), "any-seven ");
  EXPECT_EQ(valid(ring, "192.0.2.1", 9), "") << "open";
}

TEST(Keyring, the_first_key_of_a_peer_is_sent_with) {
  const Keyring ring({key("old", {"10.0.0.0/8", "2001:db8::/32"}), key("new", {"10.0.0.0/8"})});
  EXPECT_EQ(ring.to_send(*packet::IpAddress::parse("10.0.0.1"))->id(), "old");
  EXPECT_EQ(ring.to_send(*packet::IpAddress::parse("192.0.2.1")), nullptr);
  EXPECT_EQ(ring.find("new")->id(), "new");
  EXPECT_EQ(ring.find("newer"), nullptr);
}

TEST(AuthKey, a_fingerprint_tells_keys_apart_and_not_ids) {
  const std::string secret = "0123456789abcdef", other = "0123456789abcdeg";
  const auto bytes = [](const std::string& text) { return std::as_bytes(std::span(text)); };
  const AuthKey one("one", bytes(secret), {}), two("two", bytes(secret), {});
  EXPECT_EQ(one.fingerprint(), two.fingerprint());
  EXPECT_NE(one.fingerprint(), AuthKey("one", bytes(other), {}).fingerprint());
  EXPECT_EQ(one.fingerprint().size(), 8U);
}

TEST(ReplayWindow, each_number_is_taken_once_in_any_order) {
  ReplayWindow window;
  for (const std::uint32_t sequence : {5U, 3U, 60U, 4U, 66U}) {
    EXPECT_TRUE(window.accept(sequence, 1'000 + sequence)) << sequence;
    EXPECT_FALSE(window.accept(sequence, 1'000 + sequence)) << sequence;
  }
  EXPECT_FALSE(window.accept(2, 1'002)) << "64 behind the newest: too old to tell";
}

TEST(ReplayWindow, numbers_wrap) {
  ReplayWindow window;
  EXPECT_TRUE(window.accept(0xffff'fffe, 1));
  EXPECT_TRUE(window.accept(1, 4));
  EXPECT_TRUE(window.accept(0xffff'ffff, 2));
  EXPECT_FALSE(window.accept(0xffff'fffe, 1));
}

TEST(ReplayWindow, a_sender_that_begins_anew_is_no_replay) {
  ReplayWindow window;
  for (std::uint32_t n = 0; n < 1'000; ++n) ASSERT_TRUE(window.accept(n, 10'000 + n));
  EXPECT_FALSE(window.accept(0, 10'000)) << "recorded";
  EXPECT_TRUE(window.accept(0, 20'000)) << "a later Timestamp than any before";
  EXPECT_TRUE(window.accept(1, 20'001));
  EXPECT_FALSE(window.accept(0, 20'000));
  EXPECT_FALSE(window.accept(1, 10'001)) << "recorded before it began anew";
  EXPECT_FALSE(window.accept(900, 10'900)) << "the same, and ahead of all that came since";
  EXPECT_TRUE(window.accept(2, 20'002));
  EXPECT_TRUE(window.accept(0, 30'000)) << "once more";
  EXPECT_FALSE(window.accept(2, 20'002)) << "recorded of the second run";
}

}  // namespace
}  // namespace wirestamp::session
