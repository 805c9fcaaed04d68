// SPDX-License-Identifier: Apache-2.0
//
// The traffic of a session: scheduled probes go over the flow of their lane, every other flow only
// gets what a trial, a try or a sweep sends over it. What the policies decide is in
// session_policy.cc, what is told in session_events.cc.
#include "session/session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "session/limits.h"
#include "session/session_flow.h"

namespace wirestamp::session {

using measure::Outcome;
using measure::WithheldReason;

namespace {
// RFC 6335 6.
//= RFC6335:dynamic-ports
constexpr std::uint32_t kFirstDynamic = 49'152, kLastDynamic = 65'535;
constexpr unsigned kUnlikeTries = 16;
constexpr Duration kLookEvery = Duration::milliseconds(100);

// A router said congestion (CE) of a probe that left as ECN-capable, or of the reply to it.
bool marked_on_the_way(const measure::Sample& sample) {
  constexpr unsigned kEcn = 3, kCe = 3;
  const unsigned sent = sample.sent.ecn();
  if (sent == 0 || sent == kCe) return false;
  return (sample.seen_traffic_class && (*sample.seen_traffic_class & kEcn) == kCe) ||
         (sample.returned && sample.returned->ecn() == kCe);
}
}  // namespace

Session::Session(const SessionOptions& options, const wire::RequestLayout& layout,
                 SessionOutput& output, PortBudget& budget)
    : options_(options),
      layout_(layout),
      output_(output),
      budget_(budget),
      random_(options.flow.seed),
      schedule_(options.schedule, MonoTime(), base::Random(options.flow.seed)),
      tlvs_(layout, options.flow.tlvs.tlvs),
      watch_(options.silence, options.schedule.interval, MonoTime()) {
  CHECK(options.flows >= 1 && options.flows <= kMostFlows);
  const Duration interval = options.schedule.interval;
  if (!options.full_rate &&
      RateGuard::applies(options.flow.remote.address, interval, options.flows))
    //= RFC8085:low-rate
    guard_.emplace(RateGuardOptions{.flows = options.flows,
                                    .loss_after = options.flow.loss_after,
                                    .by_lot = options.schedule.kind == ScheduleKind::Poisson,
                                    .seed = ~options.flow.seed});
}

Session::~Session() {
  for (const auto& flow : flows_)
    if (flow->extra) budget_.give_back();
  budget_.forget(options_.flow.session, options_.flow.remote.address);
}

Result<void> Session::begin(const Timestamp& now) {
  now_ = now;
  egress_ = last_egress_ = output_.egress();
  watch_ = SilenceWatch(options_.silence, options_.schedule.interval, *now.mono);
  for (unsigned n = 0; n < options_.flows; ++n) {
    std::string failure;
    const bool wants_fixed =
        options_.policy == PortPolicy::Fixed || (options_.policy == PortPolicy::Auto && n == 0);
    Flow* flow = nullptr;
    if (wants_fixed) {
      flow = open({.port = options_.fixed_port, .shared_with = {}}, &failure);
      if (flow == nullptr && options_.policy == PortPolicy::Auto)
        output_.on_note("the fixed flow cannot be had: " + failure + "; starting on another port");
    }
    if (flow == nullptr && options_.policy != PortPolicy::Fixed) flow = open_new(&failure);
    if (flow == nullptr) return fail(failure);
    if (options_.policy == PortPolicy::Auto && flow->local.port == options_.fixed_port)
      fixed_flow_ = flow->id;
    flow->lane = lanes_.size();
    lanes_.push_back(flow->id);
    marks_.emplace_back();
  }
  return {};
}

// --- flows

Session::Flow* Session::find(FlowId flow) const {
  for (const auto& one : flows_)
    if (one->id == flow) return one.get();
  return nullptr;
}

Session::Flow* Session::open(const FlowPort& port, std::string* failure) {
  const FlowId id = next_flow_;
  const auto opened = output_.open_flow(id, port);
  if (!opened) {
    if (failure != nullptr) *failure = opened.error().text;
    return nullptr;
  }
  ++next_flow_;
  SenderOptions options = options_.flow;
  options.flow = id;
  options.transmit_stamps = opened->transmit;
  options.interval = options_.schedule.interval;
  options.seed = random_.next();
  if (egress_) options.route_interface = egress_->interface;
  options.ssid = choose_ssid(id);
  // A socket that is bound to no address sends from the one that the route gives it now.
  packet::Endpoint local = opened->local;
  if (local.address.is_any() && egress_ && egress_->source) local.address = *egress_->source;
  flows_.push_back(std::make_unique<Flow>(*this, id, options, layout_, local, *now_.mono));
  return flows_.back().get();
}

// Drawn, and unlike that of every open flow: a late reply of one is never taken for another's.
// Where a key is for certain SSIDs it is one of them; more flows than those differ in their ports
// alone.
//= RFC9503:node-ssid
std::uint16_t Session::choose_ssid(FlowId id) {
  const auto in_use = [&](std::uint16_t ssid) {
    return std::ranges::any_of(
        flows_, [&](const auto& flow) { return flow->sender.options().ssid == ssid; });
  };
  if (const AuthKeyPtr& key = options_.flow.key; key && !key->valid_for().ssids.empty()) {
    const auto& ssids = key->valid_for().ssids;
    const auto free = std::ranges::find_if_not(ssids, in_use);
    return free != ssids.end() ? *free : ssids[id % ssids.size()];
  }
  std::uint16_t ssid = id == 0 ? options_.flow.ssid : std::uint16_t{0};
  //= RFC8972:ssid-differs
  while (ssid == 0 || in_use(ssid)) ssid = static_cast<std::uint16_t>(1 + random_.below(0xffff));
  return ssid;
}

void Session::set_key(const AuthKeyPtr& key) {
  options_.flow.key = key;
  for (const auto& flow : flows_) flow->sender.set_key(key);
}

// A new port by the policy. `unlike`: where paths are chosen by the port, another path if possible,
// see open_block().
Session::Flow* Session::open_new(std::string* failure, std::optional<std::uint16_t> unlike) {
  if (options_.policy != PortPolicy::Range) {
    for (unsigned n = 0; unlike && n < kUnlikeTries; ++n) {
      const auto port = static_cast<std::uint16_t>(
          kFirstDynamic + random_.below(std::size_t{kLastDynamic} - kFirstDynamic + 1));
      if (port % FlowTrial::kFreshFlows == *unlike % FlowTrial::kFreshFlows) continue;
      if (Flow* flow = open({.port = port, .shared_with = {}}, nullptr)) return flow;
    }
    return open({}, failure);
  }
  // From a random place in the range, once around. A wide one in steps: part of it may need a
  // privilege that we do not have.
  const std::uint32_t size = std::uint32_t{options_.last_port} - options_.first_port + 1U;
  const auto first = static_cast<std::uint32_t>(random_.below(size));
  const std::uint32_t tries = std::min<std::uint32_t>(size, kMostPortTries);
  std::uint32_t own = 0;
  std::string others;
  for (std::uint32_t n = 0; n < tries; ++n) {
    const auto port =
        static_cast<std::uint16_t>(options_.first_port + (first + n * size / tries) % size);
    if (std::ranges::any_of(flows_, [&](const auto& flow) { return flow->local.port == port; })) {
      ++own;
      continue;
    }
    if (Flow* flow = open({.port = port, .shared_with = {}}, &others)) return flow;
  }
  if (failure == nullptr) return nullptr;
  *failure = "no port of " + std::to_string(options_.first_port) + "-" +
             std::to_string(options_.last_port) + " can be had: ";
  if (own > 0) *failure += "this session has " + std::to_string(own) + " of them itself; ";
  *failure += others.empty() ? "a wider range has more" : others;
  return nullptr;
}

// Four ports in a row, the first one divisible by four: routers that spread flows over paths by a
// linear function of the port (CRC, exclusive or) then send each of them another way.
std::vector<FlowId> Session::open_block(MonoTime now) {
  std::vector<FlowId> opened;
  constexpr std::uint32_t kBlocks = (kLastDynamic - kFirstDynamic + 1) / FlowTrial::kFreshFlows;
  const bool range = options_.policy == PortPolicy::Range;
  for (unsigned n = 0; n < FlowTrial::kFreshFlows; ++n) {
    if (!budget_.take(options_.flow.session, options_.flow.remote.address, now)) break;
    FlowPort port;
    if (!range) {
      if (opened.empty())
        fresh_block_ = static_cast<std::uint16_t>(
            kFirstDynamic +
            FlowTrial::kFreshFlows * static_cast<std::uint32_t>(random_.below(kBlocks)));
      port.port = static_cast<std::uint16_t>(fresh_block_ + n);
    }
    Flow* flow = range ? open_new(nullptr) : open(port, nullptr);
    if (flow == nullptr && !range) flow = open({}, nullptr);
    if (flow == nullptr) {
      budget_.give_back();
      break;
    }
    flow->extra = true;
    opened.push_back(flow->id);
  }
  return opened;
}

void Session::close(FlowId id) {
  const auto found =
      std::ranges::find_if(flows_, [id](const auto& flow) { return flow->id == id; });
  if (found == flows_.end()) return;
  closed_counters_ = closed_counters_ + (*found)->sender.counters();
  if ((*found)->extra) budget_.give_back();
  // The session needs one socket: where its first one is gone, that is the one it uses now.
  for (const FlowId lane : lanes_)
    if (Flow* used = find(lane); !(*found)->extra && used != nullptr && used->extra) {
      used->extra = false;
      budget_.give_back();
      break;
    }
  if (suspect_ == id) suspect_.reset();
  if (fixed_flow_ == id) fixed_flow_.reset();
  flows_.erase(found);
  output_.close_flow(id);
}

// Make before break: the socket stays until every probe in flight is decided.
void Session::retire(FlowId id) {
  Flow* flow = find(id);
  if (flow == nullptr) return;
  flow->sender.end(/*fetch=*/false, *now_.mono);
  flow->retired = true;
}

void Session::close_finished() {
  for (std::size_t i = flows_.size(); i-- > 0;)
    if (flows_[i]->retired && flows_[i]->sender.finished() && !finished_) close(flows_[i]->id);
}

SenderCounters Session::counters() const {
  SenderCounters sum = closed_counters_;
  for (const auto& flow : flows_) sum = sum + flow->sender.counters();
  return sum;
}

packet::Endpoint Session::local() const {
  const Flow* flow = lanes_.empty() ? nullptr : find(current());
  return flow != nullptr ? flow->local : packet::Endpoint{};
}

std::size_t Session::lane_of(FlowId id) const {
  const Flow* flow = find(id);
  CHECK(flow != nullptr);
  return flow->lane;
}

std::uint16_t Session::ssid_of(FlowId id) const {
  const Flow* flow = find(id);
  return flow != nullptr ? flow->sender.options().ssid : std::uint16_t{0};
}

bool Session::recognises(FlowId id, base::Bytes octets) const {
  Flow* flow = find(id);
  return flow != nullptr && flow->sender.recognises(octets);
}

// --- time

std::optional<MonoTime> Session::next_wake() const {
  if (finished_) return std::nullopt;
  if (!started_) return now_.mono;
  std::optional<MonoTime> wake;
  const auto consider = [&](const std::optional<MonoTime>& time) {
    if (time && (!wake || *time < *wake)) wake = time;
  };
  consider(schedule_.next());
  consider(schedule_.next_burst());
  for (const auto& flow : flows_) consider(flow->sender.next_wake());
  if (!ending_) consider(policy_wake());
  if (overflow_) consider(overflow_->since ? *overflow_->since + kOverflowTogether : *now_.mono);
  if (!schedule_.next() && !ending_) consider(now_.mono);
  return wake;
}

void Session::on_time(const Timestamp& now, const ClockState& clock) {
  if (finished_) return;
  now_ = now;
  if (!started_) start(*now.mono);
  notice_suspend(clock, *now.mono);
  if (!ending_ && schedule_.next()) step(now, clock);
  send_due(now, clock);
  if (!ending_ && !schedule_.next()) finish_flows(*now.mono);
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    flows_[i]->run(now, clock);
    for (const MonoTime handed_over : flows_[i]->sender.take_swallowed())
      watch_.on_unsent(handed_over);
  }
  close_finished();
  if (ending_)
    finished_ = std::ranges::all_of(flows_, [](const auto& one) { return one->sender.finished(); });
  if (overflow_) watch_overflow(now);
}

