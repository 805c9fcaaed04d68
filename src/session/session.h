// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "measure/event.h"
#include "packet/network_change.h"
#include "session/flow_trial.h"
#include "session/path_sweep.h"
#include "session/port_budget.h"
#include "session/rate_guard.h"
#include "session/schedule.h"
#include "session/sender.h"
#include "session/silence_watch.h"
#include "session/stalled_flow.h"
#include "session/tlv_watch.h"

// What is measured: one peer, one schedule, one series of numbers, over one flow at a time or over
// several in parallel. The session decides which source port is used when (the port policies),
// notices silence, finds out why by trying the old and a new flow side by side, and tells what
// happened as events. Each flow is a STAMP session of its own (Sender); the probe numbers go on.
//
// No I/O and no clock, as in Sender: the caller brings time, packets, stamps, errors and changes of
// the network, opens and closes ports when asked, and takes datagrams, samples and events.
namespace wirestamp::session {

enum class PortPolicy : std::uint8_t {
  Fixed,    // one source port; on silence it pauses, so that a stale entry can die
  Dynamic,  // a port picked by the system, a new one on silence
  Range,    // as Dynamic, out of a range
  Auto,     // the fixed port first, on silence a dynamic one, back when the fixed flow has healed
};

enum class ReconnectOn : std::uint8_t {
  Path,        // when the route or source address of this session changes
  AnyAddress,  // also when a new address appears on any interface
};

struct SessionOptions {
  // What all flows have in common. Its ssid, unless 0, is that of the first; others are drawn, or
  // taken from those that its key is valid for.
  SenderOptions flow;
  ScheduleOptions schedule;
  PortPolicy policy = PortPolicy::Dynamic;
  std::uint16_t fixed_port = 0;                               // of Fixed and Auto
  std::uint16_t first_port = 0, last_port = 0;                // of Range, both inclusive
  Duration silence = Duration::seconds(5);                    // S7
  std::optional<Duration> heal_after = Duration::minutes(1);  // of Fixed; absent: never
  ReconnectOn reconnect_on = ReconnectOn::Path;
  // In parallel (B8): each due time is a round of one probe over each, in random order, so that
  // none of them is always the first. Above 1 the ports stay as they are, and there are no bursts.
  unsigned flows = 1;
  // Loss reduces no rate, not even a high one to a public address (rate_guard.h).
  bool full_rate = false;
  // The first answer is an event, and so is a NAT that Location shows. What runs for a minute
  // before somebody's eyes needs none, and has notes.
  bool tells_up = false;
};

// Where probes to the peer leave this host now.
struct Egress {
  std::uint32_t interface = 0;
  std::string interface_name;
  std::optional<packet::IpAddress> source;
  bool operator==(const Egress&) const = default;
};

// A port to open for a flow.
struct FlowPort {
  std::optional<std::uint16_t> port;  // absent: the system picks one
  std::optional<FlowId> shared_with;  // no new port: that flow's
};

struct OpenedPort {
  packet::Endpoint local;
  StampSource transmit = StampSource::User;  // the stamps that it gives
};

class SessionOutput {
 public:
  virtual ~SessionOutput() = default;
  // Fails with a sentence when the port cannot be had.
  virtual Result<OpenedPort> open_flow(FlowId flow, const FlowPort& port) = 0;
  // Nothing more will be sent over it or is expected from it.
  virtual void close_flow(FlowId flow) = 0;
  // The route to the peer as it is now; absent: there is none, or it is not known.
  virtual std::optional<Egress> egress() = 0;

