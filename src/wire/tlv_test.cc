// SPDX-License-Identifier: Apache-2.0
#include "wire/tlv.h"

#include <gtest/gtest.h>

#include <functional>

#include "wire/reflect.h"
#include "wire/stamp.h"
#include "wire/vectors_test.h"

// The vectors of packets with TLVs: requests made by our encoders, replies by reflect_tlvs(), and
// both read back.
namespace wirestamp::wire {

namespace {

constexpr std::uint8_t kAf41Ect0 = 34U << 2U | 2U;  // as which every request of the file arrived

Octets tlv(std::uint8_t type, std::size_t length,
           const std::function<void(base::MutableBytes)>& write = {}) {
  Octets octets(kTlvHeader + length);
  write_tlv_header(octets, 0, kUnrecognised, type, static_cast<std::uint16_t>(length));
  if (write) write(base::MutableBytes(octets).subspan(kTlvHeader));
  return octets;
}

Octets class_of_service(std::uint8_t wanted) {
  return tlv(kClassOfService, ClassOfService::kLength, [&](base::MutableBytes value) {
    ClassOfService{.wanted_dscp = wanted}.encode(value);
  });
}

Octets joined(Octets first, const Octets& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// The TLVs of the request that `name` describes, by our encoders.
Octets requested(const std::string& name) {
  if (name.starts_with("tlv-1-padding"))
    return tlv(kExtraPadding, 8, [](base::MutableBytes value) {
      std::ranges::copy(from_hex("a5c3961e0f7788ff"), value.begin());
    });
  if (name.starts_with("tlv-3-timestamp-info"))
    return tlv(kTimestampInformation, TimestampInformation::kShortest);
  if (name.starts_with("tlv-4-cos-refused")) return class_of_service(48);
  if (name.starts_with("tlv-4-cos")) return class_of_service(46);
  if (name.starts_with("tlv-7-followup"))
    return tlv(kFollowUpTelemetry, FollowUpTelemetry::kLength);
  if (name.starts_with("err-bad-length"))
    return joined(tlv(kClassOfService, 8), tlv(5, 12, [](base::MutableBytes value) {
                    base::store_be(value, 0, std::uint32_t{9});
                  }));
  EXPECT_TRUE(name.starts_with("err-short-tail")) << name;
  return from_hex("a55a");
}

// What the reflector of that vector has to say.
TlvAnswers answers_for(const Vector& vector) {
  TlvAnswers answers;
  answers.received_traffic_class = kAf41Ect0;
  answers.highest_dscp = 47;
  const auto ntp = static_cast<std::uint8_t>(SyncSource::Ntp);
  const auto local = static_cast<std::uint8_t>(method_of(StampSource::Kernel));
  answers.timestamp_information = {ntp, local, ntp, local};
  if (vector.name == "tlv-7-followup-reply")
    answers.follow_up = FollowUpTelemetry{
        .sequence = 4,
        .timestamp = encode_time(vector.instant("follow_up_unix"), TimeFormat::Ntp, kTai),
        .method = static_cast<std::uint8_t>(method_of(StampSource::Hardware))};
  return answers;
}

RequestBase request_base() {
  return {.sequence = 7,
          .timestamp = encode_time(kT1, TimeFormat::Ntp, kTai),
          .error_estimate = encode_error_estimate(true, TimeFormat::Ntp, Duration::milliseconds(1)),
          .ssid = 0x1234};
}

ReplyBase reply_base(const Vector& vector) {
  const RequestBase request = request_base();
  return {.sequence = static_cast<std::uint32_t>(vector.number("reflector_sequence")),
          .timestamp = encode_time(kT3, TimeFormat::Ntp, kTai),
          .error_estimate = encode_error_estimate(true, TimeFormat::Ntp, Duration::microseconds(1)),
          .ssid = request.ssid,
          .receive_timestamp = encode_time(kT2, TimeFormat::Ntp, kTai),
          .sender_sequence = request.sequence,
          .sender_timestamp = request.timestamp,
          .sender_error_estimate = request.error_estimate,
          .sender_ttl = 255};
}

base::Bytes area_of(const Octets& packet) { return base::Bytes(packet).subspan(kBaseSize); }

std::optional<Tlv> first_tlv(const Vector& vector) {
  return TlvReader(area_of(vector.octets)).next();
}

// What a reader makes of the reply's TLVs.
void check_reading(const Vector& vector) {
  const auto found = first_tlv(vector);
  if (vector.name.starts_with("err-short-tail")) {
    EXPECT_FALSE(found);
    return;
  }
  ASSERT_TRUE(found);
  const bool malformed = vector.name.starts_with("err-bad-length");
  EXPECT_EQ(found->flags, malformed ? kMalformed : 0);
  if (malformed) return;
  const TlvAnswers answers = answers_for(vector);
  switch (found->type) {
    case kTimestampInformation:
      EXPECT_EQ(TimestampInformation::decode(found->value), answers.timestamp_information);
      break;
    case kClassOfService: {
      const bool refused = vector.name.starts_with("tlv-4-cos-refused");
      EXPECT_EQ(ClassOfService::decode(found->value),
                (ClassOfService{.wanted_dscp = static_cast<std::uint8_t>(refused ? 48 : 46),
                                .received_dscp = 34,
                                .received_ecn = 2,
                                .refused = static_cast<std::uint8_t>(refused ? 1 : 0)}));
      break;
    }
    case kFollowUpTelemetry:
      EXPECT_EQ(FollowUpTelemetry::decode(found->value),
                answers.follow_up.value_or(FollowUpTelemetry{}));
      break;
    default:
      EXPECT_EQ(found->type, kExtraPadding);
      EXPECT_EQ(to_hex(found->value), "a5c3961e0f7788ff");
  }
}

}  // namespace

// RFC 8972 4: the sender sets U in each TLV.
void check_tlv_request(const Vector& vector) {
  Octets out(kBaseSize);
  encode_request(out, request_base());
  EXPECT_EQ(to_hex(joined(out, requested(vector.name))), to_hex(vector.octets));
  EXPECT_EQ(decode_request(vector.octets), request_base());
  EXPECT_EQ(classify(vector.octets), Kind::Request);
  EXPECT_EQ(to_hex(area_of(vector.octets)), vector.text("tlv_hex"));
}

// RFC 8972 4: the same TLVs with the same lengths come back.
void check_tlv_reply(const Vector& vector) {
  const Octets& request = stamp_vector(vector.request).octets;
  Octets out(request.size(), std::byte{0xee});
  encode_reply(out, reply_base(vector));
  const TlvOutcome outcome = reflect_tlvs(area_of(request), answers_for(vector),
                                          base::MutableBytes(out).subspan(kBaseSize));
  EXPECT_EQ(to_hex(out), to_hex(vector.octets));
  EXPECT_EQ(outcome.malformed, vector.name.starts_with("err-bad-length"));
  EXPECT_EQ(outcome.unrecognised, 0U);
  // RFC 8972 4.4: the reply leaves with the DSCP asked for, or as the request came.
  EXPECT_EQ(outcome.dscp, vector.name.starts_with("tlv-4-cos-reply") ? 46 : 34);
  EXPECT_EQ(outcome.dscp_refused, vector.name.starts_with("tlv-4-cos-refused"));

  EXPECT_EQ(decode_reply(vector.octets), reply_base(vector));
  EXPECT_EQ(classify(vector.octets), Kind::Reply);
  check_reading(vector);
}

}  // namespace wirestamp::wire
