// SPDX-License-Identifier: Apache-2.0
//
// What the kernel allows: an echo server that does nothing but what a reflector with four kernel
// stamps must do. Batches of 32, receive stamps, transmit stamps with their own ids on a second
// socket of the same port, and its error queue read in batches. No protocol, no sessions, no
// policy.
//
//   echo_floor ADDRESS PORT          until SIGTERM; then prints echoes and stamps as one JSON line
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/process.h"

namespace {

constexpr std::size_t kBatch = 32;
constexpr int kScmTsOptId = 81;

volatile bool stopped = false;

struct Buffers {
  std::array<std::array<std::byte, 2'048>, kBatch> payloads{};
  std::array<std::array<std::byte, 512>, kBatch> controls{};
  std::array<sockaddr_in, kBatch> addresses{};
  std::array<iovec, kBatch> vectors{};
  std::array<mmsghdr, kBatch> messages{};

  void prepare(std::size_t room) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {payloads[i].data(), room};
      messages[i].msg_hdr = {.msg_name = &addresses[i],
                             .msg_namelen = sizeof addresses[i],
                             .msg_iov = &vectors[i],
                             .msg_iovlen = 1,
                             .msg_control = controls[i].data(),
                             .msg_controllen = controls[i].size(),
                             .msg_flags = 0};
    }
  }
};

template <typename T>
void add_control(msghdr& message, std::size_t& used, int kind, T value) {
  auto* header = reinterpret_cast<cmsghdr*>(static_cast<std::byte*>(message.msg_control) + used);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = kind;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  used += CMSG_SPACE(sizeof value);
}

int make_socket(const sockaddr_in& address, std::uint32_t stamps, bool share) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int room = 8 << 20, on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps);
  if (share) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  return fd;
}

class Echo {
 public:
  Echo(int receive, int transmit) : receive_(receive), transmit_(transmit) {}

  void run() {
    std::array<pollfd, 2> waited{{{receive_, POLLIN, 0}, {transmit_, 0, 0}}};
    while (!stopped) {
      if (::poll(waited.data(), waited.size(), 100) <= 0) continue;
      for (int n = 0; n < 2 && echo(); ++n) {
      }
      read_stamps();
    }
  }
  std::uint64_t echoes = 0, stamps = 0;

 private:
  bool echo() {
    in_.prepare(2'048);
    const int got = ::recvmmsg(receive_, in_.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (got <= 0) return false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
      msghdr& message = in_.messages[i].msg_hdr;
      in_.vectors[i].iov_len = in_.messages[i].msg_len;
      std::size_t used = 0;
      add_control(message, used, SO_TIMESTAMPING, std::uint32_t{SOF_TIMESTAMPING_TX_SOFTWARE});
      if (own_ids_) add_control(message, used, kScmTsOptId, next_id_++);
      message.msg_controllen = used;
      message.msg_flags = 0;
    }
    for (int done = 0; done < got;) {
      const int sent = ::sendmmsg(transmit_, &in_.messages[static_cast<std::size_t>(done)],
                                  static_cast<unsigned>(got - done), MSG_DONTWAIT);
      if (sent <= 0 && own_ids_ && errno == EINVAL) {
        own_ids_ = false;  // an older kernel: this batch is given up
        return true;
      }
      if (sent <= 0) break;
      done += sent;
      echoes += static_cast<std::uint64_t>(sent);
    }
    read_stamps();
    return static_cast<std::size_t>(got) == kBatch;
  }

  void read_stamps() {
    for (;;) {
      errors_.prepare(0);
      const int got = ::recvmmsg(transmit_, errors_.messages.data(), kBatch,
                                 MSG_ERRQUEUE | MSG_DONTWAIT, nullptr);
      if (got <= 0) return;
      for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
        msghdr& message = errors_.messages[i].msg_hdr;
        for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c))
          stamps += c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING ? 1 : 0;
      }
      if (static_cast<std::size_t>(got) < kBatch) return;
    }
  }

  int receive_, transmit_;
  bool own_ids_ = true;
  std::uint32_t next_id_ = 0;
  Buffers in_, errors_;
};

int run(const std::vector<std::string>& words) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, words[0].c_str(), &address.sin_addr);
  std::uint16_t port = 0;
  std::from_chars(words[1].data(), words[1].data() + words[1].size(), port);
  address.sin_port = htons(port);
  const int receive =
      make_socket(address, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE, true);
  const int transmit = make_socket(
      address, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY,
      true);
  if (receive < 0 || transmit < 0) return 3;
  std::array<sock_filter, 1> code{{BPF_STMT(BPF_RET | BPF_K, 0)}};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  ::setsockopt(receive, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
  fmt::print("listening on {}:{}\n", words[0], words[1]);
  std::fflush(stdout);
  auto echo = std::make_unique<Echo>(receive, transmit);
  echo->run();
  fmt::print("{{\"replies\":{},\"stamps\":{}}}\n", echo->echoes, echo->stamps);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 2) return 2;
  wirestamp::platform::on_stop_signal([]() noexcept { stopped = true; });
  return run(words);
}
