// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace wirestamp {

// Something the world refused: a sentence for the person who reads it, which names the operation,
// the object and what to try next. `os_error` is the errno behind it, 0 when there is none.
struct Error {
  std::string text;
  int os_error = 0;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string text, int os_error = 0) {
  return std::unexpected(Error{std::move(text), os_error});
}

}  // namespace wirestamp

// TRY(expr): the value of a Result, or return its error from the enclosing function.
#define WIRESTAMP_TRY_NAMED(name, expr)                         \
  __extension__({                                               \
    auto name = (expr);                                         \
    if (!name) return std::unexpected(std::move(name).error()); \
    *std::move(name);                                           \
  })
#define WIRESTAMP_TRY_COUNTED(counter, expr) WIRESTAMP_TRY_JOIN(try_result_, counter, expr)
#define WIRESTAMP_TRY_JOIN(prefix, counter, expr) WIRESTAMP_TRY_NAMED(prefix##counter, expr)
#define TRY(expr) WIRESTAMP_TRY_COUNTED(__COUNTER__, expr)

// TRY_VOID(expr): the same for Result<void>.
#define TRY_VOID(expr)                                            \
  do {                                                            \
    if (auto try_void_result = (expr); !try_void_result)          \
      return std::unexpected(std::move(try_void_result).error()); \
  } while (false)
