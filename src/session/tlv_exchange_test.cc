// SPDX-License-Identifier: Apache-2.0
//
// Every TLV from the sender to the reflector and back, with the data that is true there.
#include "session/tlv_exchange_test.h"

#include <gtest/gtest.h>

#include "wire/tlv_control.h"
#include "wire/tlv_drafts.h"
#include "wire/tlv_location.h"
#include "wire/tlv_return_path.h"

namespace wirestamp::session {
namespace {

template <typename Value>
wire::AskedTlv tlv(std::uint8_t type, const Value& value, std::size_t length) {
  wire::AskedTlv asked{.type = type, .value = std::vector<std::byte>(length)};
  value.encode(asked.value);
  return asked;
}
wire::AskedTlv zeros(std::uint8_t type, std::size_t length) {
  return {.type = type, .value = std::vector<std::byte>(length)};
}
TlvRequests requests(wire::AskedTlv asked) {
  TlvRequests made;
  made.tlvs.push_back(std::move(asked));
  return made;
}
TlvRequests location() {
  const wire::LocationQuestion question;
  return requests(tlv(wire::kLocation, question, question.length()));
}
TlvRequests return_path(const wire::ReturnPath& path) {
  return requests(tlv(wire::kReturnPath, path, path.length()));
}
TlvRequests micro_session(std::uint16_t ours, std::uint16_t theirs) {
  const wire::MicroSession ids{.sender = ours, .reflector = theirs};
  TlvRequests made = requests(tlv(wire::kMicroSession, ids, wire::MicroSession::kLength));
  made.micro_session = ids;
  return made;
}
const packet::IpAddress kElsewhere = *packet::IpAddress::parse("192.0.2.9");

TEST(TlvExchange, LocationShowsThatNoNatIsBetween) {
  TlvExchange exchange(location());
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.last_reply->payload.size(), exchange.request.size());
  EXPECT_EQ(exchange.text(wire::kLocation),
            "Location: the reflector saw 10.0.0.1:40000, as sent: no NAT is between");
  EXPECT_FALSE(exchange.watch->translated());
  EXPECT_EQ(exchange.translations, 0U);
}

//= RFC8972:location-answer
TEST(TlvExchange, LocationShowsANatOnEitherSideOnceAndEachChange) {
  TlvExchange exchange(location());
  exchange.seen_source = {*packet::IpAddress::parse("198.51.100.7"), 4'711, 0};
  exchange.seen_destination = {*packet::IpAddress::parse("192.168.1.5"), 23'999, 0};
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(
      exchange.text(wire::kLocation)
          .find("Location: the reflector saw 198.51.100.7:4711, we sent from 10.0.0.1:40000: a NAT "
                "is between; it was reached at 192.168.1.5:23999"),
      0U)
      << exchange.text(wire::kLocation);
  EXPECT_TRUE(exchange.watch->translated());
  exchange.probe();
  EXPECT_EQ(exchange.news.size(), 1U);
  exchange.seen_source->port = 4'712;
  exchange.probe();
  ASSERT_EQ(exchange.news.size(), 2U);
  EXPECT_NE(exchange.news.back().find("198.51.100.7:4712"), std::string::npos);
  EXPECT_EQ(exchange.translations, 2U);
  exchange.seen_source.reset();
  exchange.seen_destination.reset();
  exchange.probe();
  EXPECT_EQ(exchange.translations, 3U) << "that it is gone is told, too";
}

TEST(TlvExchange, WhatChangesAllTheTimeIsToldAFewTimesOnly) {
  TlvExchange exchange(location());
  for (std::uint16_t port = 1; port < 100; ++port) {
    exchange.seen_source = {exchange.sender_end.address, port, 0};
    exchange.probe();
  }
  EXPECT_EQ(exchange.news.size(), 8U);
  EXPECT_NE(exchange.news.back().find("no more is told"), std::string::npos);
  EXPECT_NE(exchange.text(wire::kLocation).find("10.0.0.1:99"), std::string::npos);
}

// RFC 8972 4.2.1.
//= RFC8972:location-policy
TEST(TlvExchange, LocationIsWithheldByPolicy) {
  TlvExchange exchange(location(), {.hide_location = true});
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(wire::kLocation), "Location: the reflector does not tell what it saw");
}

// RFC 8972 4.3.
//= RFC8972:timestamp-information
TEST(TlvExchange, TimestampInformationTellsClockAndMethods) {
  TlvExchange exchange(requests(zeros(wire::kTimestampInformation, 4)),
                       {.clock_source = wire::SyncSource::Ptp});
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(wire::kTimestampInformation),
            "Timestamp Information: reflector's clock: PTP, hardware stamps of requests, software "
            "stamps of replies");
  exchange.clock.synchronised = false;
  exchange.probe();
  EXPECT_NE(exchange.text(wire::kTimestampInformation).find("free running"), std::string::npos);
}

// RFC 8972 4.5.
//= RFC8972:direct-reflector RFC8972:direct-differences
TEST(TlvExchange, DirectMeasurementCountsBothDirections) {
  TlvExchange exchange(requests(zeros(wire::kDirectMeasurement, 12)));
  ASSERT_TRUE(exchange.probe());
  // One lost on the way there, one on the way back.
  exchange.send_only();
  exchange.send_only();
  ASSERT_TRUE(exchange.reflect(exchange.request));
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(wire::kDirectMeasurement),
            "Direct Measurement: since the first reply 3 sent, 2 received there, 2 sent back, 1 "
            "received here");
  EXPECT_EQ(exchange.news.size(), 1U) << "counters are no news";
}

