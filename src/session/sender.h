// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measure/sample.h"
#include "packet/datagram.h"
#include "session/auth_key.h"
#include "session/counters.h"
#include "session/ledger.h"
#include "session/peer.h"
#include "session/peer_oddities.h"
#include "session/reply.h"
#include "session/tlv_requests.h"
#include "time/clock.h"
#include "wire/request_layout.h"
#include "wire/time_format.h"

// The sending end of one STAMP session on one flow: what became of each probe that the session
// (session/session.h) sends over it.
//
// No I/O and no clock: the caller brings time, packets, stamps and errors, and takes datagrams, the
// next wake-up and samples. Each probe has exactly one sample, given when all is known about it: an
// answered one after the loss threshold (until then duplicates may come) and once its true
// reflector stamp is there; an unanswered one after ten seconds (until then a late reply may come),
// or when the run ends.
namespace wirestamp::session {

struct SenderOptions {
  std::uint32_t session = 0;
  std::uint32_t flow = 0;  // number within the session
  packet::Endpoint remote;
  std::optional<packet::IpAddress> source;
  std::uint32_t interface = 0;        // egress by index; 0: by routing
  std::uint32_t route_interface = 0;  // for the samples: where the route leaves
  std::uint16_t ssid = 0;             // not 0
  wire::TimeFormat format = wire::TimeFormat::Ntp;
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 255;
  Duration interval = Duration::milliseconds(500);  // between scheduled probes, on average
  Duration loss_after = Duration::seconds(2);
  StampSource transmit_stamps = StampSource::User;  // what the port gives
  bool may_send_bare = true;                        // bare probes alternately to a silent peer
  bool translated = false;  // replies are made of packets of another protocol and size
  std::uint64_t seed = 0;   // of what the session draws
  AuthKeyPtr key;           // of a layout with an HMAC of any kind; null: it has none
  PeerKind peer = PeerKind::Auto;
  bool peer_uses_utc = false;  // in PTP format, instead of TAI
  // What the probes ask in TLVs, and what follows from it.
  TlvRequests tlvs;
};

struct SenderProgress {
  std::uint64_t scheduled = 0, sent = 0, received = 0;  // measured probes, bursts excluded
};

// What goes on over the flows of one session.
struct Continuity {
  std::uint64_t next_probe = 0;
  std::uint64_t arrivals = 0;
  SenderProgress progress;
};

enum class ProbeKind : std::uint8_t {
  Scheduled,
  Burst,    // one of the five of S17
  Closing,  // at the end of a run, fetches the last stamps; in no figure
  Trial,    // asks whether a flow is alive; in no figure
};

inline constexpr std::string_view kStatesInTurn =
    "the reflector takes the packets of this flow for several flows: a NAT on the way changes "
    "their source again and again, or the reflector is restarted over and over; which way a probe "
    "was lost may stay unknown";

// What the sender hands out. Calls come from within its own functions.
class SenderOutput {
 public:
  virtual ~SenderOutput() = default;
  // `token` is the probe's sequence number; hand it back with everything about this datagram. The
  // payload is valid during the call.
  virtual void send(const packet::OutgoingDatagram& datagram) = 0;
  // A scheduled probe left this host, as far as its stamp or, without stamps, the system tells; or
  // its reply, which may be read first. Once, and before on_reply().
  virtual void on_departure(std::uint64_t probe, MonoTime at, WallTime wall) = 0;
  virtual void on_sample(const measure::Sample& sample) = 0;
  // A first reply came: the sample as known now. It comes again, complete, by on_sample.
  virtual void on_reply(const measure::Sample& provisional) = 0;
  // Of the samples given as LostUnknown so many more were lost forward and backward by the
  // reflector's counters. Comes whenever that is found out, at the end of the run at the latest.
  virtual void on_unknown_resolved(std::uint64_t forward, std::uint64_t backward) = 0;
  // The answer to a question (ProbeKind::Trial with Extra::asked).
  virtual void on_account(const wire::WstpAccount& account) = 0;
  // The reflector's counters start anew.
  virtual void on_reflector_restart() = 0;
  // It says that it is about to stop.
  virtual void on_reflector_stopping() = 0;
  virtual void on_note(const std::string& note) = 0;
  // With the first reply to each probe that carried TLVs of octets `request_size`.
  virtual void on_tlvs(const Reply& reply, std::size_t request_size, std::uint32_t replies) {
    (void)reply, (void)request_size, (void)replies;
  }
};

class Sender {
 public:
  // `continuity` outlives the sender.
  Sender(const SenderOptions& options, const wire::RequestLayout& layout, SenderOutput& output,
         Continuity& continuity);

