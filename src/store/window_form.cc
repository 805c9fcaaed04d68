// SPDX-License-Identifier: Apache-2.0
#include "store/window_form.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "store/pack.h"

namespace wirestamp::store {

namespace {

using measure::ClassedValues;
using measure::Histogram;
using measure::StampCounts;
using measure::Values;
using measure::Window;

constexpr std::uint8_t kVersion = 1;
constexpr double kExact = 0x1p53;  // whole numbers below it are exact as double

// All counters, those that are seldom 0 first. `take(counter)` for each; the order is the form.
template <typename AnyWindow, typename Take>
void for_each_counter(AnyWindow& w, Take&& take) {
  for (auto* counter : {&w.scheduled,
                        &w.sent,
                        &w.delivered,
                        &w.arrived,
                        &w.forward_marks_known,
                        &w.backward_marks_known,
                        &w.burst_sent,
                        &w.burst_received,
                        &w.burst_lost,
                        &w.late,
                        &w.lost.forward,
                        &w.lost.backward,
                        &w.lost.unknown,
                        &w.peer_closed,
                        &w.too_big,
                        &w.refused_by_peer,
                        &w.withheld,
                        &w.late_schedule,
                        &w.departure_unconfirmed,
                        &w.duplicates_forward,
                        &w.duplicates_backward,
                        &w.duplicates_unknown,
                        &w.reordered,
                        &w.negative_rtt,
                        &w.clock_step_samples,
                        &w.bad_reflector_stamps,
                        &w.forward_remarked,
                        &w.backward_remarked})
    take(*counter);
  for (auto& of_cause : w.unsent_by_cause) take(of_cause);
}

template <typename AnyWindow>
auto stamps_of(AnyWindow& w) {
  return std::array{&w.sender_tx, &w.reflector_rx, &w.reflector_tx, &w.sender_rx};
}

// --- writing ------------------------------------------------------------------------------------

struct Bucket {
  int index = 0;
  std::uint64_t times = 0;
};

void write(Packer& out, const std::vector<Bucket>& buckets) {
  out.number(buckets.size());
  if (buckets.empty()) return;
  int next = buckets.front().index;
  out.signed_number(next);
  for (const Bucket& bucket : buckets) {
    if (bucket.index > next) {
      out.number(0);
      out.number(static_cast<std::uint64_t>(bucket.index - next));
    }
    out.number(bucket.times);
    next = bucket.index + 1;
  }
}

// Whether all that is known of the values is that they are `min` and `max`.
bool only(const Values& values, std::uint64_t count) {
  if (values.count() != count) return false;
  Values same;
  same.add(Duration::nanoseconds(values.min));
  if (count == 2) same.add(Duration::nanoseconds(values.max));
  if (same.min != values.min || same.max != values.max || same.sum != values.sum) return false;
  bool alike = same.histogram.zero() == values.histogram.zero();
  std::vector<std::pair<int, Bucket>> theirs;
  values.histogram.for_each_bucket(
      [&](int sign, int index, std::uint64_t times) { theirs.push_back({sign, {index, times}}); });
  std::size_t at = 0;
  same.histogram.for_each_bucket([&](int sign, int index, std::uint64_t times) {
    alike = alike && at < theirs.size() && theirs[at].first == sign &&
            theirs[at].second.index == index && theirs[at].second.times == times;
    ++at;
  });
  return alike && at == theirs.size();
}

void write(Packer& out, const Values& values) {
  const std::uint64_t spread =
      static_cast<std::uint64_t>(values.max) - static_cast<std::uint64_t>(values.min);
  if (only(values, 1)) {
    out.octet(1);
    out.signed_number(values.min);
    return;
  }
  if (only(values, 2)) {
    out.octet(2);
    out.signed_number(values.min);
    out.number(spread);
    return;
  }
  const bool whole = std::abs(values.sum) < kExact && std::trunc(values.sum) == values.sum &&
                     !(values.sum == 0 && std::signbit(values.sum));
  out.octet(whole ? 3 : 4);
  out.signed_number(values.min);
  out.number(spread);
  if (whole)
    out.signed_number(static_cast<std::int64_t>(values.sum));
  else
    out.real(values.sum);
  out.number(values.histogram.zero());
  std::vector<Bucket> negative, positive;
  values.histogram.for_each_bucket([&](int sign, int index, std::uint64_t times) {
    (sign < 0 ? negative : positive).push_back({index, times});
  });
  write(out, negative);
  write(out, positive);
}

void write(Packer& out, const ClassedValues& values) {
  out.number(values.classes.size());
  for (const auto& of_class : values.classes) {
    out.octet(static_cast<std::uint8_t>(of_class.stamps));
    write(out, of_class.values);
  }
}

void write(Packer& out, const StampCounts& counts) {
  bool any = counts.weakest.has_value();
  for (const std::uint64_t count : counts.by_source) any = any || count > 0;
  out.octet(any ? 1 : 0);
  if (!any) return;
  for (const std::uint64_t count : counts.by_source) out.number(count);
  out.octet(counts.weakest ? static_cast<std::uint8_t>(1 + static_cast<int>(*counts.weakest)) : 0);
}

void write(Packer& out, const measure::Worst& worst) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const bool lossy = worst.loss_ratio != 0;
  const bool seconds = worst.loss_at.ns() % kSecond == 0 && worst.rtt_p99_at.ns() % kSecond == 0;
  const std::int64_t unit = seconds ? kSecond : 1;
  out.octet(
      static_cast<std::uint8_t>((lossy ? 1 : 0) | (worst.rtt_p99 ? 2 : 0) | (seconds ? 4 : 0)));
  if (lossy) out.real(worst.loss_ratio);
  out.signed_number(worst.loss_at.ns() / unit);
  if (worst.rtt_p99) out.signed_number(worst.rtt_p99->ns());
  out.signed_number(worst.rtt_p99_at.ns() / unit);
}

// --- reading ------------------------------------------------------------------------------------

// Values are merged into `into` as they are read, which spares half the work of a query over a
// year; null: they are only looked at.
void read_buckets(Unpacker& in, int sign, std::uint64_t& count, Histogram* into) {
  constexpr std::size_t kMostBuckets = Histogram::kBuckets;
  constexpr int kLast = static_cast<int>(kMostBuckets) - 1;
  struct Read {
    int index;
    std::uint64_t times;
  };
  std::array<Read, kMostBuckets> buckets;  // not cleared: most of it is never used
  const std::uint64_t places = in.number(kMostBuckets);
  if (places == 0) return;
  const std::int64_t first = in.signed_number();
  if (first < 0 || first > kLast) return in.fail();
  int index = static_cast<int>(first);
  for (std::size_t i = 0; i < places; ++i, ++index) {
    std::uint64_t times = in.number();
    if (times == 0) {
      index += static_cast<int>(in.number(kMostBuckets));
      times = in.number();
    }
    if (times == 0 || index > kLast || __builtin_add_overflow(count, times, &count))
      return in.fail();
    buckets[i] = {.index = index, .times = times};
  }
  if (into == nullptr) return;
  // The last one first: then the histogram has its width at once and does not grow step by step.
  into->add_bucket(sign, buckets[places - 1].index, buckets[places - 1].times);
  for (std::size_t i = 0; i + 1 < places; ++i)
    into->add_bucket(sign, buckets[i].index, buckets[i].times);
}

void widen(Values& values, std::int64_t min, std::int64_t max) {
  const bool first = values.count() == 0;
  values.min = first ? min : std::min(values.min, min);
  values.max = first ? max : std::max(values.max, max);
}

void read_values(Unpacker& in, Values* into) {
  const std::uint8_t form = in.octet();
  if (form < 1 || form > 4) return in.fail();
  const std::int64_t min = in.signed_number();
  std::int64_t max = min;
  if (form > 1) {
    max = static_cast<std::int64_t>(static_cast<std::uint64_t>(min) + in.number());
    if (max < min) in.fail();
  }
  if (form <= 2) {
    if (!in.ok() || into == nullptr) return;
    into->add(Duration::nanoseconds(min));
    if (form == 2) into->add(Duration::nanoseconds(max));
    return;
  }
  const double sum = form == 3 ? static_cast<double>(in.signed_number()) : in.real();
  if (!std::isfinite(sum)) in.fail();
  std::uint64_t count = in.number();
  if (into != nullptr && in.ok()) {
    widen(*into, min, max);
    into->sum += sum;
    into->histogram.add(0, count);
  }
  Histogram* const histogram = into == nullptr ? nullptr : &into->histogram;
  read_buckets(in, -1, count, histogram);
  read_buckets(in, 1, count, histogram);
  if (count == 0) in.fail();
}

// Of this class, made when there is none.
Values& of_class(ClassedValues& values, StampSource stamps) {
  auto place =
      std::ranges::lower_bound(values.classes, stamps, {}, &ClassedValues::OfClass::stamps);
  if (place == values.classes.end() || place->stamps != stamps)
    place = values.classes.insert(place, {.stamps = stamps, .values = {}});
  return place->values;
}

void read_classes(Unpacker& in, ClassedValues* into) {
  constexpr auto kStrongest = static_cast<std::uint64_t>(StampSource::Hardware);
  const std::uint64_t count = in.number(kStrongest + 1);
  int last = -1;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const auto source = static_cast<int>(in.number(kStrongest));
    if (source <= last) in.fail();
    last = source;
    read_values(in, into == nullptr ? nullptr : &of_class(*into, static_cast<StampSource>(source)));
  }
  if (count == 0) in.fail();
}

