// SPDX-License-Identifier: Apache-2.0
//
// demo_paths PORT --until SECONDS: paths of the demonstration's sessions, now. For each there is a
// port of the loopback interface; what comes there goes on to the reflector at PORT, as late as it
// would be on that path, or is lost. So the sessions of the month go on, live.
//
// It says where each session is to send, a line each as `wirestamp agent` takes it, then `ready`.
// It ends when the program that started it does.
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "plan.h"
#include "platform/system_clock.h"
#include "way.h"

namespace wirestamp::demo {
namespace {

constexpr std::size_t kMostFlows = 64;       // of one path; the oldest goes
constexpr std::size_t kMostWaiting = 4'096;  // packets on their way on one path; more are lost
constexpr std::size_t kLargest = 2'048;      // octets of a packet
// What the way through this program takes itself, about.
constexpr double kOwnUs = 40;

std::unexpected<Error> failed(std::string_view what) {
  return fail(fmt::format("{}: {}", what, std::generic_category().message(errno)));
}

class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool operator==(const Address& other) const {
    return size == other.size && std::memcmp(&storage, &other.storage, size) == 0;
  }
};

Address loopback(bool v6, std::uint16_t port) {
  Address made;
  if (v6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    address.sin6_port = htons(port);
    std::memcpy(&made.storage, &address, made.size = sizeof address);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    std::memcpy(&made.storage, &address, made.size = sizeof address);
  }
  return made;
}

Result<Socket> open_socket(bool v6) {
  Socket made(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return failed("opening a socket");
  const int yes = 1;
  const bool marks =
      v6 ? ::setsockopt(made.get(), IPPROTO_IPV6, IPV6_RECVTCLASS, &yes, sizeof yes) == 0 &&
               ::setsockopt(made.get(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &yes, sizeof yes) == 0
         : ::setsockopt(made.get(), IPPROTO_IP, IP_RECVTOS, &yes, sizeof yes) == 0 &&
               ::setsockopt(made.get(), IPPROTO_IP, IP_RECVTTL, &yes, sizeof yes) == 0;
  if (!marks) return failed("asking for the marks of packets");
  return made;
}

struct Packet {
  std::vector<std::byte> octets;
  Address from;
  int traffic_class = 0, hop_limit = 64;
};

std::optional<Packet> receive(int socket) {
  std::array<std::byte, kLargest> buffer;
  alignas(cmsghdr) std::array<std::byte, 256> control;
  Packet packet;
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_name = &packet.from.storage;
  message.msg_namelen = sizeof packet.from.storage;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT);
  if (size < 0) return std::nullopt;
  packet.from.size = message.msg_namelen;
  packet.octets.assign(buffer.begin(), buffer.begin() + size);
  for (cmsghdr* part_of = CMSG_FIRSTHDR(&message); part_of != nullptr;
       part_of = CMSG_NXTHDR(&message, part_of)) {
    const auto is = [part_of](int level, int type) {
      return part_of->cmsg_level == level && part_of->cmsg_type == type;
    };
    if (is(IPPROTO_IP, IP_TOS)) packet.traffic_class = *CMSG_DATA(part_of);
    int value = 0;
    std::memcpy(&value, CMSG_DATA(part_of),
                std::min(sizeof value, part_of->cmsg_len - CMSG_LEN(0)));
    if (is(IPPROTO_IPV6, IPV6_TCLASS)) packet.traffic_class = value;
    if (is(IPPROTO_IP, IP_TTL) || is(IPPROTO_IPV6, IPV6_HOPLIMIT)) packet.hop_limit = value;
  }
  return packet;
}

// Marks are those of the socket: one process sends one packet at a time.
void send(int socket, bool v6, const Packet& packet, const Address& to) {
  const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
  ::setsockopt(socket, level, v6 ? IPV6_TCLASS : IP_TOS, &packet.traffic_class, sizeof(int));
  ::setsockopt(socket, level, v6 ? IPV6_UNICAST_HOPS : IP_TTL, &packet.hop_limit, sizeof(int));
  ::sendto(socket, packet.octets.data(), packet.octets.size(), MSG_DONTWAIT, to.get(), to.size);
}

// One session's path. Flows of the agent have a socket each towards the reflector.
class Path {
 public:
  Path(Plan plan, std::uint64_t seed, std::uint16_t reflector)
      : plan_(std::move(plan)),
        v6_(plan_.info.peer.starts_with('[')),
        reflector_(loopback(v6_, reflector)),
        random_(seed) {}

  Result<std::uint16_t> open() {
    socket_ = TRY(open_socket(v6_));
    Address at = loopback(v6_, 0);
    if (::bind(socket_.get(), at.get(), at.size) != 0) return failed("binding a socket");
    if (::getsockname(socket_.get(), at.get(), &at.size) != 0) return failed("a socket's address");
    std::uint16_t port = 0;  // at the same place in both forms
    std::memcpy(&port, &reinterpret_cast<const sockaddr_in*>(&at.storage)->sin_port, sizeof port);
    return ntohs(port);
  }

  const Plan& plan() const { return plan_; }
  bool v6() const { return v6_; }

  void watch(std::vector<pollfd>& descriptors) const {
    descriptors.push_back({.fd = socket_.get(), .events = POLLIN, .revents = 0});
    for (const Flow& flow : flows_)
      descriptors.push_back({.fd = flow.socket.get(), .events = POLLIN, .revents = 0});
  }
  std::optional<MonoTime> next() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.top().due;
  }

  // Takes what came, and passes on what is due.
  void turn(const Timestamp& now) {
    while (auto packet = receive(socket_.get())) forward(std::move(*packet), now);
    for (Flow& flow : flows_)
      while (auto packet = receive(flow.socket.get())) {
        const Conditions conditions = conditions_at(now.wall);
        delay(std::move(*packet), conditions, conditions.backward, flow.client, false, *now.mono);
      }
    while (!waiting_.empty() && waiting_.top().due <= *now.mono) {
      const Waiting waiting = waiting_.top();
      waiting_.pop();
      pass_on(waiting);
    }
  }

 private:
  struct Flow {
    Address client;
    Socket socket;
  };
  struct Waiting {
    MonoTime due;
    bool forward = false;
    Address client;
    Packet packet;
    bool operator<(const Waiting& other) const { return due > other.due; }
  };

  Conditions conditions_at(WallTime time) const {
    Conditions now = plan_.usual;
    if (plan_.weather) plan_.weather(time, now);
    return now;
  }

  void forward(Packet packet, const Timestamp& now) {
    // A probe of few hops comes to an end on the way; routers here do not say so.
    if (packet.hop_limit <= static_cast<int>(plan_.routers.size())) return;
    const Conditions conditions = conditions_at(now.wall);
    const Address client = packet.from;
    delay(std::move(packet), conditions, conditions.forward, client, true, *now.mono);
  }

  void delay(Packet packet, const Conditions& conditions, const Way& way, const Address& client,
             bool forward, MonoTime now) {
    if (random_.unit() < way.loss || waiting_.size() >= kMostWaiting) return;
    packet.hop_limit = conditions.hop_limit;
    const double us = std::max(0.0, delay_us(way, random_) - kOwnUs);
    waiting_.push({.due = now + Duration::nanoseconds(static_cast<std::int64_t>(us * 1e3)),
                   .forward = forward,
                   .client = client,
                   .packet = std::move(packet)});
  }

  void pass_on(const Waiting& waiting) {
    if (!waiting.forward) return send(socket_.get(), v6_, waiting.packet, waiting.client);
    const Flow* flow = flow_of(waiting.client);
    if (flow != nullptr) send(flow->socket.get(), v6_, waiting.packet, reflector_);
  }

  Flow* flow_of(const Address& client) {
    const auto known = std::ranges::find(flows_, client, &Flow::client);
    if (known != flows_.end()) return &*known;
    auto socket = open_socket(v6_);
    if (!socket) return nullptr;
    if (flows_.size() == kMostFlows) flows_.erase(flows_.begin());
    flows_.push_back({.client = client, .socket = std::move(*socket)});
    return &flows_.back();
  }

  Plan plan_;
  bool v6_;
  Address reflector_;
  base::Random random_;
  Socket socket_;
  std::vector<Flow> flows_;
  std::priority_queue<Waiting> waiting_;
};

// As the agent takes it.
std::string spec_of(const Path& path, std::uint16_t port) {
  const store::SessionInfo& info = path.plan().info;
  return fmt::format("{}={}:{} interval={}ms dscp={}", info.name, path.v6() ? "[::1]" : "127.0.0.1",
                     port, info.interval.ns() / 1'000'000, info.dscp);
}

std::vector<std::unique_ptr<Path>> live_paths(WallTime until, std::uint16_t reflector) {
  std::vector<std::unique_ptr<Path>> paths;
  Month month = plan_month({.seed = 1, .until = until, .length = Duration::hours(1)});
  for (Plan& plan : month.plans)
    if (plan.live)
      paths.push_back(std::make_unique<Path>(std::move(plan), paths.size() + 1, reflector));
  return paths;
}

void run(const std::vector<std::unique_ptr<Path>>& paths) {
  platform::SystemClock clock;
  std::vector<pollfd> descriptors;
  while (true) {
    std::optional<MonoTime> next;
    descriptors.clear();
    for (const auto& path : paths) {
      path->watch(descriptors);
      if (const auto due = path->next()) next = std::min(next.value_or(*due), *due);
    }
    timespec wait{.tv_sec = 3'600, .tv_nsec = 0};
    if (next) {
      const Duration left = std::max(*next - clock.mono_now(), Duration());
      wait = {.tv_sec = left.ns() / 1'000'000'000, .tv_nsec = left.ns() % 1'000'000'000};
    }
    ::ppoll(descriptors.data(), descriptors.size(), &wait, nullptr);
    const Timestamp now = clock.now();
    for (const auto& path : paths) path->turn(now);
  }
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

// A host without IPv6 has no path of that session.
Result<void> open_and_run(WallTime until, std::uint16_t reflector) {
  auto paths = live_paths(until, reflector);
  std::erase_if(paths, [](const std::unique_ptr<Path>& path) {
    const auto port = path->open();
    if (port)
      fmt::print("{}\n", spec_of(*path, *port));
    else
      fmt::print(stderr, "demo_paths: {} is left out: {}\n", path->plan().info.name,
                 port.error().text);
    return !port;
  });
  if (paths.empty()) return fail("no path could be opened");
  fmt::print("ready\n");
  std::fflush(stdout);
  run(paths);
  return {};
}

}  // namespace
}  // namespace wirestamp::demo

int main(int count, char** words) {
  using namespace wirestamp;
  const pid_t starter = ::getppid();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  // Where it is permitted: a busy machine is not to make the paths worse than they are.
  const sched_param first{.sched_priority = 1};
  ::sched_setscheduler(0, SCHED_RR, &first);
  if (::getppid() != starter) return 0;
  const std::span<char*> all(words, static_cast<std::size_t>(count));
  const auto port = count == 3 ? demo::number(all[1]) : std::nullopt;
  const auto until = count == 3 ? demo::number(all[2]) : std::nullopt;
  if (!port || !until || *port > 65'535 || *until > 9'000'000'000) {
    fmt::print(stderr,
               "usage: demo_paths PORT UNTIL: the reflector's port on this host, and the end of "
               "the demonstration's month in seconds since 1970\n");
    return 2;
  }
  const auto done =
      demo::open_and_run(WallTime() + Duration::seconds(*until), static_cast<std::uint16_t>(*port));
  if (done) return 0;
  fmt::print(stderr, "demo_paths: {}\n", done.error().text);
  return 1;
}
