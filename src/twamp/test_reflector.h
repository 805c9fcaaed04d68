// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "packet/datagram.h"
#include "time/clock.h"
#include "twamp/counters.h"
#include "twamp/limits.h"
#include "twamp/test_session.h"
#include "wire/twamp_test_packet.h"

namespace wirestamp::twamp {

// The Session-Reflector of TWAMP-Test (RFC 5357 4.2): the sessions that a Server agreed on, and the
// answers to their packets. No I/O and no clock; the caller opens ports, numbers them, and brings
// packets. One thread at a time.
class TestReflector {
 public:
  using Port = std::uint32_t;

  explicit TestReflector(const Limits& limits) : limits_(limits) {}

  // False: another session of that sender has this port, and is not about to end.
  bool has_room(Port port, const packet::Endpoint& sender) const;
  // There is room. It answers from start() on.
  Result<void> add(Port port, const TestSession& session, MonoTime now);
  void start(SessionNumber number, MonoTime now);
  void stop(SessionNumber number, MonoTime now);
  void abandon(SessionNumber number);

  // The answer to a packet that came to `port`, in `buffer`, which has room for longest_reply() of
  // it. `now` becomes T3: read it as late as possible.
  std::optional<packet::OutgoingDatagram> reflect(Port port,
                                                  const packet::ReceivedDatagram& request,
                                                  const Timestamp& now, const ClockState& clock,
                                                  base::MutableBytes buffer);
  static std::size_t longest_reply(std::size_t request) { return request < 112 ? 112 : request; }

  // May be early: on_time() then does nothing.
  std::optional<MonoTime> next_wake();
  void on_time(MonoTime now);
  // Sessions that ended since the last call, by whatever; their ports may be closed.
  struct Ended {
    SessionNumber number;
    Port port;
  };
  std::vector<Ended> take_ended() { return std::exchange(ended_, {}); }

  // What became of a reply, and of a packet that came when no reply had room.
  void on_sent(std::size_t octets, bool accepted);
  void on_transmit_stamp() { ++counters_.stamps; }
  void on_path_error() { ++counters_.path_errors; }
  void on_receive_dropped(std::uint64_t count) { counters_.receive_buffer_full += count; }
  void drop_request(std::size_t octets);

  const TestCounters& counters() const { return counters_; }
  std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session {
    TestSession agreed;
    Port port = 0;
    wire::TwampTestCodec codec;
    std::uint32_t next_sequence = 0;  // RFC 5357 4.2.1: counts replies
    bool started = false;
    MonoTime heard;                 // since then REFWAIT runs
    std::optional<MonoTime> until;  // it was stopped
    double tokens = 0;              // packets that it may have answered now
    MonoTime filled;
  };
  struct Key {
    Port port;
    packet::IpAddress sender;
    std::uint16_t sender_port;
    auto operator<=>(const Key&) const = default;
  };
  static Key key_of(Port port, const packet::Endpoint& sender) {
    return {port, sender.address, sender.port};
  }
  static MonoTime ends(const Session& session, const Limits& limits) {
    return session.until.value_or(session.heard + limits.reflect_wait);
  }
  bool takes_token(Session& session, MonoTime now) const;
  Session* admitted(Port port, const packet::ReceivedDatagram& request);
  void remove(SessionNumber number);
  std::optional<MonoTime> first_end() const;

  Limits limits_;
  std::map<SessionNumber, Session> sessions_;
  std::map<Key, SessionNumber> by_sender_;
  std::vector<Ended> ended_;
  std::optional<MonoTime> wake_;  // of the first to end, packets since not considered
  bool wake_known_ = true;
  TestCounters counters_;
};

}  // namespace wirestamp::twamp