void read(Unpacker& in, StampCounts& counts) {
  if (in.number(1) == 0) return;
  for (std::uint64_t& count : counts.by_source) count = in.number();
  const std::uint64_t weakest = in.number(static_cast<std::uint64_t>(StampSource::Hardware) + 1);
  if (weakest > 0) counts.weakest = static_cast<StampSource>(weakest - 1);
}

WallTime read_time(Unpacker& in, bool seconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t value = in.signed_number();
  if (!seconds) return WallTime::from_ns(value);
  if (std::abs(value / 2) > std::numeric_limits<std::int64_t>::max() / kSecond / 2) {
    in.fail();
    return {};
  }
  return WallTime::from_ns(value * kSecond);
}

measure::Worst read_worst(Unpacker& in) {
  measure::Worst worst;
  const std::uint64_t flags = in.number(7);
  if ((flags & 1U) != 0) {
    worst.loss_ratio = in.real();
    if (!(worst.loss_ratio > 0 && worst.loss_ratio <= 1)) in.fail();
  }
  worst.loss_at = read_time(in, (flags & 4U) != 0);
  if ((flags & 2U) != 0) worst.rtt_p99 = Duration::nanoseconds(in.signed_number());
  worst.rtt_p99_at = read_time(in, (flags & 4U) != 0);
  return worst;
}