  virtual void send(FlowId flow, const packet::OutgoingDatagram& datagram) = 0;
  virtual void on_sample(const measure::Sample& sample) = 0;
  virtual void on_reply(const measure::Sample& provisional) = 0;
  // Losses of a flow without a direction have one now.
  virtual void on_unknown_resolved(FlowId flow, std::uint64_t forward, std::uint64_t backward) = 0;
  virtual void on_note(const std::string& note) = 0;
  virtual void on_event(const measure::Event& event) = 0;
  virtual void on_scheduler_stamps(FlowId flow) = 0;  // ask for them from now on
};

class Session {
 public:
  // `budget` is shared by the sessions of a thread and outlives them.
  Session(const SessionOptions& options, const wire::RequestLayout& layout, SessionOutput& output,
          PortBudget& budget);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Opens the first flow or flows. Fails when none can be opened. The schedule begins with the
  // first on_time().
  Result<void> begin(const Timestamp& now);

  const SessionOptions& options() const { return options_; }
  SenderCounters counters() const;  // over all flows
  const SenderProgress& progress() const { return continuity_.progress; }
  // The local end of the flow that scheduled probes go over now.
  packet::Endpoint local() const;
  FlowId current() const { return lanes_.front(); }
  // "192.0.2.1:40000 > 198.51.100.7:23999"
  std::string tuple(FlowId flow) const;
  const std::optional<Egress>& egress() const { return egress_; }
  std::string tuple_of_lane(std::size_t lane) const { return tuple(lanes_[lane]); }
  // Which of the parallel flows an open one is, or was before it was replaced; from 0.
  std::size_t lane_of(FlowId flow) const;
  std::uint16_t ssid_of(FlowId flow) const;
  bool recognises(FlowId flow, base::Bytes octets) const;  // Sender::recognises
  // What the reflector answers in the TLVs of the probes.
  const std::vector<TlvState>& tlvs() const { return tlvs_.states(); }
  // The peer's host said that nothing listens on the port.
  bool peer_closed() const { return evidence_.closed.has_value(); }

  std::optional<MonoTime> next_wake() const;
  void on_time(const Timestamp& now, const ClockState& clock);

  void on_sent(FlowId flow, std::uint64_t sequence, const packet::SendResult& result);
  void on_transmit_stamp(FlowId flow, std::uint64_t sequence, const Timestamp& stamp);
  void on_datagram(FlowId flow, const packet::ReceivedDatagram& datagram, const ClockState& clock);
  bool on_path_error(FlowId flow, const packet::PathError& error);
  void on_stamps_unreliable(FlowId flow);
  void on_receive_dropped(FlowId flow, std::uint64_t count);
  void on_network_change(const packet::NetworkChange& change);

  // See Sender::set_key(): of all flows.
  void set_key(const AuthKeyPtr& key);

  void stop(MonoTime now);
  bool finished() const { return finished_; }

 private:
  class Flow;
  // The verdicts told of an outage: why it is silent may change while it lasts.
  struct Findings {
    // Whether that one is to be told; then it is the last one. `shown`: something said so, and not
    // the silence alone.
    bool take(measure::Finding finding, bool shown, MonoTime now);

    std::optional<measure::Finding> last;
    std::set<measure::Finding> all;
    MonoTime told;                         // when the last one was
    std::optional<MonoTime> shown_before;  // when something said why, last
  };
  // From the declaration of an outage until a measured probe is answered.
  struct Outage {
    MonoTime declared, heard;  // when we said so; when the peer was last heard, or the path moved
    bool told = false;         // an event said that it began
    bool stopped = false;      // the reflector had said that it would stop: it is none
    bool swept = false;
    Findings findings;
    std::optional<MonoTime> answered;  // it is over
    SilenceWatch::Gap gap;             // then
  };
  // Why nothing may come back, as far as the system and the path say; forgotten when it is old.
  struct Evidence {
    std::optional<MonoTime> neighbour, closed, icmp;
    std::string who;  // sent the last ICMP error
  };

  // A flow that is silent by rule and tried now and then.
  struct Stalled {
    FlowId flow = 0;
    StalledFlow tries;
    bool entry = false;  // a stale entry it is, as far as can be told: its time-out is of interest
    bool timeout_told = false;
  };

  // The traffic class last seen, and what is told of its changes: where a path re-marks some
  // packets and others not, or marks congestion, it changes all the time.
  struct Changes {
    enum class Telling : std::uint8_t { Nothing, Change, AgainAndAgain };
    // A third one within `together` is one of many; the next one is told after `known` without.
    Telling on_change(MonoTime now, Duration together, Duration known);

