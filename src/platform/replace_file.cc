// SPDX-License-Identifier: Apache-2.0
#include "platform/replace_file.h"

#include <fmt/format.h>
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

int put_in_place(const std::string& beside, const std::string& path) {
  std::error_code failed;
  const auto old = std::filesystem::status(path, failed);
  if (std::filesystem::exists(old)) std::filesystem::permissions(beside, old.permissions(), failed);
  return std::rename(beside.c_str(), path.c_str()) == 0 ? 0 : errno;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view content) {
  const std::string beside = fmt::format("{}.{}", path, ::getpid());
  std::FILE* file = may_be_replaced(path) ? std::fopen(beside.c_str(), "wxe") : nullptr;
  const bool replaces = file != nullptr;
  // In a folder where nothing new can be made the file itself may be ours to write.
  if (!replaces) file = std::fopen(path.c_str(), "we");
  int error = write_whole(file, content);
  if (replaces) {
    if (error == 0) error = put_in_place(beside, path);
    std::error_code failed;
    if (error != 0) std::filesystem::remove(beside, failed);
  }
  if (error == 0) return {};
  return fail(fmt::format("cannot write '{}': {}", path, std::generic_category().message(error)),
              error);
}

}  // namespace wirestamp::platform
