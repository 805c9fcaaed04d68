// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agenda.h"
#include "base/random.h"
#include "session/reflector.h"
#include "session/session.h"

// A session of one fixed flow and a reflector in virtual time with a faulty path between them.
// Everything random comes from one seed; the world knows the truth about each probe and can judge
// the sender's samples by it.
namespace wirestamp::simulation {

struct Faults {
  double lose_forward = 0, lose_backward = 0;
  double copy_forward = 0, copy_backward = 0;
  double overtake = 0;     // a packet held back by up to 30 ms
  double refuse_send = 0;  // the local queue is full (ENOBUFS)
  double vanish = 0;       // dropped in the local queue without a word
  Duration delay = Duration::milliseconds(5), variation = Duration::milliseconds(2);
  Duration backward_extra;  // asymmetry
  double late_reply = 0;    // a reply held for 3 s
};

// From `at` on for `lasting`.
struct Period {
  Duration at, lasting;
};

struct Scenario {
  std::uint64_t seed = 1;
  session::ScheduleOptions schedule;
  Faults faults;
  std::vector<Period> path_down_forward, path_down_backward;
  std::vector<Period> neighbour_gone;  // packets wait 3 s for an answer, then an error comes
  std::vector<Period> port_closed;     // no reflector; port unreachables, half of them suppressed
  std::vector<Duration> restarts;      // the reflector loses its state
  std::vector<Period> starved;         // we do not run
  std::vector<Period> starved_there;   // the reflector does not run
  std::vector<Period> suspended;
  std::vector<Duration> clock_steps;  // of the sender's wall clock, by 100 ms
  std::uint32_t reflector_rate = 0;
  bool wstp = true;  // false: bare 44-octet probes
  bool transmit_stamps = true;
  // Busy hosts: the reflector reads the stamps of its replies later, the sender wakes up later.
  Duration reply_stamps_late, wakes_late;
  std::optional<Duration> stamps_end;  // the driver gives none from then on; the scheduler does
  std::uint32_t earlier_requests = 0;  // that an earlier run made from the same port and SSID
};

// What truly happened to one request.
struct Truth {
  bool handed_over = false, refused_send = false, vanished = false, neighbour = false, left = false;
  bool in_flight_at_suspend = false;
  unsigned reached = 0;   // copies that reached a running reflector
  unsigned answered = 0;  // replies sent
  unsigned refused = 0;   // dropped by the reflector's policy
  unsigned met_closed_port = 0;
  unsigned returned = 0;  // replies that came back
  // Reply numbers it got, each with how often the reflector had been restarted.
  std::set<std::pair<unsigned, std::uint32_t>> numbers;
  std::optional<MonoTime> left_at, first_return;
};

class World final : public session::SessionOutput {
 public:
  explicit World(const Scenario& scenario);
  ~World() override;

  // Until the sender has finished, or the virtual time is over (then it is stopped first).
  void run(Duration limit);

  const std::vector<measure::Sample>& samples() const { return samples_; }
  const std::map<std::uint64_t, Truth>& truth() const { return truth_; }
  session::SenderCounters counters() const { return session_->counters(); }
  std::uint64_t resolved_forward() const { return resolved_forward_; }
  std::uint64_t resolved_backward() const { return resolved_backward_; }
  Duration elapsed() const { return now_ - kStart; }
  // Samples as they come, for runs too long to keep them.
  void on_each(std::function<void(const measure::Sample&, const Truth&)> check) {
    check_ = std::move(check);
  }

 private:
  static constexpr MonoTime kStart = MonoTime::from_ns(1'000'000'000'000);

  Result<session::OpenedPort> open_flow(session::FlowId, const session::FlowPort&) override;
  void close_flow(session::FlowId) override {}
  std::optional<session::Egress> egress() override { return std::nullopt; }
  void send(session::FlowId, const packet::OutgoingDatagram& datagram) override;
  void on_sample(const measure::Sample& sample) override;
  void on_reply(const measure::Sample&) override {}
  void on_unknown_resolved(session::FlowId flow, std::uint64_t forward,
                           std::uint64_t backward) override;
  void on_note(const std::string&) override {}
  void on_event(const measure::Event&) override {}
  void on_scheduler_stamps(session::FlowId) override { scheduler_stamps_ = true; }

  void at(MonoTime time, std::function<void()> run);
  bool within(const std::vector<Period>& periods) const;
  std::optional<MonoTime> end_of(const std::vector<Period>& periods) const;
  Timestamp stamp(StampSource source) const;
  ClockState clock() const;
  Duration crossing(bool backward);

  void leave(std::uint64_t token, const std::vector<std::byte>& octets);
  void arrive_at_reflector(std::uint64_t token, std::vector<std::byte> octets);
  void reply_departed(packet::Token name, const Timestamp& departed);
  void arrive_at_sender(std::uint64_t token, std::vector<std::byte> octets);
  void report_error(packet::PathErrorKind kind, std::vector<std::byte> quoted);
  void make_reflector();
  void run_before();

  Scenario scenario_;
  base::Random random_;
  MonoTime now_ = kStart;
  Duration wall_offset_ = Duration::seconds(1'700'000'000);
  ClockState clock_;
  ClockState seen_clock_;  // as the engine has it: read before it waits for what comes in
  unsigned restarts_ = 0;
  Agenda agenda_;
  session::PortBudget budget_;
  std::unique_ptr<session::Session> session_;
  bool scheduler_stamps_ = false;
  std::unique_ptr<session::Reflector> reflector_;
  std::map<std::uint64_t, Truth> truth_;
  std::map<std::uint64_t, std::uint64_t> token_of_probe_;
  std::vector<measure::Sample> samples_;
  std::function<void(const measure::Sample&, const Truth&)> check_;
  std::uint64_t resolved_forward_ = 0, resolved_backward_ = 0;
  std::vector<std::function<void()>> after_send_;
};

}  // namespace wirestamp::simulation