//= RFC8972:direct-sender
TEST(TlvExchange, DirectMeasurementDoesNotCountWhatTheSystemDidNotTake) {
  TlvExchange exchange(requests(zeros(wire::kDirectMeasurement, 12)));
  ASSERT_TRUE(exchange.probe());
  ASSERT_TRUE(exchange.probe());
  exchange.reflector->on_sent(exchange.last_reply->token,
                              {.status = packet::SendStatus::DroppedLocally});
  ASSERT_TRUE(exchange.probe());
  EXPECT_NE(exchange.text(wire::kDirectMeasurement).find("2 received there, 1 sent back"),
            std::string::npos)
      << exchange.text(wire::kDirectMeasurement);
}

// Each flow has counters of its own at both ends.
//= RFC8972:direct-differences
TEST(TlvExchange, DirectMeasurementDoesNotMixTwoFlows) {
  TlvExchange exchange(requests(zeros(wire::kDirectMeasurement, 12)));
  for (int n = 0; n < 60; ++n) ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(wire::kDirectMeasurement),
            "Direct Measurement: since the first reply 59 sent, 59 received there, 59 sent back, "
            "59 received here");
  ++exchange.sender_end.port;
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(wire::kDirectMeasurement),
            "Direct Measurement: the reflector counts the packets of the session");
  exchange.send_only();
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(
      exchange.text(wire::kDirectMeasurement),
      "Direct Measurement: since the counts began anew 2 sent, 1 received there, 1 sent back, "
      "1 received here");
  EXPECT_EQ(exchange.news.size(), 1U) << "counters are no news";
}

// The port of a fixed flow stays, and its session is another: its counters begin at 1.
TEST(TlvExchange, DirectMeasurementDoesNotMixTwoSendersOfOnePort) {
  TlvExchange exchange(requests(zeros(wire::kDirectMeasurement, 12)));
  for (int n = 0; n < 10; ++n) ASSERT_TRUE(exchange.probe());
  Continuity continuity;
  exchange.options.ssid = 8;
  exchange.sender.emplace(exchange.options, exchange.layout, exchange, continuity);
  for (int n = 0; n < 3; ++n) ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(
      exchange.text(wire::kDirectMeasurement),
      "Direct Measurement: since the counts began anew 2 sent, 2 received there, 2 sent back, "
      "2 received here");
}

TEST(TlvExchange, DirectMeasurementDoesNotMixTwoLivesOfTheReflector) {
  for (const bool tells_epoch : {true, false}) {
    TlvExchange exchange(requests(zeros(wire::kDirectMeasurement, 12)));
    // One without WSTP shows it by its counters only.
    if (!tells_epoch) {
      wire::RequestPlan plan;
      plan.asked = exchange.options.tlvs.tlvs;
      plan.usual = false;
      exchange.layout = *wire::plan_request(plan);
      ASSERT_FALSE(exchange.layout.wstp);
      exchange.sender.emplace(exchange.options, exchange.layout, exchange, exchange.continuity);
    }
    for (int n = 0; n < 20; ++n) ASSERT_TRUE(exchange.probe());
    exchange.restart_reflector();
    for (int n = 0; n < 3; ++n) ASSERT_TRUE(exchange.probe());
    EXPECT_EQ(exchange.text(wire::kDirectMeasurement),
              "Direct Measurement: since the counts began anew 2 sent, 2 received there, 2 sent "
              "back, 2 received here")
        << tells_epoch;
  }
}

