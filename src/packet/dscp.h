// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wirestamp::packet {

struct CodePoint {
  std::string_view name;
  std::uint8_t value;
};

// RFC 2474 (CS), RFC 2597 (AF), RFC 3246 (EF), RFC 5865 (VA), RFC 8622 (LE).
inline constexpr std::array<CodePoint, 23> kCodePoints{
    {{"CS0", 0},   {"CS1", 8},   {"CS2", 16},  {"CS3", 24},  {"CS4", 32},  {"CS5", 40},
     {"CS6", 48},  {"CS7", 56},  {"AF11", 10}, {"AF12", 12}, {"AF13", 14}, {"AF21", 18},
     {"AF22", 20}, {"AF23", 22}, {"AF31", 26}, {"AF32", 28}, {"AF33", 30}, {"AF41", 34},
     {"AF42", 36}, {"AF43", 38}, {"EF", 46},   {"VA", 44},   {"LE", 1}}};

// "EF" for 46; empty when the code point has no name.
constexpr std::string_view dscp_name(std::uint8_t dscp) {
  for (const CodePoint& point : kCodePoints)
    if (point.value == dscp) return point.name;
  return {};
}

// 46 for "EF"; the name in capitals.
constexpr std::optional<std::uint8_t> dscp_value(std::string_view name) {
  for (const CodePoint& point : kCodePoints)
    if (point.name == name) return point.value;
  return std::nullopt;
}

}  // namespace wirestamp::packet
