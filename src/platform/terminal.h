// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <optional>

namespace wirestamp::platform {

// Columns of the terminal behind `stream`; absent when it is no terminal, or a dumb one.
std::optional<unsigned> terminal_columns(std::FILE* stream);

// What the terminal behind `stream` can show, as the system and the variables TERM, LC_ALL,
// LC_CTYPE, LANG and NO_COLOR say.
struct TerminalTraits {
  bool screen = false;  // a whole screen may be drawn: a terminal, no dumb one, and ours to draw on
  bool utf8 = false;    // characters beyond ASCII
  bool braille = false;  // those of braille too; the font of the Linux console has none
  bool colours = false;
};
TerminalTraits terminal_traits(std::FILE* stream);

// What is written to `stream` goes to systemd's journal, as JOURNAL_STREAM tells (systemd.exec(5)).
bool is_journal(std::FILE* stream);

}  // namespace wirestamp::platform
