// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "session/tlv_requests.h"

namespace wirestamp::agent {

// From the texts of --tlv: NAME[=VALUE], or NUMBER[=HEX] for any type. Fails with a sentence that
// says what there is.
Result<session::TlvRequests> tlv_requests(std::span<const std::string> texts);

// From the text of --padding.
Result<void> take_padding(std::string_view text, session::TlvRequests& requests);

}  // namespace wirestamp::agent
