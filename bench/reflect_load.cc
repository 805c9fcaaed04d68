// SPDX-License-Identifier: Apache-2.0
//
// Offers a reflector more probes than it can answer, from several sessions, and counts what comes
// back.
//
//   reflect_load HOST PORT SECONDS SESSIONS FULL|BARE
//
// Prints one JSON line: requests sent, replies received, seconds. FULL are the default probes with
// their extensions, BARE 44 octets. Addresses are IPv4.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

#include "platform/system_clock.h"
#include "wire/request_layout.h"

namespace wirestamp {
namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kRoom = 2'048;

struct Session {
  int fd = -1;
  std::uint16_t ssid = 0;
  std::uint32_t sequence = 0;
};

class Load {
 public:
  Load(const sockaddr_in& remote, std::size_t sessions, const wire::RequestLayout& layout)
      : layout_(layout) {
    for (std::size_t i = 0; i < sessions; ++i) {
      Session session{.fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                      .ssid = static_cast<std::uint16_t>(i + 1)};
      const int room = 4 << 20;
      ::setsockopt(session.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
      ::connect(session.fd, reinterpret_cast<const sockaddr*>(&remote), sizeof remote);
      sessions_.push_back(session);
    }
  }
  ~Load() {
    for (const Session& session : sessions_) ::close(session.fd);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void turn() {
    for (Session& session : sessions_) {
      send(session);
      receive(session);
    }
  }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }

 private:
  void send(Session& session) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      const base::MutableBytes octets(payloads_[i]);
      wire::encode_probe(layout_,
                         {.sequence = session.sequence + static_cast<std::uint32_t>(i),
                          .timestamp = 0xe8d4'a510'0000'0000U,
                          .error_estimate = 0x8001,
                          .ssid = session.ssid},
                         octets);
      vectors_[i] = {payloads_[i].data(), layout_.size};
      messages_[i] = {};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::sendmmsg(session.fd, messages_.data(), kBatch, MSG_DONTWAIT);
    if (count <= 0) return;
    session.sequence += static_cast<std::uint32_t>(count);
    sent_ += static_cast<std::uint64_t>(count);
  }

  void receive(Session& session) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors_[i] = {payloads_[i].data(), kRoom};
      messages_[i] = {};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
    for (;;) {
      const int count =
          ::recvmmsg(session.fd, messages_.data(), kBatch, MSG_DONTWAIT | MSG_TRUNC, nullptr);
      if (count <= 0) return;
      received_ += static_cast<std::uint64_t>(count);
      if (static_cast<std::size_t>(count) < kBatch) return;
    }
  }

  const wire::RequestLayout& layout_;
  std::vector<Session> sessions_;
  std::array<std::array<std::byte, kRoom>, kBatch> payloads_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::uint64_t sent_ = 0, received_ = 0;
};

unsigned number(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int run(const std::vector<std::string_view>& words) {
  sockaddr_in remote{};
  remote.sin_family = AF_INET;
  remote.sin_port = htons(static_cast<std::uint16_t>(number(words[1])));
  ::inet_pton(AF_INET, std::string(words[0]).c_str(), &remote.sin_addr);
  const wire::RequestLayout layout =
      words[4] == "BARE" ? wire::bare_layout() : *wire::plan_request(std::nullopt);
  Load load(remote, number(words[3]), layout);
  platform::SystemClock clock;
  const MonoTime began = clock.mono_now();
  const MonoTime end = began + Duration::seconds(number(words[2]));
  while (clock.mono_now() < end) load.turn();
  fmt::print("{{\"sent\":{},\"received\":{},\"seconds\":{}}}\n", load.sent(), load.received(),
             (clock.mono_now() - began).to_seconds());
  return 0;
}

}  // namespace
}  // namespace wirestamp

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (words.size() == 5) return wirestamp::run(words);
  fmt::print(stderr, "usage: reflect_load HOST PORT SECONDS SESSIONS FULL|BARE\n");
  return 2;
}
