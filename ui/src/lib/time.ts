// SPDX-License-Identifier: Apache-2.0
// Instants are milliseconds since 1970 (UTC) as numbers wherever microseconds do not matter, as in all plots.
import type { Zone } from './prefs.svelte';

export const kSecond = 1e3;
export const kMinute = 60e3;
export const kHour = 3600e3;
export const kDay = 86400e3;

// Milliseconds of an RFC 3339 text; NaN when it is none. More than milliseconds are cut.
export function instant(text: string | undefined): number {
  return text === undefined ? NaN : Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
}

const padded = (value: number, digits = 2) => `${value}`.padStart(digits, '0');
// "2026-01-31 12:00:05" in the chosen zone. Always in the order of ISO 8601, as everything else here; made by hand, since
// plots tell dozens of them a frame and Intl takes tens of milliseconds before its first.
export function when(ms: number, zone: Zone, form: 'date' | 'minute' | 'second' | 'clock' = 'second'): string {
  if (!Number.isFinite(ms)) return '–';
  const at = new Date(ms);
  if (zone !== 'utc') at.setTime(ms - at.getTimezoneOffset() * kMinute);
  const date = `${padded(at.getUTCFullYear(), 4)}-${padded(at.getUTCMonth() + 1)}-${padded(at.getUTCDate())}`;
  const minute = `${padded(at.getUTCHours())}:${padded(at.getUTCMinutes())}`;
  const second = `${minute}:${padded(at.getUTCSeconds())}`;
  return form === 'date' ? date : form === 'clock' ? second : `${date} ${form === 'minute' ? minute : second}`;
}

// "3 min", "2 h 5 min", "1 d 3 h"; seconds only below a minute.
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds / 3600) % 24} h`;
}

// "3 min ago", for what is near; else the instant.
export function ago(ms: number, now: number): string {
  if (!Number.isFinite(now - ms)) return '–';
  return Math.round((now - ms) / 1000) < 0 ? 'in the future' : `${lasting(now - ms)} ago`;
}

// Of what still is: "since 13:02 (55 min)", with the date where it began on another day.
export function since(ms: number, now: number, zone: Zone): string {
  if (!Number.isFinite(ms)) return '–';
  const at = when(ms, zone, 'minute');
  const begun = when(now, zone, 'date') === at.slice(0, 10) ? at.slice(11) : at;
  return now < ms ? `since ${begun}` : `since ${begun} (${lasting(now - ms)})`;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