// --- what may be absent -------------------------------------------------------------------------

template <typename AnyWindow>
auto classed_of(AnyWindow& w) {
  return std::array{&w.rtt, &w.forward_delay, &w.backward_delay, &w.ipdv};
}
template <typename AnyWindow>
auto values_of(AnyWindow& w) {
  return std::array{&w.schedule_error, &w.residence};
}
template <typename AnyWindow>
auto bounds_of(AnyWindow& w) {
  return std::array{&w.rtt_error_max, &w.one_way_error_max};
}
template <typename AnyWindow>
auto seen_of(AnyWindow& w) {
  return std::array{&w.forward_traffic_class, &w.backward_traffic_class, &w.forward_hop_limit,
                    &w.backward_hop_limit};
}
constexpr std::uint64_t kPresenceMost = (1U << 13U) - 1;

std::uint64_t presence(const Window& w) {
  std::uint64_t mask = 0, bit = 1;
  const auto put = [&](bool there) {
    if (there) mask |= bit;
    bit <<= 1U;
  };
  for (const auto* values : classed_of(w)) put(!values->classes.empty());
  for (const auto* values : values_of(w)) put(values->count() > 0);
  for (const auto* bound : bounds_of(w)) put(bound->has_value());
  for (const auto* seen : seen_of(w)) put(seen->has_value());
  put(w.worst.has_value());
  return mask;
}

}  // namespace

