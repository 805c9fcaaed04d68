// SPDX-License-Identifier: Apache-2.0
//
// When a sender says that a probe left, and when that it did not.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "session/reflector.h"
#include "session/silent_output.h"

namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);
constexpr Duration kInterval = Duration::milliseconds(500);
const packet::Endpoint kUs{packet::IpAddress::v4(0x0a00'0001), 40'000, 0};
const packet::Endpoint kPeer{packet::IpAddress::v4(0x0a00'0002), 23'999, 0};

class Departures : public ::testing::Test, public SilentOutput {
 protected:
  Departures() {
    SenderOptions options;
    options.remote = kPeer;
    options.ssid = 1;
    options.transmit_stamps = StampSource::Kernel;
    sender_.emplace(options, *wire::plan_request(std::nullopt), *this, continuity_);
  }

  Timestamp at(MonoTime time, StampSource source = StampSource::User) const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + time.ns()),
            .mono = time,
            .error = Duration(),
            .source = source};
  }
  void probe(ProbeKind kind = ProbeKind::Scheduled,
             packet::SendStatus status = packet::SendStatus::Accepted) {
    now_ += kInterval;
    sender_->send(kind, now_, at(now_), {});
    sender_->on_sent(token_, {.status = status, .handed_over = at(now_)});
  }
  void stamp(packet::Token token, MonoTime left) {
    sender_->on_transmit_stamp(token, at(left, StampSource::Kernel));
  }
  void answer() {
    packet::ReceivedDatagram request;
    request.payload = octets_;
    request.source = kUs;
    request.destination = kPeer;
    request.arrival = at(now_, StampSource::Kernel);
    std::vector<std::byte> buffer(octets_.size());
    const auto reply = reflector_.reflect(request, at(now_), {}, buffer);
    ASSERT_TRUE(reply);
    packet::ReceivedDatagram back;
    back.payload = reply->payload;
    back.source = kPeer;
    back.arrival = at(now_ + Duration::microseconds(100), StampSource::Kernel);
    sender_->on_datagram(back, {});
  }
  // A probe as it should be: from now on the stamp of each is expected.
  void prove_stamps() {
    probe();
    stamp(token_, now_);
    answer();
    told_.clear();
  }
  void wait_until(MonoTime time) {
    for (auto wake = sender_->next_wake(); wake && *wake <= time; wake = sender_->next_wake()) {
      now_ = std::max(now_, *wake);
      sender_->on_time(at(now_), {});
      for (const MonoTime handed_over : sender_->take_swallowed())
        swallowed_.emplace_back(handed_over, now_);
    }
    now_ = time;
  }

  void send(const packet::OutgoingDatagram& datagram) override {
    octets_.assign(datagram.payload.begin(), datagram.payload.end());
    token_ = datagram.token;
  }
  void on_departure(std::uint64_t probe, MonoTime at, WallTime wall) override {
    told_.push_back("left " + std::to_string(probe));
    EXPECT_EQ(wall, this->at(at).wall);
    left_ = at;
  }
  void on_reply(const measure::Sample& provisional) override {
    told_.push_back("answered " + std::to_string(provisional.probe));
  }
  void on_sample(const measure::Sample& sample) override { samples_.push_back(sample); }

  Continuity continuity_;
  std::optional<Sender> sender_;
  MonoTime now_ = kStart;
  packet::Token token_ = 0;
  std::vector<std::byte> octets_;
  std::vector<std::string> told_;
  MonoTime left_;
  // When it was handed over, and when we heard that it did not leave.
  std::vector<std::pair<MonoTime, MonoTime>> swallowed_;
  std::vector<measure::Sample> samples_;

 private:
  std::uint64_t random_ = 0;
  Reflector reflector_{
      ReflectorOptions{.policy = {.allowed = {}, .connected = {}, .rate = 0, .total_rate = 0},
                       .random = [this] { return ++random_; },
                       .note = [](const std::string&) {}}};
};

using Told = std::vector<std::string>;

TEST_F(Departures, TheStampTellsWhereStampsCome) {
  prove_stamps();
  probe();
  EXPECT_EQ(told_, Told());
  stamp(token_, now_ + Duration::milliseconds(3));
  answer();
  EXPECT_EQ(told_, (Told{"left 1", "answered 1"}));
  EXPECT_EQ(left_, now_ + Duration::milliseconds(3));
}

TEST_F(Departures, AReplyReadBeforeTheStampTellsItFirstAndOnce) {
  prove_stamps();
  probe();
  answer();
  EXPECT_EQ(told_, (Told{"left 1", "answered 1"}));
  EXPECT_EQ(left_, now_);
  stamp(token_, now_ + Duration::microseconds(50));
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(Departures, WhatIsAnsweredHasLeftThoughItsStampNeverComes) {
  prove_stamps();
  for (int n = 0; n < 5; ++n) {
    probe();
    answer();
  }
  EXPECT_EQ(told_, (Told{"left 1", "answered 1", "left 2", "answered 2", "left 3", "answered 3",
                         "left 4", "answered 4", "left 5", "answered 5"}));
  wait_until(now_ + Duration::seconds(20));
  EXPECT_TRUE(swallowed_.empty());
}

TEST_F(Departures, BurstAndOtherUnmeasuredProbesAreNotTold) {
  prove_stamps();
  for (const ProbeKind kind : {ProbeKind::Burst, ProbeKind::Trial, ProbeKind::Closing}) {
    probe(kind);
    answer();
    probe(kind);  // swallowed
  }
  wait_until(now_ + Duration::seconds(20));
  EXPECT_EQ(std::ranges::count(told_, "left", [](const auto& one) { return one.substr(0, 4); }), 0);
  EXPECT_TRUE(swallowed_.empty());
}

TEST_F(Departures, WhatGotNoStampInFourSecondsDidNotLeave) {
  prove_stamps();
  probe();
  const MonoTime handed_over = now_;
  wait_until(now_ + Duration::seconds(20));
  EXPECT_EQ(swallowed_, (std::vector{std::pair(handed_over, handed_over + Duration::seconds(4))}));
  ASSERT_EQ(samples_.size(), 2U);
  EXPECT_EQ(samples_.back().cause, measure::UnsentCause::DroppedLocally);
}

TEST_F(Departures, AMissingStampProvesNothingWhereNoneCameOrSomeWereLost) {
  probe();
  wait_until(now_ + Duration::seconds(20));
  prove_stamps();
  probe();
  sender_->on_stamps_unreliable();
  wait_until(now_ + Duration::seconds(20));
  EXPECT_TRUE(swallowed_.empty());
}

TEST_F(Departures, WhatTheSendCallRefusedIsNotToldAgain) {
  prove_stamps();
  probe(ProbeKind::Scheduled, packet::SendStatus::DroppedLocally);
  wait_until(now_ + Duration::seconds(20));
  EXPECT_TRUE(swallowed_.empty());
}

TEST_F(Departures, WhatLeftLateIsLost) {
  prove_stamps();
  probe();
  stamp(token_, now_ + Duration::milliseconds(3'900));
  wait_until(now_ + Duration::seconds(20));
  EXPECT_TRUE(swallowed_.empty());
  EXPECT_EQ(samples_.back().outcome, measure::Outcome::LostUnknown);
}

}  // namespace
}  // namespace wirestamp::session
