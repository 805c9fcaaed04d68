// SPDX-License-Identifier: Apache-2.0
#include "notify/signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>

#include "base/check.h"

namespace wirestamp::notify {

namespace {

struct Free {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

const unsigned char* octets(std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char and octet alias
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string signature_of(std::string_view key, std::string_view timestamp, std::string_view body) {
  const std::unique_ptr<EVP_MAC, Free> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  CHECK(mac != nullptr);  // the default provider is part of the library
  const std::unique_ptr<EVP_MAC_CTX, Free> context(EVP_MAC_CTX_new(mac.get()));
  CHECK(context != nullptr);
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string("digest", digest.data(), 0), OSSL_PARAM_construct_end()};
  CHECK(EVP_MAC_init(context.get(), octets(key), key.size(), parameters.data()) == 1);
  for (const std::string_view part : {timestamp, std::string_view("."), body})
    CHECK(EVP_MAC_update(context.get(), octets(part), part.size()) == 1);
  std::array<unsigned char, 32> found{};
  std::size_t size = 0;
  CHECK(EVP_MAC_final(context.get(), found.data(), &size, found.size()) == 1);
  CHECK(size == found.size());
  std::string text;
  for (const unsigned char octet : found) text += fmt::format("{:02x}", octet);
  return text;
}

}  // namespace wirestamp::notify
