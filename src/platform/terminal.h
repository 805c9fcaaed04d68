// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <optional>

namespace wirestamp::platform {

// Columns of the terminal behind `stream`; absent when it is no terminal, or a dumb one.
std::optional<unsigned> terminal_columns(std::FILE* stream);

// What is written to `stream` goes to systemd's journal, as JOURNAL_STREAM tells (systemd.exec(5)).
bool is_journal(std::FILE* stream);

}  // namespace wirestamp::platform
