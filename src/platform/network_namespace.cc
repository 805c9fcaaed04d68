// SPDX-License-Identifier: Apache-2.0
#include "platform/network_namespace.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

namespace wirestamp::platform {

namespace {

// Where `ip netns add` keeps them; the second is the same place on most hosts.
constexpr std::array<const char*, 2> kFolders{"/run/netns", "/var/run/netns"};
// A host of many containers has thousands; a message shows a few.
constexpr std::size_t kNamesShown = 12;

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const char* folder : kFolders) {
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder), &::closedir);
    if (!open) continue;
    // A stream of our own: no other thread reads from it.
    while (const dirent* entry = ::readdir(open.get())) {
      const std::string_view name(&entry->d_name[0]);
      if (name != "." && name != "..") names.emplace_back(name);
    }
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);
  names.erase(twice.begin(), twice.end());
  return names;
}

std::string no_such_name(const std::string& name) {
  std::vector<std::string> known = known_names();
  if (known.empty())
    return fmt::format(
        "there is no network namespace '{}', nor any other with a name: make it with `ip netns add "
        "{}`, or give a path, as /proc/PID/ns/net; a container sees the host's names only when "
        "/run/netns is mounted into it",
        name, name);
  const std::size_t more = known.size() - std::min(known.size(), kNamesShown);
  known.resize(known.size() - more);
  return fmt::format("there is no network namespace '{}'; there are: {}{}", name,
                     fmt::join(known, ", "),
                     more > 0 ? fmt::format(" and {} more (`ip netns`)", more) : "");
}

// Why the file at `path` cannot be opened.
std::string why_not_opened(const std::string& named, int error) {
  switch (error) {
    case ENOENT:
      return fmt::format("there is no network namespace {}: there is no such file{}", named,
                         named.starts_with("'/proc/") ? " (has the process ended?)" : "");
    case EACCES:
    case EPERM:
      return fmt::format(
          "not permitted to look at the network namespace {}: that of another user's process needs "
          "CAP_SYS_PTRACE; one with a name (`ip netns attach NAME PID`) needs nothing to be opened",
          named);
    default:
      return fmt::format("cannot open the network namespace {}: {}", named,
                         std::system_category().message(error));
  }
}

std::string kind_of(int type) {
  switch (type) {
    case CLONE_NEWUSER:
      return "a user namespace";
    case CLONE_NEWNS:
      return "a mount namespace";
    case CLONE_NEWPID:
      return "a PID namespace";
    case CLONE_NEWUTS:
      return "a UTS namespace";
    case CLONE_NEWIPC:
      return "an IPC namespace";
    case CLONE_NEWCGROUP:
      return "a cgroup namespace";
    default:
      return "another kind of namespace";
  }
}

// Opened only when it is a plain file, as all namespaces are: opening a device may do something,
// and opening a pipe waits.
Result<Descriptor> open_file(const std::string& path, const std::string& named) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fail(why_not_opened(named, errno), errno);
  if (!S_ISREG(status.st_mode)) return fail(fmt::format("{} is not a network namespace", named));
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return fail(why_not_opened(named, errno), errno);
  const int type = ::ioctl(file.get(), NS_GET_NSTYPE);
  if (type < 0)
    return fail(
        fmt::format("{} is not a network namespace but a plain file: when it was one, what "
                    "was mounted there is gone; `ip netns delete` and `add` it again, or "
                    "mount it into this container",
                    named));
  if (type != CLONE_NEWNET)
    return fail(fmt::format("{} is not a network namespace but {}", named, kind_of(type)));
  return file;
}

}  // namespace

Result<NetworkNamespace> NetworkNamespace::open(std::string_view name_or_path) {
  const std::string given(name_or_path);
  if (given.empty()) return fail("a network namespace needs a name or a path; '' is none");
  if (given.contains('\0')) return fail("the name of a network namespace has no zero octet");
  const std::string named = fmt::format("'{}'", given);
  if (given.contains('/')) return NetworkNamespace(TRY(open_file(given, named)), named);
  if (given != "." && given != "..") {
    for (const char* folder : kFolders) {
      const std::string path = fmt::format("{}/{}", folder, given);
      struct stat status{};
      if (::stat(path.c_str(), &status) == 0 || errno != ENOENT)
        return NetworkNamespace(TRY(open_file(path, named)), named);
    }
  }
  return fail(no_such_name(given), ENOENT);
}

Result<void> NetworkNamespace::enter() const {
  if (::setns(descriptor_.get(), CLONE_NEWNET) == 0) return {};
  const int error = errno;
  if (error == EPERM)
    return fail(fmt::format("not permitted to enter the network namespace {}: that needs "
                            "CAP_SYS_ADMIN in this program and over the namespace; start the "
                            "program inside it instead (`ip netns exec`, `nsenter --net=PATH`), or "
                            "give it the capability (`AmbientCapabilities=CAP_SYS_ADMIN`)",
                            named_),
                error);
  return fail(fmt::format("cannot enter the network namespace {}: {}", named_,
                          std::system_category().message(error)),
              error);
}

}  // namespace wirestamp::platform
