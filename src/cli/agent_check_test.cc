// SPDX-License-Identifier: Apache-2.0
//
// What `wirestamp config check` and the start of an agent refuse.
#include "cli/agent_check.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "cli/agent_configuration.h"

namespace wirestamp::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AgentCheck : public testing::Test {
 protected:
  AgentCheck() { std::filesystem::create_directories(folder_); }
  ~AgentCheck() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }
  // What is said of a configuration; "": it is well.
  std::string refusal(const std::string& text) const {
    const config::Source flags{
        {config::Key::ConfigFile, write("agent.toml", text), "the command line"}};
    const auto loaded = AgentConfiguration::load(flags, {});
    return loaded ? "" : loaded.error().text;
  }
  // One line that names a secret file.
  static std::string line(const std::string& option, const std::string& path) {
    return option + " = \"" + path + "\"\n";
  }

  std::string folder_ = testing::TempDir() + "agent_check." +
                        testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(AgentCheck, more_webhooks_than_are_delivered_to_are_refused) {
  const auto webhooks = [](int count) {
    std::string text = "webhook = [\n";
    for (int i = 1; i <= count; ++i) text += "\"https://hooks.example.com/secret\",\n";
    return text + "]\n";
  };
  EXPECT_EQ(refusal(webhooks(16)), "");
  EXPECT_THAT(refusal(webhooks(17)),
              AllOf(HasSubstr("agent.toml:1): 17 webhooks, at most 16"), Not(HasSubstr("secret"))));
}

TEST_F(AgentCheck, secrets_that_are_too_short_are_refused_where_they_are_named) {
  const std::string shorter = write("short", "abc\n"), odd = write("odd", "sixteen or more \"\n");
  const std::string secret = write("secret", "0123456789abcdef0123456789abcdef\n");
  const std::string url = "webhook = \"https://hooks.example.com/\"\n";
  EXPECT_EQ(refusal(url + line("webhook-key-file", secret) + line("api-token-file", secret)), "");
  EXPECT_THAT(refusal(url + line("webhook-key-file", shorter)),
              AllOf(HasSubstr("agent.toml:2): the key of the webhooks has 3 octets, 16 to 1024"),
                    HasSubstr("openssl rand")));
  EXPECT_THAT(refusal(line("api-token-file", shorter)),
              AllOf(HasSubstr("agent.toml:1): "), HasSubstr("16 to 1024"), HasSubstr("openssl")));
  EXPECT_THAT(refusal(line("api-token-file", odd)), HasSubstr("without quotes"));
  EXPECT_THAT(refusal(line("key-file", write("keys", "site hex:0011\n"))),
              AllOf(HasSubstr("key-file (from "), HasSubstr("agent.toml:1): "),
                    HasSubstr("keys:1: the key has 2 octets: 16 to 128")));
  EXPECT_THAT(refusal("twamp = \":862\"\n" + line("twamp-key-file", shorter)),
              AllOf(HasSubstr("agent.toml:2): the passphrase in"), HasSubstr("3 octets: 8 to")));
}

TEST_F(AgentCheck, files_that_are_not_what_they_should_be_are_refused) {
  const std::string text = write("text", "no PEM\n");
  EXPECT_THAT(refusal(line("key-file", folder_ + "/absent")),
              AllOf(HasSubstr("agent.toml:1): "), HasSubstr("No such file")));
  EXPECT_THAT(refusal(line("api-certificate", text) + line("api-key", text)),
              AllOf(HasSubstr("agent.toml:1): "), HasSubstr("is no PEM file")));
}

TEST_F(AgentCheck, a_twamp_server_without_the_key_that_it_needs_is_refused) {
  EXPECT_EQ(refusal("twamp = \":862\"\n"), "");
  EXPECT_THAT(refusal("twamp = \":862\"\ntwamp-mode = \"encrypted\"\n"),
              AllOf(HasSubstr("agent.toml:1): "), HasSubstr("--twamp-key-file")));
  EXPECT_THAT(refusal("twamp = \":862\"\nanswer = \"authenticated\"\n"),
              AllOf(HasSubstr("agent.toml:1): "), HasSubstr("open to nobody")));
}

TEST_F(AgentCheck, places_that_take_each_others_port_are_refused) {
  EXPECT_EQ(refusal("listen = [\"192.0.2.1:862\", \"[2001:db8::1]:862\", \"192.0.2.2:862\"]\n"
                    "twamp = \"192.0.2.1:862\"\napi = \"127.0.0.1:863\"\n"),
            "");
  EXPECT_EQ(refusal("listen = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n"), "") << "the system chooses";
  EXPECT_THAT(refusal("listen = [\n\"192.0.2.1:862\",\n\"192.0.2.1:862\"]\n"),
              HasSubstr("agent.toml:1): '192.0.2.1:862' takes the port of listen '192.0.2.1:862'"));
  EXPECT_THAT(refusal("listen = [\"192.0.2.1:862\", \":862\"]\n"), HasSubstr("takes the port"));
  EXPECT_THAT(refusal("listen = [\"[::]:862\", \"[2001:db8::1]:862\"]\n"),
              HasSubstr("takes the port"));
  EXPECT_THAT(refusal("api = \"127.0.0.1:863\"\nmetrics = \"127.0.0.1:863\"\n"),
              AllOf(HasSubstr("agent.toml:2): "), HasSubstr("takes the port of api")));
  EXPECT_EQ(refusal("listen = \"192.0.2.1:5000\"\ntwamp = \":863\"\napi = \"127.0.0.1:863\"\n"),
            "");
  EXPECT_THAT(refusal("twamp = \":863\"\napi = \"127.0.0.1:863\"\n"),
              AllOf(HasSubstr("agent.toml:2): "), HasSubstr("takes the port of twamp")));
}

}  // namespace
}  // namespace wirestamp::cli
