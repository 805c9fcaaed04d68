// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

// Writing to standard output and standard error. fmt::print throws when it cannot write; a terminal
// that is gone or a log disk that is full is no reason to stop measuring.
namespace wirestamp::cli {

// What is only told, and missed by nobody's program: a failure is ignored.
void tell(std::FILE* stream, std::string_view text);

template <typename... T>
void tell(std::FILE* stream, fmt::format_string<T...> format, T&&... values) {
  tell(stream, std::string_view(fmt::format(format, std::forward<T>(values)...)));
}

// What the command was run for: the failure says why, with the system's number.
Result<void> put(std::FILE* stream, std::string_view text);

// "wirestamp: TEXT" on standard error.
void complain(std::string_view text);

// put() to standard output as a whole command: its exit code.
int print(std::string_view text);
// The same to a file, which is replaced when all is written; "-" is standard output. Devices and
// links to elsewhere are written to.
int print_to(const std::string& path, std::string_view text);

}  // namespace wirestamp::cli