void Session::start(MonoTime now) {
  started_ = true;
  ScheduleOptions schedule = options_.schedule;
  schedule.bursts = schedule.bursts && options_.flows == 1;
  schedule_ = Schedule(schedule, now, base::Random(random_.next()));
  if (interrupted_) schedule_.end();
}

void Session::notice_suspend(const ClockState& clock, MonoTime now) {
  if (clock_seen_ && clock.suspended > suspended_) {
    const Duration slept = clock.suspended - suspended_;
    schedule_.skip_to(now);
    watch_.restart(now);
    if (stalled_) stalled_->tries.on_suspend(slept);
    if (pauses_.any()) pauses_.on_suspend(slept);
    if (guard_) guard_->restart();
    output_.on_note("the host was suspended for " + std::to_string(slept.ns() / 1'000'000) +
                    " ms: probes in flight then are not judged");
  }
  suspended_ = clock.suspended;
  clock_seen_ = true;
}

void Session::send_due(const Timestamp& now, const ClockState& clock) {
  const Duration tolerance = std::max(options_.schedule.interval, kLatenessFloor);
  for (std::size_t n = 0; n < kMaxDuePerWake; ++n) {
    const std::optional<MonoTime> due = schedule_.next();
    if (!due || *due > *now.mono) break;
    schedule_.advance();
    const bool late = *now.mono - *due > tolerance;
    const WithheldReason reason = withheld(*due, late, now);
    if (reason == WithheldReason::None && !late) {
      send_round(*due, now, clock);
      continue;
    }
    for (const FlowId flow : lanes_) give_unsent(flow, *due, now, reason);
  }
  const std::optional<MonoTime> burst = schedule_.next_burst();
  if (!burst || *burst > *now.mono) return;
  schedule_.advance_burst();
  // Five probes more would tell nothing, or are too many.
  if (pauses_.until() || outage_ || (guard_ && guard_->reduced())) return;
  Sender& sender = find(current())->sender;
  // Starved: no burst this minute, because it would come too close to a scheduled probe.
  if (*now.mono - *burst > std::max(schedule_.burst_clearance(), kLatenessFloor)) {
    ++sender.counters().late_bursts;
    return;
  }
  for (unsigned n = 0; n < kBurstProbes; ++n) sender.send(ProbeKind::Burst, *burst, now, clock);
}

