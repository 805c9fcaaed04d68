// SPDX-License-Identifier: Apache-2.0
#include "platform/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "platform/descriptor.h"

namespace wirestamp::platform {

namespace {

// The manager reads at once; when it does not we are not to wait for it.
constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};
constexpr std::size_t kMostStatus = 512;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value <= 0)
    return std::nullopt;
  return value;
}

// A line break would begin another assignment.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kMostStatus));
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

Error cannot_tell(const std::string& socket, int error) {
  return {.text = fmt::format("cannot tell the service manager at NOTIFY_SOCKET={}: {}", socket,
                              std::generic_category().message(error)),
          .os_error = error};
}

}  // namespace

ServiceManager ServiceManager::of_this_process() {
  std::optional<Duration> watchdog;
  const std::string pid = variable("WATCHDOG_PID");
  constexpr std::int64_t kMostUs = std::int64_t{366} * 86'400 * 1'000'000;
  // A variable that a parent forgot to take out of the environment is not meant for us.
  if (pid.empty() || number(pid) == ::getpid())
    if (const auto us = number(variable("WATCHDOG_USEC")))
      watchdog = Duration::microseconds(std::min(*us, kMostUs));
  return {variable("NOTIFY_SOCKET"), watchdog};
}

Result<void> ServiceManager::ready(std::string_view status) {
  return tell("READY=1\nSTATUS=" + one_line(status));
}

Result<void> ServiceManager::status(std::string_view status) {
  return tell("STATUS=" + one_line(status));
}

Result<void> ServiceManager::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                          std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000));
}

Result<void> ServiceManager::stopping(std::string_view status) {
  return tell("STOPPING=1\nSTATUS=" + one_line(status));
}

std::optional<Duration> ServiceManager::keep_alive_every() const {
  if (!watchdog_ || !listens()) return std::nullopt;
  return *watchdog_ / 2;
}

Result<void> ServiceManager::keep_alive(Duration idle) {
  if (!watchdog_ || idle > *watchdog_ / 2) return {};
  return tell("WATCHDOG=1");
}

Result<void> ServiceManager::tell(const std::string& assignments) const {
  if (socket_.empty()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = socket_.front() == '@';
  if ((!abstract && socket_.front() != '/') || socket_.size() < 2 ||
      socket_.size() >= sizeof(address.sun_path))
    return fail(
        fmt::format("NOTIFY_SOCKET={} is neither an absolute path nor @NAME of at most {} "
                    "octets: the service manager hears nothing",
                    socket_, sizeof(address.sun_path) - 1));
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (abstract) address.sun_path[0] = '\0';
  // The name of an abstract socket is all of its octets, without a zero at the end.
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size() + (abstract ? 0 : 1));
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return std::unexpected(cannot_tell(socket_, errno));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  const auto* to = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  if (::sendto(socket.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL, to, length) < 0)
    return std::unexpected(cannot_tell(socket_, errno));
  return {};
}

}  // namespace wirestamp::platform
