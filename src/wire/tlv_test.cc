// SPDX-License-Identifier: Apache-2.0
#include "wire/tlv.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "wire/reflect_packet.h"
#include "wire/reply_tlvs.h"
#include "wire/request_layout.h"
#include "wire/stamp.h"
#include "wire/stamp_auth.h"
#include "wire/vectors_test.h"

// The vectors of packets with TLVs: requests made by our encoders, replies by reflect_packet(), and
// both read back.
namespace wirestamp::wire {

namespace {

constexpr unsigned kAf41Ect0 = 34U << 2U | 2U;  // as which most requests of the file arrived

template <typename T>
AskedTlv asked(std::uint8_t type, const T& value) {
  AskedTlv tlv{.type = type, .value = Octets(T::kLength)};
  value.encode(tlv.value);
  return tlv;
}

AskedTlv class_of_service(std::uint8_t dscp, std::uint8_t ecn = 0) {
  return asked(kClassOfService, ClassOfService{.wanted_dscp = dscp, .wanted_ecn = ecn});
}

AskedTlv location() {
  const LocationQuestion question;
  AskedTlv tlv{.type = kLocation, .value = Octets(question.length())};
  question.encode(tlv.value);
  return tlv;
}

AskedTlv return_path(const ReturnPath& path) {
  EXPECT_TRUE(path.valid());
  AskedTlv tlv{.type = kReturnPath, .value = Octets(path.length())};
  path.encode(tlv.value);
  return tlv;
}

AskedTlv control(std::optional<packet::Prefix> group = std::nullopt) {
  const ReflectedControl control{
      .length = 200, .count = 3, .interval_ns = 10'000'000, .layer3_group = group};
  AskedTlv tlv{.type = kReflectedControl, .value = Octets(control.value_length())};
  control.encode(tlv.value);
  return tlv;
}

AskedTlv node(std::string_view text) {
  const auto address = *packet::IpAddress::parse(text);
  AskedTlv tlv{.type = kDestinationNode, .value = Octets(address_length(address.family()))};
  encode_address(tlv.value, address);
  return tlv;
}

AskedTlv zeros(std::uint8_t type, std::size_t length) {
  return {.type = type, .value = Octets(length)};
}

AskedTlv direct(std::uint32_t sent) {
  return asked(kDirectMeasurement, DirectMeasurement{.sender_sent = sent});
}

AskedTlv padding() { return {.type = kExtraPadding, .value = from_hex("a5c3961e0f7788ff")}; }

packet::IpAddress address(std::string_view text) { return *packet::IpAddress::parse(text); }

std::vector<AskedTlv> asked_in(const std::string& name) {
  const std::array<std::pair<std::string_view, std::function<std::vector<AskedTlv>()>>, 26> all{{
      {"tlv-1-padding", [] { return std::vector{padding()}; }},
      {"tlv-2-location", [] { return std::vector{location()}; }},
      {"tlv-3-timestamp-info", [] { return std::vector{zeros(kTimestampInformation, 4)}; }},
      {"tlv-4-cos-refused", [] { return std::vector{class_of_service(48)}; }},
      {"tlv-4-cos-ec1", [] { return std::vector{class_of_service(46, 1)}; }},
      {"tlv-4-cos", [] { return std::vector{class_of_service(46)}; }},
      {"tlv-5-direct", [] { return std::vector{direct(1000)}; }},
      {"tlv-6-access",
       [] {
         return std::vector{
             asked(kAccessReport, AccessReport{.access = AccessReport::kNon3gpp,
                                               .return_code = AccessReport::kUnavailable})};
       }},
      {"tlv-7-followup",
       [] { return std::vector{asked(kFollowUpTelemetry, FollowUpTelemetry{})}; }},
      {"tlv-9-dest-node-v4", [] { return std::vector{node("192.0.2.20")}; }},
      {"tlv-9-dest-node-v6", [] { return std::vector{node("2001:db8::20")}; }},
      {"tlv-10-return-samelink",
       [] { return std::vector{return_path({.control_code = ReturnPath::kSameLink})}; }},
      {"tlv-10-return-none",
       [] { return std::vector{return_path({.control_code = ReturnPath::kNoReply})}; }},
      {"tlv-10-return-address",
       [] { return std::vector{return_path({.address = address("203.0.113.5")})}; }},
      {"tlv-10-srmpls",
       [] {
         return std::vector{
             return_path({.label_stack = {16'001U << 12U | 255U, 24'002U << 12U | 0x1ffU}})};
       }},
      {"tlv-10-srv6",
       [] {
         return std::vector{
             return_path({.segments = {address("2001:db8:a::1"), address("2001:db8:b::1")}})};
       }},
      {"tlv-11-micro",
       [] { return std::vector{asked(kMicroSession, MicroSession{.sender = 0x11})}; }},
      {"tlv-12-reflected-control", [] { return std::vector{control()}; }},
      {"tlv-12-l3-group",
       [] { return std::vector{control(*packet::Prefix::parse("192.0.2.0/24"))}; }},
      {"err-unknown",
       [] { return std::vector{class_of_service(46), {200, from_hex("61626364")}, direct(9)}; }},
      {"err-bad-length", [] { return std::vector{zeros(kClassOfService, 8), direct(9)}; }},
      {"exp-ber",
       [] {
         return std::vector<AskedTlv>{{kBitPattern, from_hex("ff00")},
                                      zeros(kBitErrors, 4),
                                      zeros(kErrorBurst, 4),
                                      {kExtraPadding, from_hex("ff00ff00ff00ff00")}};
       }},
      {"auth-padding-only", [] { return std::vector{padding()}; }},
      {"auth-tlv",
       [] { return std::vector{class_of_service(46), zeros(kTimestampInformation, 4)}; }},
      {"hmac-misplaced", [] { return std::vector{class_of_service(46)}; }},
      {"hmac-unauth",
       [] { return std::vector{class_of_service(46), zeros(kTimestampInformation, 4)}; }},
  }};
  for (const auto& [prefix, make] : all)
    if (name.starts_with(prefix)) return make();
  ADD_FAILURE() << name;
  return {};
}

bool authenticated(const Vector& vector) { return vector.name.starts_with("auth-"); }
bool protected_by_hmac(const Vector& vector) { return vector.has("key"); }

Mode mode_of(const Vector& vector) {
  return authenticated(vector) ? Mode::Authenticated : Mode::Open;
}

crypto::Hmac key_of(const Vector& vector) {
  return {crypto::Hash::Sha256, from_hex(vector.text("key"))};
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

base::Bytes area_of(const Vector& vector) {
  return base::Bytes(vector.octets).subspan(base_size(mode_of(vector)));
}

// The request, written by the encoders that the sender uses.
Octets requested(const Vector& vector) {
  const RequestBase base = request_base();
  const crypto::Hmac key =
      protected_by_hmac(vector) ? key_of(vector) : crypto::Hmac(crypto::Hash::Sha256, Octets(32));
  // The sender of this one has another key than the one that the vector tells.
  const crypto::Hmac wrong(crypto::Hash::Sha256, Octets(32));
  const bool wrong_key = vector.name.starts_with("hmac-unauth-wrong-key");
  RequestPlan plan;
  plan.mode = mode_of(vector);
  plan.hmac = protected_by_hmac(vector) && vector.name != "auth-padding-only-request";
  plan.usual = false;
  if (vector.name.starts_with("err-short-tail") || vector.name.starts_with("err-truncated")) {
    plan.asked =
        vector.name.starts_with("err-truncated") ? std::vector{direct(9)} : std::vector<AskedTlv>{};
  } else if (!vector.name.starts_with("auth-padding-only")) {
    plan.asked = asked_in(vector.name);
  }
  // No sender writes these: the HMAC TLV first, what is cut off, what is too short for a TLV.
  if (vector.name.starts_with("hmac-misplaced")) plan.asked.clear();
  if (vector.name.starts_with("hmac-unauth-padding-after") ||
      vector.name.starts_with("auth-padding-only")) {
    plan.padding_pattern = padding().value;
    plan.size = static_cast<std::uint32_t>(vector.octets.size());
  }
  const auto layout = plan_request(plan);
  EXPECT_TRUE(layout) << layout.error().text;
  Octets out(layout->size);
  encode_probe(*layout,
               {.sequence = base.sequence,
                .timestamp = base.timestamp,
                .error_estimate = base.error_estimate,
                .ssid = base.ssid,
                .sent = vector.name.starts_with("tlv-5") ? 1000U : 9U},
               out, wrong_key ? &wrong : &key);
  Octets tail;
  if (vector.name.starts_with("err-short-tail")) tail = from_hex("a55a");
  if (vector.name.starts_with("err-truncated")) tail = from_hex("8001006400010203");
  if (vector.name.starts_with("hmac-misplaced")) {
    tail.resize(kTlvHeader);
    write_tlv_header(tail, 0, kUnrecognised, kClassOfService, 4);
    const AskedTlv behind = asked_in(vector.name).front();
    tail.insert(tail.end(), behind.value.begin(), behind.value.end());
  }
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

LocationAnswer seen_location(bool v6) {
  if (v6)
    return {.destination = {.address = address("2001:db8::20"), .port = 862},
            .source = {.address = address("2001:db8:1::10"), .port = 50'000},
            .source_mac = std::nullopt};
  LocationAnswer answer{.destination = {.address = address("192.0.2.20"), .port = 862},
                        .source = {.address = address("198.51.100.10"), .port = 50'000},
                        .source_mac = MacAddress()};
  std::ranges::copy(from_hex("02005e10a0b1"), answer.source_mac->begin());
  return answer;
}

// The host of the file has one IPv4 address, and does what is asked but for CS6 and Return Address.
TlvPolicy policy_for(const Vector& vector) {
  TlvPolicy policy;
  policy.own = [](const packet::Prefix& prefix) { return prefix.contains(address("192.0.2.20")); };
  policy.return_path.emplace();
  policy.cos_ecn = vector.name.starts_with("tlv-4-cos-ec1");
  policy.permitted_dscp = 1ULL << 46U;
  return policy;
}

TlvAnswers answers_for(const Vector& vector, const TlvPolicy& policy) {
  TlvAnswers answers;
  answers.policy = &policy;
  answers.received_traffic_class =
      vector.name.starts_with("tlv-4-cos-ec1") ? 46U << 2U | 3U : kAf41Ect0;
  const auto ntp = static_cast<std::uint8_t>(SyncSource::Ntp);
  const auto local = static_cast<std::uint8_t>(method_of(StampSource::Kernel));
  answers.timestamp_information = {ntp, local, ntp, local};
  if (vector.name == "tlv-7-followup-reply")
    answers.follow_up = FollowUpTelemetry{
        .sequence = 4,
        .timestamp = encode_time(vector.instant("follow_up_unix"), TimeFormat::Ntp, kTai),
        .method = static_cast<std::uint8_t>(method_of(StampSource::Hardware))};
  answers.location = seen_location(vector.name.contains("-v6"));
  answers.direct = vector.name.starts_with("tlv-5") ? DirectCounters{.received = 998, .sent = 997}
                                                    : DirectCounters{.received = 8, .sent = 7};
  answers.access_reports = true;
  answers.micro_session = 0x22;
  return answers;
}

struct Answered {
  Octets octets;
  ReflectedPacket packet;
};

Answered answered(const Vector& request, const Vector& vector) {
  const TlvPolicy policy = policy_for(vector);
  TlvAnswers answers = answers_for(vector, policy);
  std::optional<crypto::Hmac> key;
  if (protected_by_hmac(request)) key = key_of(request);
  const ReflectMode mode{.mode = mode_of(request), .key = key ? &*key : nullptr};
  const CheckedRequest checked = check_request(request.octets, mode);
  EXPECT_EQ(checked.verdict, RequestVerdict::Good);
  EXPECT_EQ(checked.asked, request_base());
  const std::uint32_t sequence =
      vector.has("reflector_sequence")
          ? static_cast<std::uint32_t>(vector.number("reflector_sequence"))
          : checked.asked.sequence;
  Answered answered{.octets = Octets(packet_room(request.octets.size(), &policy), std::byte{0xee}),
                    .packet = {}};
  answered.packet = reflect_packet(
      request.octets, checked, mode,
      {.sequence = sequence, .receive_timestamp = encode_time(kT2, TimeFormat::Ntp, kTai)}, answers,
      answered.octets);
  stamp_reply(answered.octets, mode, encode_time(kT3, TimeFormat::Ntp, kTai),
              encode_error_estimate(true, TimeFormat::Ntp, Duration::microseconds(1)));
  answered.octets.resize(answered.packet.size);
  return answered;
}

//= RFC8972:location-ports RFC8972:location-answer
void check_location(const Vector& vector, const ReplyTlvs& told) {
  const LocationAnswer seen = seen_location(vector.name.contains("-v6"));
  EXPECT_EQ(told.location, (Location{.destination_port = seen.destination.port,
                                     .source_port = seen.source.port,
                                     .source_mac = seen.source_mac,
                                     .destination = seen.destination.address,
                                     .source = seen.source.address}));
}

//= RFC8972:cos-received draft-stamp-cos-ecn:ecn-done
void check_class_of_service(const Vector& vector, const ReplyTlvs& told) {
  const bool refused = vector.name.starts_with("tlv-4-cos-refused");
  const bool draft = vector.name.starts_with("tlv-4-cos-ec1");
  EXPECT_EQ(told.class_of_service,
            (ClassOfService{.wanted_dscp = static_cast<std::uint8_t>(refused ? 48 : 46),
                            .received_dscp = static_cast<std::uint8_t>(draft ? 46 : 34),
                            .received_ecn = static_cast<std::uint8_t>(draft ? 3 : 2),
                            .refused = static_cast<std::uint8_t>(refused ? 1 : 0),
                            .wanted_ecn = static_cast<std::uint8_t>(draft ? 1 : 0),
                            .ecn_result = static_cast<std::uint8_t>(draft ? 3 : 0)}));
}

// What the sender makes of the reply's TLVs.
//= RFC8972:timestamp-information RFC8972:follow-up RFC8972:follow-up-stateless RFC9534:reply-ids
void check_reading(const Vector& vector) {
  std::optional<crypto::Hmac> key;
  if (protected_by_hmac(vector)) key = key_of(vector);
  const ReplyTlvs told = read_reply_tlvs(
      area_of(vector), base::load_be<std::uint32_t>(vector.octets, 0),
      {.key = key ? &*key : nullptr, .mode = mode_of(vector), .required = key.has_value()});
  const auto is = [&](std::string_view prefix) { return vector.name.starts_with(prefix); };
  EXPECT_EQ(told.integrity_failed, is("hmac-unauth-wrong-key") || is("hmac-misplaced"));
  EXPECT_EQ(told.verified, key && !told.integrity_failed);
  EXPECT_EQ(told.malformed, is("err-truncated") || is("err-bad-length"));
  EXPECT_EQ(told.refused(kDestinationNode), is("tlv-9-dest-node-v6-wrong"));
  EXPECT_EQ(told.refused(kReturnPath), is("tlv-10-return-address"));
  EXPECT_EQ(told.refused(200), is("err-unknown"));
  EXPECT_EQ(told.return_path, is("tlv-10-return-samelink"));
  EXPECT_EQ(told.unfulfilled, is("tlv-12-") ? 1U : 0U);
  EXPECT_FALSE(told.reflected_control);
  if (is("tlv-2-")) check_location(vector, told);
  if (is("tlv-4-") || is("err-unknown")) check_class_of_service(vector, told);
  if (is("tlv-3-") || told.verified) {
    EXPECT_EQ(told.timestamp_information, (TimestampInformation{1, 2, 1, 2}));
  }
  std::optional<DirectMeasurement> counted;
  if (is("tlv-5-")) counted = {1000, 998, 997};
  if (is("err-unknown") || is("err-truncated")) counted = {9, 8, 7};
  EXPECT_EQ(told.direct, counted);
  if (is("tlv-6-")) {
    EXPECT_EQ(told.access_report, (AccessReport{2, 2}));
  }
  if (is("tlv-7-followup-reply")) {
    EXPECT_EQ(told.follow_up, (FollowUpTelemetry{4, 0xe8fe6f7f22ce251e, 1}));
  }
  if (is("tlv-7-followup-stateless")) {
    EXPECT_EQ(told.follow_up, FollowUpTelemetry{});
  }
  if (is("tlv-9-dest-node-v4")) {
    EXPECT_EQ(told.destination_node, address("192.0.2.20"));
  }
  if (is("tlv-11-")) {
    EXPECT_EQ(told.micro_session, (MicroSession{0x11, 0x22}));
  }
}

}  // namespace

// RFC 8972 4: the sender sets U in each TLV.
//= RFC8762:sender-layout-auth RFC8972:sender-sets-u RFC8972:location-question RFC8972:cos-zeros
//= RFC8972:direct-sender RFC8972:follow-up-zeros RFC8972:hmac-tlv-input RFC9534:sender-ids
void check_tlv_request(const Vector& vector) {
  EXPECT_EQ(to_hex(requested(vector)), to_hex(vector.octets));
  if (vector.has("tlv_hex")) {
    EXPECT_EQ(to_hex(area_of(vector)), vector.text("tlv_hex"));
  }
  if (!authenticated(vector)) {
    EXPECT_EQ(decode_request(vector.octets), request_base());
    EXPECT_EQ(classify(vector.octets), Kind::Request);
    return;
  }
  EXPECT_TRUE(authentic(vector.octets, key_of(vector)));
  EXPECT_EQ(decode_auth_request(vector.octets), request_base());
  EXPECT_EQ(classify_auth(vector.octets), Kind::Request);
}

// A request alone: what becomes of it here.
//= RFC9503:path-no-reply
void check_lone_tlv_request(const Vector& vector) {
  check_tlv_request(vector);
  const Answered answer = answered(vector, vector);
  const TlvOutcome& tlvs = answer.packet.tlvs;
  EXPECT_EQ(answer.packet.size, vector.octets.size());
  EXPECT_EQ(tlvs.silence == Silence::ReturnPath, vector.has("expect"));
  EXPECT_FALSE(tlvs.malformed || tlvs.integrity_failed || tlvs.burst);
  const bool segments = vector.name.starts_with("tlv-10-sr");
  const bool draft = vector.name.starts_with("exp-");
  EXPECT_EQ(tlvs.unrecognised, draft ? 3U : segments ? 1U : 0U);
  EXPECT_EQ(tlvs.unfulfilled, vector.name.starts_with("tlv-12-") ? 1U : 0U);
}

// RFC 8972 4: the same TLVs with the same lengths come back.
//= RFC8762:symmetrical-size RFC8762:fields-copied RFC8972:understood-clears RFC8972:sender-skips-u
//= RFC8972:padding-copied RFC8972:location-length RFC8972:cos-permitted RFC8972:hmac-tlv-input
//= RFC8972:hmac-tlv-place RFC8972:hmac-tlv-first RFC8972:hmac-tlv-failed RFC8972:hmac-tlv-reply
//= RFC9503:node-not-ours RFC9503:path-usable
void check_tlv_reply(const Vector& vector) {
  const auto is = [&](std::string_view prefix) { return vector.name.starts_with(prefix); };
  const Answered answer = answered(stamp_vector(vector.request), vector);
  const TlvOutcome& outcome = answer.packet.tlvs;
  EXPECT_EQ(to_hex(answer.octets), to_hex(vector.octets));
  EXPECT_EQ(outcome.malformed, is("err-bad-length") || is("err-truncated"));
  EXPECT_EQ(outcome.unrecognised,
            is("err-unknown") || is("tlv-9-dest-node-v6") || is("tlv-10-return-address") ? 1U : 0U);
  EXPECT_EQ(outcome.integrity_failed, is("hmac-misplaced") || is("hmac-unauth-wrong-key"));
  EXPECT_EQ(outcome.silence, Silence::None);
  EXPECT_EQ(outcome.same_link, is("tlv-10-return-samelink"));
  EXPECT_EQ(outcome.source,
            is("tlv-9-dest-node-v4") ? std::optional(address("192.0.2.20")) : std::nullopt);
  EXPECT_FALSE(outcome.destination);
  EXPECT_EQ(outcome.access_report.has_value(), is("tlv-6-"));
  EXPECT_EQ(outcome.unfulfilled, is("tlv-12-") ? 1U : 0U);
  // RFC 8972 4.4: the reply leaves with the DSCP asked for, or as the request came.
  const bool ef = is("tlv-4-cos-reply") || is("tlv-4-cos-ec1") || is("err-unknown") ||
                  is("auth-tlv") || (is("hmac-unauth") && !outcome.integrity_failed);
  EXPECT_EQ(outcome.dscp, ef ? 46 : 34);
  EXPECT_EQ(outcome.ecn, is("tlv-4-cos-ec1") ? 1 : 0);
  EXPECT_EQ(outcome.dscp_refused, is("tlv-4-cos-refused"));

  if (authenticated(vector)) {
    EXPECT_TRUE(authentic(vector.octets, key_of(vector)));
    EXPECT_EQ(decode_auth_reply(vector.octets), reply_base(vector));
    EXPECT_EQ(classify_auth(vector.octets), Kind::Reply);
  } else {
    EXPECT_EQ(decode_reply(vector.octets), reply_base(vector));
    EXPECT_EQ(classify(vector.octets), Kind::Reply);
  }
  check_reading(vector);
}

}  // namespace wirestamp::wire