// Whether the round that was due then is not sent by rule. One that is too late takes no turn.
measure::WithheldReason Session::withheld(MonoTime due, bool late, const Timestamp& now) {
  if (pauses_.until()) return WithheldReason::HealingPause;
  if (!guard_) return WithheldReason::None;
  if (const auto change = guard_->on_time(*now.mono, continuity_.next_probe))
    tell_rate(now, *change);
  return late || guard_->sends(due) ? WithheldReason::None : WithheldReason::BackOff;
}

void Session::send_round(MonoTime due, const Timestamp& now, const ClockState& clock) {
  std::vector<FlowId> order = lanes_;
  for (std::size_t left = order.size(); left > 1; --left)
    std::swap(order[left - 1], order[random_.below(left)]);
  for (const FlowId flow : order) find(flow)->sender.send(ProbeKind::Scheduled, due, now, clock);
}

// A probe that was due and not sent by us: by rule, or because we were too late.
void Session::give_unsent(FlowId flow, MonoTime due, const Timestamp& now, WithheldReason reason) {
  measure::Sample sample;
  sample.session = options_.flow.session;
  sample.flow = flow;
  sample.probe = continuity_.next_probe++;
  sample.scheduled = due;
  sample.scheduled_wall = now.wall - (*now.mono - due);
  sample.outcome = reason == WithheldReason::None ? Outcome::LateSchedule : Outcome::Withheld;
  sample.withheld = reason;
  ++continuity_.progress.scheduled;
  output_.on_sample(sample);
}