  const SenderOptions& options() const { return options_; }
  const SenderCounters& counters() const { return counters_; }
  SenderCounters& counters() { return counters_; }
  const Peer& peer() const { return peer_; }
  // Who answered our probes last though they went to another address, and when.
  struct Elsewhere {
    packet::Endpoint from;
    MonoTime at;
  };
  const std::optional<Elsewhere>& elsewhere() const { return elsewhere_; }
  std::uint64_t next_sequence() const { return ledger_.next_sequence(); }
  // What the reflector says became of this flow when nothing of it was on its way.
  void on_account(const wire::WstpAccount& account) {
    peer_.on_account(account, ledger_.next_sequence());
  }

  // Sends a probe that was due at `due`; returns its sequence number. Not after end(). `extra`
  // makes it another than its fellows.
  struct Extra {
    std::optional<std::uint8_t> hop_limit;
    std::optional<wire::WstpToken> asked;  // ask what became of that reflector session
  };
  std::uint64_t send(ProbeKind kind, MonoTime due, const Timestamp& now, const ClockState& clock,
                     const Extra& extra);
  std::uint64_t send(ProbeKind kind, MonoTime due, const Timestamp& now, const ClockState& clock) {
    return send(kind, due, now, clock, Extra{});
  }

  // When on_time() has something to do; absent: nothing until something comes or is sent.
  std::optional<MonoTime> next_wake() const;
  void on_time(const Timestamp& now, const ClockState& clock);

  void on_sent(std::uint64_t sequence, const packet::SendResult& result);
  void on_transmit_stamp(std::uint64_t sequence, const Timestamp& stamp);
  // A datagram from our peer's port that is a reply; foreign ones are counted and ignored. The
  // sequence number of the probe it answers.
  std::optional<std::uint64_t> on_datagram(const packet::ReceivedDatagram& datagram,
                                           const ClockState& clock);
  // Whether these are the octets of a reply to a probe of ours, as odd as they may be otherwise.
  bool recognises(base::Bytes octets);
  // The probe of ours that an error quotes.
  std::optional<std::uint64_t> quoted(const packet::PathError& error) const;
  // True when the error was about a probe of ours.
  bool on_path_error(const packet::PathError& error);
  // Stamps may have been lost around now.
  void on_stamps_unreliable();
  // So many datagrams to our port found no room in its socket, replies of ours maybe among them.
  void on_receive_dropped(std::uint64_t count) { counters_.receive_buffer_full += count; }

  // Probes have this key from now on, where there was one before; replies to earlier ones are
  // verified with theirs.
  void set_key(AuthKeyPtr key);

  // Probes leave by this interface from now on; stamps of the one before prove nothing about it.
  void on_egress_change(std::uint32_t interface);

  // No more probes. `fetch`: a few closing probes may fetch what only a later reply can tell.
  void end(bool fetch, MonoTime now);
  // The same, interrupted: those in flight get a short grace.
  void stop(MonoTime now);
  // Since the last call it was found out of scheduled probes handed over then that they never left
  // this host, though the system took them and tells no error: no stamp came, where stamps come.
  std::vector<MonoTime> take_swallowed() { return std::exchange(swallowed_, {}); }

  // Every probe is decided and its sample given.
  bool finished() const { return finished_; }

  // The driver gives no transmit stamps: ask for the scheduler's.
  bool wants_scheduler_stamps() const { return transmit_stamps_ == StampSource::Scheduler; }

 private:
  // Whom to believe (sender_auth.cc).
  std::optional<ReplyMode> trusted(base::Bytes reply) const;
  const crypto::Hmac& key_of(std::uint32_t number) const;
  void distrust(const packet::ReceivedDatagram& datagram);
  void forget_keys();

  void notice_clock(const ClockState& clock, MonoTime now);
  void withhold_in_flight(MonoTime now);
  static void mark_interrupted(Probe& probe, bool slept);
  bool peer_is_silent(MonoTime now) const;
  void tell_departure(Probe& probe, MonoTime at, WallTime wall);
  bool seems_swallowed(const Probe& probe) const;
  void notice_swallowed(const Probe& probe, MonoTime now);

