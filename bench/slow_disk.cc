// SPDX-License-Identifier: Apache-2.0
//
// A disk that is slow, for LD_PRELOAD: each write at a position and each request to have data on
// the disk takes longer. SLOW_DISK_LOG names a file that gets an octet for each of them, so that
// a bench can tell that it had a slow disk.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

constexpr long kSyncNs = 700'000'000, kWriteNs = 3'000'000;

bool is_file(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

void count() {
  static const int log = [] {
    const char* path = std::getenv("SLOW_DISK_LOG");
    return path == nullptr ? -1 : ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }();
  if (log >= 0) (void)!::write(log, "s", 1);
}

void delay(int fd, long ns) {
  if (!is_file(fd)) return;
  count();
  const timespec time{.tv_sec = 0, .tv_nsec = ns};
  ::nanosleep(&time, nullptr);
}

template <typename Function>
Function* next_one(const char* name) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what dlsym() is for
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int fsync(int fd) {
  static auto* const next = next_one<int(int)>("fsync");
  delay(fd, kSyncNs);
  return next(fd);
}

int fdatasync(int fd) {
  static auto* const next = next_one<int(int)>("fdatasync");
  delay(fd, kSyncNs);
  return next(fd);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static auto* const next = next_one<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  delay(fd, kWriteNs);
  return next(fd, data, size, offset);
}

}  // extern "C"
