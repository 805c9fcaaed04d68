// SPDX-License-Identifier: Apache-2.0
// What happens again and again is told once: like incidents of a session as one row, with how often, since when, and at
// which hours.
import type { Incident, Severity } from './api';
import type { Zone } from './prefs.svelte';
import { instant, kDay, kMinute, when } from './time';
import { newestFirst } from './trouble';

export interface Fold {
  key: string; // of the link: the id of the oldest one
  cause: string;
  incidents: Incident[]; // newest first
  severity: Severity; // of the worst
  first: number; // when the oldest was opened, ms
  last: number; // when the newest was
}

const kOrder: Severity[] = ['info', 'warning', 'error'];

// What kind of trouble a title tells: all before its figures.
export function causeOf(title: string): string {
  const figure = /^(loss|latency|jitter)\b/i.exec(title)?.[0];
  return (figure ?? title.split(/[:(]|\d/)[0]?.trim() ?? '').toLowerCase() || title;
}

export function folded(incidents: readonly Incident[]): Fold[] {
  const folds = new Map<string, Fold>();
  for (const incident of newestFirst(incidents)) {
    const cause = causeOf(incident.title);
    const like = JSON.stringify([incident.session, cause]);
    const at = instant(incident.opened);
    const fold = folds.get(like) ?? { key: '', cause, incidents: [], severity: 'info', first: at, last: at };
    fold.incidents.push(incident);
    fold.key = String(incident.id);
    fold.first = at;
    if (kOrder.indexOf(incident.severity) > kOrder.indexOf(fold.severity)) fold.severity = incident.severity;
    folds.set(like, fold);
  }
  return [...folds.values()];
}

// Trouble that begins at the same hours of several days, as it does where people come and go: between which times.
const kFew = 3;
const kNear = 180; // minutes
export function hoursOf(incidents: readonly Incident[], zone: Zone): [string, string] | undefined {
  const times = incidents.map((one) => instant(one.opened)).filter(Number.isFinite);
  const days = new Set(times.map((ms) => Math.floor(ms / kDay)));
  if (days.size < kFew) return undefined;
  const minutes = times.map((ms) => when(ms, zone, 'minute').slice(11).split(':').map(Number)).map(([h = 0, m = 0]) => h * 60 + m);
  minutes.sort((a, b) => a - b);
  // The longest time of the day without one: what is left of the day is when they begin.
  let [from, free] = [minutes[0] ?? 0, 0];
  minutes.forEach((at, i) => {
    const next = minutes[i + 1] ?? (minutes[0] ?? 0) + kDay / kMinute;
    if (next - at > free) [from, free] = [next % 1440, next - at];
  });
  const span = 1440 - free;
  if (span > kNear) return undefined;
  const text = (minute: number) => `${String(Math.floor(minute / 60) % 24).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return [text(from), text(from + span)];
}
