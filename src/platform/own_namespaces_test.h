// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "platform/descriptor.h"

// For tests that need a network of their own. A child process makes it in a user namespace, where
// no privilege is needed; a host may forbid these.
namespace wirestamp::platform {

constexpr int kNoNamespaces = 77;

inline void write_file(const char* path, const std::string& text) {
  const Descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  if (::write(file.get(), text.data(), text.size()) < 0) ::_exit(kNoNamespaces);
}

// Root of all that is in them.
inline void enter_own_namespaces() {
  const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0) ::_exit(kNoNamespaces);
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", "0 " + user + " 1");
  write_file("/proc/self/gid_map", "0 " + group + " 1");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", "/run", "tmpfs", 0, nullptr) != 0)
    ::_exit(kNoNamespaces);
}

// Runs a tool of the system (`ip`, `nft`) in such a child, which is over when the tool is not there
// or refuses.
inline void run(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
    ::_exit(kNoNamespaces);
  int status = 0;
  if (::waitpid(child, &status, 0) == child && status == 0) return;
  fmt::print(stderr, "this failed: {}\n", fmt::join(words, " "));
  ::_exit(1);
}

enum class InOwnNamespaces : std::uint8_t { Passed, Failed, Forbidden };

// Runs `body`, which returns whether it passed, in a child that is alone in user, network and mount
// namespaces of its own, with an empty /run.
inline InOwnNamespaces in_own_namespaces(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    enter_own_namespaces();
    // Nothing is thrown into the caller's copy of the program.
    ::_exit([&]() noexcept { return body(); }() ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status))
    return InOwnNamespaces::Failed;
  if (WEXITSTATUS(status) == kNoNamespaces) return InOwnNamespaces::Forbidden;
  return WEXITSTATUS(status) == 0 ? InOwnNamespaces::Passed : InOwnNamespaces::Failed;
}

}  // namespace wirestamp::platform
