// SPDX-License-Identifier: Apache-2.0
//
// Opens TWAMP-Control connections and leaves them half done, as fast as one thread can.
//
//   half_open_load KIND HOST PORT SECONDS NETWORK
//
// KIND: silent, half, slow or sessions (tests/rig/half_open.py has the same). Each connection comes
// from another address of NETWORK, the first two octets of a /16 that is local: "10.88". Prints, as
// JSON, how many were opened, refused and closed, how many the server held at the end, and how many
// sessions it granted.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/system_clock.h"
#include "time/duration.h"
#include "wire/twamp_control.h"

namespace wirestamp {
namespace {

constexpr std::size_t kMostOpen = 512;  // eight times as many as a server has places
constexpr std::size_t kSessions = 32;   // asked for by each connection
constexpr std::size_t kMostSlow = 160;  // a Set-Up-Response is longer
constexpr Duration kSlowEvery = Duration::milliseconds(20);

struct Target {
  std::string kind;
  sockaddr_in server{};
  unsigned network = 0;  // first two octets
};

struct Counts {
  std::uint64_t opened = 0, refused = 0, closed = 0, held = 0, sessions = 0;
};

// One connection, as far as its kind takes it.
class Stranger {
 public:
  explicit Stranger(int fd) : fd_(fd) {}
  ~Stranger() { ::close(fd_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  // False: the server closed it.
  bool hear(const Target& target) {
    std::array<std::byte, 4096> buffer;
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    heard_.insert(heard_.end(), buffer.begin(), buffer.begin() + got);
    if (!greeted() || refused()) return true;
    if (target.kind == "half") begin_set_up(wire::SetUpResponse::kSize / 2);
    if (target.kind == "sessions") ask_for_sessions();
    return true;
  }
  void say_an_octet() {
    if (greeted() && !refused() && said_ < kMostSlow) say(std::array{std::byte{}});
  }

  bool greeted() const { return heard_.size() >= wire::ServerGreeting::kSize; }
  bool refused() const {
    return greeted() &&
           wire::ServerGreeting::decode(base::Bytes(heard_).first(wire::ServerGreeting::kSize))
                   .modes == 0;
  }
  std::size_t sessions() const { return sessions_; }

 private:
  void say(base::Bytes octets) {
    const ssize_t put = ::send(fd_, octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put > 0) said_ += static_cast<std::size_t>(put);
  }
  void begin_set_up(std::size_t octets) {
    if (said_ > 0) return;
    std::array<std::byte, wire::SetUpResponse::kSize> message;
    wire::SetUpResponse{.mode = wire::kTwampOpen, .key_id = {}}.encode(message);
    say(base::Bytes(message).first(octets));
  }
  void ask_for_sessions() {
    using wire::AcceptSession;
    constexpr std::size_t kBefore = wire::ServerGreeting::kSize + wire::ServerStart::kSize;
    if (said_ == 0) {
      begin_set_up(wire::SetUpResponse::kSize);
      for (std::size_t n = 0; n < kSessions; ++n) {
        std::array<std::byte, wire::RequestSession::kSize> message;
        wire::RequestSession{.sender_port = static_cast<std::uint16_t>(1'024 + n),
                             .receiver_port = static_cast<std::uint16_t>(30'000 + n),
                             .sid = {},
                             .padding_length = 27,
                             .timeout = wire::raw_interval(Duration::seconds(2))}
            .encode(message);
        say(message);
      }
    } else if (!started_ && heard_.size() >= kBefore + kSessions * AcceptSession::kSize) {
      started_ = true;
      for (std::size_t n = 0; n < kSessions; ++n) {
        const auto octets =
            base::Bytes(heard_).subspan(kBefore + n * AcceptSession::kSize, AcceptSession::kSize);
        if (AcceptSession::decode(octets).accept == wire::Accept::Ok) ++sessions_;
      }
      std::array<std::byte, wire::kShortMessage> start;
      wire::encode_start_sessions(start);
      say(start);
    }
  }

  int fd_;
  std::vector<std::byte> heard_;
  std::size_t said_ = 0, sessions_ = 0;
  bool started_ = false;
};

// Each from the next address.
int connect_from(const Target& target, std::uint64_t number) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  const auto host = static_cast<std::uint32_t>(1 + number * 251 % 65'000);
  from.sin_addr.s_addr = htonl(target.network << 16U | host);
  if (fd < 0) return fd;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
      (::connect(fd, reinterpret_cast<const sockaddr*>(&target.server), sizeof target.server) ==
           0 ||
       errno == EINPROGRESS))
    return fd;
  ::close(fd);
  return -1;
}

Counts run(const Target& target, unsigned seconds) {
  std::map<int, std::unique_ptr<Stranger>> open;
  const int ready = ::epoll_create1(EPOLL_CLOEXEC);
  std::array<epoll_event, kMostOpen> events;
  platform::SystemClock clock;
  const MonoTime end = clock.mono_now() + Duration::seconds(seconds);
  MonoTime slow = clock.mono_now();
  Counts counts;
  while (clock.mono_now() < end) {
    while (open.size() < kMostOpen) {
      const int fd = connect_from(target, counts.opened);
      if (fd < 0) break;
      epoll_event wanted{.events = EPOLLIN, .data = {.fd = fd}};
      ::epoll_ctl(ready, EPOLL_CTL_ADD, fd, &wanted);
      open.emplace(fd, std::make_unique<Stranger>(fd));
      ++counts.opened;
    }
    const auto count = static_cast<std::size_t>(
        std::max(::epoll_wait(ready, events.data(), events.size(), 10), 0));
    for (const epoll_event& event : std::span(events).first(count)) {
      const auto found = open.find(event.data.fd);
      if (found->second->hear(target)) continue;
      ++(found->second->refused() ? counts.refused : counts.closed);
      counts.sessions += found->second->sessions();
      open.erase(found);
    }
    if (target.kind != "slow" || clock.mono_now() < slow) continue;
    slow = clock.mono_now() + kSlowEvery;
    for (const auto& [fd, one] : open) one->say_an_octet();
  }
  for (const auto& [fd, one] : open) {
    if (one->greeted() && !one->refused()) ++counts.held;
    counts.sessions += one->sessions();
  }
  ::close(ready);
  return counts;
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

int half_open(std::span<const std::string_view> words) {
  Target target;
  unsigned seconds = 0;
  std::uint16_t port = 0;
  in_addr network{};
  if (words.size() != 5 || !read_number(words[2], port) || !read_number(words[3], seconds) ||
      ::inet_pton(AF_INET, std::string(words[1]).c_str(), &target.server.sin_addr) != 1 ||
      ::inet_pton(AF_INET, fmt::format("{}.0.0", words[4]).c_str(), &network) != 1) {
    fmt::print(stderr, "usage: half_open_load silent|half|slow|sessions HOST PORT SECONDS A.B\n");
    return 2;
  }
  target.kind = words[0];
  target.server.sin_family = AF_INET;
  target.server.sin_port = htons(port);
  target.network = ntohl(network.s_addr) >> 16U;
  const Counts counts = run(target, seconds);
  fmt::print(R"({{"opened": {}, "refused": {}, "closed": {}, "held": {}, "sessions": {}}})"
             "\n",
             counts.opened, counts.refused, counts.closed, counts.held, counts.sessions);
  return 0;
}

}  // namespace
}  // namespace wirestamp

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  return wirestamp::half_open(words);
}
