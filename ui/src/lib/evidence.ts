// SPDX-License-Identifier: Apache-2.0
// The evidence of an event in words: each field that it has, also those that a later agent adds.
import type { EventBody } from './api';
import { trafficClass } from './dscp';
import { count, duration, share } from './format';
import { big, exact, nanosOf } from './nanos';
import type { Zone } from './prefs.svelte';

export interface Evidence {
  label: string;
  value: string;
  probe?: { at: string; probe: number }; // where the row is about one
}
export interface Hop {
  distance: number;
  address?: string;
  reflector?: boolean;
}
interface Mark {
  probe: number;
  left_ns: string | number;
}
interface Crossing {
  figure: string;
  error: boolean;
  loss_ratio?: number;
  loss_threshold?: number;
  delay_ns?: number;
  delay_threshold_ns?: number;
  median_ns?: number;
  since: string;
  until?: string;
}

const kKinds: Record<string, string> = {
  verdict: 'Cause of the outage',
  session_up: 'Session is up',
  remarked: 'Marks changed on the way',
  hops_changed: 'Path length changed',
  path_swept: 'Path was traced',
  account_told: 'What the reflector saw',
  flow_differs: 'One flow is not like the others',
  timeout_measured: 'Time-out measured',
  clock_unsynchronised: 'Clock not synchronised',
  clock_synchronised: 'Clock synchronised again',
  suspended: 'Host slept',
  threshold_crossed: 'Threshold crossed',
  threshold_cleared: 'Back to normal',
};
// Those of docs/events.md, for whoever chooses.
export const kAllKinds = [
  'outage_began', 'outage_ended', 'verdict', 'session_up', 'peer_stopping', 'threshold_crossed', 'threshold_cleared', 'flow_changed', 'timeout_measured',
  'healing_pause', 'network_changed', 'reflector_restarted', 'remarked', 'hops_changed', 'path_swept', 'account_told', 'flow_differs', 'ports_exhausted', 'receive_buffer_full',
  'rate_reduced', 'rate_restored', 'clock_stepped', 'clock_unsynchronised', 'clock_synchronised', 'suspended', 'store_set_aside', 'store_failed',
  'store_restored', 'configuration_refused', 'configuration_reloaded', 'agent_started', 'agent_stopped',
];
export function kindWords(kind: string): string {
  const text = kKinds[kind] ?? kind.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const kWays: Record<string, string> = { forward: 'forward, to the reflector', backward: 'backward, to this host' };
const kLabels: Record<string, string> = {
  reason: 'Reason', flow: 'Flow number', old_flow: 'Old flow', new_flow: 'New flow', last_good: 'Last answered probe',
  first_lost: 'First lost probe', first_good: 'First answered again', lost: 'Lost', direction: 'Direction',
  account: 'The reflector says', before: 'Arrived before as', after: 'Arrives as', expected: 'Sent as',
};
const kAway: Record<string, string> = { suspended: 'Slept for', agent_started: 'Did not run for' };
// Told elsewhere: as the head of the event, by their partner, or as a list.
const kElsewhere = new Set(['kind', 'at', 'text', 'finding', 'tried', 'at_most_ns', 'old_path', 'new_path', 'crossing']);

// Bounds lie near each other: of minutes the tenths of a second are told too.
const fine = (ns: number) => (Math.abs(ns) >= 10e9 && Math.abs(ns) < 1000e9 ? `${(ns / 1e9).toFixed(1)} s` : duration(ns));

export function between(least: unknown, most: unknown): string {
  if (typeof least === 'number' && typeof most === 'number') {
    return least === most ? fine(least) : `between ${fine(least)} and ${fine(most)}`;
  }
  return typeof least === 'number' ? `at least ${fine(least)}` : `at most ${fine(most as number)}`;
}

function lengthLabel(kind: string): string {
  if (kind === 'timeout_measured') return 'Time-out on the way';
  return kind === 'healing_pause' ? 'Pause' : 'Lasted';
}

function valueOf(event: EventBody, key: string, value: unknown, zone: Zone): string {
  if (key === 'last_good' || key === 'first_lost' || key === 'first_good') {
    const mark = value as Mark;
    return `number ${count(Number(mark.probe))}, left ${exact(big(mark.left_ns), zone, 3)}`;
  }
  if (key === 'direction') return kWays[value as string] ?? String(value);
  if (key === 'lost') return `${count(value as number)} ${event.kind === 'receive_buffer_full' ? 'datagram' : 'probe'}${value === 1 ? '' : 's'}`;
  const isMark = key === 'before' || key === 'after' || key === 'expected';
  if (event.kind === 'remarked' && isMark && typeof value === 'number') return trafficClass(value);
  if (event.kind === 'hops_changed' && isMark) return `hop limit ${String(value)}`;
  if (key.endsWith('_ns') && typeof value === 'number') return duration(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function crossingRows(crossing: Crossing, zone: Zone): Evidence[] {
  const rows: Evidence[] = [{ label: 'Figure', value: crossing.figure }];
  const measured = crossing.loss_ratio !== undefined ? share(crossing.loss_ratio) : duration(crossing.delay_ns);
  const limit = crossing.loss_threshold !== undefined ? share(crossing.loss_threshold) : duration(crossing.delay_threshold_ns);
  rows.push({ label: 'Measured', value: measured });
  rows.push({ label: 'Threshold', value: crossing.until ? limit : `${limit} (${crossing.error ? 'error' : 'warning'})` });
  if (crossing.median_ns !== undefined) rows.push({ label: 'Usual', value: `${duration(crossing.median_ns)}, the median of 48 hours` });
  rows.push({ label: 'Since', value: exact(nanosOf(crossing.since), zone, 0) });
  if (crossing.until) rows.push({ label: 'Until', value: exact(nanosOf(crossing.until), zone, 0) });
  return rows;
}

export function evidenceOf(event: EventBody, zone: Zone): Evidence[] {
  const rows: Evidence[] = [];
  if (event.crossing) rows.push(...crossingRows(event.crossing as Crossing, zone));
  if (event.at_least_ns !== undefined || event.at_most_ns !== undefined) {
    rows.push({ label: lengthLabel(event.kind), value: between(event.at_least_ns, event.at_most_ns) });
  }
  for (const [key, value] of Object.entries(event)) {
    if (kElsewhere.has(key) || key === 'at_least_ns' || value === undefined || value === null) continue;
    if (key === 'answered' && event.tried !== undefined) {
      rows.push({ label: 'Fresh flows', value: `${String(value)} of ${String(event.tried)} answered` });
    } else if (key === 'change_ns') {
      const change = value as number;
      const away = kAway[event.kind];
      rows.push({ label: away ?? 'Set', value: away ? duration(change) : `${duration(Math.abs(change))} ${change < 0 ? 'back' : 'forward'}` });
    } else {
      const mark = value as Partial<Mark>;
      const probe = big(mark.left_ns) === undefined ? undefined : { at: String(mark.left_ns), probe: Number(mark.probe) };
      rows.push({ label: kLabels[key] ?? kindWords(key), value: valueOf(event, key, value, zone), probe });
    }
  }
  return rows;
}

export function pathsOf(event: EventBody): { label: string; hops: Hop[] }[] {
  const found: { label: string; hops: Hop[] }[] = [];
  if (Array.isArray(event.old_path)) found.push({ label: 'Way of the old flow', hops: event.old_path as Hop[] });
  if (Array.isArray(event.new_path)) found.push({ label: 'Way of the new flow', hops: event.new_path as Hop[] });
  return found;
}

// When trouble began and ended, as far as single probes tell: [not before, not after].
export interface Bounds {
  began?: [bigint, bigint];
  ended?: [bigint, bigint];
}
export function boundsOf(events: readonly { event: EventBody }[]): Bounds {
  const bounds: Bounds = {};
  for (const { event } of events) {
    const mark = (key: string) => big((event[key] as Mark | undefined)?.left_ns);
    const good = mark('last_good');
    const lost = mark('first_lost');
    if (!bounds.began && good !== undefined && lost !== undefined) bounds.began = [good, lost];
    const again = mark('first_good');
    if (event.kind === 'outage_ended' && again !== undefined && lost !== undefined && typeof event.at_least_ns === 'number') {
      bounds.ended = [lost + BigInt(event.at_least_ns), again];
    }
  }
  return bounds;
}
