// SPDX-License-Identifier: Apache-2.0
#include "session/echo.h"

#include <algorithm>

#include "session/limits.h"
#include "wire/icmp_echo.h"

namespace wirestamp::session {

using measure::EchoOutcome;

Echo::Echo(const EchoOptions& options, MonoTime start, EchoOutput& output)
    : options_(options),
      output_(output),
      random_(options.seed),
      due_(start),
      buffer_(std::max(options.size, wire::kShortestEcho)) {}

// The instant the loss threshold runs from.
MonoTime Echo::Entry::left() const {
  return sample.tx && sample.tx->mono ? *sample.tx->mono : handed_over;
}

Echo::Entry* Echo::find(std::uint64_t number) {
  if (number < oldest_ || number - oldest_ >= ledger_.size()) return nullptr;
  return &ledger_[number - oldest_];
}

// The ledger is shorter than the 65,536 numbers that the wire tells apart.
static_assert(kMaxEchoesInLedger <= 65'536);

Echo::Entry* Echo::find(std::uint16_t sequence, std::uint64_t cookie) {
  const auto ahead = static_cast<std::uint16_t>(sequence - static_cast<std::uint16_t>(oldest_));
  Entry* entry = find(oldest_ + ahead);
  return entry != nullptr && entry->cookie == cookie ? entry : nullptr;
}

// --- requests ------------------------------------------------------------------------------------

void Echo::send(const Timestamp& now) {
  if (ledger_.size() == kMaxEchoesInLedger) decide_oldest(*now.mono);
  Entry& entry = ledger_.emplace_back();
  entry.cookie = random_.next();
  entry.sample.number = oldest_ + ledger_.size() - 1;
  entry.handed_over = *now.mono;
  wire::encode_echo_request(
      buffer_, options_.remote.address.family(),
      {.sequence = static_cast<std::uint16_t>(entry.sample.number), .cookie = entry.cookie});
  output_.send({.payload = buffer_,
                .destination = options_.remote,
                .source = options_.source,
                .traffic_class = options_.traffic_class,
                .hop_limit = options_.hop_limit,
                .token = entry.sample.number});
}

void Echo::on_sent(packet::Token token, const packet::SendResult& result) {
  Entry* entry = find(token);
  if (entry == nullptr) return;
  entry->accepted = result.status == packet::SendStatus::Accepted;
  entry->unsent = !entry->accepted;
  if (!entry->accepted) return;
  ++progress_.sent;
  if (result.handed_over.mono) entry->handed_over = *result.handed_over.mono;
  if (packet::replaces(result.handed_over, entry->sample.tx)) entry->sample.tx = result.handed_over;
}

void Echo::on_transmit_stamp(packet::Token token, const Timestamp& stamp) {
  Entry* entry = find(token);
  if (entry != nullptr && packet::replaces(stamp, entry->sample.tx)) entry->sample.tx = stamp;
}

// --- what comes back -----------------------------------------------------------------------------

void Echo::on_datagram(const packet::ReceivedDatagram& datagram, const ClockState& clock) {
  notice_sleep(clock);
  const packet::IpAddress& remote = options_.remote.address;
  if (datagram.source.address != remote) return;
  const auto reply = wire::decode_echo_reply(datagram.payload, remote.family());
  if (!reply) return;
  Entry* entry = find(reply->sequence, reply->cookie);
  if (entry == nullptr) return;
  if (entry->replied) {
    ++entry->sample.duplicates;
    return;
  }
  entry->replied = true;
  entry->unsent = false;  // whatever the send call said
  entry->sample.rx = datagram.arrival;
  entry->sample.rate_ppb = clock.rate_ppb;
  entry->sample.rate_error_ppb = clock.rate_error_ppb;
  ++progress_.received;
}

void Echo::on_path_error(const packet::PathError& error) {
  if (error.kind != packet::PathErrorKind::NeighbourUnresolved &&
      error.kind != packet::PathErrorKind::RejectedLocally)
    return;  // it left: if nothing comes back it is lost
  if (error.destination.address != options_.remote.address) return;
  if (error.kind == packet::PathErrorKind::RejectedLocally) {
    const auto quoted = wire::decode_echo_request(error.quoted, options_.remote.address.family());
    Entry* entry = quoted ? find(quoted->sequence, quoted->cookie) : nullptr;
    if (entry != nullptr && !entry->replied) entry->unsent = true;
    return;
  }
  // The kernel drops all that waited for the neighbour and quotes few of them.
  for (Entry& entry : ledger_) {
    const bool left = entry.sample.tx && entry.sample.tx->source > StampSource::User;
    if (!entry.replied && !left && entry.handed_over < error.noticed) entry.unsent = true;
  }
}

// The raw clock stood still meanwhile, so what was in flight has no round trip.
void Echo::notice_sleep(const ClockState& clock) {
  if (clock_seen_ && clock.suspended != suspended_)
    for (Entry& entry : ledger_)
      if (!entry.replied) entry.slept = true;
  suspended_ = clock.suspended;
  clock_seen_ = true;
}

// --- decisions -----------------------------------------------------------------------------------

MonoTime Echo::decided_at(const Entry& entry) const {
  if (entry.unsent || entry.slept) return entry.handed_over;
  const MonoTime time = entry.left() + (entry.replied ? options_.loss_after
                                                      : std::max(kLateUntil, options_.loss_after));
  return stop_ ? std::min(time, *stop_) : time;
}

void Echo::decide_oldest(MonoTime now) {
  Entry& entry = ledger_.front();
  measure::EchoSample& sample = entry.sample;
  const auto took = [&](MonoTime until) { return until - entry.left(); };
  if (entry.slept) {
    sample.outcome = EchoOutcome::Withheld;
  } else if (entry.replied) {
    const MonoTime arrived = sample.rx->mono.value_or(now);
    sample.outcome =
        took(arrived) > options_.loss_after ? EchoOutcome::Late : EchoOutcome::Answered;
  } else if (entry.unsent || !entry.accepted) {
    sample.outcome = EchoOutcome::Unsent;
  } else {
    sample.outcome = took(now) < options_.loss_after ? EchoOutcome::Withheld : EchoOutcome::Lost;
  }
  track_missing_stamps(entry);
  output_.on_echo(sample);
  ledger_.pop_front();
  ++oldest_;
}

void Echo::track_missing_stamps(const Entry& entry) {
  if (!options_.expects_stamps || scheduler_stamps_ || !entry.replied) return;
  const bool stamped = entry.sample.tx && entry.sample.tx->source > StampSource::User;
  replies_without_stamp_ = stamped ? 0 : replies_without_stamp_ + 1;
  if (replies_without_stamp_ < kRepliesWithoutStamp) return;
  scheduler_stamps_ = true;
  output_.on_scheduler_stamps();
}

// In order of sending: one that waits holds back those behind it, at most for ten seconds.
std::optional<MonoTime> Echo::next_wake() const {
  if (ledger_.empty()) return stop_ ? std::nullopt : std::optional(due_);
  const MonoTime decision = decided_at(ledger_.front());
  return stop_ ? decision : std::min(decision, due_);
}

void Echo::on_time(const Timestamp& now, const ClockState& clock) {
  notice_sleep(clock);
  while (!ledger_.empty() && decided_at(ledger_.front()) <= *now.mono) decide_oldest(*now.mono);
  if (stop_ || due_ > *now.mono) return;
  send(now);
  // What fell due while we did not run is not sent in a bunch.
  due_ += options_.interval * ((*now.mono - due_) / options_.interval + 1);
}

void Echo::stop(MonoTime end) {
  if (!stop_ || end < *stop_) stop_ = end;
}

}  // namespace wirestamp::session
