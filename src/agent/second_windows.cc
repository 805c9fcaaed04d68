// SPDX-License-Identifier: Apache-2.0
#include "agent/second_windows.h"

#include <algorithm>
#include <utility>

#include "agent/decided.h"
#include "agent/packed_sample.h"
#include "measure/delay.h"

namespace wirestamp::agent {

namespace {

// A window of more samples than this is kept as histograms.
constexpr std::uint32_t kMostPacked = 32;
// Two windows of one begin are the same one unless the clock was set back by nearly a second.
constexpr Duration kSame = Duration::milliseconds(750);
constexpr Duration kSetBack = Duration::milliseconds(500);
constexpr std::size_t kMostFlows = 64;  // whose predecessor is known

}  // namespace

// A window that waits. Its place in time is told by the monotonic clock: when the wall clock is
// set, windows are neither told early nor waited for.
struct SecondWindows::Open {
  struct Unpacked {
    measure::Window window;
    std::vector<Sent> sent;  // of its samples, until their order is judged
  };

  WallTime begin;
  MonoTime mono;  // when it began
  std::uint64_t last_arrival = 0;
  std::uint32_t epoch = 0, serial = 0;
  std::uint32_t samples = 0;  // in `packed`
  std::uint32_t arrived = 0, reordered = 0;
  std::uint32_t unknown = 0, forward = 0, backward = 0;  // losses, and those resolved of them
  bool part = false;
  std::vector<std::byte> packed;
  std::unique_ptr<Unpacked> unpacked;  // once there are many samples
};

SecondWindows::SecondWindows(Duration interval, MonoTime begin, std::uint32_t epoch)
    : interval_(interval), began_(begin), first_epoch_(epoch) {}
SecondWindows::~SecondWindows() = default;
SecondWindows::SecondWindows(SecondWindows&&) noexcept = default;
SecondWindows& SecondWindows::operator=(SecondWindows&&) noexcept = default;

// --- windows

MonoTime SecondWindows::decided_at(const Open& open) const {
  return open.mono + kLength + kDecided + interval_ * 2;
}

std::optional<MonoTime> SecondWindows::next() const {
  if (open_.empty()) return std::nullopt;
  return decided_at(open_.front());
}

SecondWindows::Open& SecondWindows::open_for(const measure::Sample& sample) {
  const WallTime wall = sample.scheduled_wall;
  std::int64_t into = wall.ns() % kLength.ns();
  if (into < 0) into += kLength.ns();
  const auto since = Duration::nanoseconds(into);
  const WallTime begin = wall - since;
  const MonoTime mono = sample.scheduled - since;
  for (std::size_t i = open_.size(); i-- > 0;)
    if (open_[i].begin == begin && abs(mono - open_[i].mono) < kSame) return open_[i];
  // Its window was told: decided later than any probe should be. It counts in the next one.
  if (told_ && mono < told_->mono + kSame) {
    if (!open_.empty()) return open_.front();
    return open_at(told_->begin + kLength, told_->mono + kLength);
  }
  return open_at(begin, mono);
}

SecondWindows::Open& SecondWindows::open_at(WallTime begin, MonoTime mono) {
  const auto place = static_cast<std::size_t>(
      std::ranges::upper_bound(open_, mono, {}, &Open::mono) - open_.begin());
  const std::uint32_t epoch = epoch_of(begin, mono, place);
  for (Open& open : open_)
    if (open.begin == begin && open.epoch == epoch) return open;
  Open made;
  made.begin = begin;
  made.mono = mono;
  made.epoch = epoch;
  made.serial = next_serial_++;
  made.part = mono < began_;
  return *open_.insert(open_.begin() + static_cast<std::ptrdiff_t>(place), std::move(made));
}

// The epoch of the window before it, or the next one when the wall clock lost against the
// monotonic one meanwhile.
std::uint32_t SecondWindows::epoch_of(WallTime begin, MonoTime mono, std::size_t place) const {
  std::uint32_t epoch = first_epoch_;
  const auto follow = [&](WallTime before, MonoTime before_mono, std::uint32_t of_before) {
    epoch = of_before;
    const bool set_back = (mono - before_mono) - (begin - before) > kSetBack;
    if (set_back || begin <= before) ++epoch;
  };
  if (place > 0)
    follow(open_[place - 1].begin, open_[place - 1].mono, open_[place - 1].epoch);
  else if (told_)
    follow(told_->begin, told_->mono, told_->epoch);
  if (told_ && told_->epoch == epoch && begin <= told_->begin) ++epoch;
  return epoch;
}

void SecondWindows::add(const measure::Sample& sample) {
  Open& open = open_for(sample);
  const bool unknown = !sample.burst && sample.outcome == measure::Outcome::LostUnknown;
  if (unknown) ++open.unknown;
  if (open.unpacked || open.samples == kMostPacked) {
    unpack(open);
    open.unpacked->window.add(sample);
    open.unpacked->sent.push_back(sent_of(sample));
  } else {
    pack(sample, open.mono, open.packed);
    ++open.samples;
  }
  if (sample.arrival_index == 0) return;
  ++open.arrived;
  take_arrival({sample.arrival_index, sample.probe, sample.flow, open.serial}, open);
}

void SecondWindows::resolve_unknown(std::uint64_t forward, std::uint64_t backward) {
  for (std::size_t i = open_.size(); i-- > 0 && forward + backward > 0;) {
    Open& open = open_[i];
    const auto ahead = static_cast<std::uint32_t>(std::min<std::uint64_t>(forward, open.unknown));
    const auto back =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(backward, open.unknown - ahead));
    open.unknown -= ahead + back;
    open.forward += ahead;
    open.backward += back;
    forward -= ahead;
    backward -= back;
  }
}

