// SPDX-License-Identifier: Apache-2.0
#include "wire/twamp_keys.h"

#include <cstring>

#include "base/check.h"

namespace wirestamp::wire {

using crypto::Aes128;

Result<crypto::Secret<16>> derive_token_key(base::Bytes passphrase, const Block16& salt,
                                            std::uint32_t count) {
  //= RFC4656:key-derivation
  crypto::AesBlock key = TRY(crypto::pbkdf2_sha1(passphrase, salt, count));
  crypto::Secret<16> secret(key);
  crypto::wipe(key);
  return secret;
}

//= RFC4656:token
Result<Token> encode_token(const crypto::Secret<16>& key, const Block16& challenge,
                           const ControlKeys& keys) {
  Aes128 cipher = TRY(Aes128::make(Aes128::Mode::Cbc, Aes128::Direction::Encrypt, key.octets()));
  Token token;
  std::memcpy(token.data(), challenge.data(), 16);
  std::memcpy(token.data() + 16, keys.aes.octets().data(), 16);
  std::memcpy(token.data() + 32, keys.hmac.octets().data(), 32);
  cipher.process(token);
  return token;
}

Result<std::optional<ControlKeys>> decode_token(const crypto::Secret<16>& key,
                                                const Block16& challenge, base::Bytes token) {
  CHECK(token.size() == kTokenSize);
  Aes128 cipher = TRY(Aes128::make(Aes128::Mode::Cbc, Aes128::Direction::Decrypt, key.octets()));
  crypto::Secret<kTokenSize> plain;
  std::memcpy(plain.octets().data(), token.data(), token.size());
  cipher.process(plain.octets());
  const base::Bytes octets = std::as_const(plain).octets();
  std::optional<ControlKeys> keys;
  //= RFC4656:token-verified
  if (!crypto::equal(octets.first(16), challenge)) return keys;
  keys.emplace();
  std::memcpy(keys->aes.octets().data(), octets.data() + 16, 16);
  std::memcpy(keys->hmac.octets().data(), octets.data() + 32, 32);
  return keys;
}

//= RFC4656:test-keys
Result<TwampTestKeys> derive_test_keys(const ControlKeys& keys, const SessionId& sid) {
  Aes128 cipher = TRY(Aes128::make(Aes128::Mode::Cbc, Aes128::Direction::Encrypt, sid));
  TwampTestKeys derived{.aes = keys.aes, .hmac = keys.hmac};
  cipher.process(derived.aes.octets());  // one block with an IV of zeros: as ECB
  cipher.restart();
  cipher.process(derived.hmac.octets());
  return derived;
}

//= RFC4656:stream-cipher
Result<ControlStream> ControlStream::make(Direction direction, const ControlKeys& keys,
                                          const Block16& iv) {
  Aes128 cipher = TRY(Aes128::make(Aes128::Mode::Cbc, direction, keys.aes.octets()));
  cipher.restart(iv);
  return ControlStream(std::move(cipher), crypto::Hmac(crypto::Hash::Sha1, keys.hmac.octets()));
}

//= RFC4656:stream-hmac
void ControlStream::seal(base::MutableBytes message) {
  const base::MutableBytes body = message.first(message.size() - crypto::kTagSize);
  hmac_.add(body);
  const crypto::Tag tag = hmac_.finish();
  std::memcpy(message.data() + body.size(), tag.data(), tag.size());
  cipher_.process(message);
}

void ControlStream::seal_part(base::MutableBytes part) {
  hmac_.add(part);
  cipher_.process(part);
}

void ControlStream::open_part(base::MutableBytes part) {
  cipher_.process(part);
  hmac_.add(part);
}

bool ControlStream::open_end(base::MutableBytes hmac) {
  cipher_.process(hmac);
  return crypto::equal(hmac_.finish(), hmac);
}

}  // namespace wirestamp::wire
