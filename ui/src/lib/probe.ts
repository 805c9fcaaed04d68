// SPDX-License-Identifier: Apache-2.0
// A single probe in words: what became of it, how that is known, and each of its fields.
import type { Sample } from './api';
import { dscpText, ecnText } from './dscp';
import { count, duration } from './format';
import { big, exact } from './nanos';
import type { Zone } from './prefs.svelte';

export interface Outcome {
  title: string;
  known: string; // how that is known
  good: boolean;
}
const kOutcomes: Record<string, Outcome> = {
  delivered: { title: 'answered', known: 'Its reply came within the loss threshold.', good: true },
  late: { title: 'answered late', known: 'Its reply came after the loss threshold: it counts as lost, and its stamps are kept.', good: false },
  lost_forward: {
    title: 'lost forward',
    known: 'The reflector numbers its replies. A later probe was answered, and no number is missing that could be of a reply to this one: it was lost on the way to the reflector. Or an ICMP error of the path quoted it.',
    good: false,
  },
  lost_backward: {
    title: 'lost backward',
    known: 'A later reply lists the reply to this probe as sent, and it never came: it was lost on the way back to this host.',
    good: false,
  },
  lost_unknown: {
    title: 'lost, direction not known',
    known: 'It left, and no reply tells whether it arrived: the reflector does not number its replies, or too many were lost in a row. Sums over a time may know more.',
    good: false,
  },
  unsent: { title: 'never left this host', known: 'The system refused it, or said that it could not be sent.', good: false },
  withheld: { title: 'not sent, on purpose', known: 'It is judged neither as lost nor as delivered.', good: true },
  late_schedule: { title: 'not sent: this host was too late', known: 'It was due more than an interval before this host came to send it. No packet exists.', good: false },
  peer_closed: { title: 'refused: port closed', known: 'The host of the reflector said that nothing listens on the port (ICMP port unreachable): the network works.', good: false },
  too_big: { title: 'too big for the path', known: 'The send call refused its size, or a router said that it needs to be fragmented.', good: false },
  refused_by_peer: { title: 'refused by the reflector', known: "The reflector's count of what its policy dropped grew across this probe. It is neither lost nor delivered.", good: true },
};
export function outcomeOf(sample: Sample): Outcome {
  return kOutcomes[sample.outcome] ?? { title: sample.outcome.replaceAll('_', ' '), known: '', good: false };
}

const kCauses: Record<string, string> = {
  neighbour_unresolved: 'the next hop does not answer ARP or NDP',
  no_route: 'there is no route to the host',
  interface_down: 'the interface is down',
  address_gone: 'the source address is no longer there',
  refused_locally: 'a firewall or policy of this host refused it',
  dropped_locally: 'a full queue, a lost carrier, or no stamp and no error for 4 s',
  healing_pause: 'a fixed flow pauses, so that a stale entry on the way dies',
  back_off: 'so much is lost that the rate is reduced',
  suspended: 'this host slept',
  interrupted: 'the run was ended',
};
export function causeOf(sample: Sample): string | undefined {
  if (!sample.cause || sample.cause === sample.outcome) return undefined;
  return kCauses[sample.cause] ?? sample.cause.replaceAll('_', ' ');
}

const kSources: Record<string, string> = {
  hardware: 'by the network interface',
  kernel: 'by the kernel, at the driver',
  scheduler: "by the kernel, entering the interface's queue",
  user: 'by the program',
  unknown: 'by whom, the peer does not say',
};
export const sourceWords = (source: string | undefined) => (source ? (kSources[source] ?? source) : '');

export interface Field {
  label: string;
  value: string;
}
export interface Fields {
  title: string;
  rows: Field[];
}

function stampRow(label: string, ns: string | undefined, source: string | undefined, error: number | undefined, zone: Zone): Field {
  const stamp = big(ns);
  if (stamp === undefined) return { label, value: '–' };
  const bound = error === undefined ? ', error not told' : ` ± ${duration(error)}`;
  return { label, value: `${exact(stamp, zone)}${bound}${source ? `, ${sourceWords(source)}` : ''}` };
}

const kShown = new Set([
  'outcome', 'cause', 'probe', 'flow', 'session', 'sequence', 'reflector_sequence', 'departure_unconfirmed', 'burst', 'scheduled_ns', 'size',
  'sender_user_ns', 'sender_scheduler_ns', 'rtt_ns', 'rtt_error_ns', 'forward_ns', 'backward_ns', 'residence_ns', 'sender_clock_error_ns',
  'reflector_clock_error_ns', 'clock_step', 'bad_reflector_stamps', 'duplicates_forward', 'duplicates_backward', 'duplicates_unknown',
  'arrival_index', 'sent_dscp', 'sent_ecn', 'seen_dscp', 'seen_ecn', 'returned_dscp', 'returned_ecn', 'sent_ttl', 'seen_ttl', 'returned_ttl',
  'interface',
  ...['sender_tx', 'reflector_rx', 'reflector_tx', 'sender_rx'].flatMap((one) => [`${one}_ns`, `${one}_source`, `${one}_error_ns`]),
]);

