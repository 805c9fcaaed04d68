// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "time/duration.h"

// Every bound of the session layer in one place. Reaching one is counted or said, never silent.
namespace wirestamp::session {

// --- sender
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

// --- rate
// Loss reduces the rate of sessions whose probes are less than this apart, on average.
inline constexpr Duration kBackOffInterval = Duration::milliseconds(100);
inline constexpr Duration kBackOffPeriod = Duration::seconds(10);  // over which loss is judged
inline constexpr unsigned kMostBackOff = 16;                       // times the interval
// Periods with little loss that the next attempt at a higher rate waits for at most.
inline constexpr unsigned kMostGoodPeriods = 32;
// Without any reply for so long, one probe per gap.
inline constexpr Duration kNearlyStopAfter = Duration::minutes(1);
inline constexpr Duration kNearlyStoppedGap = Duration::seconds(3);

// --- flows
// New ports in ten minutes: of one session, of all sessions to one peer. Those that sessions begin
// with do not count.
inline constexpr Duration kPortWindow = Duration::minutes(10);
inline constexpr std::size_t kMostNewPorts = 16;
inline constexpr std::size_t kMostNewPortsPerPeer = 64;
// Sockets of an agent beside the one that each session needs.
inline constexpr std::size_t kMostExtraSockets = 256;
// Sessions that fall silent together: so many try a new port before one of them was answered.
inline constexpr std::size_t kMostTryingPerPeer = 4;
inline constexpr std::size_t kMostTrying = 16;
// Sessions that fall silent within this time are silent together: one event.
inline constexpr Duration kSilentTogether = Duration::seconds(10);
// From one switch to the next while nothing is answered: 5, 10, 20 ... 300 s.
inline constexpr Duration kFirstBackOff = Duration::seconds(5);
inline constexpr Duration kLongestBackOff = Duration::seconds(300);
// A fixed flow that stalls again within the hour is left alone for six.
inline constexpr Duration kStallsAgain = Duration::hours(1);
inline constexpr Duration kLeftAlone = Duration::hours(6);
// Reflectors that seem restarted so soon after each other are one matter.
inline constexpr Duration kRestartsTogether = Duration::minutes(1);
inline constexpr Duration kRestartsKnown = Duration::hours(1);
// So it is with changes of a mark, but that it begins and ends is two of them.
inline constexpr Duration kRemarksTogether = Duration::minutes(1);
inline constexpr Duration kRemarksKnown = Duration::hours(1);
// A path has another length when so many packets in a row, for so long, had another hop limit.
inline constexpr unsigned kHopsSettle = 10;
inline constexpr Duration kHopsSettleFor = Duration::minutes(1);
inline constexpr Duration kHopsTogether = Duration::hours(1);
inline constexpr Duration kHopsKnown = Duration::hours(6);
// Datagrams that find no room come by the hundred: one event; and then as with marks.
inline constexpr Duration kOverflowTogether = Duration::seconds(1);
inline constexpr Duration kOverflowsTogether = Duration::minutes(1);
inline constexpr Duration kOverflowsKnown = Duration::hours(1);
// A reflector that says it is about to stop is not believed when it answers after this time, and
// when it answers without saying so for that time.
inline constexpr Duration kStoppingLasts = Duration::minutes(5);
inline constexpr Duration kStoppingTaken = Duration::seconds(10);
// Ports of a range that are tried before it counts as exhausted.
inline constexpr std::uint32_t kMostPortTries = 256;
inline constexpr std::size_t kMostFlows = 64;       // in parallel, of one session
inline constexpr std::size_t kMostEvents = 10'000;  // told in a day, and kept of one run
inline constexpr Duration kEventsWindow = Duration::hours(24);

// --- echo
// A peer that answered nothing for so long has no reflector: we look for it by echo.
inline constexpr Duration kNobodyReflects = Duration::seconds(3);
inline constexpr Duration kShortestEchoInterval = Duration::milliseconds(100);
// Echoes not decided yet: 10 s and more at that interval. Beyond it the oldest is decided early.
inline constexpr std::size_t kMaxEchoesInLedger = 1'024;
// At the end of a run echoes in flight may be answered for so long.
inline constexpr Duration kEchoGrace = Duration::milliseconds(500);

// --- reflector
inline constexpr std::size_t kMaxReflectorSessions = 16'384;
// Sessions that one source address (IPv6: one /64) may hold, so that one guest cannot evict the
// others.
inline constexpr std::size_t kMaxSessionsPerSource = 1'024;
// One network: an IPv4 /24, an IPv6 /48.
inline constexpr std::size_t kMaxSessionsPerNetwork = 4'096;
// Of those that measure for a while already; the others are for newcomers.
inline constexpr std::size_t kMaxEstablishedSessions = kMaxReflectorSessions / 4 * 3;
inline constexpr Duration kSessionIdle = Duration::minutes(15);
inline constexpr std::size_t kMaxRefusalNotes = 16;  // prefixes named when first refused

}  // namespace wirestamp::session
