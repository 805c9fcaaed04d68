// SPDX-License-Identifier: Apache-2.0
// Axes: where instants and values lie in pixels, and which of them are told.
import type { Zone } from '../lib/prefs.svelte';
import type { Range } from '../lib/range';
import { kDay, kHour, kMinute, kSecond, when } from '../lib/time';

export interface Frame {
  range: Range;
  left: number;
  width: number; // of the plotted area, in pixels of the page
  ratio: number; // pixels of the screen for one of those
}
export interface Lane {
  top: number;
  height: number;
}
export const xOf = (frame: Frame, at: number) => frame.left + ((at - frame.range.from) / (frame.range.to - frame.range.from)) * frame.width;
// Columns of windows lie on whole pixels of the screen: what overlaps by a part of one would be drawn as stripes.
export function columnOf(frame: Frame, begin: number, end: number): { x: number; width: number } {
  const x = Math.round(xOf(frame, begin) * frame.ratio);
  return { x: x / frame.ratio, width: Math.max(1, Math.round(xOf(frame, end) * frame.ratio) - x) / frame.ratio };
}
export const timeOf = (frame: Frame, x: number) => frame.range.from + ((x - frame.left) / frame.width) * (frame.range.to - frame.range.from);

export interface Tick {
  at: number;
  label: string;
  strong: boolean;
}

const kTimeSteps = [
  kSecond, 2 * kSecond, 5 * kSecond, 10 * kSecond, 15 * kSecond, 30 * kSecond, kMinute, 2 * kMinute, 5 * kMinute, 10 * kMinute, 15 * kMinute,
  30 * kMinute, kHour, 2 * kHour, 3 * kHour, 6 * kHour, 12 * kHour, kDay, 2 * kDay, 7 * kDay, 14 * kDay,
];

function midnight(at: number, zone: Zone, days = 0): number {
  const date = new Date(at);
  return zone === 'utc'
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + days)
    : new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}
function month(at: number, zone: Zone, months: number): number {
  const date = new Date(at);
  return zone === 'utc' ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) : new Date(date.getFullYear(), date.getMonth() + months, 1).getTime();
}
const monthOf = (at: number, zone: Zone) => (zone === 'utc' ? new Date(at).getUTCMonth() : new Date(at).getMonth());

// At most so many that each has `room` pixels. Hours are those of the zone: days of 23 and 25 hours have theirs.
export function timeTicks(frame: Frame, zone: Zone, room = 74): Tick[] {
  const { from, to } = frame.range;
  const apart = ((to - from) / Math.max(1, frame.width)) * room;
  const ticks: Tick[] = [];
  const step = kTimeSteps.find((one) => one >= apart);
  if (step === undefined) {
    const months = [1, 2, 3, 6, 12, 24, 60].find((one) => one * 30 * kDay >= apart) ?? 120;
    for (let at = month(from, zone, -monthOf(from, zone)), i = 0; at < to && i < 400; at = month(at, zone, months), ++i)
      if (at >= from) ticks.push({ at, label: when(at, zone, 'date').slice(0, 7), strong: monthOf(at, zone) === 0 });
    return ticks;
  }
  let day = midnight(from, zone);
  if (step >= kDay) day -= (Math.floor(day / kDay) % (step / kDay)) * kDay;
  for (let i = 0; day < to && i < 1000; ++i) {
    const next = midnight(day + 12 * kHour, zone, Math.max(1, step / kDay));
    for (let at = step >= kDay ? day : day + Math.max(0, Math.ceil((from - day) / step)) * step; at < Math.min(next, to); at += step) {
      if (at < from) continue;
      const first = at === day;
      const label = first && step >= kMinute ? when(at, zone, 'date').slice(5) : when(at, zone, 'clock').slice(0, step < kMinute ? 8 : 5);
      ticks.push({ at, label, strong: first });
      if (step >= kDay) break;
    }
    day = step >= kDay ? next : midnight(day + 36 * kHour, zone);
  }
  return ticks;
}

export interface Scale {
  low: number;
  high: number;
  log: boolean;
  ticks: { value: number; label: string }[];
}

// 1, 2 or 5 times a power of ten, at least `value`.
export function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10) * power;
}

const kUnits: [number, string][] = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];
// All labels of an axis in one unit, with as many decimals as its steps need.
function labels(values: number[], step: number): { value: number; label: string }[] {
  const most = Math.max(...values.map(Math.abs));
  const [size, unit] = kUnits.find(([one]) => most >= one) ?? [1, 'ns'];
  const decimals = Math.max(0, Math.min(4, -Math.floor(Math.log10(step / size) + 1e-9)));
  return values.map((value) => ({ value, label: `${(value / size).toFixed(decimals).replace('-', '\u2212')} ${unit}` }));
}

export function linear(low: number, high: number, lines: number): Scale {
  if (!(high > low)) high = low + Math.max(1, Math.abs(low) * 0.1);
  const step = nice((high - low) / Math.max(1, lines));
  const bottom = Math.floor(low / step + 1e-9) * step;
  const top = Math.ceil(high / step - 1e-9) * step;
  const values: number[] = [];
  for (let value = bottom; value <= top + step / 2; value += step) values.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return { low: bottom, high: top, log: false, ticks: labels(values, step) };
}

// Both above 0.
export function logarithmic(low: number, high: number, height: number): Scale {
  const ratio = Math.log10(high / low);
  const steps = ratio * 34 < height / 2 ? [1, 2, 5] : ratio * 14 < height ? [1, 3] : [1];
  const ticks: { value: number; label: string }[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power)
    for (const one of steps) {
      const value = one * 10 ** power;
      if (value < low || value > high) continue;
      const [size, unit] = kUnits.find(([of]) => value >= of) ?? [1, 'ns'];
      ticks.push({ value, label: `${Number((value / size).toPrecision(3))} ${unit}` });
    }
  // Less than a third of a decade: the steps of a linear axis, at their places on this one.
  return { low, high, log: true, ticks: ticks.length > 1 ? ticks : within(linear(low, high, Math.max(2, height / 44)).ticks, low, high) };
}
const within = (ticks: Scale['ticks'], low: number, high: number) => ticks.filter((tick) => tick.value >= low && tick.value <= high);

export function yOf(scale: Scale, lane: Lane, value: number): number {
  const share = scale.log
    ? Math.log(Math.max(value, scale.low * 0.5) / scale.low) / Math.log(scale.high / scale.low)
    : (value - scale.low) / (scale.high - scale.low);
  return lane.top + lane.height * (1 - share);
}
