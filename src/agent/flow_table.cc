// SPDX-License-Identifier: Apache-2.0
#include "agent/flow_table.h"

#include <algorithm>

#include "base/check.h"

namespace wirestamp::agent {

namespace {

const packet::Endpoint& far_end(const session::Session& session) {
  return session.options().flow.remote;
}

}  // namespace

FlowTable::Index FlowTable::add(const session::Session& session, std::uint32_t owner,
                                session::FlowId id, net::PortId port) {
  CHECK(!full());
  if (free_.empty()) {
    free_.push_back(static_cast<Index>(flows_.size()));
    flows_.emplace_back();
  }
  const Index index = free_.back();
  free_.pop_back();
  Flow& flow = flows_[index];
  flow.session = &session;
  flow.owner = owner;
  flow.id = id;
  flow.port = port;
  of_port_[port].emplace(far_end(session).address, index);
  return index;
}

void FlowTable::remove(Index index) {
  Flow& flow = flows_[index];
  of_port_[flow.port].erase({far_end(*flow.session).address, index});
  flow.session = nullptr;
  flow.generation = static_cast<std::uint8_t>((flow.generation + 1U) % (1U << kGenerationBits));
  free_.push_back(index);
}

const FlowTable::Flow* FlowTable::find(packet::Token token) const {
  const packet::Token named = token >> kTokenBits;
  const std::size_t index = (named >> kGenerationBits) - 1;
  if (index >= flows_.size()) return nullptr;
  const Flow& flow = flows_[index];
  const bool same = flow.generation == (named & ((1U << kGenerationBits) - 1));
  return flow.session != nullptr && same ? &flow : nullptr;
}

const FlowTable::OfPort& FlowTable::on_port(net::PortId port) const {
  static const OfPort kNone;
  const auto found = of_port_.find(port);
  return found == of_port_.end() ? kNone : found->second;
}

bool FlowTable::taken(net::PortId port, const session::Session& asking) const {
  const packet::Endpoint& remote = far_end(asking);
  return std::ranges::any_of(to(port, remote.address), [&](const Flow& flow) {
    return flow.session != &asking && far_end(*flow.session) == remote;
  });
}

const FlowTable::Flow* FlowTable::awaiting(net::PortId port, const packet::Endpoint& source,
                                           std::uint16_t ssid, base::Bytes octets) const {
  const auto fits = [&](const Flow& flow) {
    const packet::Endpoint& at = far_end(*flow.session);
    const bool remote = at.address == source.address && at.port == source.port;
    if (flow.session->finished()) return 0;
    return (remote ? 2 : 0) + (flow.session->ssid_of(flow.id) == ssid ? 2 : 0) + 1;
  };
  constexpr int kBoth = 5;
  for (const Flow& flow : to(port, source.address))
    if (fits(flow) == kBoth) return &flow;
  // A session that goes on over the same port has two flows there for a while.
  for (const Flow& flow : to(port, source.address))
    if (fits(flow) > 1 && flow.session->recognises(flow.id, octets)) return &flow;
  const Flow* best = nullptr;
  int best_fit = 0;
  for (const Flow& flow : on(port)) {
    const int fit = fits(flow);
    if (fit <= best_fit) continue;
    best_fit = fit;
    best = &flow;
  }
  return best;
}

}  // namespace wirestamp::agent
