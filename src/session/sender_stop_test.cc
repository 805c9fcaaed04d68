// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "session/silent_output.h"

// A run that is interrupted ends by itself, also when nothing is in flight.
namespace wirestamp::session {
namespace {

class Output final : public SilentOutput {
 public:
  void send(const packet::OutgoingDatagram& datagram) override { sent.push_back(datagram.token); }
  void on_sample(const measure::Sample&) override { ++samples; }

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
