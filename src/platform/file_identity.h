// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace wirestamp::platform {

// Which file it is, whatever is at its path later; no two that exist or are open have the same.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;

  bool operator==(const FileIdentity&) const = default;
};

// Of what is at `path` now, which may be a symbolic link itself; absent where nothing is.
std::optional<FileIdentity> file_identity(const std::string& path);

}  // namespace wirestamp::platform
