// SPDX-License-Identifier: Apache-2.0
#include "store/waiting.h"

#include <utility>

namespace wirestamp::store {

namespace {

// The record itself and what the allocator adds, beside the octets in it.
constexpr std::size_t kRecord = 96;

template <typename Record>
std::size_t weight(const Record& record) {
  return kRecord + record.data.size();
}
std::size_t weight(const FlowRow& flow) { return kRecord + flow.tuple.size(); }
std::size_t weight(const WaitingIncident& waiting) {
  return 2 * kRecord + waiting.incident.title.size() + waiting.incident.opened_as.size() +
         waiting.incident.session.size();
}

template <typename Record>
void drop_oldest(std::deque<Record>& records, std::size_t& octets, std::uint64_t& dropped) {
  octets -= weight(records.front());
  records.pop_front();
  ++dropped;
}

}  // namespace

void Waiting::add(WaitingWindow window) {
  octets_ += weight(window);
  windows_.push_back(std::move(window));
  make_room();
}

void Waiting::add(WaitingSample sample) {
  octets_ += weight(sample);
  samples_.push_back(std::move(sample));
  make_room();
}

void Waiting::add(WaitingEvent event) {
  octets_ += weight(event);
  events_.push_back(std::move(event));
  make_room();
}

void Waiting::put(std::uint32_t session, const measure::Incident& incident) {
  const auto [at, first] = incidents_.try_emplace(incident.id);
  WaitingIncident& place = at->second;
  if (!first) octets_ -= weight(place);
  place = {.session = session, .incident = incident};
  octets_ += weight(place);
  make_room();
}

void Waiting::put(const FlowRow& flow) {
  octets_ += weight(flow);
  flows_.push_back(flow);
  make_room();
}

void Waiting::make_room() {
  while (octets_ > most_) {
    if (!samples_.empty()) {
      drop_oldest(samples_, octets_, dropped_);
    } else if (!flows_.empty()) {
      drop_oldest(flows_, octets_, dropped_);
    } else if (!events_.empty()) {
      drop_oldest(events_, octets_, dropped_);
    } else if (!incidents_.empty()) {
      octets_ -= weight(incidents_.begin()->second);
      incidents_.erase(incidents_.begin());
      ++dropped_;
    } else if (!windows_.empty()) {
      drop_oldest(windows_, octets_, dropped_);
    } else {
      return;
    }
  }
}

bool Waiting::empty() const {
  return windows_.empty() && samples_.empty() && events_.empty() && incidents_.empty() &&
         flows_.empty();
}

void Waiting::clear() {
  windows_.clear();
  samples_.clear();
  events_.clear();
  incidents_.clear();
  flows_.clear();
  octets_ = 0;
}

}  // namespace wirestamp::store
