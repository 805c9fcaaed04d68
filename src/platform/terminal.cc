// SPDX-License-Identifier: Apache-2.0
#include "platform/terminal.h"

#include <sys/ioctl.h>
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

}  // namespace wirestamp::platform
