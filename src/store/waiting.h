// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "store/store.h"

// What was added and waits for its commit, as octets already: a second of a session takes some
// hundred here, and thousands as a Window. Bounded: what finds it full pushes out the oldest
// samples, then the oldest events, then the oldest windows.
namespace wirestamp::store {

struct WaitingWindow {
  std::uint32_t session = 0, epoch = 0;
  WallTime begin;
  bool part = false;
  std::string data;
};

struct WaitingSample {
  std::uint32_t session = 0;
  WallTime at;
  std::string data;
};

struct WaitingEvent {
  std::uint32_t session = 0;
  std::uint64_t id = 0, incident = 0;
  WallTime at;
  measure::Severity severity = measure::Severity::Info;
  measure::EventKind kind = measure::EventKind::OutageBegan;
  std::string data;
};

struct WaitingIncident {
  std::uint32_t session = 0;
  measure::Incident incident;
};

class Waiting {
 public:
  explicit Waiting(std::size_t most_octets) : most_(most_octets) {}

  void add(WaitingWindow window);
  void add(WaitingSample sample);
  void add(WaitingEvent event);
  void put(std::uint32_t session, const measure::Incident& incident);
  void put(const FlowRow& flow);

  const std::deque<WaitingWindow>& windows() const { return windows_; }
  const std::deque<WaitingSample>& samples() const { return samples_; }
  const std::deque<WaitingEvent>& events() const { return events_; }
  const std::map<std::uint64_t, WaitingIncident>& incidents() const { return incidents_; }
  const std::deque<FlowRow>& flows() const { return flows_; }

  bool empty() const;
  void clear();
  std::uint64_t dropped() const { return dropped_; }
  std::size_t octets() const { return octets_; }

 private:
  void make_room();

  std::size_t most_, octets_ = 0;
  std::uint64_t dropped_ = 0;
  std::deque<WaitingWindow> windows_;
  std::deque<WaitingSample> samples_;
  std::deque<WaitingEvent> events_;
  std::map<std::uint64_t, WaitingIncident> incidents_;  // by id: the newest state of each
  std::deque<FlowRow> flows_;
};

}  // namespace wirestamp::store
