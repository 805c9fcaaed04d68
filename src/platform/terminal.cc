// SPDX-License-Identifier: Apache-2.0
#include "platform/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
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

bool is_journal(std::FILE* stream) {
  const char* told = std::getenv("JOURNAL_STREAM");
  const int descriptor = fileno(stream);
  struct stat found{};
  if (told == nullptr || descriptor < 0 || ::fstat(descriptor, &found) != 0) return false;
  // Of the stream that the service was started with; it may have been redirected since.
  return fmt::format("{}:{}", found.st_dev, found.st_ino) == told;
}

}  // namespace wirestamp::platform
