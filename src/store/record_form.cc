// SPDX-License-Identifier: Apache-2.0
#include "store/record_form.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace wirestamp::store {

namespace {

using measure::Event;
using measure::Marks;
using measure::Sample;

constexpr std::uint8_t kSampleVersion = 1;
// Version 1 of an event had no `expected`, `crossing` and `change`.
constexpr std::uint8_t kEventVersion = 2;
constexpr std::uint8_t kFiguresVersion = 1;
// Of an event: a sweep sends at most 255 hop limits.
constexpr std::size_t kMostHops = 255;

// One function names the fields of a record for both directions, so that they cannot differ.
// Writing: In is absent. Each field: `io(value)`.
class Writing {
 public:
  explicit Writing(Packer& out) : out_(out) {}

  template <typename T>
  void operator()(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
      out_.octet(value ? 1 : 0);
    else if constexpr (std::is_enum_v<T>)
      out_.number(static_cast<std::uint64_t>(value));
    else if constexpr (std::is_unsigned_v<T>)
      out_.number(value);
    else if constexpr (std::is_integral_v<T>)
      out_.signed_number(value);
    else
      whole(value);
  }
  template <typename T>
  void up_to(const T& value, T) {
    (*this)(value);
  }
  std::uint8_t event_version() const { return kEventVersion; }

 private:
  void whole(const double& value) { out_.real(value); }
  void whole(const std::string& value) { out_.text(value); }
  void whole(const Duration& value) { out_.signed_number(value.ns()); }
  void whole(const MonoTime& value) { out_.signed_number(value.ns()); }
  void whole(const WallTime& value) { out_.signed_number(value.ns()); }
  template <typename T>
  void whole(const std::optional<T>& value);
  template <typename T>
  void whole(const std::vector<T>& values);
  template <typename T>
  void whole(const T& value);

  Packer& out_;
};

class Reading {
 public:
  explicit Reading(Unpacker& in, std::uint8_t event_version = kEventVersion)
      : in_(in), event_version_(event_version) {}

  template <typename T>
  void operator()(T& value) {
    if constexpr (std::is_same_v<T, bool>)
      value = in_.number(1) == 1;
    else if constexpr (std::is_unsigned_v<T>)
      value = static_cast<T>(in_.number(std::numeric_limits<T>::max()));
    else if constexpr (std::is_integral_v<T>)
      value = in_.signed_number();
    else
      whole(value);
  }
  template <typename T>
  void up_to(T& value, T most) {
    value = static_cast<T>(in_.number(static_cast<std::uint64_t>(most)));
  }
  std::uint8_t event_version() const { return event_version_; }

 private:
  void whole(double& value) { value = in_.real(); }
  void whole(std::string& value) { value = in_.text(); }
  void whole(Duration& value) { value = Duration::nanoseconds(in_.signed_number()); }
  void whole(MonoTime& value) { value = MonoTime::from_ns(in_.signed_number()); }
  void whole(WallTime& value) { value = WallTime::from_ns(in_.signed_number()); }
  template <typename T>
  void whole(std::optional<T>& value);
  template <typename T>
  void whole(std::vector<T>& values);
  template <typename T>
  void whole(T& value);

