// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_settings.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "cli/agent_check.h"
#include "platform/route.h"

namespace wirestamp::cli {
namespace {

using config::Key;
using testing::AllOf;
using testing::HasSubstr;

config::Settings settings(const config::Source& source) {
  const std::vector<config::Source> sources{source};
  auto settings = config::resolve(config::Command::Agent, sources);
  EXPECT_TRUE(settings) << settings.error().text;
  return settings.value_or(config::Settings());
}
config::Assignment api(const std::string& text) { return {Key::Api, text, "w.toml:1"}; }
config::Assignment metrics(const std::string& text) {
  return {Key::MetricsListen, text, "w.toml:2"};
}

TEST(AgentSettings, a_zone_is_the_interface_that_the_api_and_the_metrics_listen_on) {
  const auto loopback = platform::interface_by_name("lo");
  ASSERT_TRUE(loopback);
  for (const std::string& zone : {std::string("lo"), std::to_string(loopback->index)}) {
    const auto options = api_options(
        settings({api("[fe80::1%" + zone + "]:9100"), metrics("[fe80::1%" + zone + "]:9101")}));
    ASSERT_TRUE(options) << options.error().text;
    ASSERT_TRUE(options->has_value() && (*options)->metrics_listen);
    const auto address = packet::IpAddress::parse("fe80::1").value();
    EXPECT_EQ((*options)->listen, (packet::Endpoint{address, 9'100, loopback->index}));
    EXPECT_EQ(*(*options)->metrics_listen, (packet::Endpoint{address, 9'101, loopback->index}));
  }
}

TEST(AgentSettings, an_api_address_without_a_zone_has_no_interface) {
  const auto options = api_options(settings({api("127.0.0.1:9100"), metrics(":9101")}));
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ((*options)->listen.interface, 0U);
  EXPECT_EQ((*options)->metrics_listen->interface, 0U);
}

TEST(AgentSettings, a_zone_that_names_no_interface_of_this_host_is_told_with_its_place) {
  const auto of_api = api_options(settings({api("[fe80::1%no-such-dev0]:9100")}));
  ASSERT_FALSE(of_api);
  EXPECT_THAT(of_api.error().text,
              AllOf(HasSubstr("api (from w.toml:1): '[fe80::1%no-such-dev0]:9100'"),
                    HasSubstr("there is no interface 'no-such-dev0' on this host"),
                    HasSubstr("`ip link`")));
  const auto of_metrics =
      api_options(settings({api("127.0.0.1:9100"), metrics("[fe80::1%99999]:9101")}));
  ASSERT_FALSE(of_metrics);
  EXPECT_THAT(of_metrics.error().text,
              AllOf(HasSubstr("metrics (from w.toml:2): "), HasSubstr("'99999' on this host")));
}

// A file may be checked elsewhere, and a reload must not fail while an interface is away.
TEST(AgentSettings, a_zone_is_no_matter_of_the_check_of_a_configuration) {
  const auto checked =
      check_agent(settings({api("127.0.0.1:9100"), metrics("[fe80::1%no-such-dev0]:9101")}));
  EXPECT_TRUE(checked) << checked.error().text;
}

}  // namespace
}  // namespace wirestamp::cli
