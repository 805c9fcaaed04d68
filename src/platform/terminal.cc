// SPDX-License-Identifier: Apache-2.0
#include "platform/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace wirestamp::platform {

std::optional<unsigned> terminal_columns(std::FILE* stream) {
  constexpr unsigned kUsual = 80;
  const int descriptor = fileno(stream);
  if (descriptor < 0 || isatty(descriptor) == 0) return std::nullopt;
  const char* kind = std::getenv("TERM");
  if (kind != nullptr && std::string_view(kind) == "dumb") return std::nullopt;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

namespace {

std::string_view variable_of(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// The first of the three that is set decides (POSIX, 8.2).
bool is_utf8() {
  std::string_view locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale.empty()) locale = variable_of(name);
  std::string text;
  for (const char c : locale)
    if (c != '-') text += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text.find("utf8") != std::string::npos;
}

}  // namespace

TerminalTraits terminal_traits(std::FILE* stream) {
  TerminalTraits traits;
  const int descriptor = fileno(stream);
  if (!terminal_columns(stream)) return traits;
  const std::string_view kind = variable_of("TERM");
  // In the background the terminal is another's: a shell's, or that of what runs in front.
  traits.screen = !kind.empty() && ::tcgetpgrp(descriptor) == ::getpgrp();
  traits.utf8 = is_utf8();
  traits.braille = traits.utf8 && kind != "linux";
  traits.colours = variable_of("NO_COLOR").empty() && kind != "vt100" && kind != "vt102" &&
                   kind != "vt220" && !kind.ends_with("-m") && !kind.ends_with("-mono");
  return traits;
}

bool is_journal(std::FILE* stream) {
  const char* told = std::getenv("JOURNAL_STREAM");
  const int descriptor = fileno(stream);
  struct stat found{};
  if (told == nullptr || descriptor < 0 || ::fstat(descriptor, &found) != 0) return false;
  // Of the stream that the service was started with; it may have been redirected since.
  return fmt::format("{}:{}", found.st_dev, found.st_ino) == told;
}

}  // namespace wirestamp::platform
