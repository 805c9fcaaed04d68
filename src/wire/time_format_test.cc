// SPDX-License-Identifier: Apache-2.0
#include "wire/time_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "wire/error_estimate.h"
#include "wire/vectors_test.h"

namespace wirestamp::wire {

namespace {
WallTime unix_time(const Vector& vector, const std::string& nanoseconds = "unix_nsec") {
  return WallTime::from_ns(vector.number("unix_sec") * kBillion + vector.number(nanoseconds));
}
std::uint64_t raw_of(const Vector& vector) {
  return base::load_be<std::uint64_t>(vector.octets, 0);
}
}  // namespace

// RFC 5905 6, RFC 8877 4.2.1.
//= RFC5905:ntp-format
void check_ntp_time(const Vector& vector) {
  const WallTime time = unix_time(vector);
  EXPECT_EQ(encode_time(time, TimeFormat::Ntp, kTai), raw_of(vector));
  const auto back = decode_time(raw_of(vector), TimeFormat::Ntp, time, kTai);
  // The first instant of an era is written as "not available", which is what a reader then sees.
  ASSERT_EQ(back.has_value(), raw_of(vector) != 0);
  if (back) {
    EXPECT_EQ(*back, unix_time(vector, "back_nsec"));
  }
}

// RFC 8186, RFC 8877 4.3.
//= RFC8186:format
void check_ptp_time(const Vector& vector) {
  const auto tai = static_cast<int>(vector.number("tai_minus_utc"));
  const WallTime time = unix_time(vector);
  EXPECT_EQ(encode_time(time, TimeFormat::Ptp, tai), raw_of(vector));
  EXPECT_EQ(decode_time(raw_of(vector), TimeFormat::Ptp, time, tai), time);
  // A peer that writes UTC seconds appears as far behind as TAI is ahead of UTC.
  EXPECT_EQ(decode_time(raw_of(vector), TimeFormat::Ptp, time, kTai),
            time - Duration::seconds(kTai - tai));
}

// RFC 4656 4.1.2, RFC 8186 for Z.
void check_error_estimate(const Vector& vector) {
  const std::string fraction = vector.text("error_seconds");
  const std::size_t bar = fraction.find('/');
  const std::int64_t part = to_number(fraction.substr(0, bar));
  // One 2^32th of a second is less than the nanosecond that a Duration can tell.
  const auto error = Duration::nanoseconds(part * kBillion / to_number(fraction.substr(bar + 1)));
  const bool synchronised = vector.number("S") != 0;
  const TimeFormat format = vector.number("Z") != 0 ? TimeFormat::Ptp : TimeFormat::Ntp;
  const auto raw = base::load_be<std::uint16_t>(vector.octets, 0);
  EXPECT_EQ(encode_error_estimate(synchronised, format, error), raw);

  const ErrorEstimate back = decode_error_estimate(raw);
  EXPECT_EQ(back.synchronised, synchronised);
  EXPECT_EQ(back.format, format);
  ASSERT_TRUE(back.error);
  EXPECT_EQ(back.error->ns(), std::llround(std::ceil(vector.real("decoded_seconds") * 1e9)));
}

namespace {

//= RFC8186:format RFC5905:ntp-format
TEST(TimeFormats, keep_every_nanosecond) {
  constexpr std::uint64_t kSeed = 20;
  base::Random random(kSeed);
  SCOPED_TRACE(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    const auto time =
        WallTime::from_ns(static_cast<std::int64_t>(random.below(1U << 31U)) * kBillion +
                          static_cast<std::int64_t>(random.below(kBillion)));
    for (const TimeFormat format : {TimeFormat::Ntp, TimeFormat::Ptp}) {
      const auto raw = encode_time(time, format, kTai);
      ASSERT_EQ(decode_time(raw, format, time, kTai), time) << time.ns();
    }
  }
}

//= RFC5905:era
TEST(TimeFormats, resolve_the_era_from_an_instant_up_to_68_years_away) {
  const WallTime time = WallTime::from_ns(2'085'978'497 * kBillion);  // 1 s into NTP era 1
  const Duration far = Duration::hours(24L * 365 * 67);
  const auto raw = encode_time(time, TimeFormat::Ntp, kTai);
  EXPECT_EQ(decode_time(raw, TimeFormat::Ntp, time - far, kTai), time);
  EXPECT_EQ(decode_time(raw, TimeFormat::Ntp, time + far, kTai), time);
}

TEST(TimeFormats, take_instants_before_1970) {
  const WallTime time = WallTime::from_ns(-1);
  const auto raw = encode_time(time, TimeFormat::Ntp, kTai);
  EXPECT_EQ(raw >> 32U, kNtpUnixOffset - 1);
  EXPECT_EQ(decode_time(raw, TimeFormat::Ntp, WallTime(), kTai), time);
}

//= RFC8186:no-instant RFC5905:zero
TEST(TimeFormats, give_nothing_for_zero_and_for_nanoseconds_that_are_none) {
  EXPECT_FALSE(decode_time(0, TimeFormat::Ntp, kT1, kTai));
  EXPECT_FALSE(decode_time(0, TimeFormat::Ptp, kT1, kTai));
  const std::uint64_t raw = (std::uint64_t{1'700'000'037} << 32U) | 1'000'000'000U;
  EXPECT_FALSE(decode_time(raw, TimeFormat::Ptp, kT1, kTai));
  EXPECT_TRUE(decode_time(raw - 1, TimeFormat::Ptp, kT1, kTai));
}

//= RFC4656:error-estimate
TEST(ErrorEstimates, are_never_smaller_than_the_error_and_at_most_a_hundredth_larger) {
  for (std::int64_t ns = 1; ns > 0 && ns < kLargestError.ns(); ns = ns * 3 + 1) {
    const auto raw = encode_error_estimate(true, TimeFormat::Ntp, Duration::nanoseconds(ns));
    const auto back = decode_error_estimate(raw).error;
    ASSERT_TRUE(back);
    EXPECT_GE(back->ns(), ns);
    EXPECT_LE(static_cast<double>(back->ns()), static_cast<double>(ns) * 1.017 + 1) << ns;
  }
}

// As RFC 4656 4.1.2 defines the fields, one step after the other and in 128 bits.
std::uint16_t estimate_by_steps(std::int64_t ns) {
  __extension__ using Wide = unsigned __int128;
  const auto second = static_cast<Wide>(kBillion);
  Wide value = ((static_cast<Wide>(ns) << 32U) + second - 1) / second;
  unsigned scale = 0;
  for (; value > 255; ++scale) value = (value + 1) >> 1U;
  return static_cast<std::uint16_t>(scale << 8U | static_cast<unsigned>(value));
}

std::int64_t error_by_steps(std::uint16_t raw) {
  __extension__ using Wide = unsigned __int128;
  const Wide units = static_cast<Wide>(raw & 255U) << ((raw >> 8U) & 63U);
  const Wide ns = (units * static_cast<Wide>(kBillion) + 0xffff'ffffU) >> 32U;
  return static_cast<std::int64_t>(std::min(ns, static_cast<Wide>(kLargestError.ns())));
}

//= RFC4656:error-estimate
TEST(ErrorEstimates, agree_with_the_definition_for_every_value_and_for_errors_of_any_size) {
  for (unsigned raw = 0; raw < 0x4000; ++raw) {
    const auto error = decode_error_estimate(static_cast<std::uint16_t>(raw)).error;
    const std::int64_t wanted = error_by_steps(static_cast<std::uint16_t>(raw));
    ASSERT_EQ(error.value_or(Duration()).ns(), wanted) << raw;
  }
  constexpr std::uint64_t kSeed = 21;
  SCOPED_TRACE(kSeed);
  base::Random random(kSeed);
  for (int i = 0; i < 100'000; ++i) {
    const auto ns = static_cast<std::int64_t>((random.next() >> 4U) >> random.below(60)) + 1;
    ASSERT_EQ(encode_error_estimate(false, TimeFormat::Ntp, Duration::nanoseconds(ns)),
              estimate_by_steps(ns))
        << ns;
  }
}

//= RFC4656:multiplier
TEST(ErrorEstimates, are_never_written_with_multiplier_zero) {
  for (const std::int64_t ns : {std::int64_t{0}, std::int64_t{-5}, INT64_MIN + 1, INT64_MAX}) {
    const auto raw = encode_error_estimate(false, TimeFormat::Ptp, Duration::nanoseconds(ns));
    EXPECT_NE(raw & 255U, 0U) << ns;
    EXPECT_EQ(raw & 0xc000U, 0x4000U) << ns;
  }
}

TEST(ErrorEstimates, of_multiplier_zero_say_nothing) {
  // RFC 4656 4.1.2: MUST NOT be zero; such a packet is still a packet.
  const ErrorEstimate estimate = decode_error_estimate(0x8f00);
  EXPECT_FALSE(estimate.error);
  EXPECT_TRUE(estimate.synchronised);
}

TEST(ErrorEstimates, that_would_make_sums_overflow_are_cut) {
  EXPECT_EQ(decode_error_estimate(0x3fff).error, kLargestError);
}

}  // namespace

}  // namespace wirestamp::wire