// The end of the run: what a trial or a try would tell comes too late, and the flow of each lane
// fetches its last stamps.
void Session::finish_flows(MonoTime now) {
  ending_ = true;
  trial_.reset();
  sweep_.reset();
  question_.reset();
  stalled_.reset();
  const bool silent = outage_.has_value();
  for (const auto& flow : flows_) {
    const bool in_lane = std::ranges::find(lanes_, flow->id) != lanes_.end();
    if (!flow->retired) flow->sender.end(/*fetch=*/in_lane && !silent, now);
    if (interrupted_) flow->sender.stop(*interrupted_);
  }
}

void Session::stop(MonoTime now) {
  if (interrupted_) return;
  interrupted_ = now;
  schedule_.end();
  if (ending_)
    for (const auto& flow : flows_) flow->sender.stop(now);
  if (!now_.mono || *now_.mono < now) now_.mono = now;
}

// --- what comes in

void Session::on_sent(FlowId id, std::uint64_t sequence, const packet::SendResult& result) {
  Flow* flow = find(id);
  if (flow == nullptr) return;
  if (result.status != packet::SendStatus::Accepted &&
      result.status != packet::SendStatus::TooBig) {
    watch_.on_unsent();
  }
  flow->sender.on_sent(sequence, result);
}

void Session::on_transmit_stamp(FlowId id, std::uint64_t sequence, const Timestamp& stamp) {
  if (Flow* flow = find(id)) flow->sender.on_transmit_stamp(sequence, stamp);
}

