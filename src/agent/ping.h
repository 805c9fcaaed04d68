// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "measure/echo.h"
#include "measure/event.h"
#include "measure/sample.h"
#include "measure/summary.h"
#include "net/packet_io.h"
#include "packet/address.h"
#include "session/counters.h"
#include "session/peer_oddities.h"
#include "session/tlv_requests.h"
#include "session/tlv_watch.h"

// One measurement from this host to a reflector: resolves, opens, runs to the end, sums up.
namespace wirestamp::agent {

enum class Schedule : std::uint8_t { Periodic, Poisson };
enum class PortPolicy : std::uint8_t { Fixed, Dynamic, Range, Auto };
enum class TimeFormat : std::uint8_t { Ntp, Ptp };

// By TWAMP instead of STAMP: over a session that the server is asked for on TCP.
struct TwampOptions {
  std::uint32_t modes = 0;  // security modes that will do (wire::TwampMode); 0: see docs/twamp.md
  std::string key_file;     // of the passphrase; "": none
  std::string key_id;       // what the server knows it by
  bool operator==(const TwampOptions&) const = default;
};

struct PingOptions {
  std::uint32_t session = 0;  // number of this measurement where one process runs several
  std::string host;
  std::uint16_t port = 23999;
  std::optional<packet::Family> family;
  std::optional<std::uint64_t> count;  // absent with `duration` absent: until interrupted
  std::optional<Duration> duration;
  Duration interval = Duration::milliseconds(500);
  Schedule schedule = Schedule::Periodic;
  bool at_once = true;  // false: the first probe at a random phase within one interval (RFC 3432)
  std::optional<std::uint32_t> size;  // UDP payload; absent: base + CoS + Follow-Up + WSTP
  session::PeerKind peer = session::PeerKind::Auto;
  bool peer_uses_utc = false;  // in PTP timestamps
  session::TlvRequests tlvs;   // besides these
  std::uint8_t dscp = 0;
  std::uint8_t ecn = 0;
  std::uint8_t ttl = 255;
  std::optional<packet::IpAddress> source;
  std::string device;
  std::string network_namespace;  // name or path (platform/network_namespace.h); "": this one
  std::string key_file;           // of authenticated probes; "": WIRESTAMP_KEY, or open ones
  std::string key_id;             // which one of it; "": the first that is valid for the host
  bool tlv_hmac = false;          // the key is for the HMAC TLV, probes are in the open mode
  PortPolicy port_policy = PortPolicy::Dynamic;
  std::optional<std::uint16_t> source_port;     // of Fixed and Auto; absent: the peer's, or 23999
  std::uint16_t first_port = 0, last_port = 0;  // of Range
  Duration silence = Duration::seconds(5);
  std::optional<Duration> heal_after = Duration::minutes(1);  // of Fixed; absent: never
  bool reconnect_on_any_address = false;
  unsigned flows = 1;
  bool full_rate = false;  // whatever is lost
  net::StampChoice stamps = net::StampChoice::Auto;
  std::optional<StampSource> require;       // Kernel or Hardware, of our own stamps
  std::optional<StampSource> require_peer;  // of the reflector's
  Duration loss_after = Duration::seconds(2);
  TimeFormat time_format = TimeFormat::Ntp;
  std::optional<TwampOptions> twamp;  // `port` is then the server's TCP port
  bool portable = false;
  net::KernelFeatures features = net::KernelFeatures::Full;
  std::optional<std::uint64_t> seed;  // of schedule and SSID; absent: from the system

  bool operator==(const PingOptions&) const = default;
};

// What was decided before the first probe left.
struct PingStart {
  packet::Endpoint remote, local;
  std::string host;
  std::string interface_name;
  net::PortStamping stamping;
  std::uint32_t size = 0;
  // Of the key that authenticated probes begin with; "": they are in the open mode.
  std::string key_id, key_fingerprint;
  bool tlv_hmac = false;  // they are, and the key is for what is behind their base packet
  bool twamp = false;     // over a session that a TWAMP server granted
  std::vector<std::string>
      notes;  // "no room for the WSTP TLV in 100 octets: left out" and the like
};

// One of several flows in parallel.
struct FlowResult {
  std::string tuple;  // "192.0.2.1:40000 > 198.51.100.7:23999"
  measure::Summary summary;
};

// What ICMP echo told where no probe was answered for a while.
struct EchoResult {
  measure::EchoSummary summary;
  std::string reason;  // "no STAMP reply within 3 s"
};

struct PingResult {
  PingStart start;
  measure::Summary summary;
  std::vector<FlowResult> flows;  // empty unless there are several
  std::optional<EchoResult> echo;
  std::vector<measure::Event> events;
  std::uint64_t events_dropped = 0;  // beyond what is kept
  session::SenderCounters counters;
  std::vector<session::TlvState> tlvs;  // of the probes, and what the reflector answers
  std::vector<std::string> notes;       // said once each, in the order they happened
  WallTime began, ended;
  bool interrupted = false;
  // --require or --require-peer was not met: what was asked, what there was. The run ended at once.
  std::optional<std::string> requirement_failed;
};

// Called on the measuring thread; keep it short.
class PingObserver {
 public:
  virtual ~PingObserver() = default;
  virtual void on_start(const PingStart&) {}
  virtual void on_sample(const measure::Sample&) {}  // once per probe, when all is known about it
  // False when nobody watches: then the figures are made once, at the end.
  virtual bool wants_progress() const { return false; }
  // Five times a second. `last` and `echo` may be null.
  virtual void on_progress(const measure::Summary&, const measure::Sample* last,
                           const measure::EchoSummary* echo) {
    (void)last, (void)echo;
  }
  virtual void on_note(const std::string&) {}
  virtual void on_event(const measure::Event&) {}
};

// Several may run in one process, each on a thread of its own.
class Ping {
 public:
  // Resolves the host and opens the ports, all of it in the namespace of the options; the calling
  // thread stays where it is.
  static Result<std::unique_ptr<Ping>> create(const PingOptions& options);
  virtual ~Ping() = default;
  // Blocks until the run is over. Takes the calling thread into the namespace of the options.
  virtual Result<PingResult> run(PingObserver& observer) = 0;
  // Ends run() with what there is; probes in flight are decided as interrupted ones are. From any
  // thread, async-signal-safe.
  virtual void stop() noexcept = 0;
  // Reads the key file again. From any thread, async-signal-safe.
  virtual void reload_keys() noexcept = 0;
};

}  // namespace wirestamp::agent
