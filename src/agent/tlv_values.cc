// SPDX-License-Identifier: Apache-2.0
#include "agent/tlv_values.h"

#include <fmt/format.h>

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "time/duration_text.h"
#include "wire/tlv_control.h"
#include "wire/tlv_drafts.h"
#include "wire/tlv_location.h"
#include "wire/tlv_names.h"
#include "wire/tlv_return_path.h"

namespace wirestamp::agent {

namespace {

using session::TlvRequests;

constexpr std::size_t kMostTlvs = 32;
constexpr std::size_t kMostOctets = 1'024;  // of a value given in hexadecimal digits
constexpr std::size_t kLongestPattern = 64;

// Of TLVs that take none it must be empty.
struct Request {
  std::string_view name, value;
  bool has_value = false;
};

template <std::unsigned_integral Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Duration> duration(std::string_view text) {
  const auto ns = parse_duration(text);
  if (!ns || *ns > static_cast<std::uint64_t>(Duration::hours(1).ns())) return std::nullopt;
  return Duration::nanoseconds(static_cast<std::int64_t>(*ns));
}

// The part before the next colon; what is behind it stays.
std::string_view take_part(std::string_view& text) {
  const std::size_t colon = text.find(':');
  const std::string_view part = text.substr(0, colon);
  text = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  return part;
}

std::optional<std::vector<std::byte>> hexadecimal(std::string_view text) {
  if (text.size() % 2 != 0 || text.size() > 2 * kMostOctets) return std::nullopt;
  std::vector<std::byte> octets;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    std::uint8_t octet = 0;
    const char* const end = text.data() + i + 2;
    const auto [at, error] = std::from_chars(text.data() + i, end, octet, 16);
    if (error != std::errc() || at != end) return std::nullopt;
    octets.push_back(std::byte{octet});
  }
  return octets;
}

void add(TlvRequests& requests, std::uint8_t type, std::vector<std::byte> value) {
  requests.tlvs.push_back({.type = type, .value = std::move(value)});
}

template <typename Value>
void add_encoded(TlvRequests& requests, std::uint8_t type, std::size_t length, const Value& value) {
  std::vector<std::byte> octets(length);
  value.encode(octets);
  add(requests, type, std::move(octets));
}

Result<void> bad(const Request& request, std::string_view wanted) {
  return fail(fmt::format("--tlv {}: {}", request.name, wanted));
}

Result<void> add_access_report(const Request& request, TlvRequests& requests) {
  constexpr std::string_view kWanted =
      "say 3gpp:available, 3gpp:unavailable, non-3gpp:available or non-3gpp:unavailable, and if it "
      "shall be, how long to wait for the receipt and how often to repeat it: 3gpp:available:3s:4";
  std::string_view rest = request.value;
  const std::string_view access = take_part(rest), state = take_part(rest);
  const std::string_view after = take_part(rest), times = take_part(rest);
  using wire::AccessReport;
  AccessReport report;
  if (access == "3gpp") report.access = AccessReport::k3gpp;
  if (access == "non-3gpp") report.access = AccessReport::kNon3gpp;
  if (state == "available") report.return_code = AccessReport::kAvailable;
  if (state == "unavailable") report.return_code = AccessReport::kUnavailable;
  if (report.access == 0 || report.return_code == 0 || !rest.empty()) return bad(request, kWanted);
  if (!after.empty()) {
    const auto wait = duration(after);
    if (!wait || *wait < Duration::milliseconds(1) || *wait > Duration::minutes(1))
      return bad(request, "the time to wait for the receipt is 1ms to 1m");
    //= RFC8972:access-configurable
    requests.report.after = *wait;
  }
  if (!times.empty()) {
    const auto count = number<unsigned>(times);
    if (!count || *count > 16) return bad(request, "a report is repeated 0 to 16 times");
    requests.report.times = *count;
  }
  add_encoded(requests, wire::kAccessReport, AccessReport::kLength, report);
  return {};
}

Result<void> add_destination(const Request& request, TlvRequests& requests) {
  const auto address = packet::IpAddress::parse(request.value);
  if (!address) return bad(request, "say an IP address of the reflector: " + address.error().text);
  std::vector<std::byte> octets(wire::address_length(address->family()));
  wire::encode_address(octets, *address);
  requests.answers_from = *address;
  add(requests, wire::kDestinationNode, std::move(octets));
  return {};
}

Result<void> add_return_path(const Request& request, TlvRequests& requests) {
  wire::ReturnPath path;
  if (request.value == "no-reply") {
    path.control_code = wire::ReturnPath::kNoReply;
    requests.no_reply = true;
  } else if (request.value == "same-link") {
    path.control_code = wire::ReturnPath::kSameLink;
  } else if (const auto address = packet::IpAddress::parse(request.value)) {
    path.address = *address;
    requests.reply_elsewhere = true;
  } else {
    return bad(request, "say no-reply, same-link, or the address that replies shall be sent to");
  }
  add_encoded(requests, wire::kReturnPath, path.length(), path);
  return {};
}

Result<void> add_micro_session(const Request& request, TlvRequests& requests) {
  std::string_view rest = request.value;
  const auto ours = number<std::uint16_t>(take_part(rest));
  const auto theirs = rest.empty() ? std::optional<std::uint16_t>(0) : number<std::uint16_t>(rest);
  if (!ours || *ours == 0 || !theirs)
    return bad(request,
               "say the member link's number here and, where it is known, there: 1 or 1:2");
  //= RFC9534:sender-ids
  requests.micro_session = wire::MicroSession{.sender = *ours, .reflector = *theirs};
  add_encoded(requests, wire::kMicroSession, wire::MicroSession::kLength, *requests.micro_session);
  return {};
}

Result<void> add_control(const Request& request, TlvRequests& requests) {
  std::string_view rest = request.value;
  const auto length = number<std::uint16_t>(take_part(rest));
  const auto count = number<std::uint16_t>(take_part(rest));
  const auto interval = rest.empty() ? std::optional(Duration()) : duration(rest);
  if (!length || !count || !interval || *interval > Duration::seconds(4))
    return bad(request,
               "say octets and number of the replies, and the time between them up to 4s: 1400:3, "
               "or 1400:3:10ms");
  const wire::ReflectedControl control{.length = *length,
                                       .count = *count,
                                       .interval_ns = static_cast<std::uint32_t>(interval->ns()),
                                       .layer3_group = std::nullopt};
  requests.no_reply |= *count == 0;
  add_encoded(requests, wire::kReflectedControl, control.value_length(), control);
  return {};
}

std::optional<std::vector<std::byte>> pattern_of(std::string_view text) {
  auto octets = hexadecimal(text);
  if (!octets || octets->empty() || octets->size() > kLongestPattern) return std::nullopt;
  return octets;
}

Result<void> add_bit_errors(const Request& request, TlvRequests& requests) {
  std::vector<std::byte> pattern(wire::kDefaultPattern.begin(), wire::kDefaultPattern.end());
  if (request.has_value) {
    const auto given = pattern_of(request.value);
    if (!given) return bad(request, "the pattern is 1 to 64 octets in hexadecimal digits: ff00");
    pattern = *given;
    add(requests, wire::kBitPattern, pattern);
  }
  requests.padding_pattern = std::move(pattern);
  add(requests, wire::kBitErrors, std::vector<std::byte>(4));
  add(requests, wire::kErrorBurst, std::vector<std::byte>(4));
  return {};
}

Result<void> add_header(const Request& request, std::uint8_t type, TlvRequests& requests) {
  const bool fixed = type == wire::kFixedHeader;
  const auto length = number<std::size_t>(request.value);
  const bool fits = length && (fixed ? *length == 20 || *length == 40
                                     : *length >= 8 && *length % 8 == 0 && *length <= 2'048);
  if (!fits)
    return bad(request, fixed ? "say 20 for the IPv4 header or 40 for the IPv6 header"
                              : "say the octets of the extension header, a multiple of 8");
  add(requests, type, std::vector<std::byte>(*length));
  return {};
}

// Any type, to see what a peer makes of it.
Result<void> add_raw(const Request& request, std::uint8_t type, TlvRequests& requests) {
  const auto value = hexadecimal(request.value);
  if (!value)
    return bad(request,
               fmt::format("the value is up to {} octets in hexadecimal digits", kMostOctets));
  add(requests, type, *value);
  return {};
}

Result<void> add_request(const Request& request, TlvRequests& requests) {
  if (const auto type = number<std::uint8_t>(request.name))
    return add_raw(request, *type, requests);
  const auto plain = [&](std::uint8_t type, std::size_t length) -> Result<void> {
    if (request.has_value) return bad(request, "it takes no value");
    add(requests, type, std::vector<std::byte>(length));
    return {};
  };
  switch (wire::tlv_type(request.name).value_or(0)) {
    case wire::kLocation:
      if (request.has_value) return bad(request, "it takes no value");
      add_encoded(requests, wire::kLocation, wire::LocationQuestion().length(),
                  wire::LocationQuestion());
      return {};
    case wire::kTimestampInformation:
      //= RFC8972:timestamp-information-zeros
      return plain(wire::kTimestampInformation, wire::TimestampInformation::kShortest);
    case wire::kDirectMeasurement:
      return plain(wire::kDirectMeasurement, wire::DirectMeasurement::kLength);
    case wire::kAccessReport:
      return add_access_report(request, requests);
    case wire::kDestinationNode:
      return add_destination(request, requests);
    case wire::kReturnPath:
      return add_return_path(request, requests);
    case wire::kMicroSession:
      return add_micro_session(request, requests);
    case wire::kReflectedControl:
      return add_control(request, requests);
    case wire::kBitErrors:
      return add_bit_errors(request, requests);
    case wire::kExtensionHeader:
    case wire::kFixedHeader:
      return add_header(request, *wire::tlv_type(request.name), requests);
    case wire::kClassOfService:
    case wire::kFollowUpTelemetry:
    case wire::kWstp:
      return bad(request, "every probe that has room for it carries it anyway");
    default:
      return fail(fmt::format(
          "--tlv {}: there is location, timestamp-information, direct-measurement, access-report, "
          "destination-node, return-path, micro-session, reply-control, bit-errors, ip-header, "
          "extension-header, and any type by its number",
          request.name));
  }
}

}  // namespace

Result<TlvRequests> tlv_requests(std::span<const std::string> texts) {
  TlvRequests requests;
  if (texts.size() > kMostTlvs)
    return fail(fmt::format("--tlv: at most {} of them are possible", kMostTlvs));
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    Request request{.name = std::string_view(text).substr(0, equals), .value = {}};
    if (equals != std::string::npos) {
      request.value = std::string_view(text).substr(equals + 1);
      request.has_value = true;
    }
    const std::size_t before = requests.tlvs.size();
    TRY_VOID(add_request(request, requests));
    for (std::size_t i = 0; i < before; ++i)
      for (std::size_t k = before; k < requests.tlvs.size(); ++k)
        if (requests.tlvs[i].type == requests.tlvs[k].type)
          return fail(fmt::format("--tlv {} is given twice: a probe carries one", request.name));
  }
  if (requests.no_reply && requests.asks(wire::kReflectedControl) &&
      requests.asks(wire::kReturnPath))
    return fail("--tlv reply-control and --tlv return-path=no-reply contradict each other");
  return requests;
}

//= RFC8972:padding-configurable
Result<void> take_padding(std::string_view text, TlvRequests& requests) {
  if (text == "random") return {};
  if (requests.asks(wire::kBitErrors))
    return fail("--tlv bit-errors has padding of its own: leave --padding out");
  const auto pattern =
      text == "zeros" ? std::optional(std::vector(1, std::byte{})) : pattern_of(text);
  if (!pattern)
    return fail("--padding: say random, zeros, or 1 to 64 octets in hexadecimal digits: ff00");
  requests.padding_pattern = *pattern;
  return {};
}

}  // namespace wirestamp::agent
