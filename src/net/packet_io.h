// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "packet/address.h"
#include "packet/datagram.h"
#include "packet/network_change.h"
#include "time/clock.h"

// The packet I/O contract: what a backend does for one measuring thread. Knows no STAMP.
//
// A PacketIo owns any number of ports (a UDP socket or a socket pair each, or one for ICMP echo)
// and waits on all of them at once. It is made and used by one thread, in the network namespace
// that this thread is in when it makes it and opens ports; only wake() may be called from others
// and from signal handlers. Backends: net/linux (kernel stamps), net/portable (user-space stamps,
// plain sockets). Every backend passes the same contract tests (net/packet_io_test.cc).
namespace wirestamp::net {

enum class StampChoice : std::uint8_t { Auto, Hardware, Kernel, User };

// What a port carries. Of `IcmpEcho` payloads are whole ICMP messages from the type octet on, echo
// requests out and the replies to them in. The system writes identifier and checksum (and takes the
// identifier, which is the local "port", by itself: `port` is 0), and endpoints of others have port
// 0. It may not permit such a port to this program; open() then fails and says how to permit it.
enum class Protocol : std::uint8_t { Udp, IcmpEcho };

inline constexpr std::string_view kHowToPermitEcho =
    "this system permits it to nobody without privilege who is not in the groups of "
    "net.ipv4.ping_group_range; as root: sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"";

using PortId = std::uint32_t;

struct PortOptions {
  Protocol protocol = Protocol::Udp;
  packet::Family family = packet::Family::V4;
  std::optional<packet::IpAddress> address;  // bound address; absent: any
  std::uint16_t port = 0;                    // 0: the system picks one
  std::uint32_t interface = 0;               // of a link-local bound address; 0 otherwise
  // Egress and ingress restricted to the interface of this name; empty: by routing. Where the name
  // comes to be another interface's (one made anew), the linux backend's port follows it.
  std::string device;
  StampChoice stamps = StampChoice::Auto;
  // True for reflectors and high rates: a socket of its own for sending, so that a full receive
  // queue cannot push out transmit stamps. False for a sender at low rate, and for echo.
  bool separate_transmit = false;
};

// What a port can give, found by trying at open(). `reason` says in words why it is less than
// asked.
struct PortStamping {
  StampSource transmit = StampSource::User;
  StampSource receive = StampSource::User;
  bool own_ids = false;  // SCM_TS_OPT_ID; otherwise the automatic counter
  std::string reason;
};

// Receives what poll() found. Calls come from within poll() and send() of the same thread, in the
// order in which the system delivered them; spans are valid during the call. Within a call nothing
// may be opened, closed, sent or polled: the batch that is being delivered lies in the buffers that
// this would use.
class PacketSink {
 public:
  virtual ~PacketSink() = default;
  virtual void on_datagram(PortId port, const packet::ReceivedDatagram& datagram) = 0;
  virtual void on_transmit_stamp(PortId port, const packet::TransmitStamp& stamp) = 0;
  virtual void on_path_error(PortId port, const packet::PathError& error) = 0;
  // Stamps of this port may have been lost: its error queue or receive budget was near full.
  // Missing stamps around now are no evidence.
  virtual void on_stamps_unreliable(PortId port) = 0;
  // So many more datagrams to this port found no room in its socket: they were lost here, and not
  // on the way. Told with one that found room again; the portable backend does not know.
  virtual void on_receive_dropped(PortId port, std::uint64_t count) { (void)port, (void)count; }
  // Something about this host's links, addresses, routes or neighbours changed; of no port in
  // particular. Told from within poll(). A backend may have no way to hear of it (the portable one)
  // and then never calls this.
  virtual void on_network_change(const packet::NetworkChange& change) = 0;
};

class PacketIo {
 public:
  virtual ~PacketIo() = default;

  // Fails with a sentence that says what to try: port in use, no such device, address not local,
  // family not available, and with `hardware` or `kernel` asked for but not to be had.
  virtual Result<PortId> open(const PortOptions& options) = 0;
  virtual void close(PortId port) = 0;
  virtual packet::Endpoint local_endpoint(PortId port) const = 0;
  virtual PortStamping stamping(PortId port) const = 0;
  // Ask for scheduler stamps from now on: the driver gives no other.
  virtual void use_scheduler_stamps(PortId port) = 0;

  // Sends the batch in order; at most kMaxBatch datagrams; results.size() >= batch.size(). Never
  // blocks, never fails as a whole: each datagram has its own result. A pending error of the socket
  // is cleared and reported to `sink` as the PathError it is; it never fails a datagram of this
  // batch. Transmit stamps that are already there are delivered to `sink` before it returns.
  virtual void send(PortId port, std::span<const packet::OutgoingDatagram> batch,
                    std::span<packet::SendResult> results, PacketSink& sink) = 0;

  // Waits until `deadline` (nullopt: for ever) or until something is there or wake() was called,
  // then delivers what is there, bounded per call so that no source starves the schedule. Returns
  // an error only when waiting itself is impossible.
  virtual Result<void> poll(std::optional<MonoTime> deadline, PacketSink& sink) = 0;

  // Ends a current or the next poll(). Async-signal-safe, any thread.
  virtual void wake() noexcept = 0;

  virtual Clock& clock() = 0;
};

// Narrows what the linux backend believes of its kernel, for tests and benches.
enum class KernelFeatures : std::uint8_t { Full, Debian12 };

struct Options {
  bool portable = false;  // the portable backend on a system that has a better one
  KernelFeatures features = KernelFeatures::Full;
};

// The best backend of this system.
Result<std::unique_ptr<PacketIo>> make_packet_io(const Options& options);

}  // namespace wirestamp::net
