// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "measure/sample.h"

// How a sample is counted, the same in a Summary and in a Window: both have these counters by these
// names.
namespace wirestamp::measure {

template <typename Counts>
void count_outcome(const Sample& sample, Counts& counts) {
  //= RFC7680:local-failures
  if (left_this_host(sample.outcome)) ++counts.sent;
  if (sample.departure_unconfirmed) ++counts.departure_unconfirmed;
  switch (sample.outcome) {
    case Outcome::Delivered:
      ++counts.delivered;
      break;
    case Outcome::Late:
      ++counts.late;
      break;
    case Outcome::LostForward:
      ++counts.lost.forward;
      break;
    case Outcome::LostBackward:
      ++counts.lost.backward;
      break;
    case Outcome::LostUnknown:
      ++counts.lost.unknown;
      break;
    case Outcome::PeerClosed:
      ++counts.peer_closed;
      break;
    case Outcome::TooBig:
      ++counts.too_big;
      break;
    case Outcome::RefusedByPeer:
      ++counts.refused_by_peer;
      break;
    case Outcome::Withheld:
      ++counts.withheld;
      break;
    case Outcome::LateSchedule:
      ++counts.late_schedule;
      break;
    case Outcome::Unsent:
      ++counts.unsent_by_cause[static_cast<std::size_t>(sample.cause)];
      break;
  }
}

template <typename Counts>
//= RFC2330:wire-time
void count_stamps(const Sample& sample, Counts& counts) {
  if (!left_this_host(sample.outcome)) return;
  counts.sender_tx.add(sample.sender_tx);
  counts.reflector_rx.add(sample.reflector_rx);
  counts.reflector_tx.add(sample.reflector_tx);
  counts.sender_rx.add(sample.sender_rx);
  if (sample.clock_step) ++counts.clock_step_samples;
  if (sample.bad_reflector_stamps) ++counts.bad_reflector_stamps;
}

template <typename Counts>
void count_duplicates(const Sample& sample, Counts& counts) {
  counts.duplicates_forward += sample.duplicates_forward;
  counts.duplicates_backward += sample.duplicates_backward;
  counts.duplicates_unknown += sample.duplicates_unknown;
}

// Of a probe of a burst, which is in no other counter but duplication and reordering.
template <typename Counts>
void count_burst(const Sample& sample, Counts& counts) {
  if (left_this_host(sample.outcome)) ++counts.burst_sent;
  if (sample.outcome == Outcome::Delivered) ++counts.burst_received;
  if (lost_on_the_way(sample.outcome)) ++counts.burst_lost;
}

}  // namespace wirestamp::measure
