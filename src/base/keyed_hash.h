// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

// SipHash (Aumasson, Bernstein 2012) over 64-bit words. Tables whose keys come from strangers hash
// with it and a secret: of a hash that is known, an attacker makes thousands of keys that fall
// into one place, and each packet then searches all of them.
namespace wirestamp::base {

// One round for each word and three at the end, as in the tables of other languages; the paper's
// two and four are for macs.
template <unsigned Compress = 1, unsigned Finish = 3>
class KeyedHash {
 public:
  KeyedHash() = default;  // a key that everybody knows
  KeyedHash(std::uint64_t secret, std::uint64_t other) : key_{secret, other} {}

  template <std::size_t Words>
  std::uint64_t operator()(const std::array<std::uint64_t, Words>& words) const {
    State state{key_[0] ^ 0x736f'6d65'7073'6575U, key_[1] ^ 0x646f'7261'6e64'6f6dU,
                key_[0] ^ 0x6c79'6765'6e65'7261U, key_[1] ^ 0x7465'6462'7974'6573U};
    for (const std::uint64_t word : words) state.take(word);
    state.take((std::uint64_t{Words} * sizeof(std::uint64_t)) << 56U);
    state.c ^= 0xff;
    for (unsigned n = 0; n < Finish; ++n) state.round();
    return state.a ^ state.b ^ state.c ^ state.d;
  }

 private:
  struct State {
    std::uint64_t a, b, c, d;

    void round() {
      a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
      c += d, d = std::rotl(d, 16) ^ c;
      a += d, d = std::rotl(d, 21) ^ a;
      c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
    }
    void take(std::uint64_t word) {
      d ^= word;
      for (unsigned n = 0; n < Compress; ++n) round();
      a ^= word;
    }
  };

  std::array<std::uint64_t, 2> key_{};
};

}  // namespace wirestamp::base
