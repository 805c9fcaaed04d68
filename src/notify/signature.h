// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace wirestamp::notify {

// The HMAC-SHA-256 of "TIMESTAMP.BODY" under `key` (octets), in lower-case hexadecimal digits.
std::string signature_of(std::string_view key, std::string_view timestamp, std::string_view body);

}  // namespace wirestamp::notify
