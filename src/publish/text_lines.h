// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "measure/summary.h"

// What the texts for people are made of: a name, and behind it what it tells, in lines that fit.
namespace wirestamp::publish {

inline constexpr std::size_t kWidth = 80;   // of a terminal that nobody has made wider
inline constexpr std::size_t kColumn = 15;  // where a line of a summary begins to tell

// Why probes are withheld (measure::WithheldReason).
inline constexpr std::string_view kWithheld =
    "not counted: a pause, the back-off, a sleep of this host, or the end";

// One line, or several with the further ones indented. `begin`: columns of the first line that are
// taken.
void append_wrapped(std::string& out, std::string_view text, std::size_t begin, std::size_t indent);

template <typename... Args>
void line(std::string& out, std::string_view name, fmt::format_string<Args...> text,
          Args&&... args) {
  fmt::format_to(std::back_inserter(out), "  {:<13}", name);
  append_wrapped(out, fmt::format(text, std::forward<Args>(args)...), kColumn, kColumn);
}

// For tables and for what is copied out of the text: never broken.
void long_line(std::string& out, std::string_view name, std::string_view text);

// "no_route" as "no route".
std::string words(std::string_view name);

// Text that came from elsewhere, on one line and without what steers terminals: control characters,
// those of UTF-8 too, and marks that turn the direction of writing.
std::string printable(std::string_view text);

// "kernel 118 + user 2".
std::string stamp_list(const measure::StampCounts& counts);

}  // namespace wirestamp::publish
