// SPDX-License-Identifier: Apache-2.0
// What an event means, and where to look: the words of `wirestamp evidence`, and those for what it has no page for.
import type { EventBody } from './api';

export interface Meaning {
  text: string;
  todo: string;
}

const kFindings: Record<string, Meaning> = {
  stalled_flow: {
    text: 'Packets of one 5-tuple (addresses and ports) were no longer carried, while packets between the same two hosts with other source ports were answered at the same time. So the hosts, the links and the routes worked. A device on the way that keeps state per flow (a firewall, an address translator, a load balancer) held an entry for this flow that was no longer right.',
    todo: 'Look up this 5-tuple in the session table of each stateful device on the way, at these times: which interface, next hop or translated address does its entry name, and has the route or that address changed since? Every packet refreshes such an entry, so it stays as long as the flow is used.',
  },
  stalled_flow_suspected: {
    text: 'One flow fell silent, and neither this host nor any router reported an error. That is what a stale entry of a firewall or address translator looks like; a broken path or a dead host that nobody reports looks the same from one flow alone.',
    todo: 'Look up the 5-tuple in the session table of each stateful device on the way, at these times.',
  },
  one_of_several_paths: {
    text: 'Of fresh flows between the same two hosts some were answered and some were not. Routers that spread flows over several links choose the link by the ports: one of these links loses what is sent over it, and the others work.',
    todo: 'Look at the members of bundles (LAG, ECMP) on the way, one by one: counters of errors and drops, and a member that is up at one end only.',
  },
  transient_outage: {
    text: 'Nothing was answered for a while; then the old flow and a new one were answered alike. The cause was gone when it was looked for.',
    todo: 'Compare these times with the logs of devices and links on the way: restarts, routing changes, links that went down, planned work.',
  },
  new_ports_blocked: {
    text: 'The old flow is answered, flows from other source ports are not: a filter on the way allows this one flow alone.',
    todo: 'If it is meant to be so, nothing is wrong. Otherwise allow UDP to the port of the reflector from any source port of this host.',
  },
  peer_or_path_down: {
    text: 'Nothing was answered, on the old flow or on new ones. The far host, or the way to it or back, was down for everything.',
    todo: 'Compare these times with the logs of the far host and of the devices on the way. The hops, where there are any, say how far packets came.',
  },
  peer_closed: {
    text: 'The far host answered that nothing listens on the port: the network works, the measuring program there does not run.',
    todo: 'Start the reflector on the far host again.',
  },
  local_cause: {
    text: 'Packets did not leave this host: no answer of the next hop (ARP, NDP), no route, no address, or a filter of its own. The network beyond was not tested.',
    todo: 'Look at this host and at its next hop.',
  },
};
const kFigures: Record<string, Meaning> = {
  loss: {
    text: 'More probes than the threshold were lost, for longer than chance explains.',
    todo: 'Did the delay rise at the same time? Then a queue was full in the direction of the loss. Without a rise look for errors on a link, or a policer.',
  },
  latency: {
    text: 'The median of the round trip was above what is usual for this session.',
    todo: 'A rise at the same hours of each day is a queue that fills. A step from one moment to the next, with another number of hops, is another path.',
  },
  jitter: {
    text: 'Neighbouring probes took unlike times, more than is usual for this session.',
    todo: 'Look for queues that fill and empty, a radio link, or two paths that packets alternate between.',
  },
};
const kKinds: Record<string, Meaning> = {
  remarked: {
    text: 'Packets arrive with another DSCP or ECN than before: a device on the way rewrites it.',
    todo: 'Look for a policy at borders of networks that sets or clears the mark. What relies on it waits with the rest until then; compare the delay before and after.',
  },
  flow_differs: {
    text: 'Of several flows between the same hosts one fares otherwise: routers chose another link for it.',
    todo: 'Look at the members of bundles (LAG, ECMP) on the way for errors or load.',
  },
  ports_exhausted: { text: 'No new source port could be had.', todo: 'Look for programs on this host that hold many ports.' },
  receive_buffer_full: {
    text: 'This host read its socket too late, and dropped what had come: answers may have been among it, which the network did not lose. (Datagrams with a wrong checksum are counted with them.)',
    todo: 'Look for what kept this host from running (This host: schedule error), or for a flood of packets to its port.',
  },
  rate_reduced: {
    text: 'So many probes were lost that fewer are sent, so as not to add to the load.',
    todo: 'All are sent again by themselves when the path is back.',
  },
  clock_stepped: {
    text: 'The clock of this host was set. Round trips are not affected; one-way delays begin a new stretch.',
    todo: 'When it happens again, look at the time service of this host.',
  },
  clock_unsynchronised: {
    text: 'Nothing disciplines the clock of this host: one-way delays are worth less from minute to minute. Round trips are not affected.',
    todo: 'Look at the time service of this host (chronyc sources, timedatectl).',
  },
  store_failed: {
    text: 'Results cannot be written. They wait in memory, and the oldest go when there is no more room.',
    todo: 'Look at the disk that the store is on: full, read-only or broken? See This host.',
  },
  store_set_aside: {
    text: 'The file of the store was broken. It was set aside, and a new one was begun.',
    todo: 'Keep the old file for an analysis, and look at the disk.',
  },
  configuration_refused: { text: 'A reload was refused; what ran before goes on.', todo: 'Mend the file as the text says: wirestamp config check FILE.' },
};

export function meaningOf(event: EventBody): Meaning | undefined {
  if (event.kind === 'verdict') return kFindings[String(event.finding)];
  if (event.kind === 'threshold_crossed') return kFigures[String((event.crossing as { figure?: string } | undefined)?.figure)];
  return kKinds[event.kind];
}

// That of an incident: of its verdict, else of the first of its worst events.
export function meaningOfAll(events: readonly { severity: string; event: EventBody }[]): Meaning | undefined {
  const verdict = events.filter(({ event }) => event.kind === 'verdict').at(-1);
  if (verdict) return meaningOf(verdict.event);
  const worst = ['error', 'warning', 'info'].find((severity) => events.some((one) => one.severity === severity));
  for (const one of events) if (one.severity === worst && meaningOf(one.event)) return meaningOf(one.event);
  return undefined;
}
