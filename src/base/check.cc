// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace wirestamp::base {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "wirestamp: internal error, please report: CHECK(%s) at %s:%d\n", condition,
               file, line);
  std::abort();
}

}  // namespace wirestamp::base
