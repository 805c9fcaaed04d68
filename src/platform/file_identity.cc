// SPDX-License-Identifier: Apache-2.0
#include "platform/file_identity.h"

#include <sys/stat.h>

namespace wirestamp::platform {

std::optional<FileIdentity> file_identity(const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return std::nullopt;
  return FileIdentity{.device = found.st_dev, .inode = found.st_ino};
}

}  // namespace wirestamp::platform
