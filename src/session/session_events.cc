// SPDX-License-Identifier: Apache-2.0
//
// What a session tells: each event as one line for a person, with its evidence beside it.
#include <algorithm>
#include <string>
#include <utility>

#include "session/limits.h"
#include "session/session.h"
#include "session/session_flow.h"

namespace wirestamp::session {

using measure::EventKind;
using measure::Finding;

namespace {

std::string dscp_and_ecn(unsigned traffic_class) {
  return "DSCP " + std::to_string(traffic_class >> 2U) + ", ECN " +
         std::to_string(traffic_class & 3U);
}

}  // namespace

measure::Event Session::event(EventKind kind, const Timestamp& now) const {
  measure::Event made;
  made.kind = kind;
  made.session = options_.flow.session;
  made.at = *now.mono;
  made.wall = now.wall;
  return made;
}

void Session::tell(const measure::Event& event) {
  if (!events_since_ || event.at - *events_since_ >= kEventsWindow) {
    events_since_ = event.at;
    events_told_ = 0;
  }
  if (events_told_ == kMostEvents)
    output_.on_note("more than " + std::to_string(kMostEvents) +
                    " events: no more are told until a day after the first of them");
  if (events_told_++ < kMostEvents) output_.on_event(event);
}

std::string Session::tuple(FlowId id) const {
  const Flow* flow = find(id);
  if (flow == nullptr) return "a closed flow";
  return packet::to_string(flow->local) + " > " + packet::to_string(options_.flow.remote);
}

std::string Session::cause_of_silence(MonoTime now) const {
  if (recent(evidence_.neighbour, now)) return "the next hop does not answer ARP or NDP";
  if (watch_.locally_silent(now))
    return egress_ ? "this host does not let the probes out" : "there is no route to the peer";
  if (recent(evidence_.closed, now)) return "the host is up, and nothing listens on the port";
  if (const Sender::Elsewhere* other = answered_elsewhere(now))
    return "replies come from " + packet::to_string(other->from) + " instead";
  if (recent(evidence_.icmp, now)) return evidence_.who + " says that it cannot be reached";
  return "no error was seen";
}

// --- up and stopping

void Session::on_flow_stopping() {
  if (stopping_disbelieved_) return;
  if (stopping_) {
    stopping_->last = *now_.mono;
    return;
  }
  stopping_ = Stopping{.first = *now_.mono, .last = *now_.mono};
  measure::Event stopping = event(EventKind::PeerStopping, now_);
  stopping.text = "the reflector says that it is about to stop";
  tell(stopping);
}

// With each measured probe that is answered.
void Session::watch_up(MonoTime at) {
  if (!answered_) {
    answered_ = true;
    if (options_.tells_up && !(outage_ && outage_->told)) {
      measure::Event up = event(EventKind::SessionUp, now_);
      up.reason = "first answer";
      up.flow = current();
      up.text =
          "answered for the first time since this measurement began, over " + tuple(current());
      tell(up);
    }
  }
  if (!stopping_ || outage_) return;
  const bool for_long = at - stopping_->first >= kStoppingLasts;
  if (!for_long && at - stopping_->last < kStoppingTaken) return;
  stopping_disbelieved_ = for_long;
  stopping_.reset();
  measure::Event up = event(EventKind::SessionUp, now_);
  up.reason = "goes on";
  up.text = "the reflector had said that it would stop, and goes on answering";
  tell(up);
}

// The reflector that had said that it would stop is there again.
void Session::tell_back(const SilenceWatch::Gap& gap, const Timestamp& now) {
  stopping_.reset();
  measure::Event up = event(EventKind::SessionUp, now);
  up.reason = "back";
  up.last_good = gap.good_before;
  up.first_lost = gap.lost_from;
  up.first_good = gap.first_good;
  if (gap.first_good) up.lost = gap.lost;
  if (up.first_lost && gap.lost_to) up.at_least = gap.lost_to->left - up.first_lost->left;
  if (up.first_good && up.last_good) up.at_most = up.first_good->left - up.last_good->left;
  up.text = "the reflector is back after it had said that it would stop";
  if (up.lost) up.text += ", " + std::to_string(*up.lost) + " probes lost";
  tell(up);
}

// --- silence

void Session::tell_verdict(const Timestamp& now, Finding finding, const FlowTrial* trial) {
  measure::Event verdict = event(EventKind::Verdict, now);
  verdict.finding = finding;
  if (outage_ || !last_outage_) {
    verdict.last_good = watch_.last_good();
    verdict.first_lost = watch_.first_lost();
    verdict.lost = watch_.lost_so_far();
  } else {
    const SilenceWatch::Gap& gap = last_outage_->gap;
    verdict.last_good = gap.good_before;
    verdict.first_lost = gap.lost_from;
    verdict.first_good = gap.first_good;
    verdict.lost = gap.lost;
  }
  const std::string old_flow = tuple(trial != nullptr ? trial->old_flow() : current());
  verdict.old_flow = old_flow;
  if (trial != nullptr) {
    verdict.new_flow = tuple(trial->new_flow());
    if (trial->fresh_tried() > 0) {
      verdict.answered = trial->fresh_answered();
      verdict.tried = trial->fresh_tried();
    }
  }
  switch (finding) {
    case Finding::StalledFlow:
      verdict.text = "stalled flow: " + old_flow + " is dead, " + *verdict.new_flow + " and " +
                     std::to_string(*verdict.tried) + " more new flows are answered";
      break;
    case Finding::StalledFlowSuspected:
      verdict.text = "stalled flow suspected: " + old_flow + " is silent, and no error was seen" +
                     (trial != nullptr ? "; a new flow is answered" : "");
      if (options_.policy == PortPolicy::Fixed && !options_.heal_after)
        verdict.text += "; --heal-after or another source port may revive it";
      break;
    case Finding::OneOfSeveralPaths:
      verdict.text = "one of several paths is broken: of " + std::to_string(*verdict.tried) +
                     " new flows " + std::to_string(*verdict.answered) +
                     " are answered, and the old one, " + old_flow + ", is not";
      break;
    case Finding::TransientOutage:
      verdict.text = "transient outage: old and new flow are answered again";
      break;
    case Finding::NewPortsBlocked:
      verdict.text = "new ports are not answered, the old flow is: a firewall allows it alone";
      break;
    case Finding::PeerOrPathDown:
      verdict.text = "peer or path down: " + cause_of_silence(*now.mono);
      break;
    case Finding::PeerClosed:
      verdict.text = "peer closed: the host is up, and nothing listens on the port";
      break;
    case Finding::LocalCause:
      verdict.text = "nothing leaves this host: " + cause_of_silence(*now.mono);
      break;
  }
  tell(verdict);
}

void Session::tell_change(const Timestamp& now, const std::string& reason,
                          const std::string& old_flow, FlowId new_flow) {
  measure::Event change = event(EventKind::FlowChanged, now);
  change.reason = reason;
  change.old_flow = old_flow;
  change.new_flow = tuple(new_flow);
  change.flow = new_flow;
  change.text = "now over " + *change.new_flow + " (" + reason + ")";
  tell(change);
}

void Session::tell_rate(const Timestamp& now, const RateGuard::Change& change) {
  using Kind = RateGuard::Change::Kind;
  std::string lost =
      std::to_string(change.lost) + " of " + std::to_string(change.sent) + " probes lost in 10 s";
  if (change.marked > 0)
    lost += ", " + std::to_string(change.marked) + " marked with congestion (CE)";
  measure::Event told =
      event(change.kind == Kind::Restored ? EventKind::RateRestored : EventKind::RateReduced, now);
  switch (change.kind) {
    case Kind::Reduced:
      told.reason = change.marked > change.lost ? "marks" : "loss";
      told.text = lost +
                  ": one in two is sent from now on, and half as many after each further "
                  "10 s like these, down to one in 16 (--full-rate keeps the rate)";
      break;
    case Kind::NearlyStopped:
      told.reason = "no reply";
      told.text =
          "no reply for a minute: one probe in 3 s until one comes (--full-rate keeps the "
          "rate)";
      break;
    case Kind::Restored:
      told.text = lost + ": all scheduled probes are sent again";
      break;
  }
  tell(told);
}

// Where it happens with each packet, one event more says so, and that is enough for an hour. Each
// of parallel flows notices the same restart: only the second one of one flow is another.
void Session::on_flow_restart(Flow& flow) {
  // It did stop, and what comes is of another one. An outage tells it when it ends.
  stopping_disbelieved_ = false;
  if (stopping_ && !outage_) tell_back({}, now_);
  const auto within = [&](const std::optional<MonoTime>& time, Duration lasting) {
    return time && *now_.mono - *time < lasting;
  };
  const bool again = within(flow.restarted, kRestartsTogether);
  const bool same = !again && within(restarted_, kRestartsTogether);
  const bool known = restarts_told_ && within(restarted_, kRestartsKnown);
  flow.restarted = restarted_ = now_.mono;
  if (known || same) return;
  restarts_told_ = again;
  measure::Event restarted = event(EventKind::ReflectorRestarted, now_);
  restarted.flow = flow.id;
  // What hears nothing of a flow for so long forgets it.
  const auto& outage = outage_ ? outage_ : last_outage_;
  const bool just_over =
      outage && (!outage->answered || within(outage->answered, kRestartsTogether));
  if (!again && just_over &&
      outage->answered.value_or(*now_.mono) - outage->heard >= kSessionIdle) {
    restarted.text =
        "the reflector knows nothing of this flow: it may have been restarted, or forgot it, since "
        "nothing came for so long";
    tell(restarted);
    return;
  }
  restarted.text =
      again ? "the reflector knows nothing of this flow, again and again: a NAT on the way gives "
              "its packets one address after another, or the reflector is restarted all the time"
            : "the reflector knows nothing of this flow: it was restarted, or a NAT on the way "
              "gave the flow another address";
  tell(restarted);
}

// That it begins and that it ends are two. A third one is one of many: that is said, and then the
// next one is told after a time without.
Session::Changes::Telling Session::Changes::on_change(MonoTime now, Duration together,
                                                      Duration known) {
  const auto within = [now](const std::optional<MonoTime>& time, Duration lasting) {
    return time && now - *time < lasting;
  };
  const bool again = within(changed_before, together);
  const bool silent = told && within(changed, known);
  changed_before = std::exchange(changed, now);
  if (silent) return Telling::Nothing;
  told = again;
  return again ? Telling::AgainAndAgain : Telling::Change;
}

void Session::watch_overflow(const Timestamp& now) {
  if (!overflow_->since) overflow_->since = *now.mono;
  if (!finished_ && *overflow_->since + kOverflowTogether > *now.mono) return;
  const std::uint64_t datagrams = std::exchange(overflow_, {})->datagrams;
  const auto telling = overflows_.on_change(*now.mono, kOverflowsTogether, kOverflowsKnown);
  if (telling == Changes::Telling::Nothing) return;
  measure::Event full = event(EventKind::ReceiveBufferFull, now);
  full.lost = datagrams;
  full.text =
      std::to_string(datagrams) +
      (datagrams == 1 ? " datagram to this port was" : " datagrams to this port were") +
      " dropped by this host: they found no room in the socket, which was read too late, or "
      "had a wrong checksum; a reply among them counts as lost on the way back, or without a "
      "direction";
  if (telling == Changes::Telling::AgainAndAgain)
    full.text += "; it happens again and again: the next one told is one after an hour without";
  tell(full);
}

void Session::tell_remark(const measure::Sample& sample, measure::Event& remarked, Mark& mark) {
  const auto telling = mark.changes.on_change(*now_.mono, kRemarksTogether, kRemarksKnown);
  if (telling == Changes::Telling::Nothing) return;
  remarked.flow = sample.flow;
  if (lanes_.size() > 1) remarked.text += ", over " + tuple(sample.flow);
  if (telling == Changes::Telling::AgainAndAgain)
    remarked.text += "; it changes again and again: the next one told is one after an hour without";
  tell(remarked);
}

void Session::watch_returned(const measure::Sample& sample, Mark& mark) {
  const unsigned now = sample.returned->traffic_class, before = mark.last.value_or(now);
  mark.last = now;
  if (now == before) return;
  measure::Event remarked = event(EventKind::Remarked, now_);
  remarked.direction = "backward";
  remarked.before = before;
  remarked.after = now;
  remarked.text = "backward: arrived with " + dscp_and_ecn(before) + ", arrives with " +
                  dscp_and_ecn(now) + "; the reflector does not say what it sends";
  tell_remark(sample, remarked, mark);
}

// A re-mark is told when it begins and when it ends, in its direction. Of several paths one may
// re-mark and the next one not, so each lane has its own.
void Session::watch_marks(const measure::Sample& sample) {
  const auto lane = std::ranges::find(lanes_, sample.flow);
  if (lane == lanes_.end()) return;
  LaneMarks& marks = marks_[static_cast<std::size_t>(lane - lanes_.begin())];
  const auto watch = [&](const char* direction, Mark& mark, unsigned sent, unsigned seen) {
    const unsigned before = mark.last.value_or(sent);
    mark.last = seen;
    if (seen == before) return;
    measure::Event remarked = event(EventKind::Remarked, now_);
    remarked.direction = direction;
    remarked.before = before;
    remarked.after = seen;
    remarked.expected = sent;
    remarked.text = std::string(direction) + ": sent with " + dscp_and_ecn(sent) +
                    ", arrives with " + dscp_and_ecn(seen);
    tell_remark(sample, remarked, mark);
  };
  const unsigned sent = sample.sent.traffic_class;
  if (sample.seen_traffic_class) watch("forward", marks.forward, sent, *sample.seen_traffic_class);
  // The reflector is asked for our DSCP and sends Not-ECT; where its policy refuses, it says so.
  if (sample.reply_class_refused && !refusal_told_) {
    refusal_told_ = true;
    output_.on_note("the reflector's policy refuses replies with DSCP " +
                    std::to_string(sent >> 2U) + "; it may have to list this host (--allow there)");
  }
  peer_tells_class_ |= sample.seen_traffic_class.has_value();
  if (sample.returned && !sample.reply_class_refused && sample.seen_traffic_class)
    watch("backward", marks.backward, sent & ~3U, sample.returned->traffic_class);
  // Without its word only a change can be seen. (A bare probe gets no word of one that knows how.)
  if (sample.returned && !peer_tells_class_) watch_returned(sample, marks.returned);
}

// --- TLVs

// Of parallel flows the first: what a NAT makes of the others is no change.
void Session::on_flow_tlvs(const Flow& flow, const Reply& reply, std::size_t request_size,
                           std::uint32_t replies) {
  if (flow.id != current()) return;
  tlvs_.on_reply({.reply = reply,
                  .local = flow.local,
                  .remote = options_.flow.remote,
                  .request_size = request_size,
                  .replies_received = replies});
  for (const TlvWatch::News& news : tlvs_.take_news()) {
    if (!news.translation || !options_.tells_up) {
      output_.on_note(news.text);
      continue;
    }
    measure::Event seen = event(EventKind::NetworkChanged, now_);
    seen.reason = "address translation";
    seen.flow = flow.id;
    seen.text = news.text;
    tell(seen);
  }
}

// --- hops

bool Session::Hops::settles(unsigned seen, MonoTime now) {
  if (!usual) usual = seen;
  if (seen == *usual) {
    other.reset();
    return false;
  }
  if (other != seen) {
    other = seen;
    since = now;
    times = 0;
  }
  if (++times < kHopsSettle || now - since < kHopsSettleFor) return false;
  before = usual;
  usual = std::exchange(other, std::nullopt);
  return true;
}

// The length of the path there and back, as far as it shows in what is left of the hop limits.
void Session::watch_hops(const measure::Sample& sample) {
  const auto lane = std::ranges::find(lanes_, sample.flow);
  if (lane == lanes_.end()) return;
  LaneMarks& marks = marks_[static_cast<std::size_t>(lane - lanes_.begin())];
  const auto watch = [&](const char* direction, Hops& hops, unsigned seen) {
    if (!hops.settles(seen, *now_.mono)) return;
    const auto telling = hops.changes.on_change(*now_.mono, kHopsTogether, kHopsKnown);
    if (telling == Changes::Telling::Nothing) return;
    measure::Event changed = event(EventKind::HopsChanged, now_);
    changed.direction = direction;
    changed.before = hops.before;
    changed.after = seen;
    changed.flow = sample.flow;
    const bool longer = seen < *hops.before;
    const unsigned by = longer ? *hops.before - seen : seen - *hops.before;
    changed.text = std::string(direction) + ": the path is " + std::to_string(by) +
                   (by == 1 ? " hop " : " hops ") + (longer ? "longer" : "shorter") +
                   " than before, packets arrive with hop limit " + std::to_string(seen);
    if (lanes_.size() > 1) changed.text += ", over " + tuple(sample.flow);
    if (telling == Changes::Telling::AgainAndAgain)
      changed.text +=
          "; it changes again and again: the next one told is one after six hours without";
    tell(changed);
  };
  if (sample.seen_hop_limit) watch("forward", marks.forward_hops, *sample.seen_hop_limit);
  if (sample.returned && sample.returned->hop_limit)
    watch("backward", marks.backward_hops, *sample.returned->hop_limit);
}

}  // namespace wirestamp::session
