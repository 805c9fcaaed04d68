// SPDX-License-Identifier: Apache-2.0
//
// Silence and its end, where the transmit stamps do not say at once what left: they never come, or
// come later than the reply.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "session/reflector.h"
#include "session/session.h"

namespace wirestamp::session {
namespace {

using measure::EventKind;
using measure::Finding;
using measure::Outcome;
using measure::UnsentCause;

struct Span {
  std::int64_t from_ms = 0, to_ms = 0;
};

struct HostOptions {
  PortPolicy policy = PortPolicy::Fixed;
  Duration interval = Duration::milliseconds(500);
  std::uint64_t count = 400;
  Span swallowed;    // accepted by the system, and never seen again
  Span down;         // lost on the way
  Span late_stamps;  // read after the reply
  Span no_stamps;    // probes leave without one
};

// A session and its reflector in virtual time, 20 ms apart.
class Host final : public SessionOutput {
 public:
  explicit Host(const HostOptions& options)
      : options_(options),
        reflector_(
            ReflectorOptions{.policy = {.allowed = {}, .connected = {}, .rate = 0, .total_rate = 0},
                             .random = [this] { return ++random_; },
                             .note = [](const std::string&) {}}) {
    SessionOptions session;
    session.flow.remote = {packet::IpAddress::v4(0x0a00'0002), 23'999, 0};
    session.schedule.interval = options.interval;
    session.schedule.count = options.count;
    session.policy = options.policy;
    session.heal_after.reset();
    session_ =
        std::make_unique<Session>(session, *wire::plan_request(std::nullopt), *this, budget_);
    EXPECT_TRUE(session_->begin(at_now(StampSource::User)));
    while (!session_->finished()) step();
  }

  std::vector<EventKind> kinds() const {
    std::vector<EventKind> kinds;
    for (const auto& [event, told] : events) kinds.push_back(event.kind);
    return kinds;
  }

  std::vector<std::pair<measure::Event, Duration>> events;
  std::vector<measure::Sample> samples;

  Result<OpenedPort> open_flow(FlowId flow, const FlowPort&) override {
    return OpenedPort{.local = end_of(flow), .transmit = StampSource::Kernel};
  }
  void close_flow(FlowId) override {}
  std::optional<Egress> egress() override {
    return Egress{.interface = 2, .interface_name = "eth0", .source = {}};
  }
  void send(FlowId flow, const packet::OutgoingDatagram& datagram) override {
    const std::vector<std::byte> octets(datagram.payload.begin(), datagram.payload.end());
    later(Duration(), [this, flow, token = datagram.token, octets] { leave(flow, token, octets); });
  }
  void on_sample(const measure::Sample& sample) override { samples.push_back(sample); }
  void on_reply(const measure::Sample&) override {}
  void on_unknown_resolved(FlowId, std::uint64_t, std::uint64_t) override {}
  void on_note(const std::string&) override {}
  void on_event(const measure::Event& event) override { events.emplace_back(event, now_ - kStart); }
  void on_scheduler_stamps(FlowId) override {}

 private:
  static constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
  static constexpr Duration kOneWay = Duration::milliseconds(10);

  static packet::Endpoint end_of(FlowId flow) {
    return {packet::IpAddress::v4(0x0a00'0001), static_cast<std::uint16_t>(40'000 + flow), 0};
  }
  Timestamp at_now(StampSource source) const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + now_.ns()),
            .mono = now_,
            .error = Duration::microseconds(5),
            .source = source};
  }
  bool within(const Span& span) const {
    const Duration since = now_ - kStart;
    return since >= Duration::milliseconds(span.from_ms) &&
           since < Duration::milliseconds(span.to_ms);
  }
  void later(Duration after, std::function<void()> run) {
    agenda_.emplace(now_ + after, std::move(run));
  }
  void step() {
    const std::optional<MonoTime> wake = session_->next_wake();
    if (agenda_.empty() || (wake && *wake < agenda_.begin()->first)) {
      ASSERT_TRUE(wake);
      now_ = std::max(now_, *wake);
      return session_->on_time(at_now(StampSource::User), {});
    }
    const auto first = agenda_.begin();
    now_ = std::max(now_, first->first);
    const std::function<void()> run = std::move(first->second);
    agenda_.erase(first);
    run();
  }

