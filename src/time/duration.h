// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

// Three types so that clocks cannot be mixed: a Duration is a signed number of nanoseconds, a
// MonoTime is an instant of this host's raw monotonic clock (CLOCK_MONOTONIC_RAW: never stepped,
// never slewed, not running during suspend), a WallTime is an instant of UTC as the host's
// real-time clock tells it. MonoTime - WallTime does not compile.
namespace wirestamp {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration nanoseconds(std::int64_t n) { return Duration(n); }
  static constexpr Duration microseconds(std::int64_t n) { return Duration(n * 1'000); }
  static constexpr Duration milliseconds(std::int64_t n) { return Duration(n * 1'000'000); }
  static constexpr Duration seconds(std::int64_t n) { return Duration(n * 1'000'000'000); }
  static constexpr Duration minutes(std::int64_t n) { return seconds(n * 60); }
  static constexpr Duration hours(std::int64_t n) { return seconds(n * 3600); }

  constexpr std::int64_t ns() const { return ns_; }
  constexpr double to_seconds() const { return static_cast<double>(ns_) * 1e-9; }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator-() const { return Duration(-ns_); }
  constexpr Duration& operator+=(Duration d) {
    ns_ += d.ns_;
    return *this;
  }
  constexpr Duration& operator-=(Duration d) {
    ns_ -= d.ns_;
    return *this;
  }
  friend constexpr Duration operator+(Duration a, Duration b) { return Duration(a.ns_ + b.ns_); }
  friend constexpr Duration operator-(Duration a, Duration b) { return Duration(a.ns_ - b.ns_); }
  friend constexpr Duration operator*(Duration a, std::int64_t n) { return Duration(a.ns_ * n); }
  friend constexpr Duration operator/(Duration a, std::int64_t n) { return Duration(a.ns_ / n); }
  friend constexpr std::int64_t operator/(Duration a, Duration b) { return a.ns_ / b.ns_; }

 private:
  explicit constexpr Duration(std::int64_t n) : ns_(n) {}
  std::int64_t ns_ = 0;
};

constexpr Duration abs(Duration d) { return d.ns() < 0 ? -d : d; }

namespace detail {
template <typename Clock>
class Instant {
 public:
  constexpr Instant() = default;
  // Nanoseconds since the clock's epoch: boot for MonoTime, 1970-01-01 00:00 UTC for WallTime.
  static constexpr Instant from_ns(std::int64_t n) { return Instant(n); }
  constexpr std::int64_t ns() const { return ns_; }

  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant& operator+=(Duration d) {
    ns_ += d.ns();
    return *this;
  }
  friend constexpr Instant operator+(Instant t, Duration d) { return Instant(t.ns_ + d.ns()); }
  friend constexpr Instant operator-(Instant t, Duration d) { return Instant(t.ns_ - d.ns()); }
  friend constexpr Duration operator-(Instant a, Instant b) {
    return Duration::nanoseconds(a.ns_ - b.ns_);
  }

 private:
  explicit constexpr Instant(std::int64_t n) : ns_(n) {}
  std::int64_t ns_ = 0;
};
}  // namespace detail

using MonoTime = detail::Instant<struct MonoClock>;
using WallTime = detail::Instant<struct WallClock>;

}  // namespace wirestamp