  Unpacker& in_;
  std::uint8_t event_version_;
};

template <typename T, typename Plain>
concept Is = std::is_same_v<std::remove_const_t<T>, Plain>;

template <typename Io, Is<Timestamp> T>
void fields(Io& io, T& stamp) {
  io(stamp.wall);
  io(stamp.mono);
  io(stamp.error);
  io.up_to(stamp.source, StampSource::Hardware);
}

template <typename Io, Is<Marks> T>
void fields(Io& io, T& marks) {
  io(marks.traffic_class);
  io(marks.hop_limit);
}

template <typename Io, Is<measure::ProbeMark> T>
void fields(Io& io, T& mark) {
  io(mark.probe);
  io(mark.left);
}

template <typename Io, Is<measure::Hop> T>
void fields(Io& io, T& hop) {
  io(hop.distance);
  io(hop.address);
  io(hop.reflector);
}

template <typename Io, Is<Sample> T>
void fields(Io& io, T& s) {
  io(s.session);
  io(s.flow);
  io(s.probe);
  io(s.sequence);
  io(s.reflector_sequence);
  io(s.reflector_first_sequence);
  io(s.reflector_epoch);
  io(s.scheduled);
  io(s.scheduled_wall);
  io(s.size);
  io(s.burst);
  for (auto* stamp : {&s.sender_tx, &s.reflector_rx, &s.reflector_tx, &s.sender_rx, &s.sender_user,
                      &s.sender_scheduler})
    io(*stamp);
  io(s.sender_clock_error);
  io(s.reflector_clock_error);
  io(s.rate_ppb);
  io(s.rate_error_ppb);
  io(s.clock_step);
  io(s.bad_reflector_stamps);
  io(s.sent);
  io(s.seen_traffic_class);
  io(s.seen_hop_limit);
  io(s.returned);
  io(s.reply_class_refused);
  io(s.interface);
  io.up_to(s.outcome, measure::Outcome::RefusedByPeer);
  io.up_to(s.cause, measure::UnsentCause::DroppedLocally);
  io.up_to(s.withheld, measure::WithheldReason::Interrupted);
  io(s.departure_unconfirmed);
  io(s.duplicates_forward);
  io(s.duplicates_backward);
  io(s.duplicates_unknown);
  io(s.arrival_index);
}

// The bindings count the fields: one that is added there and not here does not compile.
template <typename Io, Is<measure::Crossing> T>
void fields(Io& io, T& crossing) {
  auto& [figure, error, loss, loss_threshold, delay, delay_threshold, median, since, until] =
      crossing;
  io.up_to(figure, measure::Figure::Jitter);
  io(error);
  io(loss);
  io(loss_threshold);
  io(delay);
  io(delay_threshold);
  io(median);
  io(since);
  io(until);
}

template <typename Io, Is<measure::IncidentFigure> T>
void fields(Io& io, T& figure) {
  auto& [crossing, at, direction] = figure;
  io(crossing);
  io(at);
  io(direction);
}

template <typename Io, Is<Event> T>
void fields(Io& io, T& event) {
  auto& [kind, session, at, wall, text, reason, finding, old_flow, new_flow, last_good, first_lost,
         first_good, lost, answered, tried, at_least, at_most, direction, before, after, expected,
         flow, account, old_path, new_path, crossing, change] = event;
  io.up_to(kind, measure::kLastEventKind);
  io(session);
  io(at);
  io(wall);
  io(text);
  io(reason);
  io(finding);
  io(old_flow);
  io(new_flow);
  io(last_good);
  io(first_lost);
  io(first_good);
  io(lost);
  io(answered);
  io(tried);
  io(at_least);
  io(at_most);
  io(direction);
  io(before);
  io(after);
  io(flow);
  io(account);
  io(old_path);
  io(new_path);
  if (io.event_version() < 2) return;
  io(expected);
  io(crossing);
  io(change);
}

template <typename T>
void Writing::whole(const std::optional<T>& value) {
  out_.octet(value ? 1 : 0);
  if (value) (*this)(*value);
}

template <typename T>
void Writing::whole(const std::vector<T>& values) {
  const std::size_t count = std::min(values.size(), kMostHops);
  out_.number(count);
  for (std::size_t i = 0; i < count; ++i) (*this)(values[i]);
}

template <typename T>
void Writing::whole(const T& value) {
  fields(*this, value);
}

template <typename T>
void Reading::whole(std::optional<T>& value) {
  value.reset();
  if (in_.number(1) == 0 || !in_.ok()) return;
  if constexpr (std::is_same_v<T, measure::Finding>)
    up_to(value.emplace(), measure::Finding::LocalCause);
  else
    (*this)(value.emplace());
}

template <typename T>
void Reading::whole(std::vector<T>& values) {
  const std::uint64_t count = in_.number(kMostHops);
  for (std::uint64_t i = 0; i < count && in_.ok(); ++i) (*this)(values.emplace_back());
}

template <typename T>
void Reading::whole(T& value) {
  fields(*this, value);
}

// Stamps are stored as distances from the scheduled time, which take half the octets. Any value
// has its distance: the arithmetic wraps.
std::int64_t moved(std::int64_t value, std::int64_t by, bool back) {
  const auto one = static_cast<std::uint64_t>(value), other = static_cast<std::uint64_t>(by);
  return static_cast<std::int64_t>(back ? one - other : one + other);
}

void move_stamps(Sample& s, bool back) {
  for (auto* stamp : std::array{&s.sender_tx, &s.reflector_rx, &s.reflector_tx, &s.sender_rx,
                                &s.sender_user, &s.sender_scheduler}) {
    if (!*stamp) continue;
    Timestamp& at = **stamp;
    at.wall = WallTime::from_ns(moved(at.wall.ns(), s.scheduled_wall.ns(), back));
    if (at.mono) at.mono = MonoTime::from_ns(moved(at.mono->ns(), s.scheduled.ns(), back));
  }
}

}  // namespace

void put_sample(Packer& out, const Sample& sample) {
  Sample stored = sample;
  move_stamps(stored, true);
  out.octet(kSampleVersion);
  Writing writing(out);
  writing(stored);
}

Sample get_sample(Unpacker& in) {
  Sample sample;
  if (in.octet() != kSampleVersion) in.fail();
  Reading reading(in);
  reading(sample);
  move_stamps(sample, false);
  return sample;
}

std::string encode(const Event& event) {
  Packer out;
  out.octet(kEventVersion);
  Writing writing(out);
  writing(event);
  return out.take();
}

std::string encode_figures(const measure::Incident& incident) {
  Packer out;
  out.octet(kFiguresVersion);
  Writing writing(out);
  writing(incident.crossed);
  writing(incident.worst);
  writing(incident.silent);
  writing(incident.by_figure);
  return out.take();
}

void decode_figures(base::Bytes octets, measure::Incident& incident) {
  Unpacker in(octets);
  if (in.octet() != kFiguresVersion) return;
  measure::Incident read;
  Reading reading(in);
  reading(read.crossed);
  reading(read.worst);
  reading(read.silent);
  reading(read.by_figure);
  if (!in.done()) return;
  incident.crossed = std::move(read.crossed);
  incident.worst = std::move(read.worst);
  incident.silent = read.silent;
  incident.by_figure = read.by_figure && incident.worst;
}

std::optional<measure::EventKind> kind_of_event(base::Bytes octets) {
  Unpacker in(octets);
  const std::uint8_t version = in.octet();
  if (version < 1 || version > kEventVersion) return std::nullopt;
  measure::EventKind kind{};
  Reading(in, version).up_to(kind, measure::kLastEventKind);
  if (!in.ok()) return std::nullopt;
  return kind;
}

std::optional<Event> decode_event(base::Bytes octets) {
  Unpacker in(octets);
  const std::uint8_t version = in.octet();
  if (version < 1 || version > kEventVersion) return std::nullopt;
  Event event;
  Reading reading(in, version);
  reading(event);
  if (!in.done()) return std::nullopt;
  return event;
}

}  // namespace wirestamp::store
