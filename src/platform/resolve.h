// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "packet/address.h"

namespace wirestamp::platform {

// Addresses of a host name or a literal (IPv6 literals with or without a %zone), in the system's
// order of preference. Blocks; never called on a measuring thread. `family` restricts. A link-local
// IPv6 address without a zone is an error that says how to name the interface. Every endpoint
// carries `port`.
Result<std::vector<packet::Endpoint>> resolve(const std::string& host, std::uint16_t port,
                                              std::optional<packet::Family> family);

}  // namespace wirestamp::platform
