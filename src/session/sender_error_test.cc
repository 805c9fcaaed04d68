// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "session/silent_output.h"

// What an ICMP error about a probe proves.
namespace wirestamp::session {
namespace {

constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000);
const packet::Endpoint kPeer{packet::IpAddress::v4(0x0a00'0002), 23'999, 0};
const packet::IpAddress kRouter = packet::IpAddress::v4(0x0a00'00fe);

Timestamp at(MonoTime time) {
  return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + time.ns()),
          .mono = time,
          .error = Duration(),
          .source = StampSource::User};
}

class ErrorRun final : public SilentOutput {
 public:
  void send(const packet::OutgoingDatagram& datagram) override {
    octets_.assign(datagram.payload.begin(), datagram.payload.end());
    token_ = datagram.token;
  }
  void on_sample(const measure::Sample& sample) override { outcome_ = sample.outcome; }

  // One probe, to which this error comes, and no reply.
  measure::Outcome outcome_after(packet::PathErrorKind kind,
                                 std::optional<packet::IpAddress> offender) {
    SenderOptions options;
    options.remote = kPeer;
    options.ssid = 1;
    Continuity continuity;
    Sender sender(options, wire::bare_layout(), *this, continuity);
    sender.send(ProbeKind::Scheduled, kStart, at(kStart), {});
    sender.on_sent(token_, {.handed_over = at(kStart)});
    packet::PathError error;
    error.kind = kind;
    error.destination = kPeer;
    error.offender = offender;
    error.quoted = octets_;
    error.noticed = kStart + Duration::milliseconds(1);
    EXPECT_TRUE(sender.on_path_error(error));
    sender.end(/*fetch=*/false, error.noticed);
    while (!sender.finished()) sender.on_time(at(*sender.next_wake()), {});
    return outcome_;
  }

 private:
  std::vector<std::byte> octets_;
  packet::Token token_ = 0;
  measure::Outcome outcome_ = measure::Outcome::LostUnknown;
};

TEST(PortUnreachable, FromThePeerMeansThatItsPortIsClosed) {
  for (const auto& offender : {std::optional(kPeer.address), std::optional<packet::IpAddress>()})
    EXPECT_EQ(ErrorRun().outcome_after(packet::PathErrorKind::PortUnreachable, offender),
              measure::Outcome::PeerClosed);
}

TEST(PortUnreachable, FromARouterIsALossOnTheWayThere) {
  EXPECT_EQ(ErrorRun().outcome_after(packet::PathErrorKind::PortUnreachable, kRouter),
            measure::Outcome::LostForward);
}

}  // namespace
}  // namespace wirestamp::session
