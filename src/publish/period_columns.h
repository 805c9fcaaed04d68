// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "measure/window.h"

// What is told about one window of a report. One table feeds CSV, JSON and the reference.
namespace wirestamp::publish {

// monostate: absent; left out of JSON and empty in CSV.
using WindowField =
    std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string>;

struct WindowColumn {
  std::string_view name, type, meaning;
  WindowField (*get)(const measure::TimedWindow& window);
};

std::span<const WindowColumn> window_columns();

// A field as RFC 4180 wants it: quoted where it has a comma, a quote or a line end.
void append_csv_field(std::string& out, std::string_view text);

}  // namespace wirestamp::publish
