// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "config/agent_values.h"
#include "config/option.h"
#include "config/session_spec.h"
#include "packet/address.h"
#include "time/duration.h"

namespace wirestamp::config {

// HOST[:PORT] as written; the host is a name or a literal (IPv6 without brackets, perhaps with
// %zone).
struct HostPort {
  std::string host;
  std::optional<std::uint16_t> port;
  bool operator==(const HostPort&) const = default;
};

// Where to listen; without address on every one of both families.
struct ListenAddress {
  std::optional<packet::IpAddress> address;
  std::string zone;  // interface name or number of a link-local address
  std::uint16_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};

// Both ends included; first <= last.
struct PortRange {
  std::uint16_t first = 0, last = 0;
  bool operator==(const PortRange&) const = default;
};

// Where to listen, if at all.
struct ListenOrNone {
  std::optional<ListenAddress> at;
  std::string url;  // of another one, where it is asked (--api of top); else ""
  bool operator==(const ListenOrNone&) const = default;
};

// By Type: Flag bool; Integer, Dscp uint64; Duration, DurationOrNever Duration; Choice, File, Url,
// Text, SessionName string; Octets uint64; PercentOrNever double; the others their own type.
using Data = std::variant<bool, std::uint64_t, Duration, std::string, packet::IpAddress,
                          packet::Prefix, HostPort, ListenAddress, PortRange, SessionSpec,
                          ListenOrNone, double, MaintenanceTime>;

// Checks `text` against the type and the bounds of `option`. The error says what is wrong with the
// text without repeating it; resolve() adds value, place and what is allowed.
Result<Data> parse_value(const Option& option, std::string_view text);

// The text as it may be told to others: of a URL without what may be a secret, also where a URL is
// one of several things that the option takes.
std::string shown(const Option& option, std::string_view text);

Result<HostPort> parse_host_port(std::string_view text);
Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace wirestamp::config
