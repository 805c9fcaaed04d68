// SPDX-License-Identifier: Apache-2.0
// How long the windows are that a range is drawn of, and the tiles they are asked for in. Worst values stay whatever
// the step: a window has its own minimum, maximum and the worst of the finer ones it is made of.
import { kDay, kHour, kMinute, kSecond } from './time';
import { span, type Range } from './range';

// ms; each begins at multiples of it since 1970, and the store makes it of a length it keeps.
export const kSteps: readonly number[] = [
  kSecond, 2 * kSecond, 5 * kSecond, 10 * kSecond, 20 * kSecond, 30 * kSecond,
  kMinute, 2 * kMinute, 5 * kMinute, 10 * kMinute, 20 * kMinute, 30 * kMinute,
  kHour, 2 * kHour, 4 * kHour, 8 * kHour, kDay, 2 * kDay, 4 * kDay, 8 * kDay,
];
// Lengths that the store keeps (docs/store.md): of old times only the longer ones.
const kKept = [kSecond, 10 * kSecond, kMinute, kHour];
export const kOfTile = 64; // windows: so few that reading them holds up no frame
const kMost = 640; // windows in a view: more cost time and show no more

// The shortest step whose windows are at least two pixels wide.
export function stepFor(range: Range, pixels: number): number {
  const most = Math.max(20, Math.min(kMost, pixels / 2));
  return kSteps.find((step) => span(range) / step <= most) ?? (kSteps[kSteps.length - 1] as number);
}

// Where nothing is kept by this step, longer windows may be: the lengths to ask for, nearest first.
export function coarserKept(step: number): number[] {
  const made = Math.max(...kKept.filter((kept) => step % kept === 0));
  return kKept.filter((kept) => kept > made && kept > step);
}

export const tileSpan = (step: number) => step * kOfTile;
export const firstTile = (range: Range, step: number) => Math.floor(range.from / tileSpan(step));
export const lastTile = (range: Range, step: number) => Math.ceil(range.to / tileSpan(step)) - 1;

// Single probes below ten minutes, unless they are so dense that no eye tells them apart.
export const kProbesBelow = 10 * kMinute + 1;
const kMostProbes = 6000;
export function showsProbes(range: Range, intervalNs: number | undefined): boolean {
  return span(range) < kProbesBelow && span(range) / ((intervalNs ?? 500e6) / 1e6) <= kMostProbes;
}

export function stepWords(step: number): string {
  if (step < kMinute) return `${step / kSecond} s`;
  if (step < kHour) return `${step / kMinute} min`;
  return step < kDay ? `${step / kHour} h` : `${step / kDay} d`;
}
