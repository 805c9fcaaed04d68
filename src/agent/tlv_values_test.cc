// SPDX-License-Identifier: Apache-2.0
#include "agent/tlv_values.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "agent/session_plan.h"
#include "wire/tlv.h"

namespace wirestamp::agent {
namespace {

using session::TlvRequests;

TlvRequests of(const std::vector<std::string>& texts) {
  const auto requests = tlv_requests(texts);
  EXPECT_TRUE(requests) << requests.error().text;
  return requests.value_or(TlvRequests());
}
std::string error(const std::string& text) {
  const auto requests = tlv_requests(std::vector{text});
  return requests ? std::string() : requests.error().text;
}
std::string octets(const std::string& text) {
  const TlvRequests requests = of({text});
  std::string hex;
  for (const std::byte octet : requests.tlvs.front().value) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned>(octet) >> 4U];
    hex += kDigits[static_cast<unsigned>(octet) & 15U];
  }
  return hex;
}

//= RFC8972:timestamp-information-zeros RFC9534:sender-ids
TEST(TlvValues, AreWrittenAsTheRfcsDrawThem) {
  EXPECT_EQ(octets("timestamp-information"), "00000000");
  EXPECT_EQ(octets("direct-measurement"), std::string(24, '0'));
  EXPECT_EQ(octets("access-report=3gpp:available"), "10010000");
  EXPECT_EQ(octets("access-report=non-3gpp:unavailable"), "20020000");
  EXPECT_EQ(octets("destination-node=192.0.2.1"), "c0000201");
  EXPECT_EQ(octets("return-path=no-reply"), "8001000400000000");
  EXPECT_EQ(octets("return-path=same-link"), "8001000400000001");
  EXPECT_EQ(octets("return-path=192.0.2.1"), "80020004c0000201");
  EXPECT_EQ(octets("micro-session=1:258"), "00010102");
  EXPECT_EQ(octets("reply-control=1400:3:10ms"), "057800030098968000000000");
  EXPECT_EQ(octets("bit-errors=a5"), "a5");
  EXPECT_EQ(octets("200=0aFF"), "0aff");
  EXPECT_EQ(octets("200"), "");
}

