// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "measure/sample.h"

// What is told about one probe. One table feeds JSON lines, CSV and the reference page, so that
// they cannot differ in names, order or meaning.
namespace wirestamp::publish {

// monostate: absent; the field is left out of JSON and empty in CSV.
using Field = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, std::string_view>;

struct Column {
  std::string_view name;
  std::string_view type;     // "integer", "string" or "boolean"
  std::string_view meaning;  // one line for the reference page
  Field (*get)(const measure::Sample&);
};

std::span<const Column> columns();

}  // namespace wirestamp::publish
