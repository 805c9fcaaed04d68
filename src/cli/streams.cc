// SPDX-License-Identifier: Apache-2.0
#include "cli/streams.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "cli/exit_code.h"
#include "platform/replace_file.h"
#include "publish/text_lines.h"

namespace wirestamp::cli {

void tell(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

Result<void> put(std::FILE* stream, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0)
    return {};
  const int error = errno;
  return fail(
      fmt::format("cannot write to {}: {}", stream == stdout ? "standard output" : "standard error",
                  std::generic_category().message(error)),
      error);
}

void complain(std::string_view text) {
  // Parts of it may be another's words, as an agent's answer.
  std::string lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines += publish::printable(text.substr(begin, end - begin)) + '\n';
    begin = end + 1;
  }
  tell(stderr, "wirestamp: {}", lines);
}

int print(std::string_view text) {
  const auto written = put(stdout, text);
  if (written) return kMeasured;
  // A reader that went away, as `head` does, has what it wanted.
  if (written.error().os_error != EPIPE) complain(written.error().text);
  return kRefused;
}

int print_to(const std::string& path, std::string_view text) {
  if (path == "-") return print(text);
  const auto written = platform::replace_file(path, text);
  if (written) return kMeasured;
  complain(written.error().text);
  return kRefused;
}

}  // namespace wirestamp::cli