  void leave(FlowId flow, packet::Token token, const std::vector<std::byte>& octets) {
    session_->on_sent(flow, token, {.handed_over = at_now(StampSource::User)});
    if (within(options_.swallowed)) return;
    const Timestamp left = at_now(StampSource::Kernel);
    if (within(options_.late_stamps)) {
      later(kOneWay * 2 + Duration::milliseconds(1),
            [this, flow, token, left] { session_->on_transmit_stamp(flow, token, left); });
    } else if (!within(options_.no_stamps)) {
      session_->on_transmit_stamp(flow, token, left);
    }
    if (!within(options_.down)) later(kOneWay, [this, flow, octets] { reflect(flow, octets); });
  }
  void reflect(FlowId flow, const std::vector<std::byte>& octets) {
    packet::ReceivedDatagram request;
    request.payload = octets;
    request.source = end_of(flow);
    request.destination = session_->options().flow.remote;
    request.arrival = at_now(StampSource::Kernel);
    std::vector<std::byte> buffer(octets.size());
    const auto reply = reflector_.reflect(request, at_now(StampSource::User), {}, buffer);
    ASSERT_TRUE(reply);
    later(kOneWay, [this, flow, buffer] {
      packet::ReceivedDatagram datagram;
      datagram.payload = buffer;
      datagram.source = session_->options().flow.remote;
      datagram.arrival = at_now(StampSource::Kernel);
      session_->on_datagram(flow, datagram, {});
    });
  }

  HostOptions options_;
  std::uint64_t random_ = 0;
  MonoTime now_ = kStart;
  std::multimap<MonoTime, std::function<void()>> agenda_;
  PortBudget budget_;
  Reflector reflector_;
  std::unique_ptr<Session> session_;
};

// A tun device whose process has ended, a network interface that hangs: the send call succeeds, and
// there is no error.
TEST(SessionSilence, WhatTheHostSwallowsIsAnOutageOfItsOwn) {
  for (const PortPolicy policy : {PortPolicy::Fixed, PortPolicy::Dynamic}) {
    const Host host({.policy = policy, .swallowed = {29'900, 149'900}});
    EXPECT_EQ(host.kinds(),
              (std::vector{EventKind::OutageBegan, EventKind::Verdict, EventKind::OutageEnded}));
    if (host.events.size() != 3) continue;
    const auto& [began, told] = host.events[0];
    EXPECT_EQ(began.last_good->probe, 59U);
    // As soon as one of the path: the third is known to be gone after four seconds.
    EXPECT_LE(told, Duration::milliseconds(35'500));
    EXPECT_EQ(host.events[1].first.finding, Finding::LocalCause);
    const measure::Event& ended = host.events[2].first;
    EXPECT_EQ(ended.first_good->probe, 300U);
    EXPECT_EQ(ended.lost, 0U) << "none of them was lost on the way";
    EXPECT_EQ(ended.at_most, Duration::milliseconds(120'500));
    for (const measure::Sample& sample : host.samples) {
      const bool swallowed = sample.probe >= 60 && sample.probe < 300;
      EXPECT_EQ(sample.outcome, swallowed ? Outcome::Unsent : Outcome::Delivered);
      EXPECT_EQ(sample.cause, swallowed ? UnsentCause::DroppedLocally : UnsentCause::None);
    }
  }
}

// That it was is found out when the peer was heard again long since.
TEST(SessionSilence, AMomentInWhichTheHostSwallowsIsNone) {
  for (const std::int64_t ms : {1'500, 3'000, 4'500}) {
    const Host host({.count = 60, .swallowed = {9'900, 9'900 + ms}});
    EXPECT_EQ(host.kinds(), std::vector<EventKind>()) << ms;
  }
}

TEST(SessionSilence, AReplyReadBeforeTheStampOfItsProbeEndsAnOutageAtThatProbe) {
  for (const bool never : {false, true}) {
    const Span from_then{19'900, 60'000};
    const Host host({.count = 60,
                     .down = {4'900, 19'900},
                     .late_stamps = never ? Span() : from_then,
                     .no_stamps = never ? from_then : Span()});
    ASSERT_FALSE(host.events.empty());
    const measure::Event& ended = host.events.back().first;
    ASSERT_EQ(ended.kind, EventKind::OutageEnded);
    ASSERT_TRUE(ended.last_good && ended.first_good);
    EXPECT_EQ(ended.lost, 30U) << ended.text;
    EXPECT_EQ(ended.last_good->probe, 9U);
    EXPECT_EQ(ended.first_lost.value_or(measure::ProbeMark{}).probe, 10U);
    EXPECT_EQ(ended.first_good->probe, 40U);
    EXPECT_EQ(ended.at_least, Duration::milliseconds(14'500));
    EXPECT_EQ(ended.at_most, Duration::milliseconds(15'500));
  }
}

}  // namespace
}  // namespace wirestamp::session
