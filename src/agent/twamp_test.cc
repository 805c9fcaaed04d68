// SPDX-License-Identifier: Apache-2.0
//
// A reflector with a TWAMP server and a measurement by TWAMP, live on the loopback interface: real
// TCP, real packets, two threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "agent/daemon.h"
#include "agent/ping.h"
#include "agent/reflect.h"
#include "agent/reflector_ports.h"
#include "platform/entropy.h"
#include "platform/listener.h"
#include "platform/tcp_client_test.h"
#include "platform/tcp_stream.h"
#include "twamp/client.h"
#include "wire/twamp_control.h"

namespace wirestamp::agent {
namespace {

using testing::HasSubstr;

constexpr packet::Family kV4 = packet::Family::V4;

// A file with the passphrase, gone with the test.
class KeyFile {
 public:
  explicit KeyFile(const std::string& passphrase)
      : path_(testing::TempDir() + "twamp_key_" + std::to_string(platform::random_bits())) {
    std::ofstream(path_) << passphrase << '\n';
    std::filesystem::permissions(path_, std::filesystem::perms::owner_read);
  }
  ~KeyFile() { std::filesystem::remove(path_); }
  // As whoever distributes keys does: another file in its place.
  void change(const std::string& passphrase) const {
    const std::string next = path_ + ".next";
    std::ofstream(next) << passphrase << '\n';
    std::filesystem::permissions(next, std::filesystem::perms::owner_read);
    std::filesystem::rename(next, path_);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Far final : private ReflectObserver {
 public:
  explicit Far(ReflectTwamp twamp, packet::Family family = kV4) {
    const packet::IpAddress here = packet::IpAddress::loopback(family);
    twamp.listen = {{.address = here, .port = 0, .zone = {}}};
    ReflectOptions options;
    options.listen = {{.address = here, .port = 0, .zone = {}}};
    options.twamp = std::move(twamp);
    auto made = Reflect::create(options);
    if (!made) {
      error = made.error().text;
      return;
    }
    reflect_ = std::move(*made);
    auto started = started_.get_future();
    thread_ = std::thread([this] { counters_ = reflect_->run(*this); });
    control = started.get();
  }
  ~Far() override {
    if (thread_.joinable()) stop();
  }
  TwampTotals stop() {
    reflect_->stop();
    thread_.join();
    EXPECT_TRUE(counters_ && counters_->twamp);
    return counters_ && counters_->twamp ? *counters_->twamp : TwampTotals();
  }

  // Until it says this, if it did not before.
  void hear(const std::string& text) {
    std::unique_lock lock(mutex_);
    noted_.wait(lock, [&] { return notes_.find(text) != std::string::npos; });
  }
  void reload_keys() { reflect_->reload_keys(); }

  std::string error;
  packet::Endpoint control;

 private:
  void on_start(const ReflectStart& start) override { started_.set_value(start.twamp.at(0)); }
  void on_note(const std::string& note) override {
    const std::lock_guard lock(mutex_);
    notes_ += note + '\n';
    noted_.notify_all();
  }

  std::promise<packet::Endpoint> started_;
  std::mutex mutex_;
  std::condition_variable noted_;
  std::string notes_;
  std::unique_ptr<Reflect> reflect_;
  Result<ReflectCounters> counters_ = fail("it did not run");
  std::thread thread_;
};

PingOptions to(const packet::Endpoint& control, std::uint32_t modes, const std::string& key_file) {
  PingOptions options;
  options.host = packet::to_string(control.address);
  options.port = control.port;
  options.count = 20;
  options.interval = Duration::milliseconds(5);
  options.twamp = TwampOptions{.modes = modes, .key_file = key_file, .key_id = "probe1"};
  return options;
}

class Samples final : public PingObserver {
 public:
  void on_sample(const measure::Sample& sample) override { all.push_back(sample); }
  std::vector<measure::Sample> all;
};

class TwampLive : public testing::TestWithParam<std::uint32_t> {};

//= RFC5357:type-p-reflected RFC5618:mixed RFC7750:marks-told
TEST_P(TwampLive, measures) {
  const KeyFile key("correct horse battery staple");
  Far far({.listen = {}, .modes = 0, .key_file = key.path(), .key_id = "probe1"});
  ASSERT_EQ(far.error, "");
  PingOptions options = to(far.control, GetParam(), GetParam() == 1 ? "" : key.path());
  options.dscp = 10;
  auto ping = Ping::create(options);
  ASSERT_TRUE(ping) << ping.error().text;
  Samples samples;
  const auto result = (*ping)->run(samples);
  ASSERT_TRUE(result) << result.error().text;
  ping->reset();
  const TwampTotals totals = far.stop();
  const bool keyed = (GetParam() & 6U) != 0;
  EXPECT_EQ(result->start.size, keyed ? 112U : 44U);
  EXPECT_GT(result->summary.received, 0U);
  EXPECT_EQ(result->summary.received, result->summary.sent);
  EXPECT_EQ(result->counters.mismatched_echo, 0U);
  EXPECT_EQ(totals.control.started, 1U);
  EXPECT_EQ(totals.control.wrong_stop_counts, 0U);
  EXPECT_GE(totals.test.requests, result->summary.sent);
  EXPECT_EQ(totals.test.wrong_hmac, 0U);
  for (const measure::Sample& sample : samples.all) {
    if (sample.outcome != measure::Outcome::Delivered) continue;
    ASSERT_TRUE(sample.sender_tx && sample.sender_rx && sample.reflector_rx && sample.reflector_tx);
    EXPECT_LE(sample.reflector_rx->wall, sample.reflector_tx->wall);
    // RFC 7750, and Type-P on the way back.
    EXPECT_EQ(sample.seen_traffic_class, 10U << 2U);
    ASSERT_TRUE(sample.returned);
    EXPECT_EQ(sample.returned->traffic_class, 10U << 2U);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, TwampLive,
                         testing::Values(std::uint32_t{wire::kTwampOpen},
                                         std::uint32_t{wire::kTwampAuthenticated},
                                         std::uint32_t{wire::kTwampEncrypted},
                                         std::uint32_t{wire::kTwampMixed}),
                         [](const auto& mode) { return twamp::mode_names(mode.param); });

TEST(TwampAlive, measures_over_ipv6) {
  Far far({}, packet::Family::V6);
  // A container may be without it, and nothing of it can be shown there.
  if (!far.error.empty()) GTEST_SKIP() << "no IPv6 here: " << far.error;
  auto ping = Ping::create(to(far.control, 0, ""));
  ASSERT_TRUE(ping) << ping.error().text;
  Samples samples;
  const auto result = (*ping)->run(samples);
  ASSERT_TRUE(result);
  EXPECT_GT(result->summary.received, 0U);
}

std::string refusal(const PingOptions& options) {
  auto ping = Ping::create(options);
  return ping ? "it measures" : ping.error().text;
}

TEST(TwampAlive, says_which_mode_the_server_speaks) {
  const KeyFile key("correct horse battery staple");
  Far far({});
  EXPECT_THAT(refusal(to(far.control, wire::kTwampEncrypted, key.path())),
              HasSubstr("speaks open, encrypted was asked for"));
  EXPECT_THAT(refusal(to(far.control, 0, key.path())), HasSubstr("speaks open"));
}

TEST(TwampAlive, says_that_the_key_is_another) {
  const KeyFile key("correct horse battery staple"), other("something else");
  Far far({.listen = {}, .modes = 0, .key_file = key.path(), .key_id = "probe1"});
  EXPECT_THAT(refusal(to(far.control, 0, other.path())), HasSubstr("are key id and passphrase"));
}

// What runs goes on, by the keys that it agreed on.
TEST(TwampAlive, a_changed_passphrase_is_for_connections_that_come) {
  const KeyFile key("correct horse battery staple"), before("correct horse battery staple"),
      after("something else");
  Far far({.listen = {}, .modes = 0, .key_file = key.path(), .key_id = "probe1"});
  ASSERT_EQ(far.error, "");
  auto ping = Ping::create(to(far.control, 0, before.path()));
  ASSERT_TRUE(ping) << ping.error().text;
  key.change("something else");
  far.hear("is another one: TWAMP connections need it from now on");
  EXPECT_THAT(refusal(to(far.control, 0, before.path())), HasSubstr("are key id and passphrase"));
  EXPECT_EQ(refusal(to(far.control, 0, after.path())), "it measures");
  Samples samples;
  const auto result = (*ping)->run(samples);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->summary.received, result->summary.sent);
  EXPECT_GT(result->summary.received, 0U);
}

TEST(TwampAlive, a_passphrase_that_cannot_be_read_again_changes_nothing) {
  const KeyFile key("correct horse battery staple"), same("correct horse battery staple");
  Far far({.listen = {}, .modes = 0, .key_file = key.path(), .key_id = "probe1"});
  ASSERT_EQ(far.error, "");
  key.change("short");
  far.reload_keys();
  far.hear("has 5 octets: 8 to 1024 are allowed; the passphrase of before stays in force");
  EXPECT_EQ(refusal(to(far.control, 0, same.path())), "it measures");
}

TEST(TwampAlive, says_what_is_wrong_with_the_file_of_a_passphrase) {
  const KeyFile key("short");
  Far far({.listen = {}, .modes = 0, .key_file = key.path(), .key_id = "probe1"});
  EXPECT_THAT(far.error, HasSubstr("has 5 octets: 8 to 1024 are allowed"));
  Far good({});
  EXPECT_THAT(refusal(to(good.control, 0, key.path())), HasSubstr("8 to 1024 are allowed"));
}

TEST(TwampAlive, needs_a_key_to_offer_what_needs_one) {
  Far far({.listen = {}, .modes = wire::kTwampMixed, .key_file = {}, .key_id = {}});
  EXPECT_THAT(far.error, HasSubstr("--twamp-key-file"));
}

TEST(TwampAlive, says_that_nobody_listens) {
  packet::Endpoint nobody;
  {
    const auto listener = platform::listen_tcp({packet::IpAddress::loopback(kV4), 0, 0});
    ASSERT_TRUE(listener);
    nobody = listener->at;
  }
  EXPECT_THAT(refusal(to(nobody, 0, "")), HasSubstr("nobody listens there"));
}

// What a far end says to who asks it for a session, and then closes.
std::string refusal_by(const std::vector<std::byte>& words) {
  const auto listener = platform::listen_tcp({packet::IpAddress::loopback(kV4), 0, 0});
  EXPECT_TRUE(listener);
  std::thread far([&] {
    std::optional<platform::TcpStream> stream;
    while (!stream) {
      std::array awaited{platform::Awaited{.descriptor = listener->socket.get()}};
      platform::wait_for(awaited, Duration::seconds(10));
      bool exhausted = false;
      stream = platform::TcpStream::accept(*listener, exhausted);
    }
    stream->write(words);
  });
  const std::string said = refusal(to(listener->at, 0, ""));
  far.join();
  return said;
}

TEST(TwampAlive, says_what_is_no_twamp_server) {
  const std::string banner = "220 mail.example.net ESMTP ready\r\n";
  const base::Bytes octets = std::as_bytes(std::span(banner).first(20));
  EXPECT_THAT(refusal_by({octets.begin(), octets.end()}), HasSubstr("it says '220 mail.exam"));
  EXPECT_THAT(refusal_by({}), HasSubstr("before it said anything"));
}

TEST(TwampAlive, says_where_the_server_went_away) {
  std::vector<std::byte> greeting(wire::ServerGreeting::kSize);
  wire::ServerGreeting{.modes = 1}.encode(greeting);
  EXPECT_THAT(refusal_by(greeting), HasSubstr("instead of taking open mode"));
}

class ServingAgent final : private DaemonObserver {
 public:
  explicit ServingAgent(const DaemonOptions& options) {
    auto made = Daemon::create(options);
    EXPECT_TRUE(made) << made.error().text;
    daemon_ = std::move(*made);
    auto started = started_.get_future();
    thread_ = std::thread([this] { counters_ = daemon_->run(*this); });
    control = started.get();
  }
  ~ServingAgent() override {
    if (thread_.joinable()) stop();
  }
  TwampTotals stop() {
    daemon_->stop();
    thread_.join();
    EXPECT_TRUE(counters_ && counters_->twamp);
    return counters_ && counters_->twamp ? *counters_->twamp : TwampTotals();
  }
  packet::Endpoint control;

 private:
  void on_start(const ReflectStart& start) override { started_.set_value(start.twamp.at(0)); }

  std::promise<packet::Endpoint> started_;
  std::unique_ptr<Daemon> daemon_;
  Result<ReflectCounters> counters_ = fail("it did not run");
  std::thread thread_;
};

TEST(TwampAlive, an_agent_is_a_server_too) {
  const KeyFile key("correct horse battery staple");
  const Listen here{.address = packet::IpAddress::loopback(kV4), .port = 0, .zone = {}};
  DaemonOptions options;
  options.reflect.listen = {here};
  options.reflect.twamp = {
      .listen = {here}, .modes = 0, .key_file = key.path(), .key_id = "probe1"};
  ServingAgent agent(options);
  auto ping = Ping::create(to(agent.control, 0, key.path()));
  ASSERT_TRUE(ping) << ping.error().text;
  Samples samples;
  const auto result = (*ping)->run(samples);
  ASSERT_TRUE(result);
  EXPECT_GT(result->summary.received, 0U);
  EXPECT_EQ(result->summary.received, result->summary.sent);
  ping->reset();
  const TwampTotals totals = agent.stop();
  EXPECT_EQ(totals.control.started, 1U);
  EXPECT_GE(totals.test.replies, result->summary.received);
}

TEST(TwampAlive, of_several_ports_on_every_address_each_is_opened) {
  ReflectOptions options;
  options.twamp.listen = {{.address = {}, .port = 0, .zone = {}},
                          {.address = {}, .port = 0, .zone = {}}};
  ReflectStart start;
  const auto server = open_twamp_server(options, {}, start);
  ASSERT_TRUE(server) << server.error().text;
  EXPECT_EQ(std::ranges::count(start.twamp, kV4,
                               [](const packet::Endpoint& at) { return at.address.family(); }),
            2);
}

// Strangers who connect and say nothing are bounded, and keep nobody from measuring.
//= RFC4656:limits
TEST(TwampAlive, half_open_connections_are_bounded_and_disturb_nobody) {
  Far far({});
  auto ping = Ping::create(to(far.control, 0, ""));
  ASSERT_TRUE(ping) << ping.error().text;
  std::vector<std::unique_ptr<platform::TcpClient>> silent;
  for (unsigned i = 0; i < 7; ++i)  // and the one that measures
    silent.push_back(std::make_unique<platform::TcpClient>(far.control));
  EXPECT_THAT(refusal(to(far.control, 0, "")), HasSubstr("is not willing to talk to us now"));
  Samples samples;
  const auto result = (*ping)->run(samples);
  ASSERT_TRUE(result);
  EXPECT_GT(result->summary.received, 0U);
  EXPECT_EQ(result->summary.received, result->summary.sent);
  ping->reset();
  const TwampTotals totals = far.stop();
  EXPECT_EQ(totals.control.connections, 9U);
  EXPECT_EQ(totals.control.ended(twamp::Ending::Share), 1U);
}

}  // namespace
}  // namespace wirestamp::agent
