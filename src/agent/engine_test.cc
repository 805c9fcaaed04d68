// SPDX-License-Identifier: Apache-2.0
//
// The engine on a packet I/O that is played: what one poll delivers, when, and what the clock says
// meanwhile.
#include "agent/engine.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "wire/request_layout.h"
#include "wire/tlv_control.h"

namespace wirestamp::agent {
namespace {

const packet::Endpoint kPeer{packet::IpAddress::v4(0x0a000002), 23999, 0};
const packet::Endpoint kUs{packet::IpAddress::v4(0x0a000001), 40000, 0};

class PlayedClock final : public Clock {
 public:
  MonoTime mono_now() override { return time; }
  Timestamp now() override {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + time.ns()),
            .mono = time,
            .error = Duration::nanoseconds(50),
            .source = StampSource::User};
  }
  ClockState state() override { return told; }

  MonoTime time = MonoTime::from_ns(1'000'000'000'000);
  ClockState told;
};

class PlayedIo final : public net::PacketIo {
 public:
  using Event = std::function<void(net::PacketSink&)>;

  Result<net::PortId> open(const net::PortOptions&) override {
    if (opened == most_ports) return fail("no more ports");
    return opened++;
  }
  void close(net::PortId port) override { closed.push_back(port); }
  packet::Endpoint local_endpoint(net::PortId) const override { return kUs; }
  net::PortStamping stamping(net::PortId) const override {
    return {.transmit = StampSource::Kernel, .receive = StampSource::Kernel};
  }
  void use_scheduler_stamps(net::PortId) override { ++scheduler_asked; }
  void send(net::PortId port, std::span<const packet::OutgoingDatagram> batch,
            std::span<packet::SendResult> results, net::PacketSink& sink) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      results[i] = {.handed_over = played_clock.now()};
      sent.emplace_back(batch[i].payload.begin(), batch[i].payload.end());
      if (!stamps) continue;
      Timestamp stamp = played_clock.now();
      stamp.source = StampSource::Kernel;
      sink.on_transmit_stamp(port, {batch[i].token, stamp});
    }
  }
  // One event a poll, as if each were a batch; time passes to the deadline when there is none.
  Result<void> poll(std::optional<MonoTime> deadline, net::PacketSink& sink) override {
    ++polls;
    if (!events.empty()) {
      const Event event = events.front();
      events.pop_front();
      event(sink);
    } else if (deadline && *deadline > played_clock.time) {
      played_clock.time = *deadline;
    }
    return {};
  }
  void wake() noexcept override {}
  Clock& clock() override { return played_clock; }

  PlayedClock played_clock;
  std::deque<Event> events;
  std::vector<std::vector<std::byte>> sent;
  std::vector<net::PortId> closed;
  net::PortId opened = 0, most_ports = 1'000;
  bool stamps = true;
  int polls = 0, scheduler_asked = 0;
};

class Samples final : public SessionObserver {
 public:
  void on_sample(const measure::Sample& sample) override { given.push_back(sample); }
  void on_reply(const measure::Sample&) override {}
  void on_unknown_resolved(session::FlowId, std::uint64_t, std::uint64_t) override {}
  void on_note(const std::string&) override {}
  void on_event(const measure::Event&) override {}
  std::vector<measure::Sample> given;
};

