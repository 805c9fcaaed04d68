// SPDX-License-Identifier: Apache-2.0
//
// Base packets and TLV headers as the tables of RFC 8762 4.2, 4.3 and RFC 8972 3, 4 have them, read
// field by field and octet by octet. It shares no code with wire/, so that tests and fuzz targets
// can hold one against the other. Header only: the fuzz targets have no test library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace wirestamp::wire::literal {

struct Field {
  const char* name;
  std::size_t first, last;  // octets
};

struct Layout {
  std::size_t shortest;  // fewer octets are no such packet
  std::vector<Field> fields;
};

// 14 octets are enough of a request: TWAMP Light (RFC 8762 4.6). A field that is not there is zero.
inline Layout request() {
  return {14, {{"sequence", 0, 3}, {"timestamp", 4, 11}, {"error", 12, 13}, {"ssid", 14, 15}}};
}
inline Layout reply() {
  return {41,
          {{"sequence", 0, 3},
           {"timestamp", 4, 11},
           {"error", 12, 13},
           {"ssid", 14, 15},
           {"received", 16, 23},
           {"sender_sequence", 24, 27},
           {"sender_timestamp", 28, 35},
           {"sender_error", 36, 37},
           {"sender_ttl", 40, 40}}};
}
inline Layout auth_request() {
  return {112, {{"sequence", 0, 3}, {"timestamp", 16, 23}, {"error", 24, 25}, {"ssid", 26, 27}}};
}
inline Layout auth_reply() {
  return {112,
          {{"sequence", 0, 3},
           {"timestamp", 16, 23},
           {"error", 24, 25},
           {"ssid", 26, 27},
           {"received", 32, 39},
           {"sender_sequence", 48, 51},
           {"sender_timestamp", 64, 71},
           {"sender_error", 72, 73},
           {"sender_ttl", 80, 80}}};
}

using Values = std::map<std::string, std::uint64_t, std::less<>>;

inline std::optional<Values> decode(const Layout& layout, base::Bytes packet) {
  if (packet.size() < layout.shortest) return std::nullopt;
  Values values;
  for (const Field& field : layout.fields) {
    std::uint64_t value = 0;
    const bool there = field.last < packet.size();
    for (std::size_t at = field.first; there && at <= field.last; ++at)
      value = value * 256 + static_cast<unsigned>(packet[at]);
    values[field.name] = value;
  }
  return values;
}

// RFC 8972 4: one octet of flags, one of type, two of length, the value. The walk ends at one that
// is longer than what is left, and at fewer than four octets.
struct Header {
  std::size_t at = 0;
  bool unrecognised = false, malformed = false, integrity = false, conformance = false;
  unsigned type = 0, length = 0;
};

struct Walk {
  std::vector<Header> headers;
  std::size_t left = 0;  // octets behind the last whole one
  bool overrun = false;  // and they are the beginning of one
};

inline Walk walk(base::Bytes area) {
  Walk found;
  std::size_t at = 0;
  while (area.size() - at >= 4) {
    Header header;
    const auto flags = static_cast<unsigned>(area[at]);
    header.at = at;
    header.unrecognised = flags / 128 % 2 == 1;
    header.malformed = flags / 64 % 2 == 1;
    header.integrity = flags / 32 % 2 == 1;
    header.conformance = flags / 16 % 2 == 1;
    header.type = static_cast<unsigned>(area[at + 1]);
    header.length = static_cast<unsigned>(area[at + 2]) * 256 + static_cast<unsigned>(area[at + 3]);
    if (header.length > area.size() - at - 4) {
      found.overrun = true;
      break;
    }
    found.headers.push_back(header);
    at += 4 + header.length;
  }
  found.left = area.size() - at;
  return found;
}

}  // namespace wirestamp::wire::literal
