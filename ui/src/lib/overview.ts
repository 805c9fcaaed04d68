// SPDX-License-Identifier: Apache-2.0
// What the overview tells of all sessions: rows in order, groups, and the verdict in a sentence.
import type { Incident, Session } from './api';
import { healthOf, kHealthOrder, kHealthWords, type Health } from './health';
import { instant, kMinute } from './time';

export type Column = 'state' | 'name' | 'p50' | 'p99' | 'jitter' | 'loss' | 'forward' | 'backward';
export type Grouping = 'none' | 'state' | 'prefix' | 'host';
export interface Row {
  session: Session;
  health: Health;
  at: number; // end of the minute that the figures are of; NaN: there are none
  stale: boolean; // they are not of now
  p50?: number;
  p99?: number;
  jitter?: number;
  loss?: number;
  forward?: number;
  backward?: number;
  partly: boolean; // of some losses the direction is not known: those of the directions are at least this
  words: string; // what a filter looks in
}
export interface Group {
  key: string;
  rows: Row[];
}

// A minute is decided some 12 s and two intervals after its end, and then is the newest for another one.
const kFresh = 3 * kMinute;

export function rowOf(session: Session, now: number): Row {
  const minute = session.last_minute;
  const at = instant(minute?.end);
  const interval = (session.interval_ns ?? 0) / 1e6;
  const lost = minute?.lost;
  const undirected = lost ? lost.total - lost.forward - lost.backward : 0;
  const told = lost !== undefined && (lost.total === 0 || undirected < lost.total);
  return {
    session,
    health: healthOf(session),
    at,
    stale: Number.isFinite(at) && now - at > kFresh + 3 * interval,
    p50: minute?.rtt_ns?.percentiles?.p50,
    p99: minute?.rtt_ns?.percentiles?.p99,
    jitter: minute?.ipdv_ns?.mean,
    loss: minute?.loss_ratio,
    forward: told ? minute?.forward_loss_ratio : undefined,
    backward: told ? minute?.backward_loss_ratio : undefined,
    partly: told && undirected > 0,
    words: [session.name, session.host, session.peer, session.interface, session.problem].join('\n').toLowerCase(),
  };
}

let natural: Intl.Collator | undefined; // made when it is first needed: that takes a while
const byName = (a: Row, b: Row) => (natural ??= new Intl.Collator('en', { numeric: true })).compare(a.session.name, b.session.name);
const rank = (row: Row) => kHealthOrder.indexOf(row.health);

// What has no figure comes last in either direction; equals keep the order of their names.
export function sorted(rows: readonly Row[], column: Column, descending: boolean): Row[] {
  const sign = descending ? -1 : 1;
  if (column === 'name') return [...rows].sort((a, b) => sign * byName(a, b));
  const value = column === 'state' ? rank : (row: Row) => row[column];
  return [...rows].sort((a, b) => {
    const left = value(a);
    const right = value(b);
    if (left === undefined || right === undefined) return (left === undefined ? 1 : 0) - (right === undefined ? 1 : 0) || byName(a, b);
    return sign * (left - right) || byName(a, b);
  });
}

// Every word must be found; of states one.
export function filtered(rows: readonly Row[], text: string, states: readonly string[]): Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) => (states.length === 0 || states.includes(row.health)) && words.every((word) => row.words.includes(word)),
  );
}

// What a name begins with, up to the first "/" or "-".
export function prefixOf(name: string): string {
  const end = name.search(/[/-]/);
  return end > 0 ? name.slice(0, end) : name;
}

// Groups in the order of their first row, so that they follow what rows are sorted by.
export function grouped(rows: readonly Row[], by: Grouping): Group[] {
  if (by === 'none') return rows.length ? [{ key: '', rows: [...rows] }] : [];
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const key = by === 'state' ? kHealthWords[row.health] : by === 'host' ? row.session.host : prefixOf(row.session.name);
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { key, rows: [row] });
  }
  return [...groups.values()];
}

export function countStates(rows: readonly Row[]): [Health, number][] {
  const counts = new Map<Health, number>();
  for (const row of rows) counts.set(row.health, (counts.get(row.health) ?? 0) + 1);
  return kHealthOrder.filter((health) => counts.has(health)).map((health) => [health, counts.get(health) ?? 0]);
}

// What an incident or a status that just came changes in the list of sessions.
export function withIncident(sessions: readonly Session[], incident: Incident): Session[] {
  return sessions.map((one) => {
    if (!incident.session || one.name !== incident.session) return one;
    if (incident.closed === undefined) return { ...one, incident: incident.id };
    return one.incident === incident.id ? { ...one, incident: undefined } : one;
  });
}
export function withStatus(sessions: readonly Session[], status: Session): Session[] {
  if (!sessions.some((one) => one.name === status.name)) return [...sessions, status];
  return sessions.map((one) => {
    if (one.name !== status.name) return one;
    // A status leaves out what is kept.
    return { ...status, kept_from: one.kept_from, kept_to: one.kept_to, last_minute: status.last_minute ?? one.last_minute };
  });
}
const kSeverities = ['error', 'warning', 'info'];
export function worstFirst(incidents: readonly Incident[]): Incident[] {
  return [...incidents].sort(
    (a, b) =>
      kSeverities.indexOf(a.severity) - kSeverities.indexOf(b.severity) || instant(b.opened) - instant(a.opened),
  );
}
