// SPDX-License-Identifier: Apache-2.0
// The stretch of time that is looked at, in ms since 1970, and how an address says it: `last=6h` follows now,
// `from` and `to` stand still.
import type { Zone } from './prefs.svelte';
import { iso, kDay, kHour, kMinute, kSecond } from './time';

export interface Range {
  from: number;
  to: number;
}

export const kPresets: readonly { name: string; label: string; span: number }[] = [
  { name: '15m', label: '15 m', span: 15 * kMinute },
  { name: '1h', label: '1 h', span: kHour },
  { name: '6h', label: '6 h', span: 6 * kHour },
  { name: '24h', label: '24 h', span: kDay },
  { name: '7d', label: '7 d', span: 7 * kDay },
  { name: '30d', label: '30 d', span: 30 * kDay },
  { name: '1y', label: '1 y', span: 365 * kDay },
];
export const kUsual = '24h';
export const kShortest = 2 * kSecond;
export const kLongest = 10 * 366 * kDay;

export const span = (range: Range) => range.to - range.from;
export const same = (a: Range | undefined, b: Range | undefined) => a === b || (!!a && !!b && a.from === b.from && a.to === b.to);
export const shifted = (range: Range, by: number): Range => ({ from: range.from + by, to: range.to + by });

const kUnits: Record<string, number> = { s: kSecond, m: kMinute, h: kHour, d: kDay, w: 7 * kDay, y: 365 * kDay };

// "90m", "7d": ms; undefined when it is none.
export function parseSpan(text: string | null): number | undefined {
  const match = /^(\d{1,6})(s|m|h|d|w|y)$/.exec(text ?? '');
  const ms = match ? Number(match[1]) * (kUnits[match[2] ?? ''] ?? 0) : 0;
  return ms >= kShortest && ms <= kLongest ? ms : undefined;
}

export interface Asked {
  last?: string; // follows now
  fixed?: Range;
}

// What an address asks for. What cannot be read is the usual, never an error: links get cut.
export function parseRange(query: URLSearchParams): Asked {
  const from = Date.parse(query.get('from') ?? '');
  const to = Date.parse(query.get('to') ?? '');
  if (Number.isFinite(from) && Number.isFinite(to) && to - from >= kShortest && to - from <= kLongest) return { fixed: { from, to } };
  const last = query.get('last');
  return { last: parseSpan(last) === undefined ? kUsual : (last ?? kUsual) };
}

export function rangeQuery(asked: Asked): Record<'from' | 'to' | 'last', string | undefined> {
  if (asked.fixed) return { from: iso(Math.round(asked.fixed.from)), to: iso(Math.round(asked.fixed.to)), last: undefined };
  return { from: undefined, to: undefined, last: asked.last === kUsual ? undefined : asked.last };
}

export function resolve(asked: Asked, now: number): Range {
  if (asked.fixed) return asked.fixed;
  return { from: now - (parseSpan(asked.last ?? '') ?? kDay), to: now };
}

// Keeps the length, or makes it a lawful one about the middle; nothing is later than `latest`.
export function lawful(range: Range, latest: number): Range {
  const length = Math.min(kLongest, Math.max(kShortest, span(range)));
  const middle = (range.from + range.to) / 2;
  const to = Math.min(Math.abs(length - span(range)) < 1e-6 ? range.to : middle + length / 2, latest);
  return { from: to - length, to };
}

// `factor` below 1 comes nearer; the instant at `place` (0 left, 1 right) stays where it is.
export function zoomed(range: Range, factor: number, place: number, latest: number): Range {
  const length = Math.min(kLongest, Math.max(kShortest, span(range) * factor));
  const still = range.from + span(range) * place;
  return lawful({ from: still - length * place, to: still + length * (1 - place) }, latest);
}

export function panned(range: Range, by: number, latest: number): Range {
  return lawful(shifted(range, by), latest);
}

// "2026-01-31 12:00[:05[.250]]" or RFC 3339 as a person writes it into a field, in the chosen zone. NaN: it is none.
export function parseInstant(text: string, zone: Zone): number {
  const trimmed = text.trim();
  const match = /^(\d{4})-(\d\d?)-(\d\d?)(?:[ T]+(\d\d?):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?)?$/.exec(trimmed);
  if (!match) return /^\d{4}-/.test(trimmed) ? Date.parse(trimmed) : NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || seconds >= 60) return NaN;
  const second = Math.floor(seconds);
  const ms = Math.round((seconds - second) * 1000);
  const parts = [year, month - 1, day, hour, minute, second, ms] as const;
  return zone === 'utc' ? Date.UTC(...parts) : new Date(...parts).getTime();
}