// Out of the packed samples, histograms.
void SecondWindows::unpack(Open& open) {
  if (!open.unpacked) open.unpacked = std::make_unique<Open::Unpacked>();
  for (std::size_t at = 0; at < open.packed.size();) {
    const measure::Sample sample = agent::unpack(open.packed, at, open.mono);
    open.unpacked->window.add(sample);
    open.unpacked->sent.push_back(sent_of(sample));
  }
  open.packed = {};
  open.samples = 0;
}

measure::TimedWindow SecondWindows::close_first() {
  Open& first = open_.front();
  unpack(first);
  judge_sent(first);
  if (first.last_arrival > 0) judge_arrivals(first.last_arrival);
  measure::TimedWindow told{.begin = first.begin,
                            .length = kLength,
                            .epoch = first.epoch,
                            .part = first.part,
                            .window = std::move(first.unpacked->window)};
  told.window.arrived = first.arrived;
  told.window.reordered = first.reordered;
  told.window.lost.unknown -= first.forward + first.backward;
  told.window.lost.forward += first.forward;
  told.window.lost.backward += first.backward;
  const bool same_epoch = told_ && told_->epoch == first.epoch;
  told_ = Told{.begin = same_epoch ? std::max(told_->begin, first.begin) : first.begin,
               .mono = first.mono,
               .epoch = first.epoch};
  open_.erase(open_.begin());
  return told;
}

std::vector<measure::TimedWindow> SecondWindows::take(MonoTime now) {
  std::vector<measure::TimedWindow> over;
  while (!open_.empty()) {
    const bool crowded = open_.size() > kMostOpen;
    if (!crowded && decided_at(open_.front()) > now) break;
    if (crowded) open_.front().part = true;
    over.push_back(close_first());
  }
  return over;
}

std::vector<measure::TimedWindow> SecondWindows::take_all(MonoTime now, bool decided) {
  std::vector<measure::TimedWindow> all;
  while (!open_.empty()) {
    if (open_.size() == 1 || (!decided && decided_at(open_.front()) > now))
      open_.front().part = true;
    all.push_back(close_first());
  }
  return all;
}

void SecondWindows::restart(MonoTime now) {
  for (Open& open : open_) {
    if (decided_at(open) > now) open.part = true;
    unpack(open);
    judge_sent(open);
    open.last_arrival = 0;
  }
  judge_arrivals(~std::uint64_t{0});
  flows_.clear();
  next_probe_ = 0;
  last_arrival_ = 0;
  began_ = now;
}

// --- order

SecondWindows::Sent SecondWindows::sent_of(const measure::Sample& sample) {
  using measure::Outcome;
  Sent sent;
  sent.probe = sample.probe;
  sent.flow = sample.flow;
  sent.burst = sample.burst;
  sent.on_path =
      left_this_host(sample.outcome) || (sample.outcome == Outcome::Unsent &&
                                         sample.cause == measure::UnsentCause::NeighbourUnresolved);
  if (sample.outcome == Outcome::Delivered && measure::reflector_residence(sample))
    if (const auto delay = measure::round_trip(sample)) {
      sent.rtt = delay->ns();
      sent.stamps = measure::round_trip_class(sample);
    }
  return sent;
}