// What overtakes on the way there was counted in another order than it was sent in.
TEST(TlvExchange, DirectMeasurementCountsOnWhereRequestsOvertakeEachOther) {
  TlvExchange exchange(requests(zeros(wire::kDirectMeasurement, 12)));
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(exchange.probe());
  exchange.send_only();
  const std::vector<std::byte> overtaken = exchange.request;
  exchange.send_only();
  const auto octets = [&](const std::vector<std::byte>& request) {
    const auto reply = exchange.reflect(request);
    return std::vector<std::byte>(reply->payload.begin(), reply->payload.end());
  };
  const std::vector<std::byte> newer = octets(exchange.request), older = octets(overtaken);
  packet::OutgoingDatagram reply = *exchange.last_reply;
  for (const auto& one : {older, newer}) {
    reply.payload = one;
    exchange.deliver(reply);
  }
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(
      exchange.text(wire::kDirectMeasurement),
      "Direct Measurement: since the first reply 22 sent, 22 received there, 22 sent back, 22 "
      "received here");
}

TlvRequests access_report() {
  const wire::AccessReport report{.access = wire::AccessReport::k3gpp,
                                  .return_code = wire::AccessReport::kUnavailable};
  return requests(tlv(wire::kAccessReport, report, wire::AccessReport::kLength));
}

//= RFC8972:access-copied
TEST(TlvExchange, AnAccessReportComesBackAsItsReceipt) {
  TlvExchange exchange(access_report());
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(wire::kAccessReport),
            "Access Report: the reflector received the report: 3GPP access unavailable");
  EXPECT_EQ(exchange.reflector->counters().access_reports, 1U);
}

// RFC 8972 4.6: 3 s, and four times.
//= RFC8972:access-repeated
TEST(TlvExchange, AnAccessReportWithoutReceiptIsRepeatedFourTimes) {
  TlvExchange exchange(access_report());
  exchange.send_only();
  exchange.sender->end(/*fetch=*/true, exchange.now);
  std::vector<Duration> sent;
  for (unsigned turn = 0; turn < 100 && !exchange.sender->finished(); ++turn)
    if (exchange.wake_at(*exchange.sender->next_wake()))
      sent.push_back(exchange.now - TlvExchange::kStart);
  EXPECT_TRUE(exchange.sender->finished());
  EXPECT_EQ(sent, (std::vector{Duration::seconds(3), Duration::seconds(6), Duration::seconds(9),
                               Duration::seconds(12)}));
}

//= RFC8972:access-receipt
TEST(TlvExchange, AnAccessReportIsRepeatedUntilItsReceipt) {
  TlvExchange exchange(access_report());
  exchange.send_only();
  ASSERT_TRUE(exchange.wake_at(exchange.now + Duration::seconds(3)));
  ASSERT_TRUE(exchange.carry());
  EXPECT_FALSE(exchange.wake_at(exchange.now + Duration::seconds(9)));
}

// RFC 9503 3.
//= RFC9503:node-not-ours RFC9503:node-is-source
TEST(TlvExchange, ADestinationNodeIsTheSourceOfTheReply) {
  TlvRequests asked = requests(zeros(wire::kDestinationNode, 4));
  wire::encode_address(asked.tlvs.front().value, kElsewhere);
  asked.answers_from = kElsewhere;
  TlvExchange exchange(asked, {.own = {kElsewhere}});
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.last_reply->source, kElsewhere);
  EXPECT_EQ(exchange.sender->counters().replies, 1U) << "and the sender takes it";
  EXPECT_EQ(exchange.text(wire::kDestinationNode),
            "Destination Node Address: 192.0.2.9 is an address of the reflector");

  TlvExchange other(asked);
  ASSERT_TRUE(other.probe());
  EXPECT_EQ(other.last_reply->source, other.reflector_end.address);
  EXPECT_EQ(other.answer(wire::kDestinationNode), TlvAnswer::NotUnderstood);
}

// RFC 9503 4.1.1.
//= RFC9503:path-no-reply
TEST(TlvExchange, AReturnPathMayWantNoReply) {
  TlvRequests asked = return_path({.control_code = wire::ReturnPath::kNoReply});
  TlvExchange exchange(asked);
  EXPECT_FALSE(exchange.probe());
  EXPECT_EQ(exchange.reflector->counters().reply_unwanted, 1U);
}

