// SPDX-License-Identifier: Apache-2.0
#include "session/path_sweep.h"

#include <algorithm>

namespace wirestamp::session {

namespace {
constexpr Duration kHopGap = Duration::milliseconds(30);
constexpr Duration kLastWait = Duration::seconds(1);
}  // namespace

bool PathSweep::reached(FlowId flow) const {
  return std::ranges::any_of(
      probes_, [flow](const Probe& probe) { return probe.flow == flow && probe.reflector; });
}

std::uint8_t PathSweep::farthest(FlowId flow) const {
  std::uint8_t farthest = 0;
  for (const Probe& probe : probes_)
    if (probe.flow == flow && probe.by) farthest = std::max(farthest, probe.distance);
  return farthest;
}

std::optional<std::uint8_t> PathSweep::distance(MonoTime now) {
  if (sent_all_ || now < next_) return std::nullopt;
  // The healthy flow came through: the ailing one has been asked as far as there is anything.
  const bool known = healthy_ && reached(*healthy_);
  const unsigned heard = std::max<unsigned>(farthest(ailing_), healthy_ ? farthest(*healthy_) : 0U);
  if (known || reached(ailing_) || sent_ >= kMostHops || sent_ >= heard + kSilentHops) {
    sent_all_ = true;
    next_ = now + kLastWait;
    return std::nullopt;
  }
  next_ = now + kHopGap;
  return ++sent_;
}

void PathSweep::on_sent(FlowId flow, std::uint64_t sequence, std::uint8_t distance) {
  probes_.push_back({.flow = flow, .sequence = sequence, .distance = distance});
}

void PathSweep::on_expired(FlowId flow, std::uint64_t sequence, const packet::IpAddress& by) {
  for (Probe& probe : probes_)
    if (probe.flow == flow && probe.sequence == sequence && !probe.by) probe.by = by;
}

void PathSweep::on_reply(FlowId flow, std::uint64_t sequence) {
  for (Probe& probe : probes_)
    if (probe.flow == flow && probe.sequence == sequence) probe.reflector = true;
}

std::vector<measure::Hop> PathSweep::path_of(FlowId flow) const {
  std::vector<measure::Hop> path;
  for (const Probe& probe : probes_) {
    if (probe.flow != flow) continue;
    path.push_back({.distance = probe.distance,
                    .address = probe.by ? packet::to_string(*probe.by) : std::string(),
                    .reflector = probe.reflector});
    if (probe.reflector) break;
  }
  // Silence behind the last word is no hop.
  while (!path.empty() && path.back().address.empty() && !path.back().reflector) path.pop_back();
  return path;
}

std::string PathSweep::text() const {
  const auto end_of = [&](FlowId flow, const std::string& which) {
    const std::vector<measure::Hop> path = path_of(flow);
    if (path.empty()) return which + " is not answered by any hop";
    if (path.back().reflector) return which + " passes";
    return which + " ends after hop " + std::to_string(path.back().distance) + ", " +
           path.back().address;
  };
  std::string text = end_of(ailing_, healthy_ ? "the old flow" : "the flow");
  if (healthy_) text += "; " + end_of(*healthy_, "the new one");
  return text;
}

}  // namespace wirestamp::session
