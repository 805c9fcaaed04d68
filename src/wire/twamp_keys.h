// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"
#include "wire/twamp_test_packet.h"

// Keys of TWAMP-Control and TWAMP-Test (RFC 4656 3.1, 6.10; RFC 5357 3.1, 4.1.2), and the stream of
// one direction of a control connection. No I/O, no randomness: what is random comes in.
namespace wirestamp::wire {

using Block16 = std::array<std::byte, 16>;
using SessionId = Block16;  // SID

inline constexpr std::size_t kTokenSize = 64;
using Token = std::array<std::byte, kTokenSize>;

// Of one control connection, chosen by the client at random.
struct ControlKeys {
  crypto::Secret<16> aes;
  crypto::Secret<32> hmac;
};

// RFC 4656 3.1: the key that hides the Token. The caller bounds `count`.
Result<crypto::Secret<16>> derive_token_key(base::Bytes passphrase, const Block16& salt,
                                            std::uint32_t count);

// Challenge, AES Session-key and HMAC Session-key under that key.
Result<Token> encode_token(const crypto::Secret<16>& key, const Block16& challenge,
                           const ControlKeys& keys);
// Absent in the Result: the Challenge in it is another one, so the passphrase is.
Result<std::optional<ControlKeys>> decode_token(const crypto::Secret<16>& key,
                                                const Block16& challenge, base::Bytes token);

// RFC 4656 6.10: the session's SID is the AES key that hides the connection's keys.
Result<TwampTestKeys> derive_test_keys(const ControlKeys& keys, const SessionId& sid);

// One direction at one end: AES-128-CBC from the IV on, never restarted, and an HMAC over all that
// was sent since the last one (RFC 4656 3.1, 6). A message is sealed or opened as a whole: its last
// 16 octets are its HMAC.
class ControlStream {
 public:
  using Direction = crypto::Aes128::Direction;
  static Result<ControlStream> make(Direction direction, const ControlKeys& keys,
                                    const Block16& iv);

  // Encrypt: writes the HMAC and then encrypts, in place.
  void seal(base::MutableBytes message);
  // Octets without an HMAC of their own; the next HMAC covers them (Server-Start). Whole blocks.
  void seal_part(base::MutableBytes part);

  // Decrypt: in place, whole blocks; the first block tells how long a message is. The last block of
  // the message is its HMAC and goes to open_end(). False: the connection is to be closed.
  void open_part(base::MutableBytes part);
  [[nodiscard]] bool open_end(base::MutableBytes hmac);

 private:
  ControlStream(crypto::Aes128 cipher, const crypto::Hmac& hmac)
      : cipher_(std::move(cipher)), hmac_(hmac) {}
  crypto::Aes128 cipher_;
  crypto::Hmac hmac_;
};

}  // namespace wirestamp::wire
