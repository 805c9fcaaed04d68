// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "packet/address.h"

namespace wirestamp::platform {

// Addresses of a host name or a literal (IPv6 literals with or without a %zone), in the system's
// order of preference. Blocks; never called on a measuring thread. `family` restricts. Every
// endpoint carries `port`.
Result<std::vector<packet::Endpoint>> resolve(const std::string& host, std::uint16_t port,
                                              std::optional<packet::Family> family);

// Those of them that can be sent to, which a link-local IPv6 address without its interface cannot;
// when there is no other, an error that says how to name the interface.
Result<std::vector<packet::Endpoint>> reachable(std::vector<packet::Endpoint> found);

}  // namespace wirestamp::platform
