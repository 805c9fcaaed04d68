// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "wire/twamp_keys.h"

namespace wirestamp::twamp {

inline wire::Block16 random_block(const std::function<std::uint64_t()>& random) {
  wire::Block16 block;
  base::store_be(block, 0, random());
  base::store_be(block, 8, random());
  return block;
}

}  // namespace wirestamp::twamp
