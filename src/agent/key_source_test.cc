// SPDX-License-Identifier: Apache-2.0
//
// Keys that change while packets have them: what is refused, and that a rotation loses nothing.
#include "agent/key_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/ping.h"
#include "agent/reflect.h"

namespace wirestamp::agent {
namespace {

using testing::HasSubstr;

constexpr const char* kOld = "old hex:00112233445566778899aabbccddeeff\n";
constexpr const char* kNew = "new hex:ffeeddccbbaa99887766554433221100\n";

// A key file in a folder of its own, replaced as editors and configuration tools do it.
class KeyFile {
 public:
  explicit KeyFile(const std::string& name) {
    std::string folder = testing::TempDir() + "keys.XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder_ / name;
  }
  ~KeyFile() { std::filesystem::remove_all(folder_); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  void write(const std::string& text, unsigned mode = 0600) {
    const std::filesystem::path fresh = folder_ / "fresh";
    std::ofstream(fresh) << text;
    std::filesystem::permissions(fresh, std::filesystem::perms{mode});
    std::filesystem::rename(fresh, path_);
  }
  std::string path() const { return path_; }

 private:
  std::filesystem::path folder_, path_;
};

std::string refusal(const std::string& path) {
  const auto source = KeySource::open(path);
  EXPECT_FALSE(source);
  return source ? std::string() : source.error().text;
}

TEST(KeySource, what_cannot_be_used_is_refused_with_the_reason) {
  KeyFile file("site.keys");
  EXPECT_THAT(refusal(file.path()), HasSubstr("No such file"));
  file.write(kOld, 0640);
  EXPECT_THAT(refusal(file.path()), HasSubstr("chmod 600"));
  file.write(std::string(kOld) + "two hex:00\n");
  EXPECT_THAT(refusal(file.path()), HasSubstr(file.path() + ":2: the key has 1 octets"));
  file.write("");
  EXPECT_THAT(refusal(file.path()), HasSubstr("has no key"));
}

TEST(KeySource, tells_ids_and_fingerprints_and_no_key) {
  KeyFile file("site.keys");
  file.write(std::string("old hex:00112233445566778899aabbccddeeff peer=10.0.0.0/8\n") + kNew);
  const auto source = KeySource::open(file.path());
  ASSERT_TRUE(source) << source.error().text;
  const std::string text = told(*(*source)->first());
  EXPECT_THAT(text,
              testing::MatchesRegex("old \\([0-9a-f]*\\) for 10.0.0.0/8, new \\([0-9a-f]*\\)"));
  EXPECT_EQ(text.find("00112233"), std::string::npos);
}

TEST(KeySource, the_key_to_send_with_is_named_or_the_first_that_is_valid) {
  KeyFile file("site.keys");
  file.write(std::string("old hex:00112233445566778899aabbccddeeff peer=10.0.0.0/8\n"));
  const auto source = KeySource::open(file.path());
  ASSERT_TRUE(source) << source.error().text;
  const session::Keyring& keys = *(*source)->first();
  const auto inside = *packet::IpAddress::parse("10.0.0.1");
  const auto outside = *packet::IpAddress::parse("192.0.2.1");
  EXPECT_EQ((*key_to_send(keys, "", inside, "F"))->id(), "old");
  EXPECT_EQ((*key_to_send(keys, "old", outside, "F"))->id(), "old");
  EXPECT_THAT(key_to_send(keys, "", outside, "F").error().text,
              HasSubstr("F has no key for 192.0.2.1: it has old ("));
  EXPECT_THAT(key_to_send(keys, "older", inside, "F").error().text,
              HasSubstr("F has no key 'older': it has old ("));
}

// A reflector and a measurement of it over loopback, each with a key file.
class Rotation : public testing::Test, private ReflectObserver, private PingObserver {
 protected:
  void start() {
    ReflectOptions reflecting;
    reflecting.listen.push_back(
        {.address = packet::IpAddress::loopback(packet::Family::V4), .port = 0, .zone = {}});
    reflecting.rate = 0;
    reflecting.total_rate = 0;
    reflecting.key_file = reflectors.path();
    auto reflect = Reflect::create(reflecting);
    ASSERT_TRUE(reflect) << reflect.error().text;
    reflect_ = std::move(*reflect);
    reflecting_ = std::thread([this] { counters = reflect_->run(*this); });
    until([this] { return port_ != 0; });

    PingOptions options;
    options.host = "127.0.0.1";
    options.port = port_;
    options.key_file = senders.path();
    options.interval = Duration::milliseconds(1);
    options.loss_after = Duration::milliseconds(500);
    auto ping = Ping::create(options);
    ASSERT_TRUE(ping) << ping.error().text;
    ping_ = std::move(*ping);
    pinging_ = std::thread([this] { result = ping_->run(*this); });
  }
  void stop() {
    if (pinging_.joinable()) {
      ping_->stop();
      pinging_.join();
    }
    if (reflecting_.joinable()) {
      reflect_->stop();
      reflecting_.join();
    }
  }
  ~Rotation() override { stop(); }

