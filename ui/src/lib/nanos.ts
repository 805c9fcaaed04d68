// SPDX-License-Identifier: Apache-2.0
// Instants in nanoseconds: texts of integers, since JavaScript's numbers end before them. Differences of near ones fit.
import type { Zone } from './prefs.svelte';
import { when } from './time';

export function big(text: string | number | undefined): bigint | undefined {
  if (text === undefined || !/^-?\d{1,30}$/.test(String(text))) return undefined;
  return BigInt(text);
}

// Floors, so that the digits behind the second are those of the instant.
export function msOf(ns: bigint): number {
  const ms = ns / 1_000_000n;
  return Number(ns < 0n && ns % 1_000_000n !== 0n ? ms - 1n : ms);
}

// "2026-01-31 12:00:05.123456789" with so many digits (cut, not rounded).
export function exact(ns: bigint | undefined, zone: Zone, digits = 9, form: 'second' | 'clock' = 'second'): string {
  if (ns === undefined) return '–';
  const second = 1_000_000_000n;
  const fraction = ((ns % second) + second) % second;
  const text = fraction.toString().padStart(9, '0').slice(0, digits);
  return `${when(msOf(ns), zone, form)}${digits ? `.${text}` : ''}`;
}

// Of RFC 3339 with any number of digits.
export function nanosOf(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text.replace(/\.\d+/, ''));
  if (Number.isNaN(ms)) return undefined;
  const digits = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return BigInt(ms) * 1_000_000n + BigInt(digits.padEnd(9, '0') || '0');
}
