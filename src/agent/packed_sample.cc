// SPDX-License-Identifier: Apache-2.0
#include "agent/packed_sample.h"

#include <optional>

#include "base/check.h"

namespace wirestamp::agent {

namespace {

// One pass over the fields serves both ways, so that they cannot differ.
class Writer {
 public:
  static constexpr bool kReads = false;
  explicit Writer(std::vector<std::byte>& into) : into_(into) {}

  void number(const std::uint64_t& value) {
    std::uint64_t left = value;
    for (; left >= 0x80; left >>= 7U) into_.push_back(static_cast<std::byte>(left | 0x80U));
    into_.push_back(static_cast<std::byte>(left));
  }

 private:
  std::vector<std::byte>& into_;
};

class Reader {
 public:
  static constexpr bool kReads = true;
  Reader(const std::vector<std::byte>& from, std::size_t& at) : from_(from), at_(at) {}

  void number(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0;; shift += 7) {
      CHECK(at_ < from_.size() && shift < 64);
      const auto octet = static_cast<std::uint64_t>(from_[at_++]);
      value |= (octet & 0x7fU) << shift;
      if (octet < 0x80) return;
    }
  }

 private:
  const std::vector<std::byte>& from_;
  std::size_t& at_;
};

template <typename Way, typename T>
void small(Way& way, T& value) {
  auto number = static_cast<std::uint64_t>(value);
  way.number(number);
  if constexpr (Way::kReads) value = static_cast<T>(number);
}

// Small values of either sign are short.
template <typename Way>
void either_sign(Way& way, std::int64_t& value) {
  auto folded = (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
  way.number(folded);
  if constexpr (Way::kReads)
    value = static_cast<std::int64_t>((folded >> 1U) ^ (std::uint64_t{0} - (folded & 1U)));
}

// Wraps around instead of overflowing: a foreign stamp may be anything.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

template <typename Way, typename Time>
void distance(Way& way, Time& time, Time from) {
  std::int64_t ns = Way::kReads ? 0 : minus(time.ns(), from.ns());
  either_sign(way, ns);
  if constexpr (Way::kReads) time = Time::from_ns(plus(from.ns(), ns));
}

template <typename Way>
void length(Way& way, Duration& duration) {
  std::int64_t ns = duration.ns();
  either_sign(way, ns);
  if constexpr (Way::kReads) duration = Duration::nanoseconds(ns);
}

// Which of the optional fields there are, and the flags.
enum Bit : std::uint32_t {
  kBurst = 1U << 0U,
  kUnconfirmed = 1U << 1U,
  kStep = 1U << 2U,
  kBadStamps = 1U << 3U,
  kRefusedClass = 1U << 4U,
  kUser = 1U << 5U,
  kSenderTx = 1U << 6U,  // four stamps, two bits each: it is there, it has a mono
  kSenderError = 1U << 14U,
  kReflectorError = 1U << 15U,
  kSeenClass = 1U << 16U,
  kSeenHops = 1U << 17U,
  kReturned = 1U << 18U,
  kReturnedHops = 1U << 19U,
  kDuplicates = 1U << 20U,
};

std::uint32_t bits_of(const measure::Sample& sample) {
  std::uint32_t bits = 0;
  const auto put = [&bits](std::uint32_t bit, bool is) { bits |= is ? bit : 0U; };
  put(kBurst, sample.burst);
  put(kUnconfirmed, sample.departure_unconfirmed);
  put(kStep, sample.clock_step);
  put(kBadStamps, sample.bad_reflector_stamps);
  put(kRefusedClass, sample.reply_class_refused);
  put(kUser, sample.sender_user && sample.sender_user->mono);
  std::uint32_t bit = kSenderTx;
  for (const auto* stamp :
       {&sample.sender_tx, &sample.reflector_rx, &sample.reflector_tx, &sample.sender_rx}) {
    put(bit, stamp->has_value());
    put(bit << 1U, *stamp && (*stamp)->mono);
    bit <<= 2U;
  }
  put(kSenderError, sample.sender_clock_error.has_value());
  put(kReflectorError, sample.reflector_clock_error.has_value());
  put(kSeenClass, sample.seen_traffic_class.has_value());
  put(kSeenHops, sample.seen_hop_limit.has_value());
  put(kReturned, sample.returned.has_value());
  put(kReturnedHops, sample.returned && sample.returned->hop_limit);
  put(kDuplicates, sample.duplicates_forward != 0 || sample.duplicates_backward != 0 ||
                       sample.duplicates_unknown != 0);
  return bits;
}

// Makes the fields that the bits tell of, so that the passes below find them.
void make(std::uint32_t bits, measure::Sample& sample) {
  const auto has = [bits](std::uint32_t bit) { return (bits & bit) != 0; };
  sample.burst = has(kBurst);
  sample.departure_unconfirmed = has(kUnconfirmed);
  sample.clock_step = has(kStep);
  sample.bad_reflector_stamps = has(kBadStamps);
  sample.reply_class_refused = has(kRefusedClass);
  if (has(kUser)) sample.sender_user.emplace().mono.emplace();
  std::uint32_t bit = kSenderTx;
  for (auto* stamp :
       {&sample.sender_tx, &sample.reflector_rx, &sample.reflector_tx, &sample.sender_rx}) {
    if (has(bit)) stamp->emplace();
    if (has(bit << 1U)) (*stamp)->mono.emplace();
    bit <<= 2U;
  }
  if (has(kSenderError)) sample.sender_clock_error.emplace();
  if (has(kReflectorError)) sample.reflector_clock_error.emplace();
  if (has(kSeenClass)) sample.seen_traffic_class.emplace();
  if (has(kSeenHops)) sample.seen_hop_limit.emplace();
  if (has(kReturned)) sample.returned.emplace();
  if (has(kReturnedHops)) sample.returned->hop_limit.emplace();
}

template <typename Way, typename Sample>
void pass_stamps(Way& way, Sample& sample) {
  WallTime near;  // the stamp before
  bool first = true;
  for (auto* stamp :
       {&sample.sender_tx, &sample.reflector_rx, &sample.reflector_tx, &sample.sender_rx}) {
    if (!*stamp) continue;
    // The first stands for the origin: only distances between stamps mean anything.
    WallTime wall = (*stamp)->wall;
    if (first) {
      if constexpr (!Way::kReads) near = wall;
      wall = near;
    } else {
      distance(way, wall, near);
    }
    if constexpr (Way::kReads) (*stamp)->wall = wall;
    near = wall;
    first = false;
    if ((*stamp)->mono) distance(way, *(*stamp)->mono, sample.scheduled);
    length(way, (*stamp)->error);
    small(way, (*stamp)->source);
  }
}

template <typename Way, typename Sample>
void pass(Way& way, Sample& sample, MonoTime base) {
  std::uint64_t bits = Way::kReads ? 0 : bits_of(sample);
  way.number(bits);
  if constexpr (Way::kReads) make(static_cast<std::uint32_t>(bits), sample);
  way.number(sample.probe);
  small(way, sample.flow);
  small(way, sample.outcome);
  small(way, sample.cause);
  small(way, sample.sent.traffic_class);
  distance(way, sample.scheduled, base);
  if (sample.sender_user && sample.sender_user->mono)
    distance(way, *sample.sender_user->mono, sample.scheduled);
  pass_stamps(way, sample);
  if (sample.sender_clock_error) length(way, *sample.sender_clock_error);
  if (sample.reflector_clock_error) length(way, *sample.reflector_clock_error);
  if (sample.sender_rx) {
    either_sign(way, sample.rate_ppb);
    either_sign(way, sample.rate_error_ppb);
  }
  if (sample.seen_traffic_class) small(way, *sample.seen_traffic_class);
  if (sample.seen_hop_limit) small(way, *sample.seen_hop_limit);
  if (sample.returned) {
    small(way, sample.returned->traffic_class);
    if (sample.returned->hop_limit) small(way, *sample.returned->hop_limit);
  }
  if ((bits & kDuplicates) == 0) return;
  small(way, sample.duplicates_forward);
  small(way, sample.duplicates_backward);
  small(way, sample.duplicates_unknown);
}

}  // namespace

void pack(const measure::Sample& sample, MonoTime base, std::vector<std::byte>& into) {
  Writer writer(into);
  measure::Sample copy = sample;  // the pass takes what it could change
  pass(writer, copy, base);
}

measure::Sample unpack(const std::vector<std::byte>& from, std::size_t& at, MonoTime base) {
  Reader reader(from, at);
  measure::Sample sample;
  pass(reader, sample, base);
  return sample;
}

}  // namespace wirestamp::agent