export function fieldsOf(s: Sample, zone: Zone): Fields[] {
  const only = (rows: (Field | false | undefined)[]) => rows.filter((row): row is Field => Boolean(row));
  const had = (label: string, value: unknown, words: (value: never) => string = String): Field | false =>
    value !== undefined && value !== null && { label, value: words(value as never) };
  const raw = 'raw: contains the difference of both clocks';
  const marks = (dscp: number | undefined, ecn: number | undefined, ttl: number | undefined) =>
    [dscp !== undefined && `DSCP ${dscpText(dscp)}`, ecn !== undefined && `ECN ${ecnText(ecn)}`, ttl !== undefined && `hop limit ${ttl}`].filter(Boolean).join(', ') || undefined;
  const others = Object.entries(s).filter(([key, value]) => !kShown.has(key) && value !== undefined && value !== null);
  return [
    {
      title: 'Stamps',
      rows: only([
        had('Due', big(s.scheduled_ns), (ns: bigint) => exact(ns, zone)),
        had('Handed to the system', big(s.sender_user_ns), (ns: bigint) => exact(ns, zone)),
        had('Entered the queue', big(s.sender_scheduler_ns), (ns: bigint) => exact(ns, zone)),
        stampRow('T1, left this host', s.sender_tx_ns, s.sender_tx_source, s.sender_tx_error_ns, zone),
        stampRow('T2, arrived at the reflector', s.reflector_rx_ns, s.reflector_rx_source, s.reflector_rx_error_ns, zone),
        stampRow('T3, reply left', s.reflector_tx_ns, s.reflector_tx_source, s.reflector_tx_error_ns, zone),
        stampRow('T4, reply arrived', s.sender_rx_ns, s.sender_rx_source, s.sender_rx_error_ns, zone),
      ]),
    },
    {
      title: 'Delays',
      rows: only([
        had('Round trip, without the reflector', s.rtt_ns, (ns: number) => `${duration(ns)}${s.rtt_error_ns === undefined ? '' : ` ± ${duration(s.rtt_error_ns)}`}`),
        had('Forward, to the reflector', s.forward_ns, (ns: number) => `${duration(ns)} (${raw})`),
        had('Backward, to this host', s.backward_ns, (ns: number) => `${duration(ns)} (${raw})`),
        had('In the reflector', s.residence_ns, duration),
        had("Bound of this host's clock error", s.sender_clock_error_ns, duration),
        had("Bound of the reflector's clock error", s.reflector_clock_error_ns, duration),
        s.clock_step && { label: 'Clock', value: 'was set while it was under way, or this host slept: no one-way values' },
        s.bad_reflector_stamps && { label: "Reflector's stamps", value: 'T3 before T2, or one of them no instant: not believed, and the round trip includes the reflector' },
      ]),
    },
    {
      title: 'Marks',
      rows: only([
        had('As sent', marks(s.sent_dscp, s.sent_ecn, s.sent_ttl)),
        had('As the reflector saw it', marks(s.seen_dscp, s.seen_ecn, s.seen_ttl)),
        had('As the reply came back', marks(s.returned_dscp, s.returned_ecn, s.returned_ttl)),
      ]),
    },
    {
      title: 'Numbers',
      rows: only([
        had('Probe', s.probe, count),
        had('Flow', s.flow),
        had('Sequence number', s.sequence, count),
        had('Number of the reply', s.reflector_sequence, count),
        had('Rank of arrival', s.arrival_index, count),
        had('Octets of UDP payload', s.size, count),
        had('Interface', s.interface),
        s.burst && { label: 'Burst', value: 'one of the extra probes each minute: counts for reordering, duplication and burst loss only' },
        s.departure_unconfirmed && { label: 'Departure', value: 'not confirmed: no transmit stamp came, and here that proves nothing' },
        had('Extra copies forward', s.duplicates_forward || undefined, count),
        had('Extra copies backward', s.duplicates_backward || undefined, count),
        had('Extra copies, direction not known', s.duplicates_unknown || undefined, count),
        ...others.map(([key, value]) => had(key.replaceAll('_', ' '), value, (it: unknown) => (typeof it === 'object' ? JSON.stringify(it) : String(it)))),
      ]),
    },
  ].filter((group) => group.rows.length);
}

// In the order of their times; bursts and flows of one instant by their numbers.
export function inOrder(samples: readonly Sample[]): Sample[] {
  const due = (one: Sample) => big(one.scheduled_ns) ?? big(one.sender_tx_ns) ?? 0n;
  return [...samples].sort((a, b) => {
    const by = due(a) - due(b);
    return by < 0n ? -1 : by > 0n ? 1 : (a.probe ?? 0) - (b.probe ?? 0);
  });
}

// The one that is meant, by its number (an event tells when it left, not when it was due); else the nearest in time.
// Numbers begin anew with the agent, so that one far away is another.
const kSame = 1_000_000_000n;
export function find(samples: readonly Sample[], at: bigint | undefined, probe: string | null): number {
  if (at === undefined) return samples.length - 1;
  let best = -1;
  let distance: bigint | undefined;
  samples.forEach((one, i) => {
    const due = big(one.scheduled_ns);
    if (due === undefined) return;
    let off = due > at ? due - at : at - due;
    if (isMeant(one, at, probe)) off = -1n;
    if (distance === undefined || off < distance) [best, distance] = [i, off];
  });
  return best;
}
export function isMeant(sample: Sample | undefined, at: bigint | undefined, probe: string | null): boolean {
  const due = big(sample?.scheduled_ns);
  if (at === undefined || due === undefined) return at === undefined;
  const off = due > at ? due - at : at - due;
  return probe === null ? off === 0n : String(sample?.probe) === probe && off < kSame;
}
