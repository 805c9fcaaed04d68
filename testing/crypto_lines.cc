// SPDX-License-Identifier: Apache-2.0
//
// What crypto/ makes of each line of standard input, one line each: for tests/openssl_test.py,
// which asks the openssl program the same. All in hexadecimal:
//
//   sha1 KEY DATA, sha256 KEY DATA       HMAC, cut to 16 octets
//   ecb KEY - DATA, cbc KEY IV DATA      AES-128, encrypted
//   pbkdf2 PASSPHRASE SALT COUNT         COUNT is decimal
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"

using namespace wirestamp;

namespace {

std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> octets;
  if (hex == "-") return octets;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned octet = 0;
    CHECK(std::from_chars(hex.data() + i, hex.data() + i + 2, octet, 16).ec == std::errc());
    octets.push_back(static_cast<std::byte>(octet));
  }
  return octets;
}

std::string to_hex(base::Bytes octets) {
  std::string hex;
  for (const std::byte octet : octets) hex += fmt::format("{:02x}", static_cast<unsigned>(octet));
  return hex;
}

std::string encrypted(crypto::Aes128::Mode mode, base::Bytes key, base::Bytes iv,
                      std::vector<std::byte> data) {
  auto aes = crypto::Aes128::make(mode, crypto::Aes128::Direction::Encrypt, key);
  CHECK(aes.has_value());
  if (!iv.empty()) {
    crypto::AesBlock block{};
    CHECK(iv.size() == block.size());
    std::ranges::copy(iv, block.begin());
    aes->restart(block);
  }
  aes->process(data);
  return to_hex(data);
}

std::string answer(const std::string& line) {
  std::istringstream words(line);
  std::string what, one, two, three;
  words >> what >> one >> two >> three;
  const auto key = from_hex(one), second = from_hex(two);
  if (what == "sha1") return to_hex(crypto::Hmac(crypto::Hash::Sha1, key).tag(second));
  if (what == "sha256") return to_hex(crypto::Hmac(crypto::Hash::Sha256, key).tag(second));
  if (what == "ecb") return encrypted(crypto::Aes128::Mode::Ecb, key, {}, from_hex(three));
  if (what == "cbc") return encrypted(crypto::Aes128::Mode::Cbc, key, second, from_hex(three));
  CHECK(what == "pbkdf2");
  std::uint32_t count = 0;
  CHECK(std::from_chars(three.data(), three.data() + three.size(), count).ec == std::errc());
  const auto derived = crypto::pbkdf2_sha1(key, second, count);
  CHECK(derived.has_value());
  return to_hex(*derived);
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) fmt::print("{}\n", answer(line));
}
