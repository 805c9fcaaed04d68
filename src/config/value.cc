// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

#include "config/file.h"
#include "config/nearest.h"
#include "packet/dscp.h"
#include "time/duration_text.h"

namespace wirestamp::config {

namespace {

constexpr std::size_t kLongestFileName = 255;
constexpr std::size_t kLongestText = 255;
constexpr std::size_t kLongestPath = 4'095;
constexpr std::size_t kLongestInterfaceName = 15;  // IFNAMSIZ less the terminator

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<std::uint64_t> parse_integer(const Option& option, std::string_view text) {
  if (text.size() > 1 && text.front() == '-' && is_number(text.substr(1)))
    return fail("is negative");
  if (!is_number(text)) return fail("is not a whole number");
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
    return fail("is too large");
  if (value < option.minimum) return fail("is too small");
  if (value > option.maximum) return fail("is too large");
  return value;
}

Result<Duration> parse_bounded_duration(const Option& option, std::string_view text) {
  const std::uint64_t ns = TRY(parse_duration(text));
  if (ns < option.minimum) return fail("is too short");
  if (ns > option.maximum) return fail("is too long");
  return Duration::nanoseconds(static_cast<std::int64_t>(ns));
}

Result<std::uint64_t> parse_bounded_octets(const Option& option, std::string_view text) {
  const std::uint64_t octets = TRY(parse_octets(text));
  if (octets < option.minimum) return fail("is too small");
  if (octets > option.maximum) return fail("is too large");
  return octets;
}

Result<double> parse_bounded_percent(const Option& option, std::string_view text) {
  const double share = TRY(parse_percent(text));
  if (share * 100 > static_cast<double>(option.maximum)) return fail("is too large");
  return share;
}

Result<bool> parse_flag(std::string_view text) {
  for (const std::string_view yes : {"true", "1", "yes", "on"})
    if (text == yes) return true;
  for (const std::string_view no : {"false", "0", "no", "off"})
    if (text == no) return false;
  return fail("is neither true nor false");
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<std::string> parse_choice(const Option& option, std::string_view text) {
  const std::vector<std::string> choices = split(option.choices, '|');
  if (std::ranges::find(choices, text) == choices.end())
    return fail(fmt::format("is not known{}", did_you_mean(text, choices)));
  return std::string(text);
}

Result<std::uint64_t> parse_dscp(const Option& option, std::string_view text) {
  if (is_number(text) || text.starts_with('-')) return parse_integer(option, text);
  std::string upper(text);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  //= RFC2474:names
  if (const auto value = packet::dscp_value(upper)) return *value;
  return fail("is no DSCP");
}

Result<std::string> parse_interface(std::string_view text) {
  if (text.size() > kLongestInterfaceName) return fail("is too long for an interface name");
  const bool plain =
      std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127 && c != '/'; });
  if (!plain || text == "." || text == "..") return fail("cannot be an interface name");
  return std::string(text);
}

// What a path names is seen when it is opened.
Result<std::string> parse_namespace(std::string_view text) {
  const bool path = text.find('/') != std::string_view::npos;
  if (text.size() > (path ? kLongestPath : kLongestFileName))
    return fail("is too long for the name of a network namespace");
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c != 127; });
  if (!plain || text == "." || text == "..") return fail("cannot name a network namespace");
  return std::string(text);
}

Result<std::string> parse_text(std::string_view text) {
  if (text.size() > kLongestText) return fail("is too long");
  if (!std::ranges::all_of(text, [](char c) { return c >= ' ' && c != 127; }))
    return fail("has a control character or is no ASCII");
  return std::string(text);
}

Result<std::string> parse_file(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return fail("contains a zero octet");
  return std::string(text);
}

