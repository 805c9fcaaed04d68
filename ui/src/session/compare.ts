// SPDX-License-Identifier: Apache-2.0
// What a range is compared with, and how an address says it.
import type { Zone } from '../lib/prefs.svelte';
import { shifted, span, type Range } from '../lib/range';
import { iso, kDay, when } from '../lib/time';

export type Compare =
  | { kind: 'none' }
  | { kind: 'before' | 'yesterday' | 'last-week' }
  | { kind: 'session'; name: string }
  | { kind: 'range'; from: number };

export const kCompareWords: Record<string, string> = {
  none: 'nothing',
  before: 'the time right before',
  yesterday: 'a day before',
  'last-week': 'a week before',
  session: 'another session …',
  range: 'another time …',
};

export function parseCompare(text: string | null): Compare {
  if (text === 'before' || text === 'yesterday' || text === 'last-week') return { kind: text };
  if (text?.startsWith('session:') && text.length > 8) return { kind: 'session', name: text.slice(8) };
  const from = text?.startsWith('from:') ? Date.parse(text.slice(5)) : NaN;
  return Number.isFinite(from) ? { kind: 'range', from } : { kind: 'none' };
}

export function compareQuery(compare: Compare): string | undefined {
  if (compare.kind === 'none') return undefined;
  if (compare.kind === 'session') return `session:${compare.name}`;
  return compare.kind === 'range' ? `from:${iso(compare.from)}` : compare.kind;
}

// By how much the other period is moved to lie over this one.
export function shiftOf(compare: Compare, range: Range): number {
  if (compare.kind === 'before') return span(range);
  if (compare.kind === 'yesterday') return kDay;
  if (compare.kind === 'last-week') return 7 * kDay;
  return compare.kind === 'range' ? range.from - compare.from : 0;
}

// The period that /report and /plot are to compare a range with; undefined where it is another session's.
export function otherRange(compare: Compare, range: Range): Range | undefined {
  return compare.kind === 'none' || compare.kind === 'session' ? undefined : shifted(range, -shiftOf(compare, range));
}

export function compareName(compare: Compare, zone: Zone): string {
  if (compare.kind === 'none') return '';
  if (compare.kind === 'session') return compare.name;
  return compare.kind === 'range' ? `from ${when(compare.from, zone, 'minute')}` : (kCompareWords[compare.kind] ?? '');
}
