// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "time/duration.h"

// Every bound of the session layer in one place. Reaching one is counted or said, never silent.
namespace wirestamp::session {

// --- sender
// -------------------------------------------------------------------------------------------
// Probes remembered at once. At the default rate a probe is remembered for 2 s (answered) or 10 s
// (not answered); beyond this number the oldest one is decided early.
inline constexpr std::size_t kMaxProbesInLedger = 65'536;
// A late reply is recognised so long after its probe left.
inline constexpr Duration kLateUntil = Duration::seconds(10);
// Without transmit stamp and error a probe is decided after this time: the kernel gives up on a
// neighbour after 3 s.
inline constexpr Duration kStampWait = Duration::seconds(4);
// Probes fallen due while we did not run are reported up to this number in one wake-up.
inline constexpr std::size_t kMaxDuePerWake = 4'096;
// A probe is sent late by at most its interval, or by this when the interval is shorter.
inline constexpr Duration kLatenessFloor = Duration::milliseconds(1);
// Replies without a transmit stamp after which the interface is believed to give none.
inline constexpr unsigned kRepliesWithoutStamp = 8;
// A true transmit stamp of a reply lies within this time after the stamp written into the reply.
inline constexpr Duration kFollowUpWindow = Duration::seconds(1);
// A listed reply that left so much earlier than its probe is of an earlier run.
inline constexpr Duration kLeftoverMargin = Duration::milliseconds(1);
// A peer silent for so long gets bare base packets alternately.
inline constexpr Duration kBareAfter = Duration::seconds(3);
// Burst (S17): five extra probes a minute.
inline constexpr unsigned kBurstProbes = 5;
inline constexpr Duration kBurstPeriod = Duration::minutes(1);
inline constexpr Duration kBurstClearance = Duration::milliseconds(100);
// Unmeasured probes at the end of a run that fetch the last transmit stamps and directions.
inline constexpr unsigned kMaxClosingProbes = 5;
inline constexpr Duration kClosingGapMin = Duration::milliseconds(20);
inline constexpr Duration kClosingGapMax = Duration::milliseconds(500);
// An interrupted run waits at most so long for the probes in flight.
inline constexpr Duration kInterruptGrace = Duration::milliseconds(500);
// Reply numbers whose request is remembered: those of all probes in the ledger and a copy of each.
// Of what is forgotten beyond it no direction is told.
inline constexpr std::size_t kMaxKnownReplies = 2 * kMaxProbesInLedger;
// Intervals between two replies in which the peer's policy dropped requests.
inline constexpr std::size_t kMaxRefusals = kMaxProbesInLedger;
// Runs of requests given up without a direction; beyond this their sums are made early.
inline constexpr std::size_t kMaxGivenUpRuns = 65'536;

// --- reflector
// ----------------------------------------------------------------------------------------
inline constexpr std::size_t kMaxReflectorSessions = 16'384;
// Sessions that one source address (IPv6: one /64) may hold, so that one guest cannot evict the
// others.
inline constexpr std::size_t kMaxSessionsPerSource = 1'024;
inline constexpr Duration kSessionIdle = Duration::minutes(15);
inline constexpr std::size_t kMaxRateSources = 16'384;
// The full table of them is searched for forgettable ones this often at most.
inline constexpr Duration kRateSweepEvery = Duration::milliseconds(100);
inline constexpr std::size_t kMaxRefusalNotes = 16;  // prefixes named when first refused

}  // namespace wirestamp::session
