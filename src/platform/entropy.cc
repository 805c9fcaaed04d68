// SPDX-License-Identifier: Apache-2.0
#include "platform/entropy.h"

#include <sys/random.h>

#include "base/check.h"

namespace wirestamp::platform {

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  CHECK(::getrandom(&bits, sizeof bits, 0) == static_cast<ssize_t>(sizeof bits));
  return bits;
}

}  // namespace wirestamp::platform
