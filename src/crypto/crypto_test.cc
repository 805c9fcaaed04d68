// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"

namespace wirestamp::crypto {
namespace {

using Octets = std::vector<std::byte>;

Octets octets_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Octets from_hex(std::string_view hex) {
  const auto digit = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  Octets octets;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    octets.push_back(static_cast<std::byte>(digit(hex[i]) << 4U | digit(hex[i + 1])));
  return octets;
}

std::string to_hex(base::Bytes octets) {
  std::string hex;
  for (const std::byte octet : octets) {
    hex += "0123456789abcdef"[static_cast<unsigned>(octet) >> 4U];
    hex += "0123456789abcdef"[static_cast<unsigned>(octet) & 15U];
  }
  return hex;
}

std::string sha256(base::Bytes key, base::Bytes data) {
  return to_hex(Hmac(Hash::Sha256, key).tag(data));
}
std::string sha1(base::Bytes key, base::Bytes data) {
  return to_hex(Hmac(Hash::Sha1, key).tag(data));
}

// RFC 4231 4.2 to 4.8, each cut to the first 16 octets.
TEST(HmacSha256, gives_the_answers_of_rfc_4231) {
  const Octets twenty(20, std::byte{0x0b}), aa20(20, std::byte{0xaa}), aa131(131, std::byte{0xaa});
  EXPECT_EQ(sha256(twenty, octets_of("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b");
  EXPECT_EQ(sha256(octets_of("Jefe"), octets_of("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c7");
  EXPECT_EQ(sha256(aa20, Octets(50, std::byte{0xdd})), "773ea91e36800e46854db8ebd09181a7");
  EXPECT_EQ(sha256(from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
                   Octets(50, std::byte{0xcd})),
            "82558a389a443c0ea4cc819899f2083a");
  EXPECT_EQ(sha256(Octets(20, std::byte{0x0c}), octets_of("Test With Truncation")),
            "a3b6167473100ee06e0c796c2955552b");
  EXPECT_EQ(sha256(aa131, octets_of("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f");
}

// RFC 2202 3.
TEST(HmacSha1, gives_the_answers_of_rfc_2202) {
  EXPECT_EQ(sha1(Octets(20, std::byte{0x0b}), octets_of("Hi There")),
            "b617318655057264e28bc0b6fb378c8e");
  EXPECT_EQ(sha1(octets_of("Jefe"), octets_of("what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c");
  EXPECT_EQ(sha1(Octets(80, std::byte{0xaa}),
                 octets_of("Test Using Larger Than Block-Size Key - Hash Key First")),
            "aa4ae5e15272d00e95705637ce8a3b55");
}

Octets random_octets(base::Random& random, std::size_t size) {
  Octets octets(size);
  for (std::byte& octet : octets) octet = static_cast<std::byte>(random.next());
  return octets;
}

TEST(Hmac, equals_the_one_shot_function_for_any_key_and_input) {
  base::Random random(5);
  for (int i = 0; i < 500; ++i) {
    const Octets key = random_octets(random, random.below(150));
    const Octets data = random_octets(random, random.below(300));
    const std::size_t cut = random.below(data.size() + 1);
    const auto first = base::Bytes(data).first(cut), second = base::Bytes(data).subspan(cut);
    for (const Hash hash : {Hash::Sha1, Hash::Sha256}) {
      std::array<unsigned char, EVP_MAX_MD_SIZE> expected{};
      ASSERT_NE(
          HMAC(hash == Hash::Sha1 ? EVP_sha1() : EVP_sha256(), key.data(),
               static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
               data.size(), expected.data(), nullptr),
          nullptr);
      const auto head = std::as_bytes(std::span(expected)).first(kTagSize);
      Hmac hmac(hash, key);
      EXPECT_EQ(to_hex(hmac.tag(data)), to_hex(head));
      EXPECT_EQ(to_hex(hmac.tag(first, second)), to_hex(head));
      hmac.add(first);
      hmac.add(second);
      EXPECT_EQ(to_hex(hmac.finish()), to_hex(head));
      EXPECT_EQ(to_hex(hmac.tag(data)), to_hex(head));
      EXPECT_TRUE(hmac.verify(head, first, second));
    }
  }
}

TEST(Hmac, begins_a_new_run_after_each) {
  Hmac hmac(Hash::Sha1, octets_of("key"));
  const Tag nothing = hmac.finish();
  hmac.add(octets_of("text"));
  EXPECT_NE(hmac.finish(), nothing);
  EXPECT_EQ(hmac.finish(), nothing);
}

TEST(Hmac, is_refused_with_any_bit_changed_or_missing) {
  const Octets data = octets_of("a packet");
  const Hmac hmac(Hash::Sha256, octets_of("sixteen octets..."));
  const Tag good = hmac.tag(data);
  EXPECT_TRUE(hmac.verify(good, data));
  for (std::size_t bit = 0; bit < kTagSize * 8; ++bit) {
    Tag bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(hmac.verify(bad, data)) << bit;
  }
  EXPECT_FALSE(hmac.verify(base::Bytes(good).first(15), data));
  EXPECT_FALSE(hmac.verify({}, data));
}

TEST(Hmac, is_the_same_of_a_copy) {
  const Octets data = octets_of("a packet");
  Hmac one(Hash::Sha256, octets_of("key"));
  Hmac two(Hash::Sha256, octets_of("other"));
  EXPECT_NE(one.tag(data), two.tag(data));
  two = one;
  EXPECT_EQ(one.tag(data), two.tag(data));
}

Octets run(Aes128::Mode mode, Aes128::Direction direction, std::string_view key, Octets data,
           std::string_view iv = "") {
  auto aes = Aes128::make(mode, direction, from_hex(key));
  EXPECT_TRUE(aes);
  if (!iv.empty()) {
    AesBlock block;
    std::ranges::copy(from_hex(iv), block.begin());
    aes->restart(block);
  }
  aes->process(data);
  return data;
}

// NIST SP 800-38A F.1.1, F.2.1.
constexpr std::string_view kNistKey = "2b7e151628aed2a6abf7158809cf4f3c";
constexpr std::string_view kNistPlain =
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
constexpr std::string_view kNistEcb =
    "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf";
constexpr std::string_view kNistCbc =
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2";
constexpr std::string_view kNistIv = "000102030405060708090a0b0c0d0e0f";

TEST(Aes128, gives_the_answers_of_nist) {
  using enum Aes128::Mode;
  using enum Aes128::Direction;
  EXPECT_EQ(to_hex(run(Ecb, Encrypt, kNistKey, from_hex(kNistPlain))), kNistEcb);
  EXPECT_EQ(to_hex(run(Ecb, Decrypt, kNistKey, from_hex(kNistEcb))), kNistPlain);
  EXPECT_EQ(to_hex(run(Cbc, Encrypt, kNistKey, from_hex(kNistPlain), kNistIv)), kNistCbc);
  EXPECT_EQ(to_hex(run(Cbc, Decrypt, kNistKey, from_hex(kNistCbc), kNistIv)), kNistPlain);
}

TEST(Aes128, chains_over_calls_until_it_is_restarted) {
  auto aes = Aes128::make(Aes128::Mode::Cbc, Aes128::Direction::Encrypt, from_hex(kNistKey));
  ASSERT_TRUE(aes);
  const Octets plain = from_hex(kNistPlain);
  Octets whole = plain, pieces = plain;
  aes->process(whole);
  aes->restart();
  aes->process(base::MutableBytes(pieces).first(16));
  aes->process({});
  aes->process(base::MutableBytes(pieces).subspan(16));
  EXPECT_EQ(to_hex(pieces), to_hex(whole));
}

// RFC 6070 2, cut to 16 octets.
//= RFC4656:key-derivation
TEST(Pbkdf2, gives_the_answers_of_rfc_6070) {
  const auto derive = [](std::string_view password, std::string_view salt, std::uint32_t count) {
    const auto key = pbkdf2_sha1(octets_of(password), octets_of(salt), count);
    EXPECT_TRUE(key);
    return to_hex(*key);
  };
  EXPECT_EQ(derive("password", "salt", 1), "0c60c80f961f0e71f3a9b524af601206");
  EXPECT_EQ(derive("password", "salt", 4096), "4b007901b765489abead49d926f721d0");
  EXPECT_EQ(derive(std::string_view("pass\0word", 9), std::string_view("sa\0lt", 5), 4096),
            "56fa6aa75548099dcc37d7f03425e0c3");
}

TEST(Pbkdf2, refuses_a_count_that_nobody_can_do) {
  EXPECT_FALSE(pbkdf2_sha1(octets_of("password"), octets_of("salt"), 0xffff'ffff));
}

TEST(Equal, is_about_sizes_and_octets) {
  EXPECT_TRUE(equal({}, {}));
  EXPECT_TRUE(equal(octets_of("abc"), octets_of("abc")));
  EXPECT_FALSE(equal(octets_of("abc"), octets_of("abd")));
  EXPECT_FALSE(equal(octets_of("abc"), octets_of("ab")));
}

TEST(Wipe, leaves_zeros) {
  Octets secret = octets_of("a key");
  wipe(secret);
  EXPECT_EQ(secret, Octets(5));
}

}  // namespace
}  // namespace wirestamp::crypto
