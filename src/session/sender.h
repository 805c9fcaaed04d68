// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "measure/sample.h"
#include "packet/datagram.h"
#include "session/counters.h"
#include "session/ledger.h"
#include "session/peer.h"
#include "session/reply.h"
#include "session/schedule.h"
#include "time/clock.h"
#include "wire/request_layout.h"
#include "wire/time_format.h"

// The sending end of one STAMP session on one flow: what to send when, and what became of each
// probe.
//
// No I/O and no clock: the caller brings time, packets, stamps and errors, and takes datagrams, the
// next wake-up and samples. Each probe has exactly one sample, given when all is known about it: an
// answered one after the loss threshold (until then duplicates may come) and once its true
// reflector stamp is there; an unanswered one after ten seconds (until then a late reply may come),
// or when the run ends.
namespace wirestamp::session {

struct SenderOptions {
  std::uint32_t session = 0;
  packet::Endpoint remote;
  std::optional<packet::IpAddress> source;
  std::uint32_t interface = 0;        // egress by index; 0: by routing
  std::uint32_t route_interface = 0;  // for the samples: where the route leaves
  std::uint16_t ssid = 0;             // not 0
  wire::TimeFormat format = wire::TimeFormat::Ntp;
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 255;
  ScheduleOptions schedule;
  Duration loss_after = Duration::seconds(2);
  StampSource transmit_stamps = StampSource::User;  // what the port gives
  bool may_send_bare = true;                        // bare probes alternately to a silent peer
  std::uint64_t seed = 0;
};

// What the sender hands out. Calls come from within its own functions.
class SenderOutput {
 public:
  virtual ~SenderOutput() = default;
  // `token` is the probe's sequence number; hand it back with everything about this datagram. The
  // payload is valid during the call.
  virtual void send(const packet::OutgoingDatagram& datagram) = 0;
  virtual void on_sample(const measure::Sample& sample) = 0;
  // A first reply came: the sample as known now. It comes again, complete, by on_sample.
  virtual void on_reply(const measure::Sample& provisional) = 0;
  // Of the samples given as LostUnknown so many more were lost forward and backward by the
  // reflector's counters. Comes whenever that is found out, at the end of the run at the latest.
  virtual void on_unknown_resolved(std::uint64_t forward, std::uint64_t backward) = 0;
  virtual void on_note(const std::string& note) = 0;
};

struct SenderProgress {
  std::uint64_t scheduled = 0, sent = 0, received = 0;  // measured probes, bursts excluded
};

class Sender {
 public:
  Sender(const SenderOptions& options, const wire::RequestLayout& layout, SenderOutput& output,
         MonoTime start);

  const SenderOptions& options() const { return options_; }
  const SenderCounters& counters() const { return counters_; }
  SenderCounters& counters() { return counters_; }
  const SenderProgress& progress() const { return progress_; }

  // When on_time() has something to do; absent: never again.
  std::optional<MonoTime> next_wake() const;
  void on_time(const Timestamp& now, const ClockState& clock);

  void on_sent(std::uint64_t sequence, const packet::SendResult& result);
  void on_transmit_stamp(std::uint64_t sequence, const Timestamp& stamp);
  // A datagram from our peer's port that is a reply; foreign ones are counted and ignored.
  void on_datagram(const packet::ReceivedDatagram& datagram, const ClockState& clock);
  // True when the error was about a probe of ours.
  bool on_path_error(const packet::PathError& error);
  // Stamps may have been lost around now.
  void on_stamps_unreliable();

  // No more probes; those in flight get a short grace. next_wake() is then `now` at the latest.
  void stop(MonoTime now);
  // Every probe is decided and its sample given.
  bool finished() const { return finished_; }

  // The driver gives no transmit stamps: ask for the scheduler's.
  bool wants_scheduler_stamps() const { return transmit_stamps_ == StampSource::Scheduler; }

 private:
  enum class Kind : std::uint8_t { Scheduled, Burst, Closing };
  struct NumberedReply {
    std::uint64_t number;
    std::uint32_t epoch;
  };

  void notice_clock(const ClockState& clock, MonoTime now);
  void withhold_in_flight(MonoTime now);
  static void mark_interrupted(Probe& probe, bool slept);
  void send_due(const Timestamp& now, const ClockState& clock);
  void send_probe(Kind kind, MonoTime due, const Timestamp& now, const ClockState& clock);
  bool peer_is_silent(MonoTime now) const;
  void give_late_schedule(MonoTime due, const Timestamp& now);

  std::optional<std::uint32_t> drop_leftovers(Reply& reply, std::uint64_t sequence,
                                              const packet::ReceivedDatagram& datagram);
  void date(Probe& probe, std::uint64_t number);
  void accept_first(Probe& probe, const Reply& reply, const Filing& filing,
                    const packet::ReceivedDatagram& datagram, const ClockState& clock);
  void accept_copy(Probe& probe, const Filing& filing);
  void learn(const Reply& reply, const Filing& filing, std::uint64_t sender_sequence);
  void correct_reflector_tx(Probe& probe, const NumberedReply& told, const Timestamp& stamp);

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
  bool closing_probe_helps() const;
  void finish();

  SenderOptions options_;
  wire::RequestLayout layout_;
  wire::RequestLayout bare_layout_;
  SenderOutput& output_;
  base::Random random_;
  Schedule schedule_;
  Ledger ledger_;
  Peer peer_;
  SenderCounters counters_;
  SenderProgress progress_;
  std::vector<std::byte> buffer_;

  std::uint64_t next_probe_ = 0;
  std::uint64_t arrivals_ = 0;
  StampSource transmit_stamps_;
  bool stamps_proven_ = false;
  unsigned replies_without_stamp_ = 0;
  std::uint64_t stepped_down_at_ = 0;  // the first probe sent with the stamps asked for now
  std::optional<MonoTime> last_reply_;
  std::optional<MonoTime> unanswered_since_;  // the first send after the last reply
  bool bare_turn_ = false;
  Duration max_round_trip_;
  ClockState clock_;  // as of last_time_
  bool clock_seen_ = false;
  MonoTime last_time_;  // of on_time()

  std::optional<MonoTime> interrupted_;
  unsigned closing_probes_ = 0;
  std::optional<MonoTime> next_look_;  // at the end of the run: when close() may get on
  std::optional<MonoTime>
      closing_gap_until_;  // the answer to the last closing probe may come until then
  bool finished_ = false;
};

}  // namespace wirestamp::session
