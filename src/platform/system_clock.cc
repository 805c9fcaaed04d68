// SPDX-License-Identifier: Apache-2.0
//
// One bracket is: raw clock, real-time clock, raw clock again. The real-time reading lies somewhere
// between the two raw ones, so half their distance bounds the error; pre-emption in between widens
// it. The best of five is 6 ns wide at worst where one is off by up to 282 us.
#include "platform/system_clock.h"

#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace wirestamp::platform {

namespace {

constexpr int kBrackets = 5;
constexpr Duration kStateEvery = Duration::seconds(1);
constexpr std::int64_t kSynchronisedRateErrorPpb = 5'000;
constexpr std::int64_t kFreeRateErrorPpb = 50'000;
// A suspend moves the wall clock by as much as boot time.
constexpr Duration kSameJump = Duration::milliseconds(1);
constexpr int kTaiMinusUtc = 37;  // since 2017; used while no time daemon tells
// Year 2242: a timer that never fires by itself (2^31 s would, in 2038).
constexpr std::int64_t kNeverS = std::int64_t{1} << 33;

std::int64_t read_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

ClockReading read_both() {
  const std::int64_t before = read_ns(CLOCK_MONOTONIC_RAW);
  const std::int64_t wall = read_ns(CLOCK_REALTIME);
  const std::int64_t after = read_ns(CLOCK_MONOTONIC_RAW);
  return {.mono = MonoTime::from_ns(before + (after - before) / 2),
          .wall = WallTime::from_ns(wall),
          .width = Duration::nanoseconds(after - before)};
}

ClockReading best_reading() {
  ClockReading best = read_both();
  for (int i = 1; i < kBrackets; ++i) {
    const ClockReading reading = read_both();
    if (reading.width < best.width) best = reading;
  }
  return best;
}

}  // namespace

SystemClock::SystemClock() : tie_(best_reading()) {
  check_suspend();
  step_fd_ = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  arm_step_timer();
  state_read_ = tie_.newest().mono - kStateEvery;
  (void)state();
}

SystemClock::~SystemClock() {
  if (step_fd_ >= 0) ::close(step_fd_);
}

MonoTime mono_now() { return MonoTime::from_ns(read_ns(CLOCK_MONOTONIC_RAW)); }

MonoTime SystemClock::mono_now() { return platform::mono_now(); }

std::int64_t SystemClock::slew_ppb() const {
  return std::max(SteadyRate::kMostPpb, std::abs(set_rate_ppb_));
}

void SystemClock::refresh() {
  const ClockReading reading = best_reading();
  check_suspend();
  Duration jump = tie_.jump(reading, slew_ppb());
  if (jump != Duration()) {
    read_discipline();  // a slew may be faster since we last looked
    jump = tie_.jump(reading, slew_ppb());
  }
  const bool jumped = jump != Duration();
  const bool by_suspend = slept_ != Duration() && abs(jump - slept_) < kSameJump;
  tie_.take(reading, jumped);
  slept_ = Duration();
  if (jumped) step_noticed_ = true;
  if (jumped && !by_suspend) ++state_.steps;
}

Timestamp SystemClock::now() {
  const ClockReading reading = read_both();
  return {.wall = reading.wall,
          .mono = reading.mono,
          .error = reading.width,
          .source = StampSource::User};
}

Timestamp SystemClock::tie(WallTime stamp, Duration own_error, StampSource source) const {
  return tie_.tie(stamp, own_error, source, slew_ppb());
}

void SystemClock::arm_step_timer() {
  if (step_fd_ < 0) return;
  // Never fires by itself: it is there to be cancelled when the clock is set.
  itimerspec far{};
  far.it_value.tv_sec = static_cast<time_t>(kNeverS);
  ::timerfd_settime(step_fd_, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, nullptr);
}

void SystemClock::on_step_event() {
  std::uint64_t expirations = 0;
  const ssize_t got = ::read(step_fd_, &expirations, sizeof expirations);
  const int error = errno;
  if (got < 0 && error != ECANCELED) return;  // somebody took the event already
  arm_step_timer();
  if (got >= 0) return;  // a clock set to the year 2242 and on
  const bool noticed = step_noticed_;
  refresh();
  // A step too small to show in the readings is one all the same.
  if (!noticed && !step_noticed_) {
    ++state_.steps;
    tie_.take(tie_.newest(), true);
  }
  step_noticed_ = false;
  state_read_ = tie_.newest().mono - kStateEvery;
}

void SystemClock::check_suspend() {
  const std::int64_t before = read_ns(CLOCK_MONOTONIC);
  const std::int64_t boot = read_ns(CLOCK_BOOTTIME);
  const Duration slept = suspends_.take(before, boot, read_ns(CLOCK_MONOTONIC));
  state_.suspended += slept;
  slept_ += slept;
}

void SystemClock::read_discipline() {
  timex query{};
  if (::adjtimex(&query) < 0) return;
  state_.synchronised = (query.status & STA_UNSYNC) == 0;
  state_.error = Duration::microseconds(query.maxerror);
  // freq is in units of 2^-16 ppm; tick in microseconds per 10 ms.
  set_rate_ppb_ =
      std::int64_t{query.freq} * 1'000 / 65'536 + (std::int64_t{query.tick} - 10'000) * 100'000;
  state_.tai_minus_utc_s = query.tai != 0 ? query.tai : kTaiMinusUtc;
}

ClockState SystemClock::state() {
  const MonoTime now = mono_now();
  check_suspend();
  if (now - state_read_ < kStateEvery) return state_;
  state_read_ = now;
  read_discipline();
  const Rate rate = rate_.take(set_rate_ppb_,
                               state_.synchronised ? kSynchronisedRateErrorPpb : kFreeRateErrorPpb);
  state_.rate_ppb = rate.ppb;
  state_.rate_error_ppb = rate.error_ppb;
  return state_;
}

}  // namespace wirestamp::platform