    std::optional<MonoTime> changed, changed_before;
    bool told = false;  // that it changes again and again
  };
  struct Mark {
    std::optional<unsigned> last;
    Changes changes;
  };
  // The hop limit that packets arrive with. Where they go several ways in turn it changes all the
  // time, so another one counts when no other was seen for a while.
  struct Hops {
    bool settles(unsigned seen, MonoTime now);  // `seen` became the usual one in place of another

    std::optional<unsigned> usual, before, other;
    MonoTime since;  // of `other`
    unsigned times = 0;
    Changes changes;
  };
  struct LaneMarks {
    Mark forward, backward;
    Mark returned;  // by a reflector that does not say what it sends
    Hops forward_hops, backward_hops;
  };
  // Datagrams to our ports that found no room there, until they are told.
  struct Overflow {
    std::optional<MonoTime> since;  // absent: they came after the last on_time()
    std::uint64_t datagrams = 0;
  };
  // The reflector said that it is about to stop, and did not answer as if nothing was since.
  struct Stopping {
    MonoTime first, last;  // when it said so
  };

  // --- traffic (session.cc)
  Flow* find(FlowId flow) const;
  Flow* open(const FlowPort& port, std::string* failure);
  std::uint16_t choose_ssid(FlowId id);
  Flow* open_new(std::string* failure, std::optional<std::uint16_t> unlike = std::nullopt);
  std::vector<FlowId> open_block(MonoTime now);
  void close(FlowId flow);
  void retire(FlowId flow);
  void close_finished();
  void send_due(const Timestamp& now, const ClockState& clock);
  void send_round(MonoTime due, const Timestamp& now, const ClockState& clock);
  void give_unsent(FlowId flow, MonoTime due, const Timestamp& now, measure::WithheldReason reason);
  measure::WithheldReason withheld(MonoTime due, bool late, const Timestamp& now);
  void start(MonoTime now);
  void notice_suspend(const ClockState& clock, MonoTime now);
  void finish_flows(MonoTime now);

  // --- what the flows tell
  void on_flow_sample(const measure::Sample& sample);
  void on_flow_reply(const measure::Sample& provisional);
  void on_flow_restart(Flow& flow);
  void on_flow_stopping();
  void on_flow_tlvs(const Flow& flow, const Reply& reply, std::size_t request_size,
                    std::uint32_t replies);
  void watch_marks(const measure::Sample& sample);
  void watch_returned(const measure::Sample& sample, Mark& mark);
  void tell_remark(const measure::Sample& sample, measure::Event& remarked, Mark& mark);
  void watch_hops(const measure::Sample& sample);
  void watch_up(MonoTime at);

  // --- the policies (session_policy.cc)
  void step(const Timestamp& now, const ClockState& clock);
  std::optional<MonoTime> policy_wake() const;
  void declare_outage(const Timestamp& now);
  void tell_outage(const Timestamp& now);
  void on_silence(const Timestamp& now);
  void end_outage(const Timestamp& now);
  void try_new_port(const Timestamp& now);
  void heal(const Timestamp& now);
  void tell_healed(const Timestamp& now);
  void return_to(FlowId flow, const Timestamp& now, const std::string& reason);
  bool recent(const std::optional<MonoTime>& time, MonoTime now) const;
  bool nothing_leaves(MonoTime now) const;
  std::optional<measure::Finding> known_cause(MonoTime now) const;
  void tell_finding(const Timestamp& now, measure::Finding finding, bool shown,
                    const FlowTrial* trial);
  void let_go(FlowId flow, MonoTime now);
  bool path_is_clean(MonoTime now) const;
  const Sender::Elsewhere* answered_elsewhere(MonoTime now) const;
  void look_at_egress(const Timestamp& now);
  void reconnect(const Timestamp& now, const std::string& reason, bool moved);

