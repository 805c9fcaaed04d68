// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/sender.h"

// For tests: listens to nothing. Overrides are what a test is about.
namespace wirestamp::session {

class SilentOutput : public SenderOutput {
 public:
  void send(const packet::OutgoingDatagram&) override {}
  void on_departure(std::uint64_t, MonoTime, WallTime) override {}
  void on_sample(const measure::Sample&) override {}
  void on_reply(const measure::Sample&) override {}
  void on_unknown_resolved(std::uint64_t, std::uint64_t) override {}
  void on_account(const wire::WstpAccount&) override {}
  void on_reflector_restart() override {}
  void on_reflector_stopping() override {}
  void on_note(const std::string&) override {}
};

}  // namespace wirestamp::session
