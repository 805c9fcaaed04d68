// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

struct evp_cipher_ctx_st;

// AES-128 as TWAMP uses it (RFC 4656 3.1, 6.10; RFC 5357 4.1.2): no padding, whole blocks.
namespace wirestamp::crypto {

inline constexpr std::size_t kAesBlock = 16;
using AesBlock = std::array<std::byte, kAesBlock>;

// One direction of one key. Nothing is allocated after make(). One thread at a time.
class Aes128 {
 public:
  enum class Mode : std::uint8_t { Ecb, Cbc };
  enum class Direction : std::uint8_t { Encrypt, Decrypt };

  // `key` has 16 octets and is not kept. Cbc begins with an IV of zeros. Fails when OpenSSL gives
  // no AES: a broken installation.
  static Result<Aes128> make(Mode mode, Direction direction, base::Bytes key);

  // `data` in place: a multiple of 16 octets. Cbc goes on where the last call ended.
  void process(base::MutableBytes data);
  // Cbc: the next call begins with this IV; zeros without one.
  void restart(const AesBlock& iv = {});

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  explicit Aes128(std::unique_ptr<evp_cipher_ctx_st, Free> context)
      : context_(std::move(context)) {}
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

// RFC 2898 with HMAC-SHA-1, as RFC 4656 3.1 derives a key from a passphrase. `count` is at least 1;
// 1,024 rounds take about 0.3 ms, so a server bounds how often it is asked.
Result<AesBlock> pbkdf2_sha1(base::Bytes passphrase, base::Bytes salt, std::uint32_t count);

}  // namespace wirestamp::crypto
