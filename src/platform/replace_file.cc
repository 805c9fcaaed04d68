// SPDX-License-Identifier: Apache-2.0
#include "platform/replace_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace wirestamp::platform {

namespace {

// 0, or the system's error.
int write_whole(std::FILE* file, std::string_view content) {
  if (file == nullptr) return errno;
  errno = 0;
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size() &&
                       std::fflush(file) == 0;
  const int error = errno;
  if (std::fclose(file) != 0 && written) return errno;
  return written ? 0 : error;
}

// Only what a file of the same name can stand for: no device, and no link to elsewhere.
bool may_be_replaced(const std::string& path) {
  std::error_code failed;
  const auto type = std::filesystem::symlink_status(path, failed).type();
  return type == std::filesystem::file_type::regular ||
         type == std::filesystem::file_type::not_found;
}

// What is not ours to replace may be ours to write: in a folder of others, or mounted by itself.
bool permits_no_other(int error) {
  return error == EACCES || error == EPERM || error == EBUSY || error == ENAMETOOLONG;
}

// Whoever could read the old file can read the new one.
int keep_access(int file, const std::string& path) {
  struct stat old{}, made{};
  if (::stat(path.c_str(), &old) != 0) return 0;
  if (::fstat(file, &made) != 0) return errno;
  const bool same = old.st_uid == made.st_uid && old.st_gid == made.st_gid;
  if (!same && ::fchown(file, old.st_uid, old.st_gid) != 0) return errno;
  return ::fchmod(file, old.st_mode & 07777U) == 0 ? 0 : errno;
}

int replace(const std::string& path, std::string_view content) {
  const std::string beside = fmt::format("{}.{}", path, ::getpid());
  std::FILE* file = std::fopen(beside.c_str(), "wxe");
  if (file == nullptr && errno == EEXIST) {  // of one that was killed, with our number
    ::unlink(beside.c_str());
    file = std::fopen(beside.c_str(), "wxe");
  }
  if (file == nullptr) return errno;
  const int denied = keep_access(::fileno(file), path);
  int error = write_whole(file, denied == 0 ? content : std::string_view());
  if (denied != 0) error = denied;
  if (error == 0 && std::rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) ::unlink(beside.c_str());
  return error;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view content) {
  int error = may_be_replaced(path) ? replace(path, content) : EPERM;
  if (permits_no_other(error)) error = write_whole(std::fopen(path.c_str(), "we"), content);
  if (error == 0) return {};
  return fail(fmt::format("cannot write '{}': {}", path, std::generic_category().message(error)),
              error);
}

}  // namespace wirestamp::platform