//= RFC9503:path-same-link
TEST(TlvExchange, AReturnPathMayWantTheSameLink) {
  TlvExchange exchange(return_path({.control_code = wire::ReturnPath::kSameLink}));
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.last_reply->interface, 3U);
  EXPECT_EQ(exchange.text(wire::kReturnPath),
            "Return Path: replies come by the link that the request came by");
}

// RFC 9503 4.1.2: by permission only.
//= RFC9503:path-address RFC9503:path-address-refused
TEST(TlvExchange, AReturnAddressIsTakenWhereItIsPermitted) {
  const TlvRequests asked = return_path({.control_code = {}, .address = kElsewhere});
  TlvExchange refused(asked);
  ASSERT_TRUE(refused.probe());
  EXPECT_EQ(refused.last_reply->destination, refused.sender_end);
  EXPECT_EQ(refused.text(wire::kReturnPath),
            "Return Path: not understood, or refused (U): `--return-to` there permits it");

  TlvExchange permitted(asked, {.return_to = {*packet::Prefix::parse("192.0.2.0/24")}});
  ASSERT_TRUE(permitted.probe());
  EXPECT_EQ(permitted.last_reply->destination,
            (packet::Endpoint{kElsewhere, permitted.sender_end.port, 0}));
  EXPECT_EQ(permitted.text(wire::kReturnPath), "Return Path: replies come to 192.0.2.9");
}

//= RFC9503:path-address-refused
TEST(TlvExchange, AReturnAddressIsNeverOurOwnNorMany) {
  for (const char* address : {"10.0.0.2", "224.0.0.1", "255.255.255.255"}) {
    TlvExchange exchange(
        return_path({.control_code = {}, .address = *packet::IpAddress::parse(address)}),
        {.return_to = {*packet::Prefix::parse("0.0.0.0/0")}});
    ASSERT_TRUE(exchange.probe());
    EXPECT_EQ(exchange.last_reply->destination, exchange.sender_end) << address;
  }
}

// RFC 9534 3.
//= RFC9534:other-link-discarded RFC9534:reply-ids
TEST(TlvExchange, AMicroSessionTellsTheMemberLinks) {
  TlvExchange exchange(micro_session(1, 0), {.micro_session = 2});
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(wire::kMicroSession), "Micro-session ID: member link 1 here is 2 there");
  TlvExchange another(micro_session(1, 9), {.micro_session = 2});
  EXPECT_FALSE(another.probe());
  EXPECT_EQ(another.reflector->counters().wrong_link, 1U);
  TlvExchange unknown(micro_session(1, 0));
  ASSERT_TRUE(unknown.probe());
  EXPECT_EQ(unknown.text(wire::kMicroSession),
            "Micro-session ID: the peer does not know it (U): `--micro-session` there tells the "
            "number of its link");
}

//= RFC9534:reply-validated
TEST(TlvExchange, AReplyOverAnotherMemberLinkIsNotTaken) {
  TlvExchange exchange(micro_session(1, 0), {.micro_session = 2});
  ASSERT_TRUE(exchange.probe());
  ASSERT_TRUE(exchange.probe());
  std::vector<std::byte> octets(exchange.last_reply->payload.begin(),
                                exchange.last_reply->payload.end());
  base::store_be(octets, wire::kBaseSize + wire::kTlvHeader + 2, std::uint16_t{3});
  packet::OutgoingDatagram other = *exchange.last_reply;
  other.payload = octets;
  exchange.deliver(other);
  EXPECT_EQ(exchange.sender->counters().wrong_link, 1U);
  EXPECT_EQ(exchange.sender->counters().replies, 2U);
}

//= draft-asymmetrical-pkts:off-by-default
TEST(TlvExchange, ReplyControlIsOffByDefault) {
  const wire::ReflectedControl control{.length = 1'000, .count = 5, .layer3_group = {}};
  TlvExchange exchange(requests(tlv(wire::kReflectedControl, control, control.value_length())));
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.last_reply->payload.size(), exchange.request.size());
  EXPECT_EQ(exchange.text(wire::kReflectedControl),
            "Reflected Test Packet Control: understood, the peer could not do it (C): "
            "`--reply-control` there permits it to sources of its --allow, up to that number");
}

