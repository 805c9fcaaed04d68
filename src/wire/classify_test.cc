// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/request_layout.h"
#include "wire/stamp.h"
#include "wire/vectors_test.h"

// Request or reply? By content alone, because one socket may serve both roles.
namespace wirestamp::wire {
namespace {

struct Instants {
  WallTime received, transmitted;
};

Octets reply(const Instants& instants, TimeFormat format = TimeFormat::Ntp) {
  Octets octets(kBaseSize);
  encode_reply(octets,
               {.timestamp = encode_time(instants.transmitted, format, kTai),
                .error_estimate = encode_error_estimate(true, format, Duration::microseconds(1)),
                .receive_timestamp = encode_time(instants.received, format, kTai)});
  return octets;
}

TEST(Classify, finds_nothing_below_14_octets) {
  for (std::size_t size = 0; size < kShortestRequest; ++size)
    EXPECT_EQ(classify(Octets(size, std::byte{0xff})), Kind::TooShort) << size;
}

TEST(Classify, takes_zeros_behind_the_header_for_a_request) {
  for (const std::size_t size : {14U, 15U, 16U, 17U, 40U, 41U, 43U, 44U}) {
    Octets octets(size);
    for (std::size_t i = 0; i < std::min<std::size_t>(size, 16); ++i) octets[i] = std::byte{0xff};
    EXPECT_EQ(classify(octets), Kind::Request) << size;
  }
}

TEST(Classify, takes_every_probe_of_ours_for_a_request) {
  for (const std::uint32_t size : {44U, 48U, 52U, 72U, 124U, 252U, 1400U}) {
    const auto layout = plan_request(size);
    ASSERT_TRUE(layout);
    Octets octets(size);
    encode_probe(*layout, {.sequence = 1, .timestamp = 2, .error_estimate = 3, .ssid = 4}, octets);
    EXPECT_EQ(classify(octets), Kind::Request) << size;
  }
}

TEST(Classify, looks_at_no_octet_behind_the_base_packet) {
  Octets octets(60);
  for (std::size_t i = kBaseSize; i < octets.size(); ++i) octets[i] = std::byte{0xff};
  EXPECT_EQ(classify(octets), Kind::Request);
}

TEST(Classify, takes_up_to_ten_seconds_of_residence_for_a_reply) {
  for (const TimeFormat format : {TimeFormat::Ntp, TimeFormat::Ptp}) {
    EXPECT_EQ(classify(reply({kT2, kT2}, format)), Kind::Reply);
    EXPECT_EQ(classify(reply({kT2, kT2 + Duration::seconds(10)}, format)), Kind::Reply);
    EXPECT_EQ(classify(reply({kT2, kT2 + Duration::milliseconds(10'001)}, format)),
              Kind::Ambiguous);
  }
}

TEST(Classify, leaves_a_reply_sent_before_it_was_received_ambiguous) {
  EXPECT_EQ(classify(reply({kT2, kT2 - Duration::microseconds(1)})), Kind::Ambiguous);
}

TEST(Classify, sees_the_residence_across_the_end_of_an_era) {
  const WallTime end = WallTime::from_ns(2'085'978'496 * kBillion);  // of NTP era 0
  const Duration half = Duration::milliseconds(500);
  EXPECT_EQ(classify(reply({end - half, end + half})), Kind::Reply);
  const WallTime wrap = WallTime::from_ns(((std::int64_t{1} << 32U) - kTai) * kBillion);  // PTP
  EXPECT_EQ(classify(reply({wrap - half, wrap + half}, TimeFormat::Ptp)), Kind::Reply);
}

TEST(Classify, believes_no_ptp_stamp_with_a_billion_nanoseconds) {
  Octets octets = reply({kT2, kT3}, TimeFormat::Ptp);
  base::store_be(octets, 20, std::uint32_t{1'000'000'000});
  EXPECT_EQ(classify(octets), Kind::Ambiguous);
}

TEST(Classify, leaves_padding_without_a_receive_timestamp_ambiguous) {
  Octets octets(kBaseSize);
  octets[30] = std::byte{1};
  EXPECT_EQ(classify(octets), Kind::Ambiguous);
}

TEST(Classify, leaves_what_is_too_short_for_a_reply_ambiguous) {
  const Octets octets = reply({kT2, kT3});
  EXPECT_EQ(classify(base::Bytes(octets).first(kShortestReply - 1)), Kind::Ambiguous);
  EXPECT_EQ(classify(base::Bytes(octets).first(kShortestReply)), Kind::Reply);
}

TEST(Classify, leaves_the_padding_of_a_twamp_light_sender_ambiguous) {
  EXPECT_EQ(classify(stamp_vector("twamp-light-60").octets), Kind::Ambiguous);
}

TEST(Classify, takes_a_reflected_reply_for_a_reply_so_no_loop_starts) {
  // A forged request whose octets 16 to 43 are those of a reply is one, whoever sent it.
  const Octets once = reply({kT2, kT3});
  Octets twice = once;
  base::store_be(twice, 0, std::uint32_t{99});
  EXPECT_EQ(classify(twice), Kind::Reply);
}

}  // namespace
}  // namespace wirestamp::wire