class EngineTest : public ::testing::Test {
 protected:
  session::SessionOptions options(std::uint16_t ssid, std::uint64_t count = 1) const {
    session::SessionOptions options;
    options.flow.session = ssid;
    options.flow.remote = kPeer;
    options.flow.ssid = ssid;
    options.flow.loss_after = Duration::seconds(1);
    options.flow.may_send_bare = false;
    options.schedule = {.interval = Duration::milliseconds(100), .at_once = true, .count = count};
    options.policy = session::PortPolicy::Fixed;
    return options;
  }
  void add(Engine& engine, const session::SessionOptions& one, Samples& samples) {
    ASSERT_TRUE(engine.add_session(one, {.options = {}, .given = 0U}, layout_, samples));
  }
  session::Reflector make_reflector() const {
    return session::Reflector({.policy = {},
                               .random = [] { return std::uint64_t{4}; },
                               .note = [](const std::string&) {}});
  }
  // The answer of a reflector elsewhere, as it arrives here.
  PlayedIo::Event answer(session::Reflector& reflector, const std::vector<std::byte>& request,
                         const packet::Endpoint& peer = kPeer) {
    packet::ReceivedDatagram arrived;
    arrived.payload = request;
    arrived.source = kUs;
    arrived.destination = peer;
    arrived.arrival = io_.played_clock.now();
    std::vector<std::byte> octets(request.size());
    EXPECT_TRUE(
        reflector.reflect(arrived, io_.played_clock.now(), io_.played_clock.state(), octets));
    packet::ReceivedDatagram reply;
    reply.source = peer;
    reply.destination = kUs;
    reply.arrival = io_.played_clock.now();
    return [reply, octets](net::PacketSink& sink) mutable {
      reply.payload = octets;
      sink.on_datagram(0, reply);
    };
  }
  PlayedIo::Event request() const {
    packet::ReceivedDatagram arrived;
    arrived.source = kPeer;
    arrived.destination = kUs;
    arrived.arrival = const_cast<PlayedIo&>(io_).played_clock.now();
    return [arrived, octets = std::vector<std::byte>(44)](net::PacketSink& sink) mutable {
      arrived.payload = octets;
      sink.on_datagram(0, arrived);
    };
  }
  void run_to_the_end(Engine& engine) {
    for (int turns = 0; !engine.sessions_finished() && turns < 1'000; ++turns)
      ASSERT_TRUE(engine.turn(std::nullopt));
    ASSERT_TRUE(engine.sessions_finished());
  }

  PlayedIo io_;
  wire::RequestLayout layout_ = wire::plan_request(std::nullopt).value();
};

TEST_F(EngineTest, WhatComesOnAGuestsPortIsTheGuestsAlone) {
  class Guest final : public net::PacketSink {
   public:
    void on_datagram(net::PortId, const packet::ReceivedDatagram&) override { ++heard; }
    void on_transmit_stamp(net::PortId, const packet::TransmitStamp&) override { ++heard; }
    void on_path_error(net::PortId, const packet::PathError&) override { ++heard; }
    void on_stamps_unreliable(net::PortId) override { ++heard; }
    void on_receive_dropped(net::PortId, std::uint64_t) override { ++heard; }
    void on_network_change(const packet::NetworkChange&) override { ++heard; }
    int heard = 0;
  };
  const auto play = [this](Engine& engine) {
    io_.events.push_back([](net::PacketSink& sink) {
      sink.on_datagram(5, {});
      sink.on_transmit_stamp(5, {});
      sink.on_path_error(5, {});
      sink.on_stamps_unreliable(5);
      sink.on_receive_dropped(5, 2);
      sink.on_network_change({});
    });
    ASSERT_TRUE(engine.turn(io_.played_clock.time));
  };
  session::Reflector reflector = make_reflector();
  Engine engine(io_, &reflector);
  Guest guest;
  engine.add_guest(5, guest);
  play(engine);
  EXPECT_EQ(guest.heard, 5);  // a change of the network is of no port
  EXPECT_EQ(reflector.counters().too_short, 0U);
  EXPECT_EQ(reflector.counters().receive_buffer_full, 0U);
  engine.remove_guest(5);
  play(engine);
  EXPECT_EQ(guest.heard, 5);
  EXPECT_EQ(reflector.counters().too_short, 1U);
  EXPECT_EQ(reflector.counters().receive_buffer_full, 2U);
}

// Nobody knows whose they were.
TEST_F(EngineTest, WhatFoundNoRoomIsToldToAllWhomItMayHaveBeenFor) {
  session::Reflector reflector = make_reflector();
  Engine engine(io_, &reflector);
  Samples samples;
  const auto running =
      engine.add_session(options(1), {.options = {}, .given = 0U}, layout_, samples);
  ASSERT_TRUE(running);
  const auto drop = [&](net::PortId port, std::uint64_t count) {
    io_.events.push_back([=](net::PacketSink& sink) { sink.on_receive_dropped(port, count); });
    ASSERT_TRUE(engine.turn(io_.played_clock.time));
  };
  drop(0, 3);
  EXPECT_EQ((*running)->counters().receive_buffer_full, 3U);
  EXPECT_EQ(reflector.counters().receive_buffer_full, 0U) << "it does not listen there";
  drop(9, 5);
  EXPECT_EQ((*running)->counters().receive_buffer_full, 3U);
  EXPECT_EQ(reflector.counters().receive_buffer_full, 5U);
  engine.share_port(0);  // both roles on one port
  drop(0, 1);
  EXPECT_EQ((*running)->counters().receive_buffer_full, 4U);
  EXPECT_EQ(reflector.counters().receive_buffer_full, 6U);
}

// Both roles on one port, in the authenticated mode: its octets stand elsewhere.
TEST_F(EngineTest, AnAuthenticatedReplyGoesToItsSessionAndAnAuthenticatedRequestIsAnswered) {
  constexpr std::string_view kSecret = "0123456789abcdef";
  const auto key = std::make_shared<const session::AuthKey>(
      "site", std::as_bytes(std::span(kSecret)), session::AuthKey::For{});
  const auto keys = std::make_shared<session::Keyring>(std::vector{key});
  wire::RequestPlan plan;
  plan.mode = wire::Mode::Authenticated;
  layout_ = *wire::plan_request(plan);
  session::Reflector near = make_reflector(), far = make_reflector();
  near.set_keys(keys);
  far.set_keys(keys);
  Engine engine(io_, &near);
  Samples samples;
  for (const std::uint16_t ssid : {std::uint16_t{7}, std::uint16_t{8}}) {
    session::SessionOptions one = options(ssid);
    one.flow.remote.port = static_cast<std::uint16_t>(kPeer.port + ssid);
    one.flow.key = key;
    add(engine, one, samples);
  }
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  ASSERT_EQ(io_.sent.size(), 2U);
  const std::vector<std::byte> request = io_.sent[0];
  for (std::size_t i = 0; i < 2; ++i)
    io_.events.push_back(answer(
        far, io_.sent[i], {kPeer.address, static_cast<std::uint16_t>(kPeer.port + 7 + i), 0}));
  io_.events.push_back([request](net::PacketSink& sink) {
    packet::ReceivedDatagram arrived;
    arrived.payload = request;
    arrived.source = {kPeer.address, 50'000, 0};
    arrived.destination = kUs;
    arrived.arrival.mono = MonoTime::from_ns(1'000'000'000'000);
    sink.on_datagram(0, arrived);
  });
  run_to_the_end(engine);
  ASSERT_EQ(samples.given.size(), 2U);
  for (const measure::Sample& sample : samples.given)
    EXPECT_EQ(sample.outcome, measure::Outcome::Delivered) << sample.session;
  EXPECT_EQ(near.counters().requests, 1U) << "no reply was taken for a request";
  EXPECT_EQ(near.counters().auth_verified, 1U);
}

TEST_F(EngineTest, AfterALongPauseRepliesAreReadBeforeProbesAreDecided) {
  Engine engine(io_, nullptr);
  Samples samples;
  add(engine, options(7, 40), samples);
  session::Reflector far = make_reflector();
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(engine.turn(std::nullopt));
  for (const auto& sent : io_.sent) io_.events.push_back(answer(far, sent));
  const std::size_t asked = io_.events.size();
  io_.played_clock.time += Duration::seconds(30);
  run_to_the_end(engine);
  std::size_t delivered = 0;
  for (const measure::Sample& sample : samples.given)
    delivered += sample.outcome == measure::Outcome::Delivered ? 1 : 0;
  EXPECT_GE(asked, 5U);
  EXPECT_EQ(delivered, asked);
}

// draft-ietf-ippm-asymmetrical-pkts: by the port that the request came by, each in its time.
TEST_F(EngineTest, SeveralRepliesToOneRequestLeaveOneAfterAnother) {
  session::Reflector reflector({.policy = {.allowed = {{packet::IpAddress::v4(0x0a000000), 8}}},
                                .random = [] { return std::uint64_t{4}; },
                                .note = [](const std::string&) {},
                                .tlvs = {.control = wire::ControlPolicy()}});
  Engine engine(io_, &reflector);
  wire::AskedTlv asked{.type = wire::kReflectedControl, .value = std::vector<std::byte>(12)};
  base::store_be(asked.value, 0, std::uint32_t{200U << 16U | 3U});
  base::store_be(asked.value, 4, std::uint32_t{10'000'000});
  const auto layout = wire::plan_request({.asked = {asked}});
  std::vector<std::byte> octets(layout->size);
  wire::encode_probe(*layout, {.timestamp = 1, .error_estimate = 1, .ssid = 1}, octets);
  packet::ReceivedDatagram arrived;
  arrived.source = kPeer;
  arrived.destination = kUs;
  arrived.arrival = io_.played_clock.now();
  io_.events.push_back([&](net::PacketSink& sink) {
    arrived.payload = octets;
    sink.on_datagram(3, arrived);
  });
  const MonoTime began = io_.played_clock.time;
  for (int turns = 0; turns < 6; ++turns) {
    ASSERT_TRUE(engine.turn(began + Duration::milliseconds(15)));
    EXPECT_LE(io_.sent.size(), io_.played_clock.time < began + Duration::milliseconds(10) ? 1U : 2U)
        << turns;
    if (turns == 0) {
      EXPECT_EQ(io_.sent.size(), 1U);
    }
  }
  EXPECT_EQ(io_.sent.size(), 2U);
  ASSERT_TRUE(engine.turn(began + Duration::seconds(1)));
  ASSERT_TRUE(engine.turn(began + Duration::seconds(1)));
  ASSERT_EQ(io_.sent.size(), 3U);
  for (const auto& sent : io_.sent) EXPECT_EQ(sent.size(), layout->size) << "never shorter";
  EXPECT_EQ(base::load_be<std::uint32_t>(io_.sent[2], 0), 2U);
}

// Some TWAMP Light reflectors send 36 octets, and no SSID: no packet can be told from a request so.
TEST_F(EngineTest, AnAnswerWithoutSsidThatLooksLikeNoReplyReachesItsSession) {
  Engine engine(io_, nullptr);
  Samples samples;
  add(engine, options(7), samples);
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  ASSERT_EQ(io_.sent.size(), 1U);
  std::vector<std::byte> octets(36);
  std::copy_n(io_.sent[0].begin(), 14, octets.begin());
  std::copy_n(io_.sent[0].begin() + 4, 8, octets.begin() + 16);
  std::copy_n(io_.sent[0].begin(), 12, octets.begin() + 24);
  packet::ReceivedDatagram reply;
  reply.source = kPeer;
  reply.destination = kUs;
  reply.arrival = io_.played_clock.now();
  io_.events.push_back([&](net::PacketSink& sink) {
    reply.payload = octets;
    sink.on_datagram(0, reply);
  });
  run_to_the_end(engine);
  ASSERT_EQ(samples.given.size(), 1U);
  EXPECT_EQ(samples.given[0].outcome, measure::Outcome::Delivered);
  EXPECT_EQ(engine.counters().requests_of_nobody, 0U);
}

// As two flows of one session do for a while when it goes on over the same port.
TEST_F(EngineTest, AnAnswerWithoutSsidGoesToTheFlowWhoseProbeItAnswers) {
  Engine engine(io_, nullptr);
  Samples first, second;
  session::Reflector far = make_reflector();
  add(engine, options(7), first);
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  io_.played_clock.time += Duration::milliseconds(3);
  add(engine, options(8), second);
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  ASSERT_EQ(io_.sent.size(), 2U);
  for (std::vector<std::byte> request : {io_.sent[1], io_.sent[0]}) {
    std::fill_n(request.begin() + 14, 2, std::byte{0});
    io_.events.push_back(answer(far, request));
  }
  run_to_the_end(engine);
  for (const Samples* samples : {&first, &second}) {
    ASSERT_EQ(samples->given.size(), 1U);
    EXPECT_EQ(samples->given[0].outcome, measure::Outcome::Delivered);
  }
}

TEST_F(EngineTest, EveryFlowToAnUnresolvedNeighbourHearsOfIt) {
  io_.stamps = false;
  Engine engine(io_, nullptr);
  std::array<Samples, 3> samples;
  for (std::uint16_t i = 0; i < 3; ++i) {
    session::SessionOptions one = options(static_cast<std::uint16_t>(7 + i));
    if (i == 1) ++one.flow.remote.port;
    if (i == 2) one.flow.remote.address = packet::IpAddress::v4(0x0a000003);
    add(engine, one, samples[i]);
  }
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  ASSERT_EQ(io_.sent.size(), 3U);
  io_.events.push_back([&](net::PacketSink& sink) {
    packet::PathError error;
    error.kind = packet::PathErrorKind::NeighbourUnresolved;
    error.destination = kPeer;
    error.quoted = io_.sent[0];
    error.noticed = io_.played_clock.time;
    sink.on_path_error(0, error);
  });
  run_to_the_end(engine);
  const auto cause = [&](std::size_t i) { return samples[i].given.at(0).cause; };
  EXPECT_EQ(cause(0), measure::UnsentCause::NeighbourUnresolved);
  EXPECT_EQ(cause(1), measure::UnsentCause::NeighbourUnresolved) << "same address, other port";
  EXPECT_NE(cause(2), measure::UnsentCause::NeighbourUnresolved) << "another neighbour";
}

TEST_F(EngineTest, of_many_sessions_on_one_port_each_gets_its_own_replies) {
  constexpr std::uint16_t kSessions = 300;
  Engine engine(io_, nullptr);
  std::vector<Samples> samples(kSessions + 1);
  const auto remote_of = [](std::uint16_t ssid) {
    // Three sessions an address.
    return packet::Endpoint{packet::IpAddress::v4(0x0a000100U + ssid / 3U),
                            static_cast<std::uint16_t>(1'000 + ssid % 3), 0};
  };
  for (std::uint16_t ssid = 1; ssid <= kSessions; ++ssid) {
    session::SessionOptions one = options(ssid);
    one.flow.remote = remote_of(ssid);
    add(engine, one, samples[ssid]);
  }
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  ASSERT_EQ(io_.sent.size(), kSessions);
  session::Reflector far = make_reflector();
  for (std::size_t i = io_.sent.size(); i-- > 0;) {
    const auto ssid = base::load_be<std::uint16_t>(io_.sent[i], 14);
    if (ssid % 5 != 0) io_.events.push_back(answer(far, io_.sent[i], remote_of(ssid)));
  }
  run_to_the_end(engine);
  for (std::uint16_t ssid = 1; ssid <= kSessions; ++ssid) {
    ASSERT_EQ(samples[ssid].given.size(), 1U);
    EXPECT_EQ(samples[ssid].given[0].outcome == measure::Outcome::Delivered, ssid % 5 != 0) << ssid;
  }
}

TEST_F(EngineTest, ATurnReadsWhatIsThereWhenAllFlowsAreFinished) {
  Engine engine(io_, nullptr);
  Samples samples;
  add(engine, options(7), samples);
  run_to_the_end(engine);
  const int polls = io_.polls;
  session::Reflector far = make_reflector();
  io_.events.push_back(answer(far, io_.sent[0]));
  ASSERT_TRUE(engine.turn(std::nullopt));
  EXPECT_EQ(io_.polls, polls + 1);
  EXPECT_EQ(engine.counters().replies_of_nobody, 1U);
  io_.events.push_back(request());
  ASSERT_TRUE(engine.turn(std::nullopt));
  EXPECT_EQ(engine.counters().requests_of_nobody, 1U);
}

TEST_F(EngineTest, AClockStepWhileWaitingMarksTheSamplesItCutThrough) {
  Engine engine(io_, nullptr);
  Samples samples;
  add(engine, options(7), samples);
  session::Reflector far = make_reflector();
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  io_.events.push_back([&, event = answer(far, io_.sent[0])](net::PacketSink& sink) {
    ++io_.played_clock.told.steps;  // the backend saw it when it woke up
    event(sink);
  });
  run_to_the_end(engine);
  ASSERT_EQ(samples.given.size(), 1U);
  EXPECT_TRUE(samples.given[0].clock_step);
}

class ReplyStamps : public EngineTest {
 protected:
  void answer_requests(Engine& engine, int count) {
    for (int i = 0; i < count; ++i) {
      io_.events.push_back(request());
      ASSERT_TRUE(engine.turn(io_.played_clock.time));
    }
  }
  session::Reflector reflector_ = make_reflector();
  std::vector<std::string> notes_;
  Engine engine_{io_, &reflector_, [this](const std::string& note) { notes_.push_back(note); }};
};

TEST_F(ReplyStamps, AfterEightRepliesWithoutAStampTheSchedulersAreAskedForOnce) {
  io_.stamps = false;
  answer_requests(engine_, 7);
  EXPECT_EQ(io_.scheduler_asked, 0);
  answer_requests(engine_, 20);
  EXPECT_EQ(io_.scheduler_asked, 1);
  EXPECT_EQ(notes_.size(), 1U);
}

TEST_F(ReplyStamps, ADriverThatStampsIsNotDoubtedForRepliesThatDidNotLeave) {
  answer_requests(engine_, 1);
  io_.stamps = false;
  answer_requests(engine_, 20);
  EXPECT_EQ(io_.scheduler_asked, 0);
  // Another way out, another driver.
  io_.events.push_back([](net::PacketSink& sink) {
    sink.on_network_change({.kind = packet::NetworkChangeKind::RouteChanged});
  });
  ASSERT_TRUE(engine_.turn(io_.played_clock.time));
  answer_requests(engine_, 8);
  EXPECT_EQ(io_.scheduler_asked, 1);
}

TEST_F(ReplyStamps, StampsThatWerePushedOutAreNotMissing) {
  io_.stamps = false;
  answer_requests(engine_, 7);
  io_.events.push_back([](net::PacketSink& sink) { sink.on_stamps_unreliable(0); });
  ASSERT_TRUE(engine_.turn(io_.played_clock.time));
  answer_requests(engine_, 7);
  EXPECT_EQ(io_.scheduler_asked, 0);
}

TEST_F(EngineTest, a_session_that_cannot_begin_leaves_nothing_behind) {
  Engine engine(io_, nullptr);
  io_.most_ports = 2;
  session::SessionOptions three = options(1);
  three.policy = session::PortPolicy::Dynamic;
  three.flows = 3;
  Samples samples;
  EXPECT_FALSE(engine.add_session(three, {.options = {}, .given = {}}, layout_, samples));
  EXPECT_EQ(io_.closed, (std::vector<net::PortId>{0, 1}));
  // What still comes on its ports is nobody's.
  io_.events.push_back([](net::PacketSink& sink) {
    sink.on_path_error(0, {});
    sink.on_stamps_unreliable(1);
  });
  EXPECT_TRUE(engine.turn(io_.played_clock.time));
}

TEST_F(EngineTest, a_session_that_is_removed_closes_its_ports_and_the_others_go_on) {
  Engine engine(io_, nullptr);
  session::SessionOptions one = options(1, 1'000), other = options(2, 1'000);
  one.policy = other.policy = session::PortPolicy::Dynamic;
  Samples of_one, of_other;
  const auto first = engine.add_session(one, {.options = {}, .given = {}}, layout_, of_one);
  ASSERT_TRUE(first);
  ASSERT_TRUE(engine.add_session(other, {.options = {}, .given = {}}, layout_, of_other));
  ASSERT_TRUE(engine.turn(io_.played_clock.time));
  engine.remove_session(**first);
  EXPECT_EQ(io_.closed, std::vector<net::PortId>{0});
  const std::size_t before = io_.sent.size();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine.turn(std::nullopt));
  EXPECT_GT(io_.sent.size(), before);
}

// Both roles on one port: whose port it is, and that one 5-tuple is one flow's.
TEST_F(EngineTest, a_session_sends_on_the_port_that_the_reflector_has) {
  session::Reflector reflector = make_reflector();
  Engine engine(io_, &reflector);
  const net::PortId shared = *io_.open({});
  engine.share_port(shared);  // it is at kUs
  session::SessionOptions wanted = options(1, 1'000);
  wanted.fixed_port = kUs.port;
  wanted.policy = session::PortPolicy::Auto;
  net::PortOptions port;
  port.address = kUs.address;
  Samples samples;
  const auto first = engine.add_session(wanted, {.options = port, .given = {}}, layout_, samples);
  ASSERT_TRUE(first);
  EXPECT_EQ(io_.opened, 1U) << "no port beside the reflector's";
  wanted.flow.session = wanted.flow.ssid = 2;
  ASSERT_TRUE(engine.add_session(wanted, {.options = port, .given = {}}, layout_, samples));
  EXPECT_EQ(io_.opened, 2U) << "a second one to the same host has a port of its own";
  engine.remove_session(**first);
  EXPECT_TRUE(io_.closed.empty()) << "the reflector's port stays";
}

}  // namespace
}  // namespace wirestamp::agent
