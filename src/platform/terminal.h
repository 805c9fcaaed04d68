// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <optional>

namespace wirestamp::platform {

// Columns of the terminal behind `stream`; absent when it is no terminal, or a dumb one.
std::optional<unsigned> terminal_columns(std::FILE* stream);

}  // namespace wirestamp::platform
