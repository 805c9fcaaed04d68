// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace wirestamp::platform {

// 64 bits from the operating system's generator; unpredictable. Aborts when the system has none.
std::uint64_t random_bits();

}  // namespace wirestamp::platform
