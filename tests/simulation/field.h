// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agenda.h"
#include "base/random.h"
#include "packet/address.h"
#include "session/reflector.h"
#include "session/session.h"

// Sessions with their port policies in virtual time, and between them and their reflectors a field
// full of middleboxes: stale entries that live on every packet and die of silence, one bad path of
// four, dead uplinks, routes that move. It knows what was injected, so that every verdict can be
// checked.
namespace wirestamp::simulation {

struct During {
  Duration at, lasting;
};

struct FieldScenario {
  std::uint64_t seed = 1;
  unsigned sessions = 1;
  std::uint32_t first_peer = 0xc000'0200;  // each session has a peer of its own
  session::SessionOptions options;
  Duration round_trip = Duration::milliseconds(20);
  double lose = 0;
  // From then on a stale entry holds every 5-tuple that exists, until it was silent for `lasting`.
  std::vector<During> stalls;
  std::vector<During> down;         // nothing passes
  std::vector<During> second_down;  // of the second session
  std::vector<During> bad_path;     // source ports that are 2 modulo 4 do not pass
  std::vector<During> remarked;     // requests of source ports that are 2 modulo 4 arrive with CS1
  std::vector<During> held;         // replies wait until it is over and come all at once
  std::vector<During> full;         // replies find no room in our socket, and it is told later
  std::vector<During> strict;       // only ports that were used before pass
  std::vector<During> newest_dead;  // the port that was opened last does not pass
  std::vector<During> closed;       // port unreachables
  // Each second request arrives with CS1.
  std::vector<During> remarked_in_turn;
  // Another address of the peer's gets the requests and answers.
  std::vector<During> elsewhere;
  // A NAT gives the packets of a flow five source ports in turn.
  std::vector<During> in_turn;
  std::vector<During> no_neighbour;
  std::vector<Duration> renumbered;  // the source address changes
  std::vector<Duration> moved;       // the route moves to another interface
  std::vector<Duration> restarts;
  std::vector<During> no_route;
  std::vector<During> shuffled;             // a NAT gives each packet another source port
  std::vector<Duration> extra_addresses;    // another address appears, and the route stays
  std::vector<Duration> privacy_addresses;  // the same, but temporary
  std::vector<During> remarked_back;        // replies arrive with CS1
  std::vector<During> longer;               // both ways are two hops longer
  std::vector<During> longer_in_turn;       // of each second packet
  bool bare = false;                        // requests are base packets: no TLVs
  std::optional<Duration> goodbye;          // replies say that the reflector is about to stop
  std::vector<During> forged;               // somebody's say so, with a token of his own
  // To each request comes what somebody makes up who knows all of it but its time.
  bool made_up_replies = false;
  // Each reply comes also from so many other addresses, with the same octets.
  std::uint32_t impostors = 0;
  std::vector<During> starved;        // sessions do not run
  std::optional<Duration> suspended;  // the host sleeps for a second of its own
  // The routers on the way there, nearest first; the middleboxes stand behind so many of them.
  std::vector<packet::IpAddress> routers;
  std::size_t routers_before = 0;
  std::set<std::uint16_t> taken_ports;
  std::optional<std::uint16_t> first_port;  // that the system gives; absent: by chance
  session::PortBudget* budget = nullptr;    // absent: one of its own
};

class Field final {
 public:
  explicit Field(const FieldScenario& scenario);
  ~Field();

  void run(Duration limit);

  struct Told {
    measure::Event event;
    Duration at;
  };
  // Of the first session.
  const std::vector<Told>& events() const { return events_; }
  std::vector<Told> of_kind(measure::EventKind kind) const;
  std::vector<measure::Finding> findings() const;  // of the verdicts, in order
  const std::vector<measure::Sample>& samples() const { return samples_; }
  // Which of the parallel flows each of them went over.
  const std::vector<std::size_t>& lanes() const { return lanes_; }
  std::uint64_t delivered() const;
  std::optional<Duration> first_delivered_after(Duration at) const;
  const session::Session& session() const;
  // Source ports as they were seen on the wire, with the time of the first packet.
  const std::map<std::uint16_t, Duration>& ports() const { return ports_; }
  std::uint64_t ports_opened() const { return ports_opened_; }
  std::size_t most_open() const { return most_open_; }
  // At the end those that no longer have a use are closed already, and the others still open.
  std::size_t still_open() const { return open_ports_.size(); }
  // Events of all sessions that are no change of flow.
  std::uint64_t events_of_all() const { return events_of_all_; }
  std::uint64_t verdicts_of_all() const { return verdicts_of_all_; }
  std::uint64_t packets_over(std::uint16_t port) const;
  // When packets went over that port, in order.
  const std::vector<Duration>& times_of(std::uint16_t port) { return times_[port]; }
  // The reflector of the first session.
  const session::Reflector& reflector() const;
  const std::vector<std::string>& notes() const { return notes_; }
  // What was begun but for its answer.
  std::optional<std::string> begin_failure() const { return begin_failure_; }
  // Losses without a direction that got one later, of all sessions.
  std::uint64_t resolved() const { return resolved_; }
  // Those of the first session, by parallel flow.
  const std::map<std::size_t, std::uint64_t>& resolved_of_lanes() const {
    return resolved_of_lanes_;
  }

  static constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);

 private:
  class One;
  struct Entry {
    bool stale = false;
    Duration timeout;
    MonoTime last_packet;
  };
  void at(MonoTime time, std::function<void()> run);
  bool within(const std::vector<During>& periods) const;
  bool passes(std::uint16_t port, bool forward);
  std::uint8_t hop_limit();
  Timestamp stamp(StampSource source) const;
  ClockState clock() const;
  std::optional<session::Egress> egress() const;
  session::PortBudget& budget() { return scenario_.budget ? *scenario_.budget : own_budget_; }
  void change(packet::NetworkChangeKind kind, bool temporary = false);
  void stall(Duration timeout);

  FieldScenario scenario_;
  base::Random random_;
  MonoTime now_ = kStart;
  Agenda agenda_;
  session::PortBudget own_budget_;
  std::vector<std::unique_ptr<One>> sessions_;
  std::set<std::pair<MonoTime, std::uint32_t>> wakes_;
  std::map<std::uint16_t, Entry> entries_;
  std::set<std::uint16_t> known_ports_, open_ports_;
  std::map<std::uint16_t, Duration> ports_;
  std::map<std::uint16_t, std::vector<Duration>> times_;
  std::uint16_t shuffled_port_ = 1'024, newest_port_ = 0;
  unsigned order_ = 0;  // of packets through the NAT with five ports
  unsigned hop_order_ = 0;
  std::uint64_t ports_opened_ = 0, events_of_all_ = 0, verdicts_of_all_ = 0, resolved_ = 0;
  std::size_t most_open_ = 0;
  std::uint32_t interface_ = 2;
  std::uint32_t source_ = 0x0a00'0001;
  std::vector<Told> events_;
  std::vector<measure::Sample> samples_;
  std::vector<std::size_t> lanes_;
  std::map<std::size_t, std::uint64_t> resolved_of_lanes_;
  std::vector<std::string> notes_;
  std::optional<std::string> begin_failure_;
};

}  // namespace wirestamp::simulation