//= RFC8972:access-configurable
TEST(TlvValues, TellWhatFollowsFromThem) {
  const TlvRequests report = of({"access-report=3gpp:available:500ms:2"});
  EXPECT_EQ(report.report.after, Duration::milliseconds(500));
  EXPECT_EQ(report.report.times, 2U);
  EXPECT_TRUE(of({"return-path=no-reply"}).no_reply);
  EXPECT_FALSE(of({"return-path=same-link"}).no_reply);
  EXPECT_FALSE(of({"return-path=same-link"}).reply_elsewhere);
  EXPECT_TRUE(of({"return-path=192.0.2.1"}).reply_elsewhere);
  EXPECT_EQ(of({"destination-node=2001:db8::1"}).answers_from,
            *packet::IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(of({"micro-session=7"}).micro_session,
            (wire::MicroSession{.sender = 7, .reflector = 0}));
}

TEST(TlvValues, SayWhatIsWrongWithThem) {
  for (const char* text : {"",
                           "loc",
                           "location=1",
                           "access-report",
                           "access-report=4gpp:available",
                           "access-report=3gpp:available:0s",
                           "access-report=3gpp:available:3s:17",
                           "access-report=3gpp:available:3s:1:1",
                           "destination-node=here",
                           "return-path=there",
                           "micro-session=0",
                           "micro-session=70000",
                           "micro-session=1:x",
                           "reply-control=1400",
                           "reply-control=1400:3:5s",
                           "bit-errors=abc",
                           "bit-errors=",
                           "ip-header=30",
                           "extension-header=7",
                           "256",
                           "200=0",
                           "200=xy",
                           "class-of-service",
                           "wstp"})
    EXPECT_NE(error(text).find("--tlv"), std::string::npos) << text;
  EXPECT_NE(error("loc").find("location"), std::string::npos) << "what there is";
  EXPECT_FALSE(tlv_requests(std::vector<std::string>{"location", "location"}));
  EXPECT_FALSE(tlv_requests(std::vector<std::string>(33, "200")));
}

//= RFC8972:padding-configurable draft-stamp-ber:padding-fits
TEST(TlvValues, MakeAProbeOfTheirNaturalSizeOrOneThatTheyFit) {
  PingOptions options;
  options.tlvs = of({"location", "bit-errors=010203"});
  const auto layout = plan_probe(options, false);
  ASSERT_TRUE(layout);
  ASSERT_TRUE(layout->padding);
  EXPECT_EQ((layout->size - *layout->padding - wire::kTlvHeader) % 3, 0U);
  options.size = static_cast<std::uint32_t>(layout->size + 1);
  const auto odd = plan_probe(options, false);
  ASSERT_FALSE(odd);
  EXPECT_NE(odd.error().text.find(std::to_string(layout->size + 3)), std::string::npos)
      << odd.error().text;
  options.size = 44;
  EXPECT_FALSE(plan_probe(options, false));
}

std::vector<std::byte> padding_of(const std::string& text) {
  PingOptions options;
  const auto taken = take_padding(text, options.tlvs);
  EXPECT_TRUE(taken) << text;
  options.size = 300;
  const auto layout = plan_probe(options, false);
  EXPECT_TRUE(layout && layout->padding) << text;
  if (!layout || !layout->padding) return {};
  return {layout->octets.begin() + static_cast<std::ptrdiff_t>(*layout->padding + wire::kTlvHeader),
          layout->octets.end()};
}

//= RFC8972:padding-configurable RFC8972:padding-random
TEST(Padding, IsWhatWasAskedFor) {
  const auto random = padding_of("random"), zeros = padding_of("zeros"), own = padding_of("a5ff00");
  ASSERT_EQ(random.size(), 44U);  // 300 octets less 252 and a header
  EXPECT_GT((std::set<std::byte>{random.begin(), random.end()}.size()), 20U);
  EXPECT_EQ(zeros, std::vector<std::byte>(44));
  ASSERT_EQ(own.size(), 44U);  // no multiple of three, and need not be
  for (std::size_t i = 0; i < own.size(); ++i)
    EXPECT_EQ(own[i], (std::array{std::byte{0xa5}, std::byte{0xff}, std::byte{}})[i % 3]);
}

TEST(Padding, SaysWhatThereIs) {
  TlvRequests requests;
  for (const std::string& text : {std::string(), std::string("a"), std::string("zero"),
                                  std::string("0g"), std::string(130, '0')}) {
    const auto taken = take_padding(text, requests);
    ASSERT_FALSE(taken) << text;
    EXPECT_NE(taken.error().text.find("random, zeros, or 1 to 64 octets"), std::string::npos);
  }
  TlvRequests errors = of({"bit-errors"});
  EXPECT_TRUE(take_padding("random", errors));
  EXPECT_FALSE(take_padding("zeros", errors));
}

//= draft-asymmetrical-pkts:sender-waits
TEST(TlvValues, SeveralRepliesComeBeforeTheNextProbeAsksForMore) {
  PingOptions options;
  options.interval = Duration::milliseconds(20);
  options.tlvs = of({"reply-control=400:3:10ms"});
  const auto refused = plan_probe(options, false);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("take 20 ms, and the next probe goes after 20 ms"),
            std::string::npos)
      << refused.error().text;
  options.interval = Duration::milliseconds(21);
  EXPECT_TRUE(plan_probe(options, false));
  options.interval = Duration::milliseconds(1);
  for (const char* at_once :
       {"reply-control=400:3", "reply-control=400:1:4s", "reply-control=400:0:4s"}) {
    options.tlvs = of({at_once});
    EXPECT_TRUE(plan_probe(options, false)) << at_once;
  }
}

}  // namespace
}  // namespace wirestamp::agent
