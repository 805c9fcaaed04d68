// SPDX-License-Identifier: Apache-2.0
//
// The sessions of a TWAMP reflector, opened, started, stopped and forgotten at any time, and any
// packets to them. Nothing is answered that is not of a running session's agreed sender, no answer
// is longer than the rules allow, numbers rise by one, and what ended is gone. An input is steps:
// an octet that tells what, of which session, and what it needs.
#include <algorithm>
#include <array>
#include <vector>

#include "base/check.h"
#include "fuzz.h"
#include "twamp/test_reflector.h"

using namespace wirestamp;

namespace {

constexpr unsigned kSessions = 4;

class Play {
 public:
  explicit Play(fuzz::Input input) : input_(input) {}

  void run() {
    while (!input_.empty()) {
      const std::uint8_t step = input_.octet();
      const unsigned which = (step >> 3U) % kSessions;
      act(sessions_[which], which, step & 7U);
      for (const auto& ended : reflector_.take_ended()) forget(ended);
      CHECK(reflector_.sessions() <= kSessions);
    }
    leave();
  }

 private:
  struct One {
    twamp::SessionNumber number = 0;  // 0: there is none
    twamp::TestReflector::Port port = 0;
    twamp::TestSession agreed;
    bool started = false;
    std::uint32_t replies = 0;
  };

  void act(One& one, unsigned which, unsigned what) {
    if (what == 0) return pass(input_.octet());
    if (what == 1) return open(one, which, input_.octet());
    if (one.number == 0) return;
    if (what == 2) {
      reflector_.start(one.number, now_);
      one.started = true;
    } else if (what == 3) {
      reflector_.stop(one.number, now_);
    } else if (what == 4) {
      reflector_.abandon(one.number);
    } else {
      give(one, what);
    }
  }

  void open(One& one, unsigned which, std::uint8_t choices) {
    if (one.number != 0) return;
    twamp::TestSession agreed;
    agreed.layout.modes = 1U << (choices & 3U);
    if ((choices & 4U) != 0) agreed.layout.modes |= wire::kTwampSymmetricalSize;
    if ((choices & 8U) != 0) agreed.layout.modes |= wire::kTwampDscpEcn;
    if (agreed.layout.keyed()) agreed.keys.emplace();
    agreed.number = next_++;
    agreed.sender = {packet::IpAddress::v4(0x0a000001 + which), 7'000, 0};
    agreed.receiver = {packet::IpAddress::v4(0x0a000101), 862, 0};
    agreed.dscp = 46;
    agreed.timeout = Duration::milliseconds(choices);
    const twamp::TestReflector::Port port = 1 + which / 2;  // two senders share one
    CHECK(reflector_.has_room(port, agreed.sender));
    CHECK(reflector_.add(port, agreed, now_).has_value());
    CHECK(!reflector_.has_room(port, agreed.sender));
    one = {.number = agreed.number, .port = port, .agreed = agreed};
  }

  // 5: any octets; 6: a true packet; 7: a true one of somebody else.
  void give(One& one, unsigned what) {
    const std::uint8_t size = input_.octet();
    std::vector<std::byte> octets(size);
    std::ranges::copy(input_.take(size), octets.begin());
    wire::TwampTestCodec codec = codec_of(one);
    if (what != 5) {
      octets.resize(std::max(octets.size(), one.agreed.layout.sender_size(0)));
      codec.encode_request(octets, {.sequence = 1, .timestamp = 2, .error_estimate = 3, .ssid = 0});
    }
    packet::ReceivedDatagram datagram{.payload = octets,
                                      .source = one.agreed.sender,
                                      .destination = one.agreed.receiver,
                                      .arrival = stamp()};
    if (what == 7) ++datagram.source.port;
    std::vector<std::byte> buffer(twamp::TestReflector::longest_reply(octets.size()) + 8,
                                  std::byte{0xee});
    const std::uint64_t before = reflector_.counters().requests;
    const auto reply = reflector_.reflect(one.port, datagram, stamp(), ClockState(),
                                          base::MutableBytes(buffer).first(buffer.size() - 8));
    CHECK(reflector_.counters().requests - before == (reply ? 1U : 0U));
    CHECK(fuzz::all_are(base::Bytes(buffer).last(8), std::byte{0xee}));
    if (!reply) return;
    CHECK(one.started && what != 7);
    CHECK(reply->payload.size() == one.agreed.layout.reply_size(octets.size()));
    CHECK(reply->destination == one.agreed.sender && reply->traffic_class >> 2U == 46);
    const auto read = codec.decode_reply(reply->payload);
    CHECK(read && read->base.sequence == one.replies);
    ++one.replies;
    reflector_.on_sent(reply->payload.size(), true);
  }

  void pass(unsigned much) {
    now_ += Duration::milliseconds(std::int64_t{much} * much * 20);
    reflector_.on_time(now_);
    const auto wake = reflector_.next_wake();
    CHECK(!wake || *wake > now_);
  }
  void forget(const twamp::TestReflector::Ended& ended) {
    std::size_t found = 0;
    for (One& one : sessions_)
      if (one.number == ended.number) {
        CHECK(one.port == ended.port);
        one = {};
        ++found;
      }
    CHECK(found == 1);  // each ends once
  }
  void leave() {
    for (One& one : sessions_)
      if (one.number != 0) reflector_.abandon(one.number);
    for (const auto& ended : reflector_.take_ended()) forget(ended);
    CHECK(reflector_.sessions() == 0);
  }

  static wire::TwampTestCodec codec_of(const One& one) {
    auto made = wire::TwampTestCodec::make(one.agreed.layout,
                                           one.agreed.keys ? &*one.agreed.keys : nullptr);
    CHECK(made.has_value());
    return *std::move(made);
  }
  Timestamp stamp() const {
    return {.wall = WallTime::from_ns(1'700'000'000'000'000'000 + now_.ns()),
            .mono = now_,
            .error = Duration(),
            .source = StampSource::Kernel};
  }

  fuzz::Input input_;
  MonoTime now_ = MonoTime::from_ns(1'000'000'000);
  twamp::TestReflector reflector_{{.packets_per_second = 8}};
  std::array<One, kSessions> sessions_;
  twamp::SessionNumber next_ = 1;
};

}  // namespace

FUZZ_TARGET(octets) { Play(fuzz::Input(octets)).run(); }
