// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace wirestamp::config {

// A session in one line, for flags and variables: [NAME=]HOST[:PORT] [KEY=VALUE]..., separated by
// spaces, such as "office=198.51.100.7 interval=1s". No value of a session's options has a space.
struct SessionSpec {
  std::string name;  // the host as written where none is given, with '_' for what names cannot have
  std::string host;  // HOST[:PORT]
  // Options of sessions by their names in the table; checked to exist, not what they mean.
  std::vector<std::pair<std::string, std::string>> options;

  bool operator==(const SessionSpec&) const = default;
};

// The error says what is wrong with the text without repeating it, as that of parse_value().
Result<SessionSpec> parse_session_spec(std::string_view text);

}  // namespace wirestamp::config
