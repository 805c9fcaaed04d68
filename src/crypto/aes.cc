// SPDX-License-Identifier: Apache-2.0
#include "crypto/aes.h"

#include <openssl/evp.h>

#include <climits>

#include "base/check.h"

namespace wirestamp::crypto {

namespace {

const unsigned char* raw(base::Bytes octets) {
  return reinterpret_cast<const unsigned char*>(octets.data());
}

// Fetched once: each fetch searches the providers under a lock.
const EVP_CIPHER* cipher(Aes128::Mode mode) {
  static const EVP_CIPHER* const ecb = EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr);
  static const EVP_CIPHER* const cbc = EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr);
  return mode == Aes128::Mode::Ecb ? ecb : cbc;
}

}  // namespace

void Aes128::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

Result<Aes128> Aes128::make(Mode mode, Direction direction, base::Bytes key) {
  CHECK(key.size() == kAesBlock);
  const AesBlock iv{};
  std::unique_ptr<evp_cipher_ctx_st, Free> context(EVP_CIPHER_CTX_new());
  if (cipher(mode) == nullptr || !context ||
      EVP_CipherInit_ex2(context.get(), cipher(mode), raw(key),
                         mode == Mode::Cbc ? raw(iv) : nullptr,
                         direction == Direction::Encrypt ? 1 : 0, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1)
    return fail(
        "OpenSSL has no AES-128 for TWAMP: check its configuration and providers "
        "(openssl list -cipher-algorithms)");
  return Aes128(std::move(context));
}

void Aes128::process(base::MutableBytes data) {
  CHECK(data.size() % kAesBlock == 0 && data.size() <= INT_MAX);
  if (data.empty()) return;
  int written = 0;
  auto* out = reinterpret_cast<unsigned char*>(data.data());
  CHECK(EVP_CipherUpdate(context_.get(), out, &written, out, static_cast<int>(data.size())) == 1);
  CHECK(static_cast<std::size_t>(written) == data.size());
}

void Aes128::restart(const AesBlock& iv) {
  CHECK(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, raw(iv), -1, nullptr) == 1);
}

Result<AesBlock> pbkdf2_sha1(base::Bytes passphrase, base::Bytes salt, std::uint32_t count) {
  CHECK(count >= 1);
  if (count > INT_MAX || passphrase.size() > INT_MAX || salt.size() > INT_MAX)
    return fail("the peer asks for more PBKDF2 rounds than can be counted: it is no TWAMP server");
  AesBlock key{};
  if (PKCS5_PBKDF2_HMAC(
          reinterpret_cast<const char*>(passphrase.data()), static_cast<int>(passphrase.size()),
          raw(salt), static_cast<int>(salt.size()), static_cast<int>(count), EVP_sha1(),
          static_cast<int>(key.size()), reinterpret_cast<unsigned char*>(key.data())) != 1)
    return fail(
        "OpenSSL has no PBKDF2 with SHA-1 for TWAMP: check its configuration and providers");
  return key;
}

}  // namespace wirestamp::crypto
