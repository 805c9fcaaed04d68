// SPDX-License-Identifier: Apache-2.0
#include "agent/tlv_values.h"

#include <gtest/gtest.h>

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

TEST(TlvValues, TellWhatFollowsFromThem) {
  const TlvRequests report = of({"access-report=3gpp:available:500ms:2"});
  EXPECT_EQ(report.report.after, Duration::milliseconds(500));
  EXPECT_EQ(report.report.times, 2U);
  EXPECT_TRUE(of({"return-path=no-reply"}).no_reply);
  EXPECT_FALSE(of({"return-path=same-link"}).no_reply);
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

TEST(TlvValues, MakeAProbeOfTheirNaturalSizeOrOneThatTheyFit) {
  PingOptions options;
  options.tlvs = of({"location", "bit-errors=010203"});
  const auto layout = plan_probe(options, wire::Mode::Open);
  ASSERT_TRUE(layout);
  ASSERT_TRUE(layout->padding);
  EXPECT_EQ((layout->size - *layout->padding - wire::kTlvHeader) % 3, 0U);
  options.size = static_cast<std::uint32_t>(layout->size + 1);
  const auto odd = plan_probe(options, wire::Mode::Open);
  ASSERT_FALSE(odd);
  EXPECT_NE(odd.error().text.find(std::to_string(layout->size + 3)), std::string::npos)
      << odd.error().text;
  options.size = 44;
  EXPECT_FALSE(plan_probe(options, wire::Mode::Open));
}

}  // namespace
}  // namespace wirestamp::agent