std::string encode(const Window& window) {
  Packer out;
  out.octet(kVersion);
  std::uint64_t used = 0, bit = 1;
  for_each_counter(window, [&](const std::uint64_t& counter) {
    if (counter > 0) used |= bit;
    bit <<= 1U;
  });
  out.number(used);
  for_each_counter(window, [&](const std::uint64_t& counter) {
    if (counter > 0) out.number(counter);
  });
  for (const auto* counts : stamps_of(window)) write(out, *counts);
  out.number(presence(window));
  for (const auto* values : classed_of(window))
    if (!values->classes.empty()) write(out, *values);
  for (const auto* values : values_of(window))
    if (values->count() > 0) write(out, *values);
  for (const auto* bound : bounds_of(window))
    if (*bound) out.signed_number((*bound)->ns());
  for (const auto* seen : seen_of(window))
    if (*seen) out.octet(**seen);
  if (window.worst) write(out, *window.worst);
  return out.take();
}

namespace {

// Reads a whole window: its values into `into` (null: nowhere), everything else into `rest`.
bool read(base::Bytes octets, Window& rest, Window* into, Form form) {
  Unpacker in(octets);
  if (in.octet() != kVersion) return false;
  std::uint64_t used = in.number();
  for_each_counter(rest, [&](std::uint64_t& counter) {
    if ((used & 1U) != 0) counter = in.number();
    used >>= 1U;
  });
  if (used != 0) return false;
  for (auto* counts : stamps_of(rest)) read(in, *counts);
  std::uint64_t there = in.number(kPresenceMost);
  const auto next = [&] { return (std::exchange(there, there >> 1U) & 1U) != 0; };
  for (std::size_t i = 0; i < 4; ++i) {
    if (next()) read_classes(in, into == nullptr ? nullptr : classed_of(*into)[i]);
    // The round trips are the first.
    if (form == Form::Brief) into = nullptr;
  }
  for (std::size_t i = 0; i < 2; ++i)
    if (next()) read_values(in, into == nullptr ? nullptr : values_of(*into)[i]);
  for (auto* bound : bounds_of(rest))
    if (next()) *bound = Duration::nanoseconds(in.signed_number());
  for (auto* seen : seen_of(rest))
    if (next()) *seen = in.octet();
  if (next()) rest.worst = read_worst(in);
  return in.done();
}

}  // namespace

std::optional<Window> decode_window(base::Bytes octets, Form form) {
  Window window;
  if (!read(octets, window, &window, form)) return std::nullopt;
  return window;
}

bool merge_finer_form(base::Bytes octets, WallTime begin, Window& into, Form form) {
  // Looked at first, so that one that is cut short leaves no half of itself.
  Window rest;
  if (!read(octets, rest, nullptr, form)) return false;
  if (!rest.worst) {  // a second: how bad it was is seen from its own values only
    const auto whole = decode_window(octets, form);
    if (whole) into.merge_finer(*whole, begin);
    return whole.has_value();
  }
  Window again;
  read(octets, again, &into, form);
  into.merge_finer(rest, begin);
  return true;
}

}  // namespace wirestamp::store