SecondWindows::Flow& SecondWindows::flow(std::uint32_t number) {
  const auto known = std::ranges::find(flows_, number, &Flow::flow);
  if (known != flows_.end()) {
    known->used = ++used_;
    return *known;
  }
  if (flows_.size() == kMostFlows) flows_.erase(std::ranges::min_element(flows_, {}, &Flow::used));
  Flow made;
  made.flow = number;
  made.used = ++used_;
  flows_.push_back(made);
  return flows_.back();
}

// The variation of the probes of one window, in the order they were sent; a number that is missing
// breaks the order of all flows, since any of them may have lost its predecessor.
void SecondWindows::judge_sent(Open& open) {
  std::vector<Sent> in_turn = std::exchange(open.unpacked->sent, {});
  std::ranges::sort(in_turn, {}, &Sent::probe);
  for (const Sent& sent : in_turn) {
    if (sent.probe < next_probe_) continue;
    if (sent.probe > next_probe_)
      for (Flow& one : flows_) one.sent_known = false;
    next_probe_ = sent.probe + 1;
    if (sent.burst) continue;
    Flow& one = flow(sent.flow);
    if (sent.on_path && one.sent_known && one.rtt && sent.rtt && one.stamps == sent.stamps)
      open.unpacked->window.ipdv.add(sent.stamps, abs(Duration::nanoseconds(*sent.rtt - *one.rtt)));
    one.sent_known = sent.on_path;
    one.rtt = sent.rtt;
    one.stamps = sent.stamps;
  }
}

// Nearly always the next one; else it waits for those that came before it and are not decided yet.
void SecondWindows::take_arrival(const Arrival& arrival, Open& open) {
  if (arrival.index <= last_arrival_) return;  // its turn was passed
  open.last_arrival = std::max(open.last_arrival, arrival.index);
  if (arrivals_.empty() && arrival.index == last_arrival_ + 1) return judge_arrival(arrival);
  arrivals_.push_back(arrival);
  if (arrival.index == last_arrival_ + 1) {
    std::ranges::sort(arrivals_, {}, &Arrival::index);
    std::uint64_t last = last_arrival_;
    for (const Arrival& waiting : arrivals_) {
      if (waiting.index != last + 1) break;
      last = waiting.index;
    }
    judge_arrivals(last);
  } else if (arrivals_.size() > kMostArrivals) {
    const auto middle = arrivals_.begin() + static_cast<std::ptrdiff_t>(kMostArrivals / 2);
    std::ranges::nth_element(arrivals_, middle, {}, &Arrival::index);
    judge_arrivals(middle->index);
  }
}

// A packet is reordered when a later one of its flow came before it (RFC 4737 3.3).
void SecondWindows::judge_arrival(const Arrival& arrival) {
  last_arrival_ = arrival.index;
  Flow& one = flow(arrival.flow);
  if (!one.latest || arrival.probe > *one.latest) {
    one.latest = arrival.probe;
    return;
  }
  const auto window = std::ranges::find(open_, arrival.window, &Open::serial);
  if (window != open_.end()) ++window->reordered;
}

// Those that wait, up to that one, whatever is missing between them.
void SecondWindows::judge_arrivals(std::uint64_t last) {
  const auto rest = std::ranges::partition(
      arrivals_, [last](const Arrival& arrival) { return arrival.index <= last; });
  const auto turn = std::ranges::subrange(arrivals_.begin(), rest.begin());
  std::ranges::sort(turn, {}, &Arrival::index);
  for (const Arrival& arrival : turn) judge_arrival(arrival);
  arrivals_.erase(arrivals_.begin(), rest.begin());
  if (arrivals_.empty()) arrivals_.shrink_to_fit();
}

std::size_t SecondWindows::octets() const {
  std::size_t sum = sizeof(*this) + open_.capacity() * sizeof(Open) +
                    arrivals_.capacity() * sizeof(Arrival) + flows_.capacity() * sizeof(Flow);
  for (const Open& open : open_)
    sum += open.packed.capacity() +
           (open.unpacked ? sizeof(Open::Unpacked) + open.unpacked->sent.capacity() * sizeof(Sent)
                          : 0);
  return sum;
}

}  // namespace wirestamp::agent
