// SPDX-License-Identifier: Apache-2.0
//
// The agent over loopback: sessions that measure its own reflector, and what a new list of them
// does to those that run.
#include "agent/daemon.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace wirestamp::agent {
namespace {

class Heard final : public DaemonObserver {
 public:
  struct OfSession {
    std::vector<PingStart> starts;
    std::vector<measure::Sample> samples;
    std::vector<measure::TimedWindow> seconds;
    std::vector<std::string> notes;
    std::size_t replies = 0, results = 0;
    bool ended = false, told_after_end = false;
  };

  void on_start(const ReflectStart& start) override {
    change([&] { port = start.ports.at(0).local.port; });
  }
  void on_session(std::uint32_t id, const PingStart& start) override {
    of(id, [&](OfSession& one) { one.starts.push_back(start); });
  }
  void on_session_ended(std::uint32_t id) override {
    of(id, [](OfSession& one) { one.ended = true; });
  }
  void on_note(const std::string&) override {}
  void on_note(std::uint32_t id, const std::string& note) override {
    of(id, [&](OfSession& one) { one.notes.push_back(note); });
  }
  void on_sample(std::uint32_t id, const measure::Sample& sample) override {
    of(id, [&](OfSession& one) { one.samples.push_back(sample); });
  }
  void on_reply(std::uint32_t id, const measure::Sample&) override {
    of(id, [](OfSession& one) { ++one.replies; });
  }
  void on_second(std::uint32_t id, const measure::TimedWindow& window) override {
    of(id, [&](OfSession& one) { one.seconds.push_back(window); });
  }
  void on_window(std::uint32_t id, const ResultWindow&) override {
    of(id, [](OfSession& one) { ++one.results; });
  }

  void until(const std::function<bool()>& is) {
    std::unique_lock lock(mutex);
    changed.wait(lock, is);
  }
  // With the lock held.
  std::size_t samples_of(std::uint32_t id) { return sessions[id].samples.size(); }
  std::size_t replies_to(std::uint32_t id) { return sessions[id].replies; }

  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::uint32_t, OfSession> sessions;
  std::uint16_t port = 0;

