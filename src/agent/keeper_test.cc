// SPDX-License-Identifier: Apache-2.0
#include "agent/keeper.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/entropy.h"

namespace wirestamp::agent {
namespace {

const WallTime kStart = WallTime::from_ns(1'800'000'000'000'000'000);

WallTime at(std::int64_t seconds) { return kStart + Duration::seconds(seconds); }

class FixedClock final : public Clock {
 public:
  MonoTime mono_now() override { return MonoTime::from_ns(1'000'000'000) + passed; }
  Timestamp now() override {
    return {.wall = kStart + passed, .mono = mono_now(), .error = {}, .source = StampSource::User};
  }
  ClockState state() override { return {}; }
  Duration passed;
};

struct Heard final : KeeperOutput {
  void on_note(const std::string&, const std::string& text) override { notes.push_back(text); }
  void on_event(const measure::RecordedEvent& event) override { events.push_back(event); }
  void on_incident(const measure::Incident& incident) override {
    incidents.push_back(incident);
    if (at_incident) at_incident();
  }
  void on_reopened(const measure::Incident& incident) override { reopened.push_back(incident); }
  std::vector<std::string> notes;
  std::vector<measure::RecordedEvent> events;
  std::vector<measure::Incident> incidents, reopened;
  std::function<void()> at_incident;
};

measure::TimedWindow second(std::int64_t begin, std::uint64_t lost = 0) {
  measure::TimedWindow window{
      .begin = at(begin), .length = Duration::seconds(1), .epoch = 1, .part = false, .window = {}};
  window.window.scheduled = window.window.sent = 2;
  window.window.lost.forward = lost;
  window.window.delivered = 2 - lost;
  for (std::uint64_t i = lost; i < 2; ++i)
    window.window.rtt.add(StampSource::Kernel, Duration::milliseconds(3));
  return window;
}

measure::Event event(measure::EventKind kind, std::int64_t seconds) {
  measure::Event event;
  event.kind = kind;
  event.wall = at(seconds);
  event.text = "what happened";
  return event;
}

// Has something to say of its file, once.
class TellingStore final : public store::Store {
 public:
  Result<std::uint32_t> session(const store::SessionInfo&) override { return 1; }
  void add_window(std::uint32_t, const measure::TimedWindow&) override {}
  void add_sample(std::uint32_t, const measure::Sample&) override {}
  void add_event(std::uint32_t, const measure::RecordedEvent&) override {}
  void put_incident(std::uint32_t, const measure::Incident&) override {}
  void put_flow(const store::FlowRow&) override {}
  Result<void> flush() override { return {}; }
  Result<void> retain(WallTime) override { return {}; }
  std::vector<store::Note> take_notes() override { return std::exchange(notes, {}); }
  std::uint64_t dropped() const override { return 0; }
  std::uint64_t octets() const override { return 0; }
  std::uint64_t last_event() const override { return 0; }
  std::uint64_t last_incident() const override { return 0; }
  std::uint32_t last_epoch() const override { return 0; }

  std::vector<store::Note> notes;
};

class KeeperTest : public testing::Test {
 protected:
  KeeperTest() { std::filesystem::remove_all(folder_); }
  ~KeeperTest() override { std::filesystem::remove_all(folder_); }

  // One life of the agent: what `tell` puts into the mailbox is kept.
  template <typename Tell>
  void live(Tell tell) {
    auto opened = store::Store::open(path(), {});
    ASSERT_TRUE(opened) << opened.error().text;
    auto reader = store::Reader::open(path());
    ASSERT_TRUE(reader) << reader.error().text;
    keeper_ = std::make_unique<Keeper>(KeeperOptions{}, std::move(opened->store),
                                       std::move(*reader), feed_, heard_, clock_);
    keeper_->plan(
        {{.id = 7, .name = "office", .options = {.host = "192.0.2.1"}, .thresholds = {}}});
    Mailbox mailbox;
    tell(mailbox);
    mailbox.end();
    keeper_->run(mailbox);
  }
  std::string path() const { return folder_ + "/agent.db"; }
  api::SessionStatus status() const { return keeper_->sessions().at(0); }

  std::string folder_ = testing::TempDir() + "keeper." + std::to_string(platform::random_bits()) +
                        "." + testing::UnitTest::GetInstance()->current_test_info()->name();
  FixedClock clock_;
  api::Feed feed_;
  Heard heard_;
  std::unique_ptr<Keeper> keeper_;
};

TEST_F(KeeperTest, windows_are_kept_and_summed_up) {
  live([](Mailbox& mailbox) {
    for (int i = 0; i < 130; ++i) mailbox.on_second(7, second(i, i == 70 ? 1 : 0));
  });
  EXPECT_EQ(status().total.sent, 260U);
  EXPECT_EQ(status().total.lost.forward, 1U);
  EXPECT_EQ(status().state, api::SessionState::Up);
  ASSERT_TRUE(status().last_minute);
  EXPECT_EQ(status().last_minute->begin, at(60));
  EXPECT_EQ(status().last_minute->window.sent, 120U);
  keeper_.reset();
  const auto reader = store::Reader::open(path());
  ASSERT_TRUE(reader);
  const auto sessions = (*reader)->sessions();
  ASSERT_EQ(sessions->size(), 1U);
  EXPECT_EQ(sessions->at(0).info.name, "office");
  const auto windows = (*reader)->windows({.session = sessions->at(0).id,
                                           .range = {.from = at(0), .to = at(200)},
                                           .step = Duration::seconds(1)});
  ASSERT_TRUE(windows) << windows.error().text;
  EXPECT_EQ(windows->size(), 130U);
}

TEST_F(KeeperTest, a_session_tells_its_mode_and_the_id_of_its_key) {
  live([](Mailbox& mailbox) { mailbox.on_waiting(7, "its name has no address"); });
  EXPECT_EQ(status().protocol, "stamp");
  EXPECT_EQ(status().mode, "") << "it did not begin";
  keeper_.reset();
  live([](Mailbox& mailbox) { mailbox.on_session(7, PingStart{}); });
  EXPECT_EQ(status().mode, "open");
  EXPECT_EQ(status().key_id, "");
  keeper_.reset();
  live([](Mailbox& mailbox) {
    PingStart start;
    start.key_id = "site-2026";
    start.key_fingerprint = "1f0c22e9";
    mailbox.on_session(7, start);
  });
  EXPECT_EQ(status().mode, "authenticated");
  EXPECT_EQ(status().key_id, "site-2026");
  keeper_.reset();
  live([](Mailbox& mailbox) {
    PingStart start;
    start.key_id = "site-2026";
    mailbox.on_session(7, start);
    mailbox.on_key(7, "site-2027");
  });
  EXPECT_EQ(status().mode, "authenticated");
  EXPECT_EQ(status().key_id, "site-2027");
}

TEST_F(KeeperTest, an_outage_is_one_incident_with_its_events) {
  live([](Mailbox& mailbox) {
    for (int i = 0; i < 20; ++i) mailbox.on_second(7, second(i));
    mailbox.on_event(7, event(measure::EventKind::OutageBegan, 20));
    mailbox.on_event(7, event(measure::EventKind::Verdict, 22));
  });
  EXPECT_EQ(status().state, api::SessionState::Silent);
  EXPECT_NE(status().incident, 0U);
  ASSERT_GE(heard_.events.size(), 2U);
  for (const measure::RecordedEvent& one : heard_.events)
    EXPECT_EQ(one.incident, status().incident) << one.event.text;
}

// Of sessions that fall silent together one alone tells of it.
TEST_F(KeeperTest, a_session_whose_probes_are_not_answered_is_silent_though_it_tells_no_outage) {
  live([](Mailbox& mailbox) {
    for (int i = 0; i < 20; ++i) mailbox.on_second(7, second(i, i < 16 ? 0 : 2));
  });
  EXPECT_EQ(status().state, api::SessionState::Up) << "four seconds";
  keeper_.reset();
  live([](Mailbox& mailbox) {
    for (int i = 0; i < 30; ++i) mailbox.on_second(7, second(i, i < 16 ? 0 : 2));
  });
  EXPECT_EQ(status().state, api::SessionState::Silent);
  EXPECT_EQ(status().since, at(16));
  keeper_.reset();
  live([](Mailbox& mailbox) {
    for (int i = 0; i < 40; ++i) mailbox.on_second(7, second(i, i < 16 || i >= 30 ? 0 : 2));
  });
  EXPECT_EQ(status().state, api::SessionState::Up);
  EXPECT_EQ(status().since, at(30));
}

TEST_F(KeeperTest, seconds_that_come_after_the_end_of_an_outage_was_told_do_not_begin_another) {
  live([](Mailbox& mailbox) {
    for (int i = 0; i < 20; ++i) mailbox.on_second(7, second(i));
    mailbox.on_event(7, event(measure::EventKind::OutageBegan, 25));
    mailbox.on_event(7, event(measure::EventKind::OutageEnded, 30));
    for (int i = 20; i < 30; ++i) mailbox.on_second(7, second(i, 2));
  });
  EXPECT_EQ(status().state, api::SessionState::Up);
  EXPECT_EQ(status().since, at(30));
}

TEST_F(KeeperTest, numbers_go_on_after_a_restart_and_an_open_incident_stays_open) {
  live([](Mailbox& mailbox) { mailbox.on_event(7, event(measure::EventKind::OutageBegan, 20)); });
  const std::uint64_t incident = status().incident, last = heard_.events.back().id;
  ASSERT_NE(incident, 0U);
  keeper_.reset();
  clock_.passed = Duration::seconds(60);
  live([](Mailbox& mailbox) { mailbox.on_event(7, event(measure::EventKind::OutageEnded, 50)); });
  EXPECT_GT(heard_.events.back().id, last);
  EXPECT_EQ(heard_.events.back().incident, incident);
  ASSERT_EQ(heard_.reopened.size(), 1U);
  EXPECT_EQ(heard_.reopened[0].id, incident);
}

TEST_F(KeeperTest, an_incident_that_is_open_from_before_is_in_the_status_at_once) {
  live([](Mailbox& mailbox) { mailbox.on_event(7, event(measure::EventKind::OutageBegan, 20)); });
  const std::uint64_t incident = status().incident;
  keeper_.reset();
  live([](Mailbox& mailbox) { mailbox.on_note("nothing new"); });
  EXPECT_EQ(status().incident, incident);
}

// What a kill leaves behind is what the file and its log have then.
TEST_F(KeeperTest, an_incident_that_was_told_before_a_kill_gives_its_number_to_no_other) {
  const auto outage = [](Mailbox& mailbox) {
    mailbox.on_event(7, event(measure::EventKind::OutageBegan, 20));
  };
  const std::string left = folder_ + "/left";
  heard_.at_incident = [&] {
    for (const char* suffix : {"", "-wal"}) std::filesystem::copy(path() + suffix, left + suffix);
  };
  live(outage);
  heard_.at_incident = {};
  keeper_.reset();
  ASSERT_EQ(heard_.incidents.size(), 1U);
  for (const char* suffix : {"", "-wal"}) std::filesystem::rename(left + suffix, path() + suffix);
  live(outage);
  ASSERT_EQ(heard_.incidents.size(), 2U);
  EXPECT_TRUE(heard_.reopened.empty());
  EXPECT_GT(heard_.incidents[1].id, heard_.incidents[0].id);
  EXPECT_GT(heard_.events[1].id, heard_.events[0].id);
}

TEST_F(KeeperTest, a_session_that_was_never_answered_counts_after_its_end) {
  live([](Mailbox& mailbox) {
    mailbox.on_second(7, second(0, 2));
    mailbox.on_session_ended(7);
  });
  EXPECT_FALSE(keeper_->every_session_answered());
  keeper_.reset();
  live([](Mailbox& mailbox) {
    mailbox.on_second(7, second(1));
    mailbox.on_session_ended(7);
  });
  EXPECT_TRUE(keeper_->every_session_answered());
}

TEST_F(KeeperTest, a_session_that_cannot_go_on_waits_and_says_why) {
  live([](Mailbox& mailbox) {
    mailbox.on_second(7, second(0));
    mailbox.on_waiting(7, "no such device");
  });
  EXPECT_EQ(status().state, api::SessionState::Waiting);
  EXPECT_EQ(status().problem, "no such device");
}

// A second is told ten seconds and more after its end.
TEST_F(KeeperTest, seconds_from_before_it_could_not_go_on_do_not_say_that_it_is_up) {
  clock_.passed = Duration::milliseconds(2'500);
  live([](Mailbox& mailbox) {
    mailbox.on_second(7, second(0));
    mailbox.on_waiting(7, "no such device");
    mailbox.on_second(7, second(1));
    mailbox.on_second(7, second(2));
  });
  EXPECT_EQ(status().state, api::SessionState::Waiting);
  EXPECT_EQ(status().problem, "no such device");
  EXPECT_EQ(status().since, at(2) + Duration::milliseconds(500));
}

TEST_F(KeeperTest, a_session_that_waited_is_up_when_it_began_anew_and_is_answered) {
  clock_.passed = Duration::milliseconds(2'500);
  const auto waits_and_begins = [](Mailbox& mailbox) {
    mailbox.on_second(7, second(0));
    mailbox.on_waiting(7, "no such device");
    mailbox.on_session(7, PingStart{});
    mailbox.on_second(7, second(1));
  };
  live(waits_and_begins);
  EXPECT_EQ(status().state, api::SessionState::Waiting) << "a second from before";
  keeper_.reset();
  live([&](Mailbox& mailbox) {
    waits_and_begins(mailbox);
    mailbox.on_second(7, second(12, 2));
    mailbox.on_second(7, second(13));
  });
  EXPECT_EQ(status().state, api::SessionState::Up);
  EXPECT_EQ(status().since, at(13));
  EXPECT_EQ(status().problem, "");
  keeper_.reset();
  // It says so itself as well, and that counts whatever the clock was set to meanwhile.
  live([&](Mailbox& mailbox) {
    waits_and_begins(mailbox);
    mailbox.on_event(7, event(measure::EventKind::SessionUp, -3'600));
  });
  EXPECT_EQ(status().state, api::SessionState::Up);
  EXPECT_EQ(status().problem, "");
}

TEST_F(KeeperTest, an_open_incident_goes_on_however_many_came_after_it) {
  live([](Mailbox& mailbox) { mailbox.on_event(7, event(measure::EventKind::OutageBegan, 20)); });
  const std::uint64_t incident = status().incident;
  ASSERT_NE(incident, 0U);
  keeper_.reset();
  {
    auto opened = store::Store::open(path(), {});
    ASSERT_TRUE(opened);
    const auto row = opened->store->session({.name = "branch"});
    for (std::uint64_t i = 1; i <= 1'100; ++i)
      opened->store->put_incident(*row, {.id = incident + i,
                                         .session = "branch",
                                         .opened = at(30),
                                         .closed = at(40),
                                         .title = "loss"});
    ASSERT_TRUE(opened->store->flush());
  }
  clock_.passed = Duration::seconds(60);
  live([](Mailbox& mailbox) { mailbox.on_event(7, event(measure::EventKind::OutageEnded, 50)); });
  EXPECT_EQ(heard_.events.back().incident, incident);
}

TEST_F(KeeperTest, the_peer_of_before_is_known_until_there_is_another) {
  live([](Mailbox& mailbox) {
    PingStart start;
    start.remote = {.address = *packet::IpAddress::parse("192.0.2.1"), .port = 23999};
    mailbox.on_session(7, start);
    mailbox.on_second(7, second(0));
  });
  keeper_.reset();
  live([](Mailbox& mailbox) { mailbox.on_event(7, event(measure::EventKind::OutageBegan, 20)); });
  keeper_.reset();
  const auto reader = store::Reader::open(path());
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->sessions()->at(0).info.peer, "192.0.2.1:23999");
}

TEST_F(KeeperTest, flows_are_kept_with_their_time) {
  live([](Mailbox& mailbox) {
    PingStart start;
    start.remote = {.address = *packet::IpAddress::parse("192.0.2.1"), .port = 23999};
    start.local = {.address = *packet::IpAddress::parse("192.0.2.2"), .port = 23999};
    mailbox.on_session(7, start);
    measure::Event changed = event(measure::EventKind::FlowChanged, 60);
    changed.new_flow = "192.0.2.2:40000 > 192.0.2.1:23999";
    changed.flow = 1;
    mailbox.on_event(7, changed);
    mailbox.on_second(7, second(60));
  });
  keeper_.reset();
  const auto reader = store::Reader::open(path());
  const auto flows =
      (*reader)->flows((*reader)->sessions()->at(0).id, {.from = at(-60), .to = at(600)});
  ASSERT_TRUE(flows);
  ASSERT_EQ(flows->size(), 2U);
  EXPECT_EQ(flows->at(0).tuple, "192.0.2.2:23999 > 192.0.2.1:23999");
  EXPECT_EQ(flows->at(0).ended, at(60));
  EXPECT_EQ(flows->at(1).tuple, "192.0.2.2:40000 > 192.0.2.1:23999");
  EXPECT_FALSE(flows->at(1).ended);
}

TEST_F(KeeperTest, a_session_that_ended_is_no_longer_told_of) {
  live([](Mailbox& mailbox) {
    mailbox.on_second(7, second(0));
    mailbox.on_session_ended(7);
    mailbox.on_second(7, second(1));  // of nobody
  });
  EXPECT_TRUE(keeper_->sessions().empty());
}

TEST_F(KeeperTest, only_a_file_that_was_set_aside_is_an_event) {
  auto telling = std::make_unique<TellingStore>();
  telling->notes = {{.set_aside = true, .text = "was broken"}, {.text = "is deleted"}};
  keeper_ =
      std::make_unique<Keeper>(KeeperOptions{}, std::move(telling), nullptr, feed_, heard_, clock_);
  Mailbox mailbox;
  mailbox.end();
  keeper_->run(mailbox);
  ASSERT_EQ(heard_.events.size(), 1U);
  EXPECT_EQ(heard_.events[0].event.kind, measure::EventKind::StoreSetAside);
  EXPECT_EQ(heard_.events[0].event.text, "was broken");
  EXPECT_EQ(heard_.notes, std::vector<std::string>{"is deleted"});
}

TEST_F(KeeperTest, without_a_store_all_else_works) {
  keeper_ = std::make_unique<Keeper>(KeeperOptions{}, nullptr, nullptr, feed_, heard_, clock_);
  keeper_->plan({{.id = 1, .name = "office", .options = {.host = "h"}, .thresholds = {}}});
  Mailbox mailbox;
  mailbox.on_second(1, second(0));
  mailbox.on_event(1, event(measure::EventKind::OutageBegan, 3));
  mailbox.end();
  keeper_->run(mailbox);
  EXPECT_EQ(status().total.sent, 2U);
  EXPECT_EQ(status().state, api::SessionState::Silent);
  api::AgentStatus agent;
  keeper_->fill(agent);
  EXPECT_TRUE(agent.store_well);
}

TEST(Mailbox, what_finds_no_room_is_counted) {
  Mailbox mailbox;
  for (std::size_t i = 0; i < Mailbox::kMostSamples + 5; ++i) mailbox.on_sample(1, {});
  for (std::size_t i = 0; i < Mailbox::kMostItems + 3; ++i) mailbox.on_note("x");
  EXPECT_EQ(mailbox.dropped().samples, 5U);
  EXPECT_EQ(mailbox.dropped().items, 3U);
  EXPECT_EQ(mailbox.take(Duration()).size(), Mailbox::kMostSamples + Mailbox::kMostItems);
  mailbox.on_note("y");
  EXPECT_EQ(mailbox.take(Duration()).size(), 1U);
}

TEST(Mailbox, windows_leave_room_for_what_happened) {
  Mailbox mailbox;
  for (std::size_t i = 0; i < Mailbox::kMostItems; ++i) mailbox.on_second(1, second(0));
  mailbox.on_event(1, event(measure::EventKind::OutageBegan, 0));
  EXPECT_EQ(mailbox.dropped().items, Mailbox::kMostItems - Mailbox::kMostFigures);
  EXPECT_TRUE(std::holds_alternative<Mailbox::Happened>(mailbox.take(Duration()).back()));
}

}  // namespace
}  // namespace wirestamp::agent