void Session::on_datagram(FlowId id, const packet::ReceivedDatagram& datagram,
                          const ClockState& clock) {
  Flow* flow = find(id);
  if (flow == nullptr) return;
  const MonoTime at = datagram.arrival.mono.value_or(*now_.mono);
  const std::optional<std::uint64_t> answered = flow->sender.on_datagram(datagram, clock);
  if (!answered) return;
  watch_.on_sign_of_life(at);
  if (guard_) guard_->on_sign_of_life();
  if (trial_) trial_->on_answer(id, at);
  if (stalled_ && id == stalled_->flow) stalled_->tries.on_answer(at);
  if (sweep_) sweep_->on_reply(id, *answered);
}

bool Session::on_path_error(FlowId id, const packet::PathError& error) {
  using packet::PathErrorKind;
  Flow* flow = find(id);
  if (flow == nullptr) return false;
  const std::optional<std::uint64_t> quoted = flow->sender.quoted(error);
  if (!flow->sender.on_path_error(error)) return false;
  if (sweep_ && quoted && error.offender && error.kind == PathErrorKind::TimeExceeded) {
    sweep_->on_expired(id, *quoted, *error.offender);
    return true;
  }
  switch (error.kind) {
    case PathErrorKind::NeighbourUnresolved:
      evidence_.neighbour = error.noticed;
      watch_.on_unsent();
      break;
    case PathErrorKind::RejectedLocally:
      watch_.on_unsent();
      break;
    case PathErrorKind::PortUnreachable:
      (error.offender && *error.offender != options_.flow.remote.address ? evidence_.icmp
                                                                         : evidence_.closed) =
          error.noticed;
      break;
    case PathErrorKind::HostUnreachable:
    case PathErrorKind::NetworkUnreachable:
    case PathErrorKind::Prohibited:
      evidence_.icmp = error.noticed;
      break;
    default:
      break;
  }
  if (error.offender) evidence_.who = packet::to_string(*error.offender);
  return true;
}

void Session::on_stamps_unreliable(FlowId id) {
  if (Flow* flow = find(id)) flow->sender.on_stamps_unreliable();
}

void Session::on_receive_dropped(FlowId id, std::uint64_t count) {
  Flow* flow = find(id);
  if (flow == nullptr) return;
  // Flows that share a port hear of the same datagrams, one after the other.
  const auto port_of = [](const auto& one) { return one->local.port; };
  if (std::ranges::find(flows_, flow->local.port, port_of)->get() != flow) return;
  flow->sender.on_receive_dropped(count);
  if (!overflow_) overflow_ = Overflow{.since = {}, .datagrams = 0};
  overflow_->datagrams += count;
}

void Session::on_network_change(const packet::NetworkChange& change) {
  if (change.kind == packet::NetworkChangeKind::NeighbourFailed) return;
  // Changes come in bursts, and a look asks the kernel.
  const MonoTime soonest = looked_ ? *looked_ + kLookEvery : *now_.mono;
  look_at_egress_ = std::max(soonest, *now_.mono);
  change_ = change;
}

// --- what the flows tell

void Session::on_flow_sample(const measure::Sample& sample) { output_.on_sample(sample); }

void Session::on_flow_reply(const measure::Sample& provisional) {
  const MonoTime at = provisional.sender_rx && provisional.sender_rx->mono
                          ? *provisional.sender_rx->mono
                          : *now_.mono;
  if (!provisional.burst) {
    watch_.on_answer(provisional.probe, at);
    const bool dated = provisional.sender_tx && provisional.sender_tx->mono;
    const MonoTime left = dated ? *provisional.sender_tx->mono : provisional.scheduled;
    if (guard_ && at - left <= options_.flow.loss_after)
      guard_->on_answer(provisional.probe, marked_on_the_way(provisional));
    budget_.on_answered(options_.flow.session, options_.flow.remote.address, at);
    if (outage_ && !outage_->answered) {  // step() goes on from there
      outage_->answered = at;
      outage_->gap = watch_.newest_gap();
    }
    watch_up(at);
  }
  watch_marks(provisional);
  watch_hops(provisional);
  output_.on_reply(provisional);
}

}  // namespace wirestamp::session