Result<std::uint16_t> parse_port(std::string_view text, unsigned minimum) {
  unsigned port = 0;
  if (text.empty()) return fail("has an empty port");
  if (!is_number(text) ||
      std::from_chars(text.data(), text.data() + text.size(), port).ec != std::errc{} ||
      port < minimum || port > 65'535)
    return fail(fmt::format("has the impossible port '{}'", text));
  return static_cast<std::uint16_t>(port);
}

Result<PortRange> parse_port_range(const Option& option, std::string_view text) {
  const std::size_t dash = text.find('-', 1);
  if (dash == std::string_view::npos) return fail("is no range");
  const auto minimum = static_cast<unsigned>(option.minimum);
  const PortRange range{.first = TRY(parse_port(text.substr(0, dash), minimum)),
                        .last = TRY(parse_port(text.substr(dash + 1), minimum))};
  if (range.first > range.last) return fail("is reversed: the first port is above the last");
  return range;
}

// A socket of IPv6 reaches no IPv4 host, and what comes from one is seen as IPv4.
Result<void> check_not_mapped(const packet::IpAddress& address) {
  static const packet::Prefix kMapped = packet::Prefix::parse("::ffff:0:0/96").value();
  if (!kMapped.contains(address)) return {};
  std::array<std::byte, 4> last;
  std::copy_n(address.octets().begin() + 12, last.size(), last.begin());
  return fail(fmt::format("is an IPv4 address written as IPv6; write {}",
                          packet::to_string(packet::IpAddress::v4(last))));
}

Result<packet::Prefix> parse_prefix(std::string_view text) {
  auto prefix = packet::Prefix::parse(text);
  if (prefix) {
    TRY_VOID(check_not_mapped(prefix->address));
    return *prefix;
  }
  std::string problem = std::move(prefix.error().text);
  if (const std::string quoted = fmt::format("'{}' ", text); problem.starts_with(quoted))
    problem.erase(0, quoted.size());
  return fail(std::move(problem));
}

// The two parts of "HOST:PORT" before anything is known about them. `port` is absent without a
// colon that can be meant as one: a second colon outside brackets makes it an IPv6 address.
struct Parts {
  std::string_view host;
  std::optional<std::string_view> port;
  bool bracketed = false;
};

Result<Parts> split_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return fail("has a bracket that is not closed");
    Parts parts{.host = text.substr(1, close - 1), .bracketed = true};
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return parts;
    if (!rest.starts_with(':')) return fail("goes on after the bracket without ':'");
    parts.port = rest.substr(1);
    return parts;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
    return Parts{.host = text};
  return Parts{.host = text.substr(0, colon), .port = text.substr(colon + 1)};
}

// An address of one host, or what is wrong with it.
Result<void> check_one_host(const packet::IpAddress& address, std::string_view otherwise) {
  if (address.is_multicast()) return fail(fmt::format("is a multicast address{}", otherwise));
  if (address.is_broadcast()) return fail(fmt::format("is a broadcast address{}", otherwise));
  return check_not_mapped(address);
}

// The zone behind the address, "" without one. The same link-local address may be that of a host on
// each interface; every other address is of one host alone (RFC 4007 5).
Result<std::string> parse_zone(std::string_view host, const Result<packet::IpAddress>& address,
                               std::string_view otherwise) {
  const std::size_t percent = host.find('%');
  if (percent == std::string_view::npos) return std::string();
  if (!address || address->family() != packet::Family::V6 || !address->is_link_local())
    return fail(fmt::format("has a zone, which only a link-local IPv6 address has; {}", otherwise));
  if (percent + 1 == host.size()) return fail("has an empty zone");
  return std::string(host.substr(percent + 1));
}

// The host part of "HOST:PORT" when it has colons.
Result<packet::IpAddress> parse_v6_host(const Parts& parts) {
  const std::string_view host = parts.host;
  if (auto address = packet::IpAddress::parse(host.substr(0, host.find('%')))) return *address;
  const std::size_t colon = host.rfind(':');
  const std::string_view before = host.substr(0, colon), after = host.substr(colon + 1);
  const bool port_meant =
      !parts.bracketed && packet::IpAddress::parse(before) && parse_port(after, 1).has_value();
  return fail(fmt::format(
      "is no IPv6 address{}",
      port_meant ? fmt::format("; did you mean '[{}]:{}'?", before, after) : std::string()));
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view text) {
  if (text.find("://") != std::string_view::npos)
    return fail("is a URL; leave out all but the name");
  const Parts parts = TRY(split_host_port(text));
  if (parts.host.empty()) return fail("has no host");
  // 253 is the longest name (RFC 1035 2.3.4); a literal with a zone is shorter.
  if (parts.host.size() > 253) return fail("is too long for a host name");
  const bool plain = std::ranges::all_of(parts.host, [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 127 && c != '/';
  });
  if (!plain || parts.host.starts_with('-') ||
      parts.host.find_first_of("[]@") != std::string_view::npos)
    return fail("cannot be a host name or address");
  HostPort result{.host = std::string(parts.host), .port = std::nullopt};
  const bool literal_v6 = parts.host.find(':') != std::string_view::npos;
  if (parts.bracketed && !literal_v6) return fail("has brackets around what is no IPv6 address");
  const auto literal = literal_v6
                           ? parse_v6_host(parts)
                           : packet::IpAddress::parse(parts.host.substr(0, parts.host.find('%')));
  if (literal_v6 && !literal) return std::unexpected(literal.error());
  if (literal) {
    TRY_VOID(check_one_host(*literal, "; name one host"));
    if (literal->is_any()) return fail("is the unspecified address; this host is 127.0.0.1 or ::1");
  }
  TRY(parse_zone(parts.host, literal, "leave it out, or name the interface by --device"));
  if (parts.port) result.port = TRY(parse_port(*parts.port, 1));
  return result;
}