  std::optional<std::uint32_t> drop_leftovers(Reply& reply, std::uint64_t sequence,
                                              const packet::ReceivedDatagram& datagram);
  void date(Probe& probe, std::uint64_t number);
  void accept_first(Probe& probe, const Reply& reply, const Filing& filing,
                    const packet::ReceivedDatagram& datagram, const ClockState& clock);
  void accept_copy(Probe& probe, const Filing& filing);
  void note_elsewhere(const packet::ReceivedDatagram& datagram, const ClockState& clock);
  void learn(const Reply& reply, const Filing& filing, std::uint64_t sender_sequence);
  void correct_reflector_tx(Probe& probe, const NumberedReply& told, const Timestamp& stamp);

  bool from_peer(const packet::Endpoint& source) const;
  bool wrong_link(const Reply& reply);
  std::optional<Reply> read(const packet::ReceivedDatagram& datagram, const ClockState& clock,
                            const ReplyMode& mode);
  bool names_us(const Reply& reply);
  bool answers(Reply& reply, const Probe& probe);
  void look_for_oddities(const Probe& probe, const Reply& reply);
  void repeat_report(const Timestamp& now, const ClockState& clock);

  bool expects_stamps() const { return transmit_stamps_ > StampSource::User; }
  std::optional<MonoTime> decision_time(const Probe& probe) const;  // absent: decided already
  MonoTime settle_time(const Probe& probe) const;
  bool awaits_true_stamp(const Probe& probe) const;
  void review(Probe& probe, MonoTime now);
  void settle(Probe& probe);
  void decide(Probe& probe);
  void decide_unanswered(Probe& probe);
  void give_up(const Probe& probe);
  void report_resolved();
  void track_missing_stamps(const Probe& probe);
  void step_down(StampSource to);

  void look_again(MonoTime time);
  bool waits_for_decision(MonoTime now);
  void close(const Timestamp& now, const ClockState& clock);
  bool a_later_reply_helps() const;
  bool fetches(MonoTime mono, const Timestamp& now, const ClockState& clock);
  void finish();

  SenderOptions options_;
  wire::RequestLayout layout_;
  wire::RequestLayout bare_layout_;
  SenderOutput& output_;
  Continuity& continuity_;
  Ledger ledger_;
  Peer peer_;
  SenderCounters counters_;
  std::vector<std::byte> buffer_;
  // A key of before, and the first probe that did not have it.
  struct OlderKey {
    AuthKeyPtr key;
    std::uint64_t until;
  };
  std::vector<OlderKey> older_keys_;  // oldest first
  std::set<std::string> distrusted_;  // told once each
  std::uint32_t direct_sent_ = 0;     // S_TxC (RFC 8972 4.5)
  std::optional<ReportTimer> report_;
  PeerOddities oddities_;
  std::uint16_t reflector_link_ = 0;  // RFC 9534: the ID learned first; 0: none yet

  StampSource transmit_stamps_;
  bool stamps_proven_ = false;
  unsigned replies_without_stamp_ = 0;
  std::vector<MonoTime> swallowed_;
  std::uint64_t swallowed_until_ = 0;  // the probe after the newest of them
  std::optional<Elsewhere> elsewhere_;
  std::uint64_t stepped_down_at_ = 0;  // the first probe sent with the stamps asked for now
  std::optional<MonoTime> last_reply_;
  std::optional<MonoTime> unanswered_since_;  // the first send after the last reply
  bool bare_turn_ = false;
  bool in_turn_told_ = false;
  Duration max_round_trip_;
  ClockState clock_;  // as of last_time_
  bool clock_seen_ = false;
  MonoTime last_time_;  // of on_time()

  bool over_ = false, may_fetch_ = false;  // end()
  std::optional<MonoTime> interrupted_;
  unsigned closing_probes_ = 0;
  std::optional<MonoTime> next_look_;  // at the end of the run: when close() may get on
  struct ClosingProbe {
    MonoTime sent, until;  // its answer may come until then
  };
  std::optional<ClosingProbe> closing_;  // the last one
  bool finished_ = false;
};

}  // namespace wirestamp::session
