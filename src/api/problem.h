// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

// What the API answers, and why it does not.
namespace wirestamp::api {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Reply {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  Headers headers;
};

// A request that is refused: told as {"error": {"code", "message", "parameter", "allowed"}}.
struct Problem {
  unsigned status = 400;
  std::string code;     // one of docs/api.md, for programs
  std::string message;  // a sentence that says what to do
  std::string parameter = {};
  std::vector<std::string> allowed = {};
  Headers headers = {};
};

template <typename T>
using Answer = std::expected<T, Problem>;

inline std::unexpected<Problem> refuse(Problem problem) {
  return std::unexpected(std::move(problem));
}

Reply to_reply(const Problem& problem);

}  // namespace wirestamp::api
