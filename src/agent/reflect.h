// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/reflect_counters.h"
#include "base/result.h"
#include "net/packet_io.h"
#include "packet/address.h"
#include "session/reflector_policy.h"
#include "session/reflector_tlvs.h"

// The far end: answers probes on any number of addresses until stopped.
namespace wirestamp::agent {

struct Listen {
  std::optional<packet::IpAddress> address;  // absent: every address, both families
  std::uint16_t port = 23999;
  std::string zone;  // of link-local addresses: name or number of an interface
};

// A TWAMP server beside the reflector.
struct ReflectTwamp {
  std::vector<Listen> listen;  // TCP; empty: none
  std::uint32_t modes = 0;     // offered (wire::TwampMode); 0: open, and with a key all
  std::string key_file;        // of the passphrase; "": none
  std::string key_id;          // that clients name it by
};

struct ReflectOptions {
  std::vector<Listen> listen;  // empty: one Listen{}
  session::Peers peers = session::Peers::Open;
  std::vector<packet::Prefix> allow;    // listed (session/reflector_policy.h)
  std::uint32_t rate = 2'000;           // requests per second from one address; 0: no limit
  std::uint32_t network_rate = 10'000;  // from one network: an IPv4 /24, an IPv6 /48
  std::uint32_t total_rate = 20'000;    // from all together
  std::optional<std::uint64_t> dscp;    // that replies may have, bit n for n
  session::TlvOptions tlvs;             // `own` is found out
  std::vector<std::string> devices;  // each address is listened on by each; empty: by any interface
  std::string network_namespace;     // name or path (platform/network_namespace.h); "": this one
  std::string key_file;        // of peers that are to be authentic; "": WIRESTAMP_KEY, or none
  bool replay_window = false;  // authentic requests are answered once
  bool tlv_hmac = false;       // keys are for the HMAC TLV of the open mode alone
  ReflectTwamp twamp;
  net::StampChoice stamps = net::StampChoice::Auto;
  std::optional<StampSource> require;
  bool portable = false;
  net::KernelFeatures features = net::KernelFeatures::Full;
  std::optional<Duration> counters_every;  // ReflectObserver::on_counters()
};

struct ReflectStart {
  struct Port {
    packet::Endpoint local;
    net::PortStamping stamping;
    net::PortId id = 0;
  };
  std::vector<Port> ports;
  std::string keys;  // ids and fingerprints, for whom, and where from; "": there are none
  std::vector<packet::Endpoint> twamp;  // TCP
  std::vector<std::string> notes;
};

class ReflectObserver {
 public:
  virtual ~ReflectObserver() = default;
  virtual void on_start(const ReflectStart&) {}
  virtual void on_note(const std::string&) {}  // first refusal of a prefix, step-downs, ...
  // As often as the options say, and when asked.
  virtual void on_counters(const ReflectCounters&) {}
};

class Reflect {
 public:
  // Opens every port or none, in the namespace of the options; the calling thread stays where it
  // is. A taken port fails with a sentence that says so.
  static Result<std::unique_ptr<Reflect>> create(const ReflectOptions& options);
  virtual ~Reflect() = default;
  // Blocks until stop(), and then for a second in which the replies say that it stops, if anybody
  // ever asked. Takes the calling thread into the namespace of the options.
  virtual Result<ReflectCounters> run(ReflectObserver& observer) = 0;
  virtual void stop() noexcept = 0;          // async-signal-safe
  virtual void ask_counters() noexcept = 0;  // async-signal-safe; on_counters() follows
  // Reads the files of keys again. From any thread, async-signal-safe.
  virtual void reload_keys() noexcept = 0;
};

}  // namespace wirestamp::agent
