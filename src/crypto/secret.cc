// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <openssl/crypto.h>

namespace wirestamp::crypto {

bool equal(base::Bytes one, base::Bytes other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

void wipe(base::MutableBytes secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace wirestamp::crypto
