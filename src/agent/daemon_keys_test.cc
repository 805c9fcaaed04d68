// SPDX-License-Identifier: Apache-2.0
//
// An agent that measures its own reflector over loopback, with a key file that changes.
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "agent/daemon.h"

namespace wirestamp::agent {
namespace {

constexpr const char* kOld = "old hex:00112233445566778899aabbccddeeff";
constexpr const char* kNew = "new hex:ffeeddccbbaa99887766554433221100";

class AgentKeys : public testing::Test, private DaemonObserver {
 protected:
  AgentKeys() {
    std::string folder = testing::TempDir() + "agent-keys.XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~AgentKeys() override {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& text) {
    const std::filesystem::path fresh = folder_ / "fresh";
    std::ofstream(fresh) << text;
    std::filesystem::permissions(fresh, std::filesystem::perms{0600});
    std::filesystem::rename(fresh, folder_ / "keys");
  }
  void start(const std::string& key_id = {}) {
    DaemonOptions options;
    options.reflect.listen.push_back(
        {.address = packet::IpAddress::loopback(packet::Family::V4), .port = 0, .zone = {}});
    options.reflect.rate = 0;
    options.reflect.key_file = folder_ / "keys";
    auto made = Daemon::create(options);
    ASSERT_TRUE(made) << made.error().text;
    daemon_ = std::move(*made);
    thread_ = std::thread([this] { counters = daemon_->run(*this); });
    until([this] { return port_ != 0; });
    DaemonSession session{.id = 1, .name = "here", .options = {}};
    session.options.host = "127.0.0.1";
    session.options.port = port_;
    session.options.interval = Duration::milliseconds(10);
    session.options.loss_after = Duration::milliseconds(100);
    session.options.port_policy = PortPolicy::Dynamic;
    session.options.key_id = key_id;
    daemon_->apply({session});
  }
  void stop() {
    if (!thread_.joinable()) return;
    daemon_->stop();
    thread_.join();
  }
  void until(const std::function<bool()>& is) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, is);
  }
  bool heard(const std::string& text) const { return told_.find(text) != std::string::npos; }
  // So many more probes are answered.
  void measure_on(std::size_t count) {
    std::size_t from = 0;
    until([&] {
      if (from == 0) from = replies + 1;
      return replies >= from + count;
    });
  }

  Result<ReflectCounters> counters = fail("it did not run");
  std::vector<PingStart> starts;  // after stop(), or within until()
  std::size_t replies = 0;

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
  void on_session(std::uint32_t, const PingStart& start) override {
    change([&] { starts.push_back(start); });
  }
  void on_waiting(std::uint32_t, const std::string& why) override {
    change([&] { told_ += "waiting: " + why + "\n"; });
  }
  void on_note(const std::string& note) override {
    change([&] { told_ += note + "\n"; });
  }
  void on_note(std::uint32_t, const std::string& note) override {
    change([&] { told_ += note + "\n"; });
  }
  void on_reply(std::uint32_t, const measure::Sample&) override {
    change([&] { ++replies; });
  }

  std::filesystem::path folder_;
  std::unique_ptr<Daemon> daemon_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint16_t port_ = 0;
  std::string told_;
};

TEST_F(AgentKeys, a_session_goes_on_when_its_key_changes) {
  write(std::string(kOld) + "\n");
  start();
  measure_on(10);
  write(std::string(kNew) + "\n" + kOld);
  until([this] { return heard("read again; new: new ("); });
  measure_on(10);
  write(kNew);
  until([this] { return heard("no longer valid: old ("); });
  measure_on(10);
  stop();
  ASSERT_TRUE(counters) << counters.error().text;
  ASSERT_EQ(starts.size(), 1U);
  EXPECT_EQ(starts[0].key_id, "old");
  EXPECT_EQ(starts[0].size, 340U);
  EXPECT_EQ(counters->packets.auth_failed, 0U);
  EXPECT_EQ(counters->packets.sessions_created, 1U);
}

TEST_F(AgentKeys, a_session_whose_host_gets_a_key_begins_anew_with_it) {
  write(std::string(kOld) + " peer=192.0.2.0/24");
  start();
  measure_on(10);
  write(kOld);
  until([this] { return starts.size() == 2; });
  measure_on(10);
  stop();
  EXPECT_EQ(starts[0].key_id, "");
  EXPECT_EQ(starts[0].size, 252U);
  EXPECT_EQ(starts[1].key_id, "old");
}

TEST_F(AgentKeys, a_session_waits_for_the_key_that_it_names) {
  write(kOld);
  start("new");
  until([this] { return heard("waiting: ") && heard("has no key 'new': it has old ("); });
  write(std::string(kOld) + "\n" + kNew);
  measure_on(10);
  stop();
  EXPECT_EQ(starts.at(0).key_id, "new");
}

}  // namespace
}  // namespace wirestamp::agent
