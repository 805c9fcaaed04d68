// SPDX-License-Identifier: Apache-2.0
// A moment of a session: the range around it, the link to it, and its small plot as paths.
import type { Window } from './api';
import { lossHeight } from './lossbar';
import { instant, iso, kMinute } from './time';

export interface Range {
  from: number; // ms
  to: number;
}

const kLeast = 5 * kMinute;

// So much before and after that what was usual is seen too.
export function around(from: number, to: number, now: number): Range {
  const pad = Math.max(kLeast, (to - from) * 0.3);
  return { from: from - pad, to: Math.max(Math.min(to + pad, now), from + kLeast) };
}

const kRound = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

// Whole seconds for the step of windows, so that there are about `most`; then those to try where so short ones are kept
// no longer.
export function stepsFor(range: Range, most: number): number[] {
  const raw = (range.to - range.from) / 1000 / most;
  const step = kRound.find((one) => one >= raw) ?? 86400;
  return [step, ...[60, 3600].filter((longer) => longer > step)];
}

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number; // of the delays
  floor: number; // of the lane for loss below
}
export interface MomentPaths {
  outer: string; // least to most
  inner: string; // p50 to p99
  line: string; // p50
  loss: string;
  worst: string; // the same of the worst of the finer windows that each was made of
  dead: string;
  low: number;
  high: number;
  most?: number; // the largest of all, also where it is above the plot
  mostLoss?: number;
}

// What was lost in the range and in which direction, summed up over the windows that lie in it for the most part.
export interface LostWithin {
  sent: number;
  total: number;
  forward: number;
  backward: number;
}
export function lostWithin(windows: readonly Window[], range: Range): LostWithin {
  const sum: LostWithin = { sent: 0, total: 0, forward: 0, backward: 0 };
  for (const one of windows) {
    const middle = (instant(one.begin) + instant(one.end)) / 2;
    if (middle < range.from || middle > range.to) continue;
    sum.sent += one.sent;
    sum.total += one.lost.total;
    sum.forward += one.lost.forward;
    sum.backward += one.lost.backward;
  }
  return sum;
}

// The worst of the windows in a range.
export interface WorstWithin {
  p50?: number; // ns
  most?: number;
  loss?: number;
  length: number; // of the windows, ms
}
export function worstWithin(windows: readonly Window[], range: Range): WorstWithin | undefined {
  let worst: WorstWithin | undefined;
  const larger = (a: number | undefined, b: number | undefined) => (a === undefined || (b !== undefined && b > a) ? b : a);
  for (const one of windows) {
    const [begin, end] = [instant(one.begin), instant(one.end)];
    if (end <= range.from || begin >= range.to) continue;
    worst = {
      p50: larger(worst?.p50, one.rtt_ns?.percentiles?.p50), most: larger(worst?.most, one.rtt_ns?.max), loss: larger(worst?.loss, one.loss_ratio),
      length: Math.max(worst?.length ?? 0, end - begin),
    };
  }
  return worst;
}

// How much longer delays were in the range than right before it, at the median: which way they grew says where. Changes of
// one-way delays are right whatever the clocks say.
export interface Rise {
  of: 'round trip' | 'forward' | 'backward';
  by: number; // ns
  little: boolean; // within what percentiles are wrong by
}
const kExact = 0.023; // two percentiles, each up to 1.1 % wrong
export function risesWithin(windows: readonly Window[], range: Range): Rise[] {
  const before = windows.filter((one) => instant(one.end) <= range.from);
  const inside = windows.filter((one) => instant(one.begin) >= range.from && instant(one.end) <= range.to);
  const middle = (of: readonly Window[], get: (one: Window) => number | undefined) => {
    const all = of.map(get).filter((value): value is number => value !== undefined).sort((a, b) => a - b);
    return all[all.length >> 1];
  };
  const size = middle(before, (one) => one.rtt_ns?.percentiles?.p50) ?? Infinity;
  const rises: Rise[] = [];
  for (const [of, key] of [['round trip', 'rtt_ns'], ['forward', 'forward_ns'], ['backward', 'backward_ns']] as const) {
    const [was, is] = [before, inside].map((windows) => middle(windows, (one) => one[key]?.percentiles?.p50));
    if (was !== undefined && is !== undefined) rises.push({ of, by: is - was, little: Math.abs(is - was) < size * kExact });
  }
  return rises;
}

const round = (value: number) => Math.round(value * 10) / 10;

// Each window is a step as wide as it lasted; what lies between two is not known and stays empty.
export function momentPaths(windows: readonly Window[], range: Range, box: Box): MomentPaths {
  const delays = windows.filter((one) => one.rtt_ns?.percentiles?.p50 !== undefined);
  const most = (one: Window) => one.rtt_ns?.percentiles?.p99 ?? 0;
  let low = Math.min(...delays.map((one) => one.rtt_ns?.min ?? 0));
  let high = Math.max(...delays.map(most));
  if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = [0, 1];
  // From nothing on, where that does not hide what moves.
  if (low > 0 && low < high * 0.7) low = 0;
  const span = Math.max(high - low, Math.abs(low) * 0.05, 1) * 1.06;
  high = low + span;
  const x = (ms: number) => round(box.left + ((ms - range.from) / (range.to - range.from)) * (box.right - box.left));
  const y = (ns: number) => round(Math.max(box.top, box.bottom - ((ns - low) / span) * (box.bottom - box.top)));
  const paths: MomentPaths = { outer: '', inner: '', line: '', loss: '', worst: '', dead: '', low, high };
  let before = NaN;
  for (const one of windows) {
    const [begin, end] = [Math.max(instant(one.begin), range.from), Math.min(instant(one.end), range.to)];
    if (!(end > begin)) continue;
    const [left, wide] = [x(begin), Math.max(1, round(x(end) - x(begin)))];
    const p50 = one.rtt_ns?.percentiles?.p50;
    const block = (top: number, bottom: number) => `M${left} ${y(top)}h${wide}V${y(bottom)}h${-wide}Z`;
    if (p50 !== undefined && one.rtt_ns) {
      paths.most = Math.max(paths.most ?? -Infinity, one.rtt_ns.max ?? p50);
      paths.outer += block(one.rtt_ns.max ?? p50, one.rtt_ns.min ?? p50);
      paths.inner += block(most(one), p50);
      paths.line += `${begin === before ? 'L' : 'M'}${left} ${y(p50)}h${wide}`;
      before = end;
    }
    const lost = one.loss_ratio;
    if (lost === undefined) continue;
    const worst = Math.max(lost, one.worst_loss_ratio ?? 0);
    const bar = (ratio: number) => `M${left} ${box.floor}v${-round(lossHeight(ratio, box.floor - box.bottom - 8))}h${wide}V${box.floor}Z`;
    paths.mostLoss = Math.max(paths.mostLoss ?? 0, lost);
    if (lost > 0) paths.loss += bar(lost);
    if (worst > lost) paths.worst += bar(worst);
    if (lost >= 1) paths.dead += `M${left} ${box.top}h${wide}V${box.floor}h${-wide}Z`;
  }
  return paths;
}
