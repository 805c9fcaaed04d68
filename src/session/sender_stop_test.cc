// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "session/sender.h"

// A run that is interrupted ends by itself, also when nothing is in flight.
namespace wirestamp::session {
namespace {

class Output final : public SenderOutput {
 public:
  void send(const packet::OutgoingDatagram& datagram) override { sent.push_back(datagram.token); }
  void on_sample(const measure::Sample&) override { ++samples; }
  void on_reply(const measure::Sample&) override {}
  void on_unknown_resolved(std::uint64_t, std::uint64_t) override {}
  void on_departure(std::uint64_t, MonoTime, WallTime) override {}
  void on_account(const wire::WstpAccount&) override {}
  void on_reflector_restart() override {}
  void on_note(const std::string&) override {}

  std::vector<packet::Token> sent;
  unsigned samples = 0;
};

Timestamp at(MonoTime time) {
  return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + time.ns()),
          .mono = time,
          .error = Duration(),
          .source = StampSource::User};
}

TEST(StoppedSender, wakes_at_once_when_nothing_is_in_flight) {
  constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000);
  SenderOptions options;
  options.ssid = 1;
  options.interval = Duration::minutes(1);
  Output output;
  Continuity continuity;
  Sender sender(options, wire::bare_layout(), output, continuity);
  sender.send(ProbeKind::Scheduled, kStart, at(kStart), {});
  ASSERT_EQ(output.sent.size(), 1U);
  sender.on_sent(output.sent.front(), {.handed_over = at(kStart)});
  const MonoTime later = kStart + Duration::seconds(30);
  sender.on_time(at(later), {});
  ASSERT_EQ(output.samples, 1U);

  sender.stop(later);
  ASSERT_EQ(sender.next_wake(), later);
  sender.on_time(at(later), {});
  EXPECT_TRUE(sender.finished());
}

}  // namespace
}  // namespace wirestamp::session
