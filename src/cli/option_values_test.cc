// SPDX-License-Identifier: Apache-2.0
//
// Options that do not fit together, and what is told then.
#include "cli/option_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace wirestamp::cli {
namespace {

using Words = std::vector<std::string_view>;

Result<agent::PingOptions> ping(Words words) {
  words.insert(words.begin(), "192.0.2.1");
  const auto arguments = config::read_arguments(config::Command::Ping, words);
  if (!arguments) return std::unexpected(arguments.error());
  const auto settings = config::resolve(config::Command::Ping, std::array{arguments->source});
  if (!settings) return std::unexpected(settings.error());
  return ping_options(*settings);
}
std::string refusal(const Words& words) {
  const auto options = ping(words);
  return options ? "" : options.error().text;
}

//= RFC8762:light-ntp-sender
TEST(PingOptionValues, a_twamp_light_reflector_is_asked_with_ntp_timestamps) {
  EXPECT_EQ(refusal({"--peer", "twamp-light", "--time-format", "ptp"}),
            "a peer of --peer twamp-light knows --time-format ntp alone");
  const auto options = ping({"--peer", "twamp-light"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->time_format, agent::TimeFormat::Ntp);
}

//= RFC8762:ptp
TEST(PingOptionValues, ptp_timestamps_may_be_asked_for) {
  EXPECT_EQ(ping({"--time-format", "ptp"}).value().time_format, agent::TimeFormat::Ptp);
  EXPECT_EQ(ping({}).value().time_format, agent::TimeFormat::Ntp);
}

//= RFC8186:twamp-z
TEST(PingOptionValues, twamp_has_ntp_timestamps_alone) {
  EXPECT_EQ(refusal({"--protocol", "twamp", "--time-format", "ptp"}),
            "--time-format ptp is not for --protocol twamp: its stamps are NTP ones");
}

TEST(PingOptionValues, what_is_for_stamp_is_refused_with_twamp) {
  for (const Words& words :
       {Words{"--tlv", "location"}, Words{"--padding", "zeros"}, Words{"--peer", "stamp"},
        Words{"--key-id", "one"}, Words{"--tlv-hmac"}}) {
    Words all = words;
    all.insert(all.end(), {"--protocol", "twamp"});
    EXPECT_NE(refusal(all).find(std::string(words.front()) +
                                " is for STAMP, and has no meaning with --protocol twamp"),
              std::string::npos)
        << words.front() << ": " << refusal(all);
  }
}

//= RFC8972:hmac-tlv-open
TEST(PingOptionValues, the_hmac_tlv_of_the_open_mode_is_switched_on) {
  EXPECT_FALSE(ping({}).value().tlv_hmac);
  EXPECT_TRUE(ping({"--tlv-hmac"}).value().tlv_hmac);
  EXPECT_NE(refusal({"--tlv-hmac", "--key-id", "none"}).find("wants a key"), std::string::npos);
  EXPECT_NE(refusal({"--tlv-hmac", "--peer", "twamp-light"}).find("knows none"), std::string::npos);
}

//= RFC8972:padding-configurable
TEST(PingOptionValues, the_content_of_padding_is_configured) {
  EXPECT_TRUE(ping({}).value().tlvs.padding_pattern.empty());
  EXPECT_EQ(ping({"--padding", "zeros"}).value().tlvs.padding_pattern, (std::vector{std::byte{}}));
  EXPECT_EQ(ping({"--padding=ff00"}).value().tlvs.padding_pattern,
            (std::vector{std::byte{0xff}, std::byte{}}));
  EXPECT_NE(refusal({"--padding", "ones"}).find("random, zeros, or 1 to 64 octets"),
            std::string::npos);
  EXPECT_NE(refusal({"--padding", "zeros", "--tlv", "bit-errors"}).find("padding of its own"),
            std::string::npos);
}

//= RFC7679:threshold-told RFC6703:waiting-time
TEST(PingOptionValues, the_document_is_told_the_loss_threshold_in_force) {
  const auto arguments =
      config::read_arguments(config::Command::Ping, Words{"192.0.2.1", "--loss-after", "10s"});
  const auto settings = config::resolve(config::Command::Ping, std::array{arguments->source});
  ASSERT_TRUE(settings);
  const auto told = told_settings(*settings, config::Command::Ping);
  const auto at = std::ranges::find(told, "loss-after", &publish::Report::Setting::name);
  ASSERT_NE(at, told.end());
  EXPECT_EQ(at->value, "10s");
  EXPECT_EQ(at->origin, "--loss-after");
}

std::vector<std::string> twamp_of(const Words& words) {
  const auto arguments = config::read_arguments(config::Command::Reflect, words);
  if (!arguments) return {arguments.error().text};
  const auto settings = config::resolve(config::Command::Reflect, std::array{arguments->source});
  if (!settings) return {settings.error().text};
  std::vector<std::string> found;
  for (const agent::Listen& one : reflect_options(*settings).twamp.listen)
    found.push_back(one.address ? packet::to_string(packet::Endpoint{*one.address, one.port})
                                : std::to_string(one.port));
  return found;
}

TEST(ReflectOptionValues, a_twamp_server_without_an_address_listens_where_the_reflector_does) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(twamp_of({}), Texts{});
  EXPECT_EQ(twamp_of({"--twamp"}), Texts{"862"});
  EXPECT_EQ(twamp_of({"--twamp", ":8620", "--listen", ":5000"}), Texts{"8620"});
  EXPECT_EQ(twamp_of({"--twamp", "--listen", "192.0.2.1:5000", "--listen", "[2001:db8::1]:5000"}),
            (Texts{"192.0.2.1:862", "[2001:db8::1]:862"}));
  EXPECT_EQ(twamp_of({"--twamp", "--listen", "192.0.2.1:1", "--listen", "192.0.2.1:2"}),
            Texts{"192.0.2.1:862"});
  EXPECT_EQ(twamp_of({"--twamp", "--listen", "0.0.0.0:1", "--listen", "192.0.2.1:2", "--listen",
                      "[2001:db8::1]:2"}),
            (Texts{"0.0.0.0:862", "[2001:db8::1]:862"}));
  EXPECT_EQ(twamp_of({"--twamp", "192.0.2.9:8620", "--twamp", "--listen", "192.0.2.1:5000"}),
            (Texts{"192.0.2.9:8620", "192.0.2.1:862"}));
}

}  // namespace
}  // namespace wirestamp::cli
