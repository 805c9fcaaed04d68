// SPDX-License-Identifier: Apache-2.0
#include "net/linux/linux_io.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>

#include "base/check.h"
#include "net/linux/features.h"
#include "net/linux/port.h"
#include "platform/system_clock.h"

namespace wirestamp::net_linux {

namespace {

// Names of the descriptors that are no port's.
constexpr std::uint64_t kWake = ~std::uint64_t{0};
constexpr std::uint64_t kStep = kWake - 1;
constexpr std::size_t kEvents = 64;

class LinuxIo final : public net::PacketIo {
 public:
  LinuxIo(Descriptor epoll, Descriptor wake, Descriptor keeper, Features features)
      : epoll_(std::move(epoll)),
        wake_(std::move(wake)),
        keeper_(std::move(keeper)),
        features_(features) {
    watch(wake_.get(), kWake, EPOLLIN);
    if (clock_.step_fd() >= 0) watch(clock_.step_fd(), kStep, EPOLLIN);
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // free, and halves the lateness of wake-ups
  }

  Result<net::PortId> open(const net::PortOptions& options) override {
    Sockets sockets = TRY(open_sockets(options, features_));
    const net::PortId id = next_port_++;
    auto port = std::make_unique<Port>(id, options, std::move(sockets));
    watch(port->receive_fd(), id, EPOLLIN);
    if (port->has_pair()) watch(port->transmit_fd(), id, 0);  // EPOLLERR comes unasked
    ports_.emplace(id, std::move(port));
    return id;
  }

  void close(net::PortId id) override { ports_.erase(id); }
  packet::Endpoint local_endpoint(net::PortId id) const override { return port(id).local(); }
  net::PortStamping stamping(net::PortId id) const override { return port(id).stamping(); }
  void use_scheduler_stamps(net::PortId id) override { ports_.at(id)->use_scheduler_stamps(); }

  void send(net::PortId id, std::span<const packet::OutgoingDatagram> batch,
            std::span<packet::SendResult> results, net::PacketSink& sink) override {
    ports_.at(id)->send(batch, results, buffers_, clock_, sink);
  }

  Result<void> poll(std::optional<MonoTime> deadline, net::PacketSink& sink) override;

  void wake() noexcept override {
    const std::uint64_t one = 1;
    // A full counter wakes as well.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
  }

  Clock& clock() override { return clock_; }

 private:
  void watch(int fd, std::uint64_t name, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = name;
    CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  }
  const Port& port(net::PortId id) const {
    const auto found = ports_.find(id);
    CHECK(found != ports_.end());
    return *found->second;
  }
  void handle(const epoll_event& event, net::PacketSink& sink);

  Descriptor epoll_, wake_, keeper_;
  Features features_;
  platform::SystemClock clock_;
  BatchBuffers buffers_;
  std::map<net::PortId, std::unique_ptr<Port>> ports_;
  net::PortId next_port_ = 0;
};

void LinuxIo::handle(const epoll_event& event, net::PacketSink& sink) {
  if (event.data.u64 == kWake) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
    return;
  }
  if (event.data.u64 == kStep) return clock_.on_step_event();
  const auto found = ports_.find(static_cast<net::PortId>(event.data.u64));
  if (found == ports_.end()) return;
  // Errors first: a stamp of a request comes before its reply.
  if ((event.events & EPOLLERR) != 0) found->second->drain_errors(buffers_, clock_, sink);
  if ((event.events & EPOLLIN) != 0) found->second->receive(buffers_, clock_, sink);
}

Result<void> LinuxIo::poll(std::optional<MonoTime> deadline, net::PacketSink& sink) {
  timespec timeout{};
  if (deadline) {
    const Duration left = std::max(*deadline - clock_.mono_now(), Duration());
    timeout.tv_sec = left.ns() / 1'000'000'000;
    timeout.tv_nsec = left.ns() % 1'000'000'000;
  }
  std::array<epoll_event, kEvents> events{};
  int count = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                             deadline ? &timeout : nullptr, nullptr);
  if (count < 0 && errno == ENOSYS) {
    // Before Linux 5.11, or a filter that does not know the call: whole milliseconds, rounded up.
    const std::int64_t ms = timeout.tv_sec * 1'000 + (timeout.tv_nsec + 999'999) / 1'000'000;
    count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                         deadline ? static_cast<int>(std::min<std::int64_t>(ms, 60'000)) : -1);
  }
  if (count < 0) {
    if (errno == EINTR) return {};
    const int error = errno;
    return fail(
        fmt::format("waiting for packets failed: {}", std::generic_category().message(error)),
        error);
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) handle(events[i], sink);
  return {};
}

}  // namespace

Result<std::unique_ptr<net::PacketIo>> make_linux_io(net::KernelFeatures features) {
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  Descriptor wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!epoll || !wake) {
    const int error = errno;
    return fail(fmt::format("cannot set up packet I/O: {}", std::generic_category().message(error)),
                error);
  }
  Descriptor keeper(open_keeper());
  const Features found = probe_features(keeper.get(), features);
  return std::make_unique<LinuxIo>(std::move(epoll), std::move(wake), std::move(keeper), found);
}

}  // namespace wirestamp::net_linux
