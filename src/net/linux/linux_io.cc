// SPDX-License-Identifier: Apache-2.0
#include "net/linux/linux_io.h"

#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "base/check.h"
#include "net/linux/features.h"
#include "net/linux/network_watch.h"
#include "net/linux/port.h"
#include "platform/system_clock.h"

namespace wirestamp::net_linux {

namespace {

class LinuxIo final : public net::PacketIo {
 public:
  LinuxIo(Descriptor wake, Descriptor keeper, Features features)
      : wake_(std::move(wake)), keeper_(std::move(keeper)), features_(std::move(features)) {
    choose_what_to_wait_for();
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // free, and halves the lateness of wake-ups
  }

  Result<net::PortId> open(const net::PortOptions& options) override {
    Sockets sockets = TRY(open_sockets(options, features_));
    const net::PortId id = next_port_++;
    auto port = std::make_unique<Port>(id, options, std::move(sockets));
    ports_.emplace(id, std::move(port));
    choose_what_to_wait_for();
    return id;
  }

  void close(net::PortId id) override {
    ports_.erase(id);
    choose_what_to_wait_for();
  }
  packet::Endpoint local_endpoint(net::PortId id) const override { return port(id).local(); }
  net::PortStamping stamping(net::PortId id) const override { return port(id).stamping(); }
  void use_scheduler_stamps(net::PortId id) override { ports_.at(id)->use_scheduler_stamps(); }

  void send(net::PortId id, std::span<const packet::OutgoingDatagram> batch,
            std::span<packet::SendResult> results, net::PacketSink& sink) override {
    ports_.at(id)->send(batch, results, context(sink));
  }

  Result<void> poll(std::optional<MonoTime> deadline, net::PacketSink& sink) override;

  void wake() noexcept override {
    const std::uint64_t one = 1;
    // A full counter wakes as well.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
  }

  Clock& clock() override { return clock_; }

 private:
  void choose_what_to_wait_for();
  const Port& port(net::PortId id) const {
    const auto found = ports_.find(id);
    CHECK(found != ports_.end());
    return *found->second;
  }
  PortContext context(net::PacketSink& sink) { return {buffers_, clock_, own_, sink}; }
  void handle(const pollfd& event, Port* port, net::PacketSink& sink);
  void tell_changes(net::PacketSink& sink);
  void follow_devices(net::PacketSink& sink);

  Descriptor wake_, keeper_;
  Features features_;
  platform::SystemClock clock_;
  BatchBuffers buffers_;
  NetworkWatch watch_;
  OwnAddresses own_{watch_};
  std::map<net::PortId, std::unique_ptr<Port>> ports_;
  // What poll() waits for, and whose it is: first wake_, the clock's steps and the network's
  // changes, then the ports' sockets.
  std::vector<pollfd> waited_;
  std::vector<Port*> owners_;
  std::size_t first_port_ = 0;
  bool new_device_ = false;  // since the ports were last looked at
  net::PortId next_port_ = 0;
};

// Errors come unasked. The callback of ppoll's wait queue is there only while we sleep; that of an
// epoll set would run for each packet and each stamp, in the middle of the path that is measured.
void LinuxIo::choose_what_to_wait_for() {
  waited_.assign(
      {{wake_.get(), POLLIN, 0}, {clock_.step_fd(), POLLIN, 0}, {watch_.fd(), POLLIN, 0}});
  owners_.assign(waited_.size(), nullptr);
  first_port_ = waited_.size();
  for (const auto& [id, port] : ports_) {
    waited_.push_back({port->receive_fd(), POLLIN, 0});
    owners_.push_back(port.get());
    if (!port->has_pair()) continue;
    waited_.push_back({port->transmit_fd(), 0, 0});
    owners_.push_back(port.get());
  }
}

void LinuxIo::handle(const pollfd& event, Port* port, net::PacketSink& sink) {
  if (port == nullptr) {
    if (event.fd == clock_.step_fd()) return clock_.on_step_event();
    if (event.fd == watch_.fd()) return watch_.read();
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
    return;
  }
  // Errors first: a stamp of a request comes before its reply. (Of a pair: see poll().)
  if ((event.revents & POLLERR) != 0) port->drain_errors(context(sink));
  if ((event.revents & POLLIN) != 0) port->receive(context(sink));
}

void LinuxIo::tell_changes(net::PacketSink& sink) {
  new_device_ |= watch_.has_new_device();
  watch_.tell(sink);
}

// A socket is bound to an interface and not to its name: to the one that is gone, for good, when
// another takes its place. Where the new one cannot be had yet (its address is still to come), the
// next change is another try.
void LinuxIo::follow_devices(net::PacketSink& sink) {
  new_device_ = false;
  bool followed = false;
  for (auto& [id, port] : ports_) {
    if (port->device() == 0) continue;
    const std::uint32_t present = ::if_nametoindex(port->options().device.c_str());
    if (present == 0 || present == port->device()) continue;
    net::PortOptions options = port->options();
    // An echo port's number is the system's choice, and still taken.
    if (options.protocol == net::Protocol::Udp) options.port = port->local().port;
    if (options.interface == port->device()) options.interface = present;
    auto sockets = open_sockets(options, features_);
    if (!sockets) continue;
    const bool of_scheduler = port->uses_scheduler_stamps();
    port = std::make_unique<Port>(id, options, std::move(*sockets));
    if (of_scheduler) port->use_scheduler_stamps();
    followed = true;
    sink.on_stamps_unreliable(id);
  }
  if (followed) choose_what_to_wait_for();
}

Result<void> LinuxIo::poll(std::optional<MonoTime> deadline, net::PacketSink& sink) {
  timespec timeout{};
  if (watch_.has_news())
    deadline =  // read by a send: it waits no longer
        clock_.mono_now();
  if (deadline) {
    const Duration left = std::max(*deadline - clock_.mono_now(), Duration());
    timeout.tv_sec = left.ns() / 1'000'000'000;
    timeout.tv_nsec = left.ns() % 1'000'000'000;
  }
  const int count = ::ppoll(waited_.data(), waited_.size(), deadline ? &timeout : nullptr, nullptr);
  if (count < 0) {
    if (errno == EINTR) return {};
    const int error = errno;
    return fail(
        fmt::format("waiting for packets failed: {}", std::generic_category().message(error)),
        error);
  }
  if (count > 0) {
    const auto handle_at = [&](std::size_t i) {
      if (waited_[i].revents != 0) handle(waited_[i], owners_[i], sink);
    };
    for (std::size_t i = 0; i < first_port_; ++i) handle_at(i);
    // What changed around us comes before the packets that it explains.
    tell_changes(sink);
    // Backwards: of a pair the socket that stamps come to is the second. The kernel has looked at
    // it after the other one, so that with a reply it has found the stamp of its request, too.
    for (std::size_t i = waited_.size(); i-- > first_port_;) handle_at(i);
  }
  tell_changes(sink);
  if (new_device_) follow_devices(sink);
  return {};
}

}  // namespace

Result<std::unique_ptr<net::PacketIo>> make_linux_io(net::KernelFeatures features) {
  Descriptor wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake) {
    const int error = errno;
    return fail(fmt::format("cannot set up packet I/O: {}", std::generic_category().message(error)),
                error);
  }
  Descriptor keeper(open_keeper());
  const Features found = probe_features(keeper.get(), features);
  return std::make_unique<LinuxIo>(std::move(wake), std::move(keeper), found);
}

}  // namespace wirestamp::net_linux