  // --- old and new flow side by side (session_trial.cc)
  void run_trial(const Timestamp& now, const ClockState& clock);
  void judge(const Timestamp& now);
  void settle_stall(const Timestamp& now, measure::Finding finding, FlowId flow);
  void tell_timeout(const Timestamp& now);
  void run_stalled(const Timestamp& now, const ClockState& clock);
  void begin_sweep(FlowId ailing, std::optional<FlowId> healthy, MonoTime now);
  void run_sweep(const Timestamp& now, const ClockState& clock);
  void run_question(const Timestamp& now, const ClockState& clock);
  void on_account(const wire::WstpAccount& account);

  // --- events (session_events.cc)
  measure::Event event(measure::EventKind kind, const Timestamp& now) const;
  void tell(const measure::Event& event);
  void tell_verdict(const Timestamp& now, measure::Finding finding, const FlowTrial* trial);
  void tell_change(const Timestamp& now, const std::string& reason, const std::string& old_flow,
                   FlowId new_flow);
  void tell_rate(const Timestamp& now, const RateGuard::Change& change);
  void watch_overflow(const Timestamp& now);
  std::string cause_of_silence(MonoTime now) const;
  void tell_back(const SilenceWatch::Gap& gap, const Timestamp& now);

  SessionOptions options_;
  wire::RequestLayout layout_;
  SessionOutput& output_;
  PortBudget& budget_;
  base::Random random_;
  Schedule schedule_;
  TlvWatch tlvs_;
  std::vector<FlowId> lanes_;      // the flows that scheduled probes go over
  std::vector<LaneMarks> marks_;   // of each lane, whichever flow it has at the time
  bool refusal_told_ = false;      // of our DSCP in replies
  bool peer_tells_class_ = false;  // what arrives there, and what it sends is known then
  std::vector<std::unique_ptr<Flow>> flows_;
  FlowId next_flow_ = 0;
  std::uint16_t fresh_block_ = 0;   // first port of the fresh flows
  SenderCounters closed_counters_;  // of flows that are gone
  Continuity continuity_;
  std::uint64_t events_told_ = 0;  // since then
  std::optional<MonoTime> events_since_;

  Timestamp now_;  // of the call we are in
  Duration suspended_;
  bool clock_seen_ = false;
  bool started_ = false, ending_ = false, finished_ = false;
  std::optional<MonoTime> interrupted_;

  SilenceWatch watch_;
  std::optional<RateGuard> guard_;  // absent: all probes are sent, whatever is lost
  std::optional<Outage> outage_;
  std::optional<Outage> last_outage_;  // that ended
  std::optional<FlowId> suspect_;      // carried the probes when the outage began; still open
  Evidence evidence_;
  std::optional<Stopping> stopping_;
  bool stopping_disbelieved_ = false;  // it said so for too long, until it is restarted
  bool answered_ = false;              // ever
  std::optional<FlowTrial> trial_;
  std::optional<MonoTime> next_switch_;
  Duration back_off_;
  bool exhausted_told_ = false;
  std::optional<Stalled> stalled_;
  std::optional<FlowId> fixed_flow_;        // of Auto, while it is open
  std::optional<MonoTime> stalled_before_;  // when the fixed flow stalled last
  HealingPauses pauses_;
  std::uint64_t first_after_pause_ = 0;  // probe
  std::optional<MonoTime> restarted_;    // when the reflector seemed to have been, on any flow
  bool restarts_told_ = false;           // that it seems so again and again
  std::optional<Overflow> overflow_;
  Changes overflows_;
  std::optional<PathSweep> sweep_;
  // What became of an old flow, put to the reflector over the current one.
  struct Question {
    FlowId about = 0;
    MonoTime next;
    unsigned asked = 0;
  };
  std::optional<Question> question_;
  std::optional<Egress> egress_, last_egress_;       // now; when there last was one
  std::optional<MonoTime> look_at_egress_, looked_;  // when to look; when we did last
  std::optional<packet::NetworkChange> change_;
};

}  // namespace wirestamp::session
