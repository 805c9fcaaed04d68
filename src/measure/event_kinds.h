// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "measure/event.h"

// The kinds of events by their names: what people choose by.
namespace wirestamp::measure {

inline constexpr std::size_t kEventKinds = static_cast<std::size_t>(kLastEventKind) + 1;

constexpr std::optional<EventKind> event_kind(std::string_view word) {
  for (std::size_t n = 0; n < kEventKinds; ++n)
    if (name(static_cast<EventKind>(n)) == word) return static_cast<EventKind>(n);
  return std::nullopt;
}

namespace detail {

constexpr std::size_t event_kind_letters() {
  std::size_t sum = 0;
  for (std::size_t n = 0; n < kEventKinds; ++n) sum += name(static_cast<EventKind>(n)).size() + 1;
  return sum - 1;
}

constexpr auto event_kind_text() {
  std::array<char, event_kind_letters()> text{};
  std::size_t at = 0;
  for (std::size_t n = 0; n < kEventKinds; ++n) {
    if (n > 0) text[at++] = ' ';
    for (const char c : name(static_cast<EventKind>(n))) text[at++] = c;
  }
  return text;
}

inline constexpr auto kEventKindText = event_kind_text();

}  // namespace detail

// All of them, with a space between two.
inline constexpr std::string_view kEventKindNames{detail::kEventKindText.data(),
                                                  detail::kEventKindText.size()};

}  // namespace wirestamp::measure