  void until(const std::function<bool()>& is) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, is);
  }
  bool heard(const std::string& text) const {
    return std::ranges::any_of(
        notes_, [&](const std::string& note) { return note.find(text) != std::string::npos; });
  }
  // Whatever was in flight is decided after so many more.
  void measure_on() {
    std::size_t now = 0;
    until([&] {
      if (now == 0) now = samples_.size() + 1;
      return samples_.size() >= now + 1'000;
    });
  }

  KeyFile reflectors{"reflector.keys"}, senders{"sender.keys"};
  Result<ReflectCounters> counters = fail("it did not run");
  Result<PingResult> result = fail("it did not run");
  PingStart begun;
  std::vector<measure::Sample> samples_;

  std::unique_ptr<Ping> ping_;
  std::unique_ptr<Reflect> reflect_;

 private:
  template <typename Do>
  void change(Do what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }
  void on_start(const ReflectStart& start) override {
    change([&] { port_ = start.ports.at(0).local.port; });
  }
  void on_start(const PingStart& start) override {
    change([&] { begun = start; });
  }
  void on_note(const std::string& note) override {
    change([&] { notes_.push_back(note); });
  }
  void on_sample(const measure::Sample& sample) override {
    change([&] { samples_.push_back(sample); });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint16_t port_ = 0;
  std::vector<std::string> notes_;
  std::thread reflecting_, pinging_;
};

// 1,000 probes a second, the keys of both ends changed meanwhile: first both are valid at the
// reflector, then the sender has the new one, then the old one is gone.
TEST_F(Rotation, loses_no_probe_and_rejects_none) {
  reflectors.write(kOld);
  senders.write(kOld);
  start();
  until([this] { return samples_.size() > 100; });
  EXPECT_EQ(begun.key_id, "old");
  reflectors.write(std::string(kOld) + kNew);
  until([this] { return heard(reflectors.path() + " read again; new: new ("); });
  senders.write(std::string(kNew) + kOld);
  until([this] { return heard(senders.path() + " read again; new: new ("); });
  measure_on();
  reflectors.write(kNew);
  until([this] { return heard("no longer valid: old ("); });
  measure_on();
  stop();
  ASSERT_TRUE(result) << result.error().text;
  ASSERT_TRUE(counters) << counters.error().text;
  EXPECT_EQ(counters->packets.auth_failed, 0U);
  EXPECT_EQ(counters->packets.auth_missing, 0U);
  EXPECT_EQ(counters->packets.auth_verified, counters->packets.requests);
  EXPECT_EQ(result->counters.auth_failed, 0U);
  EXPECT_EQ(result->counters.tlv_integrity, 0U);
  EXPECT_EQ(counters->packets.sessions_created, 1U) << "the session goes on";
  // A busy machine may read so late that a socket has no room for more; nothing else is missing.
  EXPECT_LE(result->summary.sent - result->summary.received,
            result->counters.receive_buffer_full + counters->packets.receive_buffer_full);
  // The stamps of either end are what they are without keys.
  std::size_t of_kernel = 0, delivered = 0;
  for (const measure::Sample& sample : samples_) {
    if (sample.outcome != measure::Outcome::Delivered) continue;
    ++delivered;
    of_kernel += sample.sender_tx->source >= begun.stamping.transmit &&
                 sample.reflector_rx->source >= begun.stamping.receive;
  }
  EXPECT_GT(of_kernel, delivered / 2);
}

TEST_F(Rotation, keys_that_cannot_be_read_change_nothing) {
  reflectors.write(kOld);
  senders.write(kOld);
  start();
  until([this] { return samples_.size() > 10; });
  reflectors.write("old hex:zz\n");
  until([this] { return heard(":1: a hex: key has digits"); });
  reflectors.write(kOld, 0644);
  reflect_->reload_keys();
  until([this] { return heard("chmod 600"); });
  senders.write(std::string(kNew) +
                "peer-only hex:00112233445566778899aabbccddeeff peer=10.0.0.0/8\n");
  until([this] { return heard("new: new ("); });
  until([this] { return heard("127.0.0.1: the HMAC of its requests is wrong"); });
  stop();
  ASSERT_TRUE(counters) << counters.error().text;
  EXPECT_GT(counters->packets.auth_verified, 0U);
  EXPECT_GT(counters->packets.auth_failed, 0U);
}

}  // namespace
}  // namespace wirestamp::agent
