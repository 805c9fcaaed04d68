// SPDX-License-Identifier: Apache-2.0
// What changed and stayed so: another path, other marks, a clock that was set, a time without measurement. None of it
// is an incident that is open, and all of it explains figures that are not what they were.
import { get, paths, type RecordedEvent, type Windows } from './api';
import { eventsOfKinds } from './askevents';
import { dscpText } from './dscp';
import { instant, iso, kDay, kHour, kMinute, kSecond } from './time';

export interface Change {
  kind: 'path' | 'marks' | 'clock' | 'gap';
  at: number; // ms
  until?: number; // of a gap
  sessions: string[]; // none: the agent as a whole
  text: string;
  shows: { from: number; to: number }; // where it is seen
}

const kKinds = ['hops_changed', 'remarked', 'clock_stepped', 'session_up'];
const kTogether = 2 * kMinute; // both directions are told at about one time
const kMost = 10_000;

interface Stayed {
  session: string;
  kind: string;
  directions: string[];
  before: number;
  after: number;
  at: number;
}
const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

function words({ kind, directions, before, after }: Stayed): string {
  const ways = directions.length > 1 ? 'forward and backward' : (directions[0] ?? '');
  if (kind === 'hops_changed') return `the path is ${plural(Math.abs(before - after), 'hop')} ${after < before ? 'longer' : 'shorter'}, ${ways}`;
  const [was, is] = [before >> 2, after >> 2];
  return was === is ? `arrives with ECN ${after & 3} instead of ${before & 3}, ${ways}` : `arrives with DSCP ${dscpText(is)} instead of ${dscpText(was)}, ${ways}`;
}

// Of each session and direction: from what it was before the first change to what it is after the last one.
export function lastingChanges(events: readonly RecordedEvent[]): Change[] {
  const known = new Map<string, Stayed>();
  for (const { session, event } of [...events].sort((a, b) => instant(a.event.at) - instant(b.event.at))) {
    const { kind, direction, before, after } = event;
    if (!session || (kind !== 'hops_changed' && kind !== 'remarked') || typeof before !== 'number' || typeof after !== 'number') continue;
    const key = JSON.stringify([session, kind, direction]);
    const first = known.get(key)?.before ?? before;
    known.set(key, { session, kind, directions: [String(direction)], before: first, after, at: instant(event.at) });
  }
  const stayed: Stayed[] = [];
  for (const one of known.values()) {
    if (one.before === one.after) continue;
    const same = stayed.find((other) => other.session === one.session && other.kind === one.kind && other.after - other.before === one.after - one.before && Math.abs(other.at - one.at) < kTogether);
    if (same) same.directions.push(...one.directions);
    else stayed.push(one);
  }
  const changes = stayed.map((one): Change => ({
    kind: one.kind === 'remarked' ? 'marks' : 'path', at: one.at, sessions: [one.session], text: words(one), shows: { from: one.at - kHour, to: one.at + kHour },
  }));
  for (const { session, event } of events) {
    if (session || event.kind !== 'clock_stepped') continue;
    const at = instant(event.at);
    changes.push({ kind: 'clock', at, sessions: [], text: event.text, shows: { from: at - kHour, to: at + kHour } });
  }
  return changes;
}

// Sessions begin together where the agent does.
const kStart = 30 * kSecond;
export interface Begin {
  at: number;
  sessions: string[];
}
export function beginsOf(events: readonly RecordedEvent[]): Begin[] {
  const begins: Begin[] = [];
  for (const { session, event } of [...events].sort((a, b) => instant(a.event.at) - instant(b.event.at))) {
    if (!session || event.kind !== 'session_up' || event.reason !== 'first answer') continue;
    const at = instant(event.at);
    const last = begins.at(-1);
    if (last && at - last.at < kStart) last.sessions.push(session);
    else begins.push({ at, sessions: [session] });
  }
  return begins;
}

// The end of the newest window that is over by an instant, of the finest that are kept; undefined: nothing is kept.
async function endBefore(session: string, at: number, signal?: AbortSignal): Promise<number | undefined> {
  const newest = async (from: number, to: number, step: string) => {
    const { windows } = await get<Windows>(paths.windows(session), { from: iso(from), to: iso(to), step, percentiles: '50' }, signal);
    return windows.map((one) => instant(one.end)).filter((end) => end <= at).at(-1);
  };
  const near = await newest(at - 15 * kMinute, at, '1m');
  if (near !== undefined) return near;
  // The hour in which it ended has both; the one before is whole.
  const hour = await newest(at - 7 * kDay, at, '1h');
  return hour === undefined ? undefined : ((await newest(hour - kHour, Math.min(hour + kHour, at), '1m')) ?? hour);
}

const kLeastGap = 3 * kMinute; // a mere restart is no news
const kMostBegins = 8;
export async function gapsBefore(begins: readonly Begin[], signal?: AbortSignal): Promise<Change[]> {
  const found: Change[] = [];
  for (const { at, sessions } of begins.slice(-kMostBegins)) {
    const end = await endBefore(sessions[0] ?? '', at, signal);
    if (end === undefined || at - end < kLeastGap) continue;
    found.push({ kind: 'gap', at: end, until: at, sessions, text: 'not measured: the agent or the session did not run', shows: { from: end - (at - end) / 2, to: at + (at - end) / 2 } });
  }
  return found;
}

export async function changesSince(from: string, signal?: AbortSignal): Promise<Change[]> {
  const { events } = await eventsOfKinds(kKinds, { from, limit: kMost }, signal);
  const all = [...lastingChanges(events), ...(await gapsBefore(beginsOf(events), signal))];
  return all.sort((a, b) => b.at - a.at);
}
