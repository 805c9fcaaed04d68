// SPDX-License-Identifier: Apache-2.0
// The agent's own buckets (docs/measurement.md, schema 5): thirty-two for each power of two of a second, mirrored for
// negative values, zero by itself. They merge without loss, so the distribution of any selection is that of all of
// its probes, and percentiles are made by the same rule as the agent's.
import type { Histogram } from '../lib/api';

export const kPerOctave = 32;
// A key is above 0 for positive values, 0 for zero and below 0 for negative ones, in the order of the values: index n
// of the API (magnitudes in (2^((n-1)/32), 2^(n/32)] seconds) is n + kOrigin, so that all of one sign have one sign.
const kOrigin = 1000;

export interface Bins {
  readonly keys: readonly number[]; // rising
  readonly counts: readonly number[];
  readonly total: number;
}
export const kNoBins: Bins = { keys: [], counts: [], total: 0 };

const upperOf = (index: number) => 1e9 * 2 ** (index / kPerOctave);

// Bounds of a bucket in ns: values are in (low, high] of positive keys, [low, high) of negative ones.
export function low(key: number): number {
  if (key === 0) return 0;
  return key > 0 ? upperOf(key - kOrigin - 1) : -upperOf(-key - kOrigin);
}
export function high(key: number): number {
  if (key === 0) return 0;
  return key > 0 ? upperOf(key - kOrigin) : -upperOf(-key - kOrigin - 1);
}
// The value that stands for a bucket: the harmonic mean of its bounds, equally wrong at both.
export function middle(key: number): number {
  if (key === 0) return 0;
  const a = low(key);
  const b = high(key);
  return Math.round((2 * a * b) / (a + b));
}
// The bucket of a value in ns.
export function keyOf(ns: number): number {
  if (ns === 0) return 0;
  const index = Math.ceil(Math.log2(Math.abs(ns) / 1e9) * kPerOctave - 1e-9) + kOrigin;
  return ns > 0 ? index : -index;
}

export function fromHistogram(told: Histogram | undefined): Bins {
  if (!told || told.schema !== 5) return kNoBins;
  const { negative = [], zero = 0, positive = [] } = told;
  const keys: number[] = [];
  const counts: number[] = [];
  let total = 0;
  const add = (key: number, count: number) => (keys.push(key), counts.push(count), (total += count));
  for (const [index, count] of [...negative].sort((a, b) => b[0] - a[0])) add(-(index + kOrigin), count);
  if (zero) add(0, zero);
  for (const [index, count] of positive) add(index + kOrigin, count); // they come in order
  return { keys, counts, total };
}

export function merge(all: Iterable<Bins | undefined>): Bins {
  const sums = new Map<number, number>();
  for (const bins of all) {
    if (!bins) continue;
    for (let i = 0; i < bins.keys.length; ++i) {
      const key = bins.keys[i] as number;
      sums.set(key, (sums.get(key) ?? 0) + (bins.counts[i] as number));
    }
  }
  const found = [...sums].sort((a, b) => a[0] - b[0]);
  const counts = found.map(([, count]) => count);
  return { keys: found.map(([key]) => key), counts, total: counts.reduce((sum, count) => sum + count, 0) };
}

// The value of rank max(1, ceil(p * n)) (RFC 2330 11.3), within the true minimum and maximum. NaN: there is none.
export function percentile(bins: Bins, percent: number, least = -Infinity, most = Infinity): number {
  if (bins.total === 0) return NaN;
  const ppm = Math.round(percent * 1e4);
  const rank = Math.max(1, Math.ceil((ppm * bins.total) / 1e6));
  let seen = 0;
  for (let i = 0; i < bins.keys.length; ++i) {
    seen += bins.counts[i] as number;
    if (seen >= rank) return Math.min(most, Math.max(least, middle(bins.keys[i] as number)));
  }
  return NaN;
}