 private:
  template <typename Do>
  void change(Do what) {
    const std::lock_guard lock(mutex);
    what();
    changed.notify_all();
  }
  template <typename Do>
  void of(std::uint32_t id, Do what) {
    change([&] {
      OfSession& one = sessions[id];
      one.told_after_end = one.told_after_end || one.ended;
      what(one);
    });
  }
};

// An agent on a thread of its own, on any free port of loopback.
class Running {
 public:
  explicit Running(session::Peers peers = session::Peers::Open) {
    DaemonOptions options;
    options.reflect.peers = peers;
    options.reflect.listen.push_back(
        {.address = packet::IpAddress::loopback(packet::Family::V4), .port = 0, .zone = {}});
    options.reflect.rate = 0;
    auto made = Daemon::create(options);
    EXPECT_TRUE(made) << made.error().text;
    daemon = std::move(*made);
    EXPECT_FALSE(daemon->last_turn());
    thread_ = std::thread([this] { EXPECT_TRUE(daemon->run(heard)); });
    heard.until([this] { return heard.port != 0; });
  }
  ~Running() { stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void stop() {
    if (!thread_.joinable()) return;
    daemon->stop();
    thread_.join();
  }
  DaemonSession session(std::uint32_t id, std::string name) const {
    DaemonSession session;
    session.id = id;
    session.name = std::move(name);
    session.options.host = "127.0.0.1";
    session.options.port = heard.port;
    session.options.interval = Duration::milliseconds(20);
    session.options.loss_after = Duration::milliseconds(100);
    session.options.port_policy = PortPolicy::Dynamic;
    return session;
  }

  Heard heard;
  std::unique_ptr<Daemon> daemon;

 private:
  std::thread thread_;
};

// Who is measured is no stranger: two agents need no list to measure each other.
TEST(Daemon, hosts_that_are_measured_are_answered_where_only_the_listed_are) {
  Running agent(session::Peers::Listed);
  Heard& heard = agent.heard;
  agent.daemon->apply({agent.session(1, "itself")});
  heard.until([&] {
    return std::ranges::count(heard.sessions[1].samples, measure::Outcome::Delivered,
                              &measure::Sample::outcome) >= 5;
  });
  agent.stop();
  EXPECT_GE(heard.sessions[1].replies, 5U);
  EXPECT_TRUE(heard.sessions[1].notes.empty()) << heard.sessions[1].notes.front();
}

TEST(Daemon, sessions_come_and_go_and_the_others_notice_nothing) {
  Running agent;
  Heard& heard = agent.heard;
  agent.daemon->apply({agent.session(1, "stays"), agent.session(2, "goes")});
  heard.until([&] { return heard.replies_to(1) >= 10 && heard.replies_to(2) >= 10; });
  agent.daemon->apply({agent.session(1, "stays"), agent.session(3, "comes")});
  heard.until([&] { return heard.sessions[2].ended && heard.replies_to(3) >= 10; });
  std::size_t before = 0;
  heard.until([&] {
    if (before == 0) before = heard.samples_of(1);
    return heard.samples_of(1) >= before + 10;
  });
  EXPECT_TRUE(agent.daemon->last_turn());
  agent.stop();

  const Heard::OfSession& stays = heard.sessions[1];
  ASSERT_EQ(stays.starts.size(), 1U) << "it began once";
  std::set<std::uint64_t> probes;
  for (const measure::Sample& sample : stays.samples) {
    probes.insert(sample.probe);
    EXPECT_EQ(sample.flow, 0U) << "one flow, one port";
    // On a busy machine a reply may be late.
    EXPECT_TRUE(sample.outcome == measure::Outcome::Late || !lost_on_the_way(sample.outcome))
        << sample.probe;
  }
  EXPECT_EQ(*probes.rbegin() + 1, probes.size()) << "no number is missing";
  EXPECT_EQ(probes.size(), stays.samples.size()) << "and none is there twice";
  // What ends is decided and told to its end, and then no more.
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    const Heard::OfSession& one = heard.sessions[id];
    EXPECT_TRUE(one.ended) << id;
    EXPECT_FALSE(one.told_after_end) << id;
    EXPECT_GE(one.results, 1U) << id;
    EXPECT_GE(one.replies, 10U) << id;
    measure::Window all;
    for (const measure::TimedWindow& second : one.seconds) all.merge(second.window);
    // A busy machine may be silent for so long that probes ask what is wrong: they are told, and
    // counted as packets that came, but are none of the schedule.
    const auto count = [&](auto is) {
      return static_cast<std::uint64_t>(std::ranges::count_if(one.samples, is));
    };
    using measure::Sample;
    EXPECT_EQ(all.scheduled, count([](const Sample& sample) { return !sample.burst; })) << id;
    EXPECT_EQ(all.arrived, count([](const Sample& sample) { return sample.arrival_index > 0; }))
        << id;
  }
}

TEST(Daemon, a_session_with_other_options_takes_over_the_port_of_the_one_before) {
  Running agent;
  Heard& heard = agent.heard;
  DaemonSession before = agent.session(1, "one");
  before.options.port_policy = PortPolicy::Fixed;
  // A port that was free a moment ago: that of a session that has ended.
  agent.daemon->apply({agent.session(9, "scout")});
  heard.until([&] { return !heard.sessions[9].starts.empty(); });
  before.options.source_port = heard.sessions[9].starts[0].local.port;
  agent.daemon->apply({before});
  heard.until([&] { return heard.samples_of(1) >= 5; });
  DaemonSession after = before;
  after.id = 2;
  after.options.dscp = 46;
  after.first_epoch = 5;
  agent.daemon->apply({after});
  heard.until([&] { return heard.replies_to(2) >= 5; });
  agent.stop();
  EXPECT_EQ(heard.sessions[1].starts.size(), 1U);
  ASSERT_EQ(heard.sessions[2].starts.size(), 1U);
  EXPECT_TRUE(heard.sessions[2].notes.empty());
  EXPECT_EQ(heard.sessions[2].starts[0].local.port, *before.options.source_port);
  // A busy machine may not send the first ones in time.
  const auto sent = std::ranges::find_if(heard.sessions[2].samples, [](const measure::Sample& one) {
    return left_this_host(one.outcome);
  });
  ASSERT_NE(sent, heard.sessions[2].samples.end());
  EXPECT_EQ(sent->sent.dscp(), 46);
  EXPECT_EQ(heard.sessions[1].seconds.at(0).epoch, 0U);
  EXPECT_EQ(heard.sessions[2].seconds.at(0).epoch, 5U);
}

TEST(Daemon, a_session_that_never_began_ends_too) {
  Running agent;
  Heard& heard = agent.heard;
  DaemonSession session = agent.session(4, "nowhere");
  session.options.device = "no-such-dev0";
  agent.daemon->apply({session});
  heard.until([&] { return !heard.sessions[4].notes.empty(); });
  agent.daemon->apply({});
  heard.until([&] { return heard.sessions[4].ended; });
  EXPECT_TRUE(heard.sessions[4].samples.empty());
}

TEST(Daemon, lists_that_follow_each_other_fast_leave_the_last_one) {
  Running agent;
  Heard& heard = agent.heard;
  for (std::uint32_t id = 1; id <= 50; ++id) agent.daemon->apply({agent.session(id, "one")});
  heard.until([&] { return heard.samples_of(50) >= 3; });
  agent.stop();
  for (const auto& [id, one] : heard.sessions) EXPECT_TRUE(one.ended) << id;
}

TEST(KeepIds, sessions_that_measure_as_before_keep_theirs) {
  std::vector<DaemonSession> running(2);
  running[0] = {.id = 3, .name = "a", .options = {}, .first_epoch = 2};
  running[1] = {.id = 4, .name = "b", .options = {}};
  std::vector<DaemonSession> wanted(3);
  wanted[0].name = "new";
  wanted[1].name = "b";
  wanted[1].options.interval = Duration::seconds(1);
  wanted[2].name = "a";
  wanted[2].options.session = 77;  // does not count
  std::uint32_t next = 5;
  keep_ids(running, wanted, next);
  EXPECT_EQ(wanted[0].id, 5U);
  EXPECT_EQ(wanted[1].id, 6U);
  EXPECT_EQ(wanted[2].id, 3U);
  EXPECT_EQ(wanted[2].first_epoch, 2U);
  EXPECT_EQ(next, 7U);
}

}  // namespace
}  // namespace wirestamp::agent
