// SPDX-License-Identifier: Apache-2.0
#include "publish/evidence.h"

namespace wirestamp::publish {

using measure::EventKind;
using measure::Finding;

Explanation explain(Finding finding) {
  switch (finding) {
    case Finding::StalledFlow:
      return {"stalled flow",
              "Packets of one 5-tuple (addresses and ports) were no longer carried, while packets "
              "between the same two hosts with other source ports were answered at the same time. "
              "So the hosts, the links and the routes worked. A device on the way that keeps state "
              "per flow (a firewall, an address translator, a load balancer) held an entry for "
              "this flow that was no longer right. Every packet refreshes such an entry, so that "
              "it stays as long as the flow is used.",
              "Look up this 5-tuple in the session table of each stateful device on the way, at "
              "the times below: which interface, next hop or translated address does its entry "
              "name, and has the route or that address changed since the entry was made? Entries "
              "that survive a change of route, uplink or address are to be deleted when that "
              "happens."};
    case Finding::StalledFlowSuspected:
      return {"stalled flow suspected",
              "One flow fell silent, and neither this host nor any router reported an error. That "
              "is what a stale entry of a firewall or address translator looks like; a broken path "
              "or a dead host that nobody reports looks the same from one flow alone.",
              "Look up the 5-tuple in the session table of each stateful device on the way at the "
              "times below."};
    case Finding::OneOfSeveralPaths:
      return {"one of several paths is broken",
              "Of fresh flows between the same two hosts some were answered and some were not. "
              "Routers that spread flows over several links choose the link by the ports: one of "
              "these links loses what is sent over it, and the others work.",
              "Look at the members of bundles (LAG, ECMP) on the way, one by one: counters of "
              "errors and drops, and a member that is up at one end only."};
    case Finding::TransientOutage:
      return {"transient outage",
              "Nothing was answered for a while; then the old flow and a new one were answered "
              "alike. The cause was gone when it was looked for.",
              "Compare the edges below with the logs of devices and links on the way: restarts, "
              "routing changes, links that went down, planned work."};
    case Finding::NewPortsBlocked:
      return {"new ports are blocked",
              "The old flow is answered, flows from other source ports are not: a filter on the "
              "way allows this one flow alone.",
              "If it is meant to be so, nothing is wrong. Otherwise allow UDP to the reflector's "
              "port from any source port of this host."};
    case Finding::PeerOrPathDown:
      return {"peer or path down",
              "Nothing was answered, on the old flow or on new ones. The far host, or the way to "
              "it or back, was down for everything.",
              "Compare the edges below with the logs of the far host and of the devices on the "
              "way. The hops, where there are any, say how far packets came."};
    case Finding::PeerClosed:
      return {"peer closed",
              "The far host answered that nothing listens on the port: the network works, the "
              "measuring program there does not run.",
              "Start the reflector on the far host again."};
    case Finding::LocalCause:
      return {"local cause",
              "Packets did not leave the measuring host: no answer of the next hop (ARP, NDP), no "
              "route, no address, or a filter of its own. The network beyond was not tested.",
              "Look at the measuring host and at its next hop."};
  }
  return {"unknown", "", ""};
}

std::string_view change_meaning(EventKind kind) {
  switch (kind) {
    case EventKind::HopsChanged:
      return "Packets took another path: a longer one takes longer, and may lose or reorder more.";
    case EventKind::Remarked:
      return "What is marked otherwise waits in another queue: delay, jitter and loss may come of "
             "it.";
    case EventKind::NetworkChanged:
      return "A route, a link or an address of the measuring host changed.";
    case EventKind::ReflectorRestarted:
      return "The far end was restarted, or the flow comes from another address there.";
    case EventKind::PeerStopping:
      return "The far end was stopped on purpose.";
    case EventKind::ReceiveBufferFull:
      return "Answers that had come may have been dropped by the measuring host: they count as "
             "lost.";
    default:
      return "";
  }
}

std::vector<Definition> evidence_definitions() {
  return {
      {"probe",
       "A UDP datagram (STAMP, RFC 8762) to the reflector, which sends a reply. Each has "
       "a number that counts up over all flows of the session."},
      {"flow", "One 5-tuple: UDP, source address and port, destination address and port."},
      {"inside, outside",
       "The source of a flow as the measuring host sends it, and as the "
       "reflector saw it. They differ where an address translator (NAT) is on "
       "the way."},
      {"last good, first lost, first good",
       "The newest probe that was answered before the outage, "
       "the first that was not, and the first that was "
       "answered again. The outage began after last good "
       "left and not later than first lost did; it ended "
       "before first good came to where it was lost."},
      {"at least, at most",
       "Bounds of the length of the outage, from these probes: first lost to "
       "the last lost one, and last good to first good."},
      {"lost",
       "Left the measuring host, and no reply came within 2 s, or the time that is "
       "configured. Probes that never left are \"unsent\" and in no figure of loss, but "
       "for those whose next hop did not answer."},
      {"lost on the way there, back",
       "By the reflector's count of its replies: a request that no "
       "reply answers, with no reply missing around it, never "
       "arrived there."},
      {"round trip", "(T4 - T1) - (T3 - T2): without the time in the reflector."},
      {"one way",
       "T2 - T1 and T4 - T3, by the clocks of both hosts: they contain the difference "
       "of these clocks and are told only with the bound of it."},
      {"T1, T2, T3, T4", "Probe sent, probe received, reply sent, reply received."},
      {"p50, p99",
       "Half, and 99 of 100, of the values are at most this (error of the histogram "
       "at most 1.1 %)."},
      {"jitter", "Mean difference of the round trips of consecutive probes, without sign."},
      {"stamp class",
       "Where a time was taken: hardware (network interface), kernel (driver), "
       "scheduler (entering the interface's queue), user (the program). The closer "
       "to the wire, the smaller the error."},
      {"clock error",
       "Bound of the difference of a host's clock from UTC, as its own time service "
       "tells it. All times on this page are UTC by the measuring host's clock."},
      {"time-out of the device on the way",
       "A stalled flow is left alone for growing times and "
       "tried once after each. It answered again after one "
       "of these silences and not after the one before: the "
       "idle time-out of the entry lies between."},
      {"hops",
       "Probes with 1, 2, 3 ... hops allowed: who throws one away says so (ICMP time "
       "exceeded). \"-\" is a router that does not say so."},
  };
}

}  // namespace wirestamp::publish
