// SPDX-License-Identifier: Apache-2.0
#include "config/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace wirestamp::config {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kGood = "hex:00112233445566778899aabbccddeeff";

std::string octets(const KeyLine& line) {
  const auto bytes = line.secret.octets();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string refusal(const std::string& text) {
  const auto read = read_key_text(text, "site.keys");
  EXPECT_FALSE(read) << text;
  return read ? std::string() : read.error().text;
}

TEST(KeyFile, a_line_is_a_key_in_one_of_three_spellings) {
  const auto keys = read_key_text(
      "# keys of the site\n\n"
      "one hex:3031323334353637383941424344454F\n"
      "\ttwo  base64:MDEyMzQ1Njc4OUFCQ0RFTw==\t peer=192.0.2.0/24,2001:db8::/32 ssid=7,65535\r\n"
      "three text:0123456789ABCDEO peer=192.0.2.1",
      "site.keys");
  ASSERT_TRUE(keys) << keys.error().text;
  ASSERT_EQ(keys->size(), 3U);
  for (const KeyLine& key : *keys) EXPECT_EQ(octets(key), "0123456789ABCDEO") << key.id;
  const KeyLine& two = (*keys)[1];
  EXPECT_EQ(two.id, "two");
  EXPECT_EQ(two.place, "site.keys:4");
  ASSERT_EQ(two.peers.size(), 2U);
  EXPECT_EQ(to_string(two.peers[1]), "2001:db8::/32");
  EXPECT_EQ(two.ssids, (std::vector<std::uint16_t>{7, 65535}));
  EXPECT_EQ((*keys)[2].peers[0].length, 32);
  EXPECT_TRUE((*keys)[0].peers.empty());
}

TEST(KeyFile, what_is_wrong_is_told_with_file_and_line_and_what_is_allowed) {
  const std::string good = std::string("one ") + kGood + "\n";
  EXPECT_THAT(refusal(good + "two hex:0011"),
              HasSubstr("site.keys:2: the key has 2 octets: 16 to"));
  EXPECT_THAT(refusal("one text:" + std::string(129, 'x')), HasSubstr("129 octets"));
  EXPECT_THAT(refusal("one hex:001"), HasSubstr("two digits for each octet"));
  EXPECT_THAT(refusal("one hex:0011223344556677889900112233445g"), HasSubstr("0 to 9 and a to f"));
  EXPECT_THAT(refusal("one base64:MDEyMzQ1Njc4OUFCQ0RFTw="), HasSubstr("four characters"));
  EXPECT_THAT(refusal("one base64:MDEyMzQ1Njc4OUFC-0RFTw=="), HasSubstr("letters, digits"));
  EXPECT_THAT(refusal("one base64:MDEy=zQ1Njc4OUFCQ0RFTw=="), HasSubstr("letters, digits"));
  EXPECT_THAT(refusal("one base64:MDEyMzQ1Njc4OUFCQ0RFTx=="), HasSubstr("cut off"));
  EXPECT_THAT(refusal("one 00112233445566778899aabbccddeeff"), HasSubstr("hex:, base64: or text:"));
  EXPECT_THAT(refusal("one"), HasSubstr("the key is missing"));
  EXPECT_THAT(refusal(kGood), HasSubstr("begins with the id"));
  EXPECT_THAT(refusal(std::string("a/b ") + kGood), HasSubstr("letters, digits, '-', '_' and '.'"));
  EXPECT_THAT(refusal(std::string(33, 'a') + " " + kGood), HasSubstr("1 to 32"));
  EXPECT_THAT(refusal(good + "# and\n" + good),
              HasSubstr("site.keys:3: the id 'one' is there twice, "
                        "first in site.keys:1"));
  EXPECT_THAT(refusal("one text:two-words-or-three and more of them"),
              HasSubstr("a key has no blanks"));
  EXPECT_THAT(refusal(std::string("one ") + kGood + " peer=10.0.0.1/8"),
              HasSubstr("peer=10.0.0.1/8"));
  EXPECT_THAT(refusal(std::string("one ") + kGood + " peer="), HasSubstr("peer="));
  EXPECT_THAT(refusal(std::string("one ") + kGood + " ssid=0"), HasSubstr("1 to 65535"));
  EXPECT_THAT(refusal(std::string("one ") + kGood + " ssid=7,"), HasSubstr("1 to 65535"));
  EXPECT_THAT(refusal(std::string("one ") + kGood + " ssid=65536"), HasSubstr("1 to 65535"));
  EXPECT_THAT(refusal(std::string("one ") + kGood + " ssid=1 ssid=2"), HasSubstr("twice"));
  EXPECT_THAT(refusal("\xef\xbb\xbfone text:0123456789abcdef"), HasSubstr("ASCII"));
  EXPECT_THAT(refusal(std::string("one text:0123456789\0abcdef", 26)), HasSubstr("ASCII"));
  EXPECT_THAT(refusal(""), HasSubstr("has no key"));
  EXPECT_THAT(refusal("# nothing\n\n"), HasSubstr("has no key"));
}

TEST(KeyFile, no_error_repeats_any_of_a_key) {
  for (const char* text :
       {"one hex:5eC8e7x", "one secret-without-a-kind", "secret-without-an-id:0123",
        "5ec8e75ec8e75ec8e75ec8e75ec8e7aa", "hex:5ec8e75ec8e75ec8e75ec8e75ec8e7aa",
        "one text:first-half-of-a-long-key second-half", "one base64:5ec8e7*?",
        "one hex:5ec8e75ec8e75ec8e75ec8e75ec8e7aa trailing-5ec8e7"}) {
    const std::string error = refusal(text);
    EXPECT_THAT(error, Not(HasSubstr("5eC8e7")));
    EXPECT_THAT(error, Not(HasSubstr("5ec8e7")));
    EXPECT_THAT(error, Not(HasSubstr("secret")));
    EXPECT_THAT(error, Not(HasSubstr("half")));
  }
}

TEST(KeyFile, an_error_repeats_no_more_than_the_begin_of_a_wrong_value) {
  for (const char* option : {" peer=", " ssid="}) {
    const std::string error =
        refusal(std::string("one ") + kGood + option + std::string(9'000, '9'));
    EXPECT_THAT(error, HasSubstr("9999"));
    EXPECT_LT(error.size(), 200U);
  }
}

TEST(KeyFile, its_numbers_have_limits) {
  const auto lines = [](std::size_t count, const char* rest) {
    std::string text;
    for (std::size_t n = 0; n < count; ++n)
      text += "k" + std::to_string(n) + " " + kGood + rest + "\n";
    return text;
  };
  EXPECT_TRUE(read_key_text(lines(8, " ssid=7"), "site.keys"));
  EXPECT_THAT(refusal(lines(9, " ssid=7")),
              HasSubstr("more than 8 keys for every peer with SSID 7"));
  EXPECT_THAT(refusal(lines(9, " peer=10.0.0.0/8")), HasSubstr("for 10.0.0.0/8"));
  std::string many;
  for (std::size_t n = 0; n < 1'025; ++n)
    many += "k" + std::to_string(n) + " " + kGood + " ssid=" + std::to_string(n + 1) + "\n";
  EXPECT_THAT(refusal(many), HasSubstr("site.keys:1025: more than 1024 keys"));
  // 40,000 peers times 60,000 SSIDs have room in a file.
  std::string wide = std::string("k ") + kGood + " peer=::";
  for (std::size_t n = 1; n < 40'000; ++n) wide += ",::";
  wide += " ssid=1";
  for (std::size_t n = 1; n < 60'000; ++n) wide += ",1";
  EXPECT_THAT(refusal(wide), HasSubstr("more than 16384 pairs of peer and SSID"));
}

TEST(KeyVariable, one_line_with_or_without_an_id) {
  const auto without = read_key_variable(kGood);
  ASSERT_TRUE(without) << without.error().text;
  EXPECT_EQ(without->at(0).id, "environment");
  const auto with = read_key_variable(std::string("site ") + kGood + " ssid=7");
  ASSERT_TRUE(with) << with.error().text;
  EXPECT_EQ(with->at(0).id, "site");
  EXPECT_EQ(with->at(0).ssids, std::vector<std::uint16_t>{7});
  const auto two = read_key_variable(std::string("a ") + kGood + "\nb " + kGood);
  ASSERT_FALSE(two);
  EXPECT_THAT(two.error().text, HasSubstr("WIRESTAMP_KEY holds one key"));
  const auto none = read_key_variable("");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().text, HasSubstr("WIRESTAMP_KEY has no key"));
}

}  // namespace
}  // namespace wirestamp::config