Result<ListenAddress> parse_listen(std::string_view text) {
  const Parts parts = TRY(split_host_port(text));
  if (!parts.port)
    return fail(is_number(text) ? fmt::format("has no ':'; did you mean ':{}'?", text)
                                : std::string("has no port"));
  ListenAddress result;
  result.port = TRY(parse_port(*parts.port, 0));
  if (!parts.bracketed && (parts.host.empty() || parts.host == "*")) return result;
  const auto address = packet::IpAddress::parse(parts.host.substr(0, parts.host.find('%')));
  if (!address) return fail("is no IP address with a port");
  TRY_VOID(check_one_host(*address, ", from which nobody can answer"));
  result.address = *address;
  result.zone = TRY(parse_zone(parts.host, address, "leave it out"));
  return result;
}

std::string shown(const Option& option, std::string_view text) {
  if (option.type == Type::Url) return shown_url(text);
  return option.type == Type::ListenOrNone ? shown_word(text) : std::string(text);
}

Result<Data> parse_value(const Option& option, std::string_view text) {
  if (text.empty()) return fail("is empty");
  switch (option.type) {
    case Type::Flag:
      return TRY(parse_flag(text));
    case Type::Integer:
      return TRY(parse_integer(option, text));
    case Type::Duration:
      return TRY(parse_bounded_duration(option, text));
    case Type::DurationOrNever:
      if (text == "never") return Duration();
      return TRY(parse_bounded_duration(option, text));
    case Type::Ports:
      return TRY(parse_port_range(option, text));
    case Type::Choice:
      return TRY(parse_choice(option, text));
    case Type::Dscp:
      return TRY(parse_dscp(option, text));
    case Type::Interface:
      return TRY(parse_interface(text));
    case Type::Namespace:
      return TRY(parse_namespace(text));
    case Type::File:
      return TRY(parse_file(text));
    case Type::InputFile:
    case Type::SecretFile:
      if (text == "-") return fail("is standard input, which is not read here; name a file");
      return TRY(parse_file(text));
    case Type::FileOrNone:
      if (text == "-") return fail("is standard output, where nothing can be kept; name a file");
      return TRY(parse_file(text));
    case Type::Listen:
      return TRY(parse_listen(text));
    case Type::Host:
      return TRY(parse_host_port(text));
    case Type::Session:
      return TRY(parse_session_spec(text));
    case Type::ListenOrNone:
      if (text == "none") return ListenOrNone{};
      if (option.key == Key::Api && text.find("://") != std::string_view::npos)
        return ListenOrNone{.at = {}, .url = TRY(parse_url(text))};
      return ListenOrNone{.at = TRY(parse_listen(text)), .url = {}};
    case Type::PercentOrNever:
      if (text == "never") return std::numeric_limits<double>::infinity();
      return TRY(parse_bounded_percent(option, text));
    case Type::Octets:
      return TRY(parse_bounded_octets(option, text));
    case Type::Maintenance:
      return TRY(parse_maintenance(text));
    case Type::Url:
      return TRY(parse_url(text));
    case Type::Text:
      return TRY(parse_text(text));
    case Type::SessionName:
      if (!is_session_name(text)) return fail("cannot be the name of a session");
      return std::string(text);
    case Type::Address:
      if (auto address = packet::IpAddress::parse(text)) {
        TRY_VOID(check_not_mapped(*address));
        return *address;
      }
      if (text.find('%') != std::string_view::npos)
        return fail("has a zone; name the interface by --device instead");
      return fail("is no IP address");
    case Type::Prefix:
      return TRY(parse_prefix(text));
  }
  return fail("has no type");
}

}  // namespace wirestamp::config