// draft-ietf-ippm-asymmetrical-pkts 3.
//= draft-asymmetrical-pkts:number
TEST(TlvExchange, ReplyControlBringsSeveralLargerReplies) {
  const wire::ReflectedControl control{
      .length = 1'000, .count = 3, .interval_ns = 5'000'000, .layer3_group = {}};
  TlvExchange exchange(requests(tlv(wire::kReflectedControl, control, control.value_length())),
                       {.control = wire::ControlPolicy{}});
  const MonoTime began = exchange.now;
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.last_reply->payload.size(), 1'000U);
  EXPECT_EQ(exchange.answer(wire::kReflectedControl), TlvAnswer::Answered);
  for (std::uint32_t n = 1; n < 3; ++n) {
    const auto due = exchange.reflector->next_wake();
    ASSERT_TRUE(due);
    EXPECT_EQ(*due, began + Duration::milliseconds(5) * n);
    EXPECT_FALSE(exchange.reflector->further_reply(exchange.at(*due - Duration::nanoseconds(1)),
                                                   exchange.clock));
    const auto further = exchange.reflector->further_reply(exchange.at(*due), exchange.clock);
    ASSERT_TRUE(further);
    EXPECT_EQ(further->datagram.payload.size(), 1'000U);
    EXPECT_EQ(base::load_be<std::uint32_t>(further->datagram.payload, 0), n);
    exchange.deliver(further->datagram);
  }
  EXPECT_FALSE(exchange.reflector->next_wake());
  EXPECT_EQ(exchange.sender->counters().further_replies, 2U);
  EXPECT_EQ(exchange.reflector->counters().further_replies, 2U);
}

//= draft-asymmetrical-pkts:limits
TEST(TlvExchange, ReplyControlBeyondTheLimitsOrWhileOneRunsGetsOneReply) {
  const auto asking = [](std::uint16_t count) {
    const wire::ReflectedControl control{
        .length = 100, .count = count, .interval_ns = 5'000'000, .layer3_group = {}};
    return requests(tlv(wire::kReflectedControl, control, control.value_length()));
  };
  TlvExchange greedy(asking(101), {.control = wire::ControlPolicy{}});
  ASSERT_TRUE(greedy.probe());
  EXPECT_FALSE(greedy.reflector->next_wake());
  EXPECT_EQ(greedy.answer(wire::kReflectedControl), TlvAnswer::NotFulfilled);

  TlvExchange twice(asking(100), {.control = wire::ControlPolicy{}});
  ASSERT_TRUE(twice.probe());
  EXPECT_EQ(twice.answer(wire::kReflectedControl), TlvAnswer::Answered);
  ASSERT_TRUE(twice.probe());
  EXPECT_EQ(twice.answer(wire::kReflectedControl), TlvAnswer::NotFulfilled);
}

//= draft-stamp-ber:bits-counted
TEST(TlvExchange, BitErrorsAreCountedWhereDraftsAreOn) {
  TlvRequests asked = requests(zeros(wire::kBitErrors, 4));
  asked.padding_pattern = {std::byte{0xff}, std::byte{0}};
  TlvExchange off(asked);
  ASSERT_TRUE(off.probe());
  EXPECT_EQ(off.answer(wire::kBitErrors), TlvAnswer::NotUnderstood);
  EXPECT_EQ(off.text(wire::kBitErrors),
            "Bit Error Count: the peer does not know it (U): `--drafts` there switches it on");
  TlvExchange on(asked, {.drafts = true});
  ASSERT_TRUE(on.probe());
  EXPECT_EQ(on.text(wire::kBitErrors), "Bit Error Count: 0 bits arrived wrong");
  on.send_only();
  on.request.back() ^= std::byte{7};
  ASSERT_TRUE(on.carry());
  EXPECT_EQ(on.text(wire::kBitErrors), "Bit Error Count: 3 bits arrived wrong");
}

// RFC 8972 4.7.
//= RFC8972:follow-up
TEST(TlvExchange, FollowUpTelemetryTellsOfThePreviousReplyAndOfNoEarlierOne) {
  TlvExchange exchange({});
  ASSERT_TRUE(exchange.layout.follow_up);
  const std::size_t value = *exchange.layout.follow_up + wire::kTlvHeader;
  struct Told {
    std::uint32_t sequence;
    bool stamped;
    bool operator==(const Told&) const = default;
  };
  // What the next reply tells of the one before; then its own stamp comes, or does not.
  const auto next = [&](bool stamp_comes) {
    exchange.send_only();
    const auto reply = exchange.reflect(exchange.request);
    EXPECT_TRUE(reply);
    const Told told{base::load_be<std::uint32_t>(reply->payload, value),
                    base::load_be<std::uint64_t>(reply->payload, value + 4) != 0};
    if (stamp_comes)
      exchange.reflector->on_transmit_stamp(reply->token,
                                            exchange.at(exchange.now, StampSource::Kernel));
    exchange.now = exchange.now + Duration::milliseconds(10);
    return told;
  };
  EXPECT_EQ(next(true), (Told{0, false})) << "the first reply has none before it";
  EXPECT_EQ(next(true), (Told{0, true}));
  EXPECT_EQ(next(false), (Told{1, true}));
  EXPECT_EQ(next(true), (Told{0, false})) << "the stamp of 2 is not known, and that of 1 is old";
  EXPECT_EQ(next(true), (Told{3, true}));
}

//= RFC8972:unknown-gets-u RFC8972:sender-skips-u
TEST(TlvExchange, ATypeThatNobodyKnowsComesBackWithU) {
  TlvExchange exchange(requests(zeros(200, 7)));
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(200), "TLV 200: the peer does not know it (U)");
  EXPECT_EQ(exchange.answer(wire::kFollowUpTelemetry), TlvAnswer::Answered) << "those behind do";
}

//= RFC8972:sender-discards-at-i
TEST(TlvExchange, ThatNoneIsBelievedIsToldOnce) {
  TlvExchange exchange(requests(zeros(wire::kTimestampInformation, 4)));
  for (int n = 0; n < 3; ++n) {
    exchange.send_only();
    ASSERT_TRUE(exchange.reflect(exchange.request));
    // As a reflector answers that wants an HMAC over them.
    std::vector<std::byte> octets(exchange.last_reply->payload.begin(),
                                  exchange.last_reply->payload.end());
    wire::TlvReader reader(base::Bytes(octets).subspan(wire::kBaseSize));
    while (const auto tlv = reader.next())
      octets[wire::kBaseSize + tlv->offset] = std::byte{wire::kIntegrity};
    packet::OutgoingDatagram refused = *exchange.last_reply;
    refused.payload = octets;
    exchange.now = exchange.now + Duration::milliseconds(10);
    exchange.deliver(refused);
  }
  EXPECT_EQ(exchange.news,
            (std::vector<std::string>{
                "no TLV is believed: the reflector wants an HMAC over them (I). Give its key here, "
                "too, with --key-file and --tlv-hmac"}));
  EXPECT_EQ(exchange.answer(wire::kTimestampInformation), TlvAnswer::IntegrityFailed);
  EXPECT_EQ(exchange.answer(wire::kWstp), TlvAnswer::IntegrityFailed);
}

//= RFC8972:sender-stops-at-m
TEST(TlvExchange, AMalformedOneEndsTheReading) {
  TlvExchange exchange(requests(zeros(wire::kDirectMeasurement, 5)));
  ASSERT_TRUE(exchange.probe());
  EXPECT_EQ(exchange.text(wire::kDirectMeasurement),
            "Direct Measurement: malformed (M); nothing behind it is read");
  EXPECT_EQ(exchange.answer(wire::kFollowUpTelemetry), TlvAnswer::None);
  EXPECT_EQ(exchange.reflector->counters().tlv_malformed, 1U);
}

// RFC 8972 4.4: by the list of the operator, besides 0 and the request's own.
//= RFC8972:cos-policy
TEST(TlvExchange, ADscpOutsideTheListIsRefused) {
  for (const bool listed : {false, true}) {
    TlvExchange exchange({}, {}, listed ? std::uint64_t{1} << 46U : 0);
    exchange.sender.reset();
    wire::encode_probe(exchange.layout,
                       {.timestamp = 1, .error_estimate = 1, .ssid = 7, .dscp = 46},
                       exchange.request = std::vector<std::byte>(exchange.layout.size));
    ASSERT_TRUE(exchange.reflect(exchange.request));
    EXPECT_EQ(exchange.last_reply->traffic_class >> 2U, listed ? 46U : 0U);
    EXPECT_EQ(exchange.reflector->counters().dscp_refused, listed ? 0U : 1U);
  }
}

}  // namespace
}  // namespace wirestamp::session
