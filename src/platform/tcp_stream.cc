// SPDX-License-Identifier: Apache-2.0
#include "platform/tcp_stream.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>
#include <vector>

#include "platform/socket_address.h"

namespace wirestamp::platform {

namespace {

packet::Endpoint name_of(int socket, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (ask(socket, address, &length) != 0) return {};
  return endpoint_of(address);
}
packet::Endpoint local_of(int socket) {
  return name_of(socket, [](int s, sockaddr* a, socklen_t* l) { return ::getsockname(s, a, l); });
}
packet::Endpoint remote_of(int socket) {
  return name_of(socket, [](int s, sockaddr* a, socklen_t* l) { return ::getpeername(s, a, l); });
}

void set_traffic_class(int socket, packet::Family family, int traffic_class) {
  if (family == packet::Family::V4) {
    ::setsockopt(socket, IPPROTO_IP, IP_TOS, &traffic_class, sizeof traffic_class);
  } else {
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
  }
}

// The traffic class of the SYN, of which the system kept the headers.
//= RFC5357:tcp-dscp
std::optional<int> first_traffic_class(int socket) {
  std::array<std::uint8_t, 512> headers{};
  socklen_t length = headers.size();
  if (::getsockopt(socket, IPPROTO_TCP, TCP_SAVED_SYN, headers.data(), &length) != 0 || length < 2)
    return std::nullopt;
  const unsigned first = headers[0], second = headers[1];
  if (first >> 4U == 4) return static_cast<int>(second & 0xfcU);
  return static_cast<int>(((first & 15U) << 4U | second >> 4U) & 0xfcU);
}

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// A peer that crashed and is back says so when it is asked. One that does not answer at all may be
// behind an outage, which is what others measure: it is waited for as long as for a word of it.
void ask_whether_alive(int socket) {
  constexpr int kSeconds = 30, kTimes = 30;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &kSeconds, sizeof kSeconds);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &kSeconds, sizeof kSeconds);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &kTimes, sizeof kTimes);
}

int milliseconds_of(std::optional<Duration> most) {
  if (!most) return -1;
  // Rounded up: who waits for a time must not come back before it, again and again.
  const std::int64_t ms = (most->ns() + 999'999) / 1'000'000;
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, std::numeric_limits<int>::max()));
}

std::unexpected<Error> not_connected(const packet::Endpoint& to, int error) {
  const char* advice = error == ECONNREFUSED ? ": nobody listens there"
                       : error == ETIMEDOUT
                           ? ": nobody answers there, or a firewall on the way drops it"
                           : "";
  return fail(fmt::format("cannot connect to {} (TCP): {}{}", packet::to_string(to),
                          std::generic_category().message(error), advice),
              error);
}

}  // namespace

Result<TcpStream> TcpStream::connect(const Target& target) {
  sockaddr_storage storage;
  socklen_t length = to_sockaddr(target.to, storage);
  Descriptor socket(
      ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) return not_connected(target.to, errno);
  set_traffic_class(socket.get(), target.to.address.family(), target.traffic_class);
  if (!target.device.empty() &&
      ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, target.device.data(),
                   static_cast<socklen_t>(target.device.size())) != 0)
    return not_connected(target.to, errno);
  if (target.source) {
    sockaddr_storage from;
    const socklen_t size = to_sockaddr({*target.source, 0, target.to.interface}, from);
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&from), size) != 0)
      return not_connected(target.to, errno);
  }
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) {
    if (errno != EINPROGRESS) return not_connected(target.to, errno);
    pollfd waits{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    int ready = 0;
    do {
      ready = ::poll(&waits, 1, milliseconds_of(target.wait));
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) return not_connected(target.to, ETIMEDOUT);
    int error = 0;
    length = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return not_connected(target.to, error);
  }
  send_at_once(socket.get());
  const packet::Endpoint local = local_of(socket.get());
  return TcpStream(std::move(socket), local, target.to);
}

std::optional<TcpStream> TcpStream::accept(const Listener& listener, bool& exhausted) {
  Descriptor socket(
      ::accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  exhausted = !socket && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS);
  if (!socket) return std::nullopt;
  const packet::Endpoint local = local_of(socket.get()), remote = remote_of(socket.get());
  if (remote.port == 0) return std::nullopt;  // gone already
  if (const auto traffic_class = first_traffic_class(socket.get()))
    set_traffic_class(socket.get(), local.address.family(), *traffic_class);
  send_at_once(socket.get());
  ask_whether_alive(socket.get());
  return TcpStream(std::move(socket), local, remote);
}

std::size_t TcpStream::read(base::MutableBytes out, State& state) {
  const ssize_t got = ::recv(socket_.get(), out.data(), out.size(), 0);
  if (got > 0) return static_cast<std::size_t>(got);
  if (got == 0) {
    state = State::Closed;
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    state = State::Broken;
  }
  return 0;
}

std::size_t TcpStream::write(base::Bytes octets) {
  const ssize_t put = ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
  if (put >= 0) return static_cast<std::size_t>(put);
  const bool full = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return full ? 0 : octets.size();
}

void keep_first_packets(const Listener& listener) {
  const int on = 1;
  ::setsockopt(listener.socket.get(), IPPROTO_TCP, TCP_SAVE_SYN, &on, sizeof on);
}

void wait_for(std::span<Awaited> awaited, std::optional<Duration> most) {
  std::vector<pollfd> waits;
  waits.reserve(awaited.size());
  for (Awaited& one : awaited) {
    one.ready = false;
    waits.push_back({.fd = one.descriptor,
                     .events = static_cast<short>(one.write ? POLLIN | POLLOUT : POLLIN),
                     .revents = 0});
  }
  if (::poll(waits.data(), waits.size(), milliseconds_of(most)) <= 0) return;
  for (std::size_t i = 0; i < waits.size(); ++i) awaited[i].ready = waits[i].revents != 0;
}

Result<Waker> Waker::make() {
  Descriptor event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event) {
    const int error = errno;
    return fail("cannot make an event: " + std::generic_category().message(error), error);
  }
  return Waker(std::move(event));
}

void Waker::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(event_.get(), &one, sizeof one);
}

void Waker::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(event_.get(), &count, sizeof count);
}

}  // namespace wirestamp::platform
