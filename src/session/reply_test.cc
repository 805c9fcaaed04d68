// SPDX-License-Identifier: Apache-2.0
#include "session/reply.h"

#include <gtest/gtest.h>

#include <vector>

#include "wire/error_estimate.h"
#include "wire/stamp.h"
#include "wire/tlv.h"
#include "wire/tlv_values.h"
#include "wire/wstp.h"

namespace wirestamp::session {
namespace {

constexpr WallTime kNow = WallTime::from_ns(1'700'000'000'000'000'000);

struct Tlv {
  std::uint8_t flags;
  std::uint8_t type;
  std::vector<std::byte> value;
};

std::vector<std::byte> reply_with(std::uint16_t error_estimate, const std::vector<Tlv>& tlvs = {}) {
  std::vector<std::byte> octets(wire::kBaseSize);
  const std::uint64_t now = wire::encode_time(kNow, wire::TimeFormat::Ntp, 37);
  wire::encode_reply(octets, {.sequence = 0,
                              .timestamp = now,
                              .error_estimate = error_estimate,
                              .ssid = 1,
                              .receive_timestamp = now,
                              .sender_sequence = 0,
                              .sender_timestamp = now,
                              .sender_error_estimate = 1,
                              .sender_ttl = 64});
  for (const Tlv& tlv : tlvs) {
    octets.push_back(std::byte{tlv.flags});
    octets.push_back(std::byte{tlv.type});
    octets.push_back(std::byte{0});
    octets.push_back(std::byte{static_cast<std::uint8_t>(tlv.value.size())});
    octets.insert(octets.end(), tlv.value.begin(), tlv.value.end());
  }
  return octets;
}

std::vector<std::byte> wstp(const wire::Wstp& told) {
  std::vector<std::byte> value(wire::Wstp::length_for(0));
  wire::Wstp::encode_request(value);
  told.encode(value);
  return value;
}

Reply parsed(const std::vector<std::byte>& octets, SenderCounters& counters) {
  const auto reply = parse_reply(octets, kNow, 37, counters);
  EXPECT_TRUE(reply.has_value());
  return *reply;
}

std::uint16_t estimate(bool synchronised, Duration error) {
  return wire::encode_error_estimate(synchronised, wire::TimeFormat::Ntp, error);
}

// The Error Estimate holds the clock's error against UTC, which is 16 s when it is free running.
TEST(Reply, WithoutWstpTheErrorOfAStampIsNotKnown) {
  SenderCounters counters;
  const Reply reply = parsed(reply_with(estimate(false, Duration::seconds(16))), counters);
  EXPECT_EQ(reply.received->source, StampSource::Unknown);
  EXPECT_EQ(reply.received->error, Duration());
  EXPECT_EQ(reply.transmitted->source, StampSource::Unknown);
}

//= RFC4656:error-estimate RFC7679:sync-told
TEST(Reply, AClockThatIsNotSynchronisedHasNoBound) {
  SenderCounters counters;
  EXPECT_FALSE(parsed(reply_with(estimate(false, Duration::seconds(1))), counters).clock_error);
  EXPECT_TRUE(parsed(reply_with(estimate(true, Duration::seconds(1))), counters).clock_error);
}

TEST(Reply, WstpTellsClassAndErrorOfBothStamps) {
  SenderCounters counters;
  const Reply reply =
      parsed(reply_with(estimate(true, Duration::milliseconds(1)),
                        {{0, wire::kWstp,
                          wstp({.received_by = StampSource::Kernel,
                                .transmitted_by = StampSource::User,
                                .receive_error = estimate(true, Duration::microseconds(5)),
                                .transmit_error = 0})}}),
             counters);
  EXPECT_EQ(reply.received->source, StampSource::Kernel);
  EXPECT_NEAR(static_cast<double>(reply.received->error.ns()), 5'000, 50);
  EXPECT_EQ(reply.transmitted->source, StampSource::Unknown) << "an error with multiplier 0";
}

// RFC 8972 4: the flag may be in a later TLV than the one that would be believed.
//= RFC8972:sender-discards-at-i
TEST(Reply, OneTlvThatFailsIntegrityDiscardsAll) {
  SenderCounters counters;
  const Reply reply =
      parsed(reply_with(estimate(true, Duration::milliseconds(1)),
                        {{0, wire::kWstp, wstp({.epoch = 7})},
                         {wire::kIntegrity, wire::kExtraPadding, std::vector<std::byte>(4)}}),
             counters);
  EXPECT_FALSE(reply.state);
  EXPECT_EQ(counters.tlv_integrity, 1U);
}

// RFC 8972 4.4: without RP the policy of a reflector looks like a re-mark on the way back.
//= RFC8972:cos-evaluated
TEST(Reply, SaysWhetherTheClassAskedForWasRefused) {
  for (const bool refused : {false, true}) {
    wire::ClassOfService cos{.wanted_dscp = 48, .received_dscp = 46, .received_ecn = 2};
    cos.refused = refused ? 1 : 0;
    std::vector<std::byte> value(wire::ClassOfService::kLength);
    cos.encode(value);
    SenderCounters counters;
    const auto octets = reply_with(1, {{0, wire::kClassOfService, value}});
    const Reply reply = parsed(octets, counters);
    EXPECT_EQ(reply.request_traffic_class, (46U << 2U) | 2U);
    EXPECT_EQ(reply.class_refused, refused);
  }
}

}  // namespace
}  // namespace wirestamp::session
