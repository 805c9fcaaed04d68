// SPDX-License-Identifier: Apache-2.0
#include "platform/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "platform/descriptor.h"

namespace wirestamp::platform {

namespace {

constexpr std::size_t kLargest = 4'096, kLargestLines = 262'144;

std::unexpected<Error> failed(const std::string& path) {
  const int error = errno;
  return fail(fmt::format("cannot read the secret file '{}': {}", path,
                          std::generic_category().message(error)),
              error);
}

// systemd gives a service its secrets in a folder of their own, to read for its account by an
// access list whose mask stands in the place of the group's permission: no group has it.
bool is_credential(const std::string& path) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && std::filesystem::path(path).parent_path() == folder;
}

// All of it, up to one octet more than `most`.
Result<std::string> contents(const std::string& path, std::size_t most) {
  // A pipe without writer must not hold up the start.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct ::stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return failed(path);
  if (!S_ISREG(status.st_mode)) return fail(fmt::format("'{}' is no regular file", path));
  ::mode_t of_others = S_IRWXG | S_IRWXO;
  if (is_credential(path)) of_others &= ~::mode_t{S_IRGRP};
  if ((status.st_mode & of_others) != 0)
    return fail(fmt::format("'{0}' can be read by others than its owner: chmod 600 '{0}'", path));
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0) return failed(path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most)
    return fail(fmt::format("'{}' is larger than the {} octets of a secret", path, most));
  text.resize(size);  // smaller: it stays where it is
  return text;
}

}  // namespace

Result<std::string> read_secret_lines(const std::string& path) {
  return contents(path, kLargestLines);
}

Result<std::string> read_secret(const std::string& path) {
  std::string text = TRY(contents(path, kLargest));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return fail(fmt::format("the secret file '{}' is empty", path));
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    return fail(fmt::format("the secret file '{}' has more than one line", path));
  return text;
}

}  // namespace wirestamp::platform
