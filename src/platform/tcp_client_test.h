// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "packet/address.h"
#include "platform/descriptor.h"

// For tests of servers: a connection of which each octet is in the test's hands.
namespace wirestamp::platform {

class TcpClient {
 public:
  // `receive_buffer` octets in this host's kernel, 0 for the usual ones: for readers that are slow.
  explicit TcpClient(const packet::Endpoint& to, int receive_buffer = 0)
      : socket_(::socket(to.address.family() == packet::Family::V4 ? AF_INET : AF_INET6,
                         SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    // A server that never answers fails a test instead of hanging it.
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    v4.sin_family = AF_INET;
    v6.sin6_family = AF_INET6;
    v4.sin_port = v6.sin6_port = htons(to.port);
    std::memcpy(&v4.sin_addr, to.address.octets().data(), sizeof v4.sin_addr);
    std::memcpy(&v6.sin6_addr, to.address.octets().data(), sizeof v6.sin6_addr);
    const bool is_v4 = to.address.family() == packet::Family::V4;
    const auto* const address =
        is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
    connected_ = ::connect(socket_.get(), address, is_v4 ? sizeof v4 : sizeof v6) == 0;
  }

  bool connected() const { return connected_; }
  void close() { socket_ = Descriptor(); }
  // False when the peer has closed.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // What is there, waiting for at least one octet; "" when the peer has closed or reset.
  std::string receive() {
    std::array<char, 16'384> buffer;
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    return got <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(got));
  }
  std::string receive_all() {
    std::string all;
    for (std::string some = receive(); !some.empty(); some = receive()) all += some;
    return all;
  }
  // Whether something can be read (or the peer has closed) without waiting.
  bool readable() const {
    pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) > 0;
  }

 private:
  Descriptor socket_;
  bool connected_ = false;
};

// Runs a tool to its end, with its output thrown away; false when it is not there or refuses.
inline bool run_tool(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  ::posix_spawn_file_actions_init(&quiet);
  ::posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int spawned =
      ::posix_spawnp(&child, arguments[0], &quiet, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&quiet);
  int status = 0;
  return spawned == 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace wirestamp::platform
