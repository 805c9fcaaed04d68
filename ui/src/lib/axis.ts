// SPDX-License-Identifier: Apache-2.0
// Where ticks stand on an axis.
import type { Zone } from './prefs.svelte';
import { kDay, kHour, kMinute, kSecond, when } from './time';

// At most about `most` round values (1, 2, 5 and tens of them) that lie in the range.
export function ticks(low: number, high: number, most: number): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999) ?? raw;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step + 0); // never -0
  return found;
}

const kSteps = [1, 2, 5, 10, 15, 30].map((s) => s * kSecond)
  .concat([1, 2, 5, 10, 15, 30].map((m) => m * kMinute), [1, 2, 3, 6, 12].map((h) => h * kHour), [1, 2, 7, 14, 28].map((d) => d * kDay));

// Round instants of the zone, with as much of each as tells them apart.
export function timeTicks(from: number, to: number, most: number, zone: Zone): { at: number; text: string }[] {
  const step = kSteps.find((one) => (to - from) / one <= most) ?? 28 * kDay;
  const shift = zone === 'utc' ? 0 : -new Date(from).getTimezoneOffset() * kMinute;
  const found: { at: number; text: string }[] = [];
  for (let at = Math.ceil((from + shift) / step) * step - shift; at <= to; at += step) {
    const text = when(at, zone);
    found.push({ at, text: step >= kDay ? text.slice(5, 10) : step < kMinute ? text.slice(11, 19) : text.slice(11, 16) });
  }
  return found;
}
