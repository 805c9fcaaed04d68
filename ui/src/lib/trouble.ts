// SPDX-License-Identifier: Apache-2.0
// Lists of events and incidents: what a link asks for, and what of it the API is asked.
import type { Incident, Query, RecordedEvent, Severity } from './api';
import type { Zone } from './prefs.svelte';
import { instant, when } from './time';

const kSeverities: Severity[] = ['info', 'warning', 'error'];
export const atLeast = (severity: Severity, least: string | null) =>
  !least || kSeverities.indexOf(severity) >= kSeverities.indexOf(least as Severity);

export const kRanges: [string, string][] = [
  ['', 'all that is kept'], ['-1h', 'last hour'], ['-24h', 'last 24 hours'], ['-7d', 'last 7 days'], ['-30d', 'last 30 days'],
];

export function asked(query: URLSearchParams): Query {
  return {
    session: query.get('session') ?? undefined,
    severity: query.get('severity') ?? undefined,
    from: query.get('from') ?? undefined,
    to: query.get('to') ?? undefined,
  };
}

// Whether what just came belongs to what is shown.
export function belongs(event: RecordedEvent, query: URLSearchParams): boolean {
  const session = query.get('session');
  return !query.get('to') && (!session || event.session === session) && atLeast(event.severity, query.get('severity'));
}

// Newest first, each once.
export function merged(known: readonly RecordedEvent[], more: readonly RecordedEvent[]): RecordedEvent[] {
  const all = new Map(known.map((one) => [one.id, one]));
  for (const one of more) all.set(one.id, one);
  return [...all.values()].sort((a, b) => b.id - a.id);
}

export function newestFirst(incidents: readonly Incident[]): Incident[] {
  return [...incidents].sort((a, b) => instant(b.opened) - instant(a.opened) || b.id - a.id);
}

// For and from a field of date and time, which knows no zone.
export function fieldOf(text: string | null, zone: Zone): string {
  const ms = text ? instant(text) : NaN;
  return Number.isNaN(ms) ? '' : when(ms, zone, 'minute').replace(' ', 'T');
}
export function ofField(value: string, zone: Zone): string | undefined {
  const ms = Date.parse(zone === 'utc' ? `${value}Z` : value);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
