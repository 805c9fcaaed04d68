// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace wirestamp::base {

// Prints the failed condition and its place to standard error, then aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace wirestamp::base

// For our own bugs only: always on, aborts. Never on what the network or a user sent.
#define CHECK(condition) \
  ((condition) ? void(0) : ::wirestamp::base::check_failed(#condition, __FILE__, __LINE__))
