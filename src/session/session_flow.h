// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/session.h"

namespace wirestamp::session {

// One flow of a session: its sender and where it stands. For session*.cc only.
class Session::Flow final : public SenderOutput {
 public:
  Flow(Session& session, FlowId flow, const SenderOptions& options,
       const wire::RequestLayout& layout, const packet::Endpoint& from, MonoTime now)
      : id(flow),
        local(from),
        last_packet(now),
        sender(options, layout, *this, session.continuity_),
        session_(session) {}

  void run(const Timestamp& now, const ClockState& clock) {
    const std::optional<MonoTime> wake = sender.next_wake();
    if (!wake || *wake > *now.mono) return;
    const bool before = sender.wants_scheduler_stamps();
    sender.on_time(now, clock);
    if (!before && sender.wants_scheduler_stamps()) session_.output_.on_scheduler_stamps(id);
  }

  void send(const packet::OutgoingDatagram& datagram) override {
    last_packet = *session_.now_.mono;
    session_.output_.send(id, datagram);
  }
  void on_departure(std::uint64_t probe, MonoTime at, WallTime wall) override {
    session_.watch_.on_departure(probe, at, wall);
    if (session_.guard_) session_.guard_->on_departure(probe, at);
  }
  void on_sample(const measure::Sample& sample) override { session_.on_flow_sample(sample); }
  void on_reply(const measure::Sample& provisional) override {
    session_.on_flow_reply(provisional);
  }
  void on_unknown_resolved(std::uint64_t forward, std::uint64_t backward) override {
    session_.output_.on_unknown_resolved(id, forward, backward);
  }
  void on_account(const wire::WstpAccount& account) override { session_.on_account(account); }
  void on_reflector_restart() override { session_.on_flow_restart(*this); }
  void on_reflector_stopping() override { session_.on_flow_stopping(); }
  void on_note(const std::string& note) override { session_.output_.on_note(note); }
  void on_tlvs(const Reply& reply, std::size_t request_size, std::uint32_t replies) override {
    session_.on_flow_tlvs(*this, reply, request_size, replies);
  }

  const FlowId id;
  const packet::Endpoint local;
  std::size_t lane = 0;  // its place among parallel flows
  bool extra = false;    // counts against the budget
  bool retired = false;  // no more probes; closed when all of them are decided
  MonoTime last_packet;
  std::optional<MonoTime> restarted;  // when the reflector seemed to have been, last
  Sender sender;

 private:
  Session& session_;
};

}  // namespace wirestamp::session
