// SPDX-License-Identifier: Apache-2.0
#include "relay.h"

#include <fmt/format.h>
#include <poll.h>
#include <time.h>

#include <cerrno>
#include <system_error>
#include <utility>

// A relay in user space cannot impose a delay exactly: the scheduler decides when it wakes (on an
// idle machine tens of microseconds late, on a busy one milliseconds). But it can know exactly what
// delay it imposed, because the kernel stamps each frame at entry and at exit. So the log holds
// those stamps and tests compare with the log, never with the setting.
//
// Only UDP is touched. What makes the link work (ARP, neighbour discovery, ICMP) passes at once,
// unharmed.
namespace wirestamp::emulator {
namespace {

constexpr std::size_t kLargestFrame = 65'536 + 18;
// Longer than the wake-up latency of an idle machine.
constexpr Duration kSpin = Duration::microseconds(150);
// So that a flood from one side does not keep the other one waiting.
constexpr int kFramesPerTurn = 64;

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

MonoTime mono_now() { return MonoTime::from_ns(read_clock(CLOCK_MONOTONIC_RAW)); }
WallTime wall_now() { return WallTime::from_ns(read_clock(CLOCK_REALTIME)); }

timespec to_timespec(Duration duration) {
  return {.tv_sec = duration.ns() / 1'000'000'000, .tv_nsec = duration.ns() % 1'000'000'000};
}

}  // namespace

Result<std::unique_ptr<Relay>> Relay::open(const Settings& settings) {
  PacketPort left = TRY(PacketPort::open(settings.left, Use::Relay));
  PacketPort right = TRY(PacketPort::open(settings.right, Use::Relay));
  TruthLog log = TRY(TruthLog::open(settings.log));
  return std::unique_ptr<Relay>(
      new Relay(settings, std::move(left), std::move(right), std::move(log)));
}

Relay::Relay(const Settings& settings, PacketPort left, PacketPort right, TruthLog log)
    : settings_(settings),
      left_(std::move(left)),
      right_(std::move(right)),
      log_(std::move(log)),
      buffer_(kLargestFrame),
      lanes_{Lane{.direction = Direction::Forward,
                  .settings = settings_.forward,
                  .from = left_,
                  .to = right_,
                  .others = totals_.other_forward,
                  .line = {settings.queue, settings.hold_limit}},
             Lane{.direction = Direction::Backward,
                  .settings = settings_.backward,
                  .from = right_,
                  .to = left_,
                  .others = totals_.other_backward,
                  .line = {settings.queue, settings.hold_limit}}} {}

Result<void> Relay::run(int stop_descriptor) {
  while (!TRY(wait(stop_descriptor))) {
    for (Lane& lane : lanes_) {
      for (int i = 0; i < kFramesPerTurn && take_in(lane); ++i) let_go(lane);
      let_go(lane);
      read_stamps(lane);
    }
  }
  return finish();
}

Result<bool> Relay::wait(int stop_descriptor) const {
  std::optional<MonoTime> next;
  for (const Lane& lane : lanes_)
    if (const auto leaving = lane.line.next(); leaving && (!next || *leaving < *next))
      next = leaving;
  timespec timeout{};
  if (next) {
    Duration left = *next - mono_now();
    if (settings_.spin) left -= kSpin;
    if (left > Duration{}) timeout = to_timespec(left);
  }
  std::array<pollfd, 3> waited{pollfd{.fd = left_.descriptor(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = right_.descriptor(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = stop_descriptor, .events = POLLIN, .revents = 0}};
  if (ppoll(waited.data(), waited.size(), next ? &timeout : nullptr, nullptr) < 0 && errno != EINTR)
    return fail(fmt::format("cannot wait: {}", std::generic_category().message(errno)), errno);
  return waited[2].revents != 0;
}

// False when nothing was there.
bool Relay::take_in(Lane& lane) {
  const auto arrival = lane.from.receive(buffer_);
  if (!arrival) return false;
  const base::Bytes frame(buffer_.data(), arrival->size);
  const auto udp = parse_udp(frame);
  const bool ours = udp && (!settings_.port || udp->source_port == *settings_.port ||
                            udp->destination_port == *settings_.port);
  if (ours) {
    admit(lane, *arrival, *udp);
  } else {
    ++lane.others;
    lane.to.send(frame);
  }
  return true;
}

void Relay::admit(Lane& lane, const Arrival& arrival, const UdpFrame& udp) {
  const base::MutableBytes frame(buffer_.data(), arrival.size);
  Record record = describe(udp, frame);
  record.direction = lane.direction;
  record.packet = lane.next_packet++;
  record.entry = arrival.entry;
  record.entry_by_kernel = arrival.by_kernel;
  if (!arrival.by_kernel) ++totals_.without_entry_stamp;
  if (arrival.partial_checksum) ++totals_.partial_checksums;

  const Fate fate = decide(
      lane.settings, settings_.seed,
      {.direction = lane.direction, .number = record.packet, .flow_hash = flow_hash(frame, udp)});
  if (fate.drop) {
    record.action = Action::Drop;
    log_.write(record);
    return;
  }
  record.dscp_out = lane.settings.remarked(record.dscp_in);
  if (record.dscp_out != record.dscp_in) set_dscp(frame, udp, record.dscp_out);
  record.wanted = fate.delay[0];
  enqueue(lane, {{frame.begin(), frame.end()}, record}, fate.hold_past);
  if (!fate.duplicate) return;
  record.copy = 1;
  record.action = Action::Duplicate;
  record.wanted = fate.delay[1];
  enqueue(lane, {{frame.begin(), frame.end()}, record}, std::nullopt);
}

void Relay::enqueue(Lane& lane, Parcel parcel, std::optional<std::uint32_t> hold_past) {
  // The delay counts from the stamp at entry, not from now.
  const Duration left = parcel.record.entry + parcel.record.wanted - wall_now();
  if (lane.line.push(std::move(parcel), mono_now() + left, hold_past)) return;
  // NOLINTNEXTLINE(bugprone-use-after-move): a full line leaves it as it is
  parcel.record.action = Action::Overflow;
  log_.write(parcel.record);
}

void Relay::let_go(Lane& lane) {
  while (auto parcel = lane.line.pop(mono_now())) send(lane, *std::move(parcel));
}

void Relay::send(Lane& lane, Parcel parcel) {
  const Sent sent = lane.to.send(parcel.frame);
  if (sent.os_error != 0) {
    parcel.record.action = Action::Failed;
    parcel.record.os_error = sent.os_error;
    log_.write(parcel.record);
    return;
  }
  lane.awaiting_stamp.emplace(*sent.id, parcel.record);
  // On a veth the stamp is there already.
  read_stamps(lane);
}

void Relay::read_stamps(Lane& lane) {
  while (const auto departure = lane.to.departure()) {
    const auto found = lane.awaiting_stamp.find(departure->id);
    if (found == lane.awaiting_stamp.end()) continue;  // of a frame that is not ours
    found->second.exit = departure->exit;
    log_.write(found->second);
    lane.awaiting_stamp.erase(found);
  }
}

Result<void> Relay::finish() {
  for (Lane& lane : lanes_) {
    read_stamps(lane);
    totals_.without_exit_stamp += lane.awaiting_stamp.size();
    for (const auto& [id, record] : lane.awaiting_stamp) log_.write(record);
    const MonoTime far_away = mono_now() + Duration::hours(24);
    while (auto parcel = lane.line.pop(far_away)) {
      parcel->record.action = Action::Cut;
      log_.write(parcel->record);
    }
  }
  totals_.missed = left_.missed() + right_.missed();
  return log_.finish(totals_);
}

}  // namespace wirestamp::emulator
