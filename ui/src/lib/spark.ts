// SPDX-License-Identifier: Apache-2.0
// A sparkline as paths: the band from p50 to p99, p50 as a line, loss as bars in a lane below, and a shade over what was
// lost altogether. A gap stays a gap, and a single value between gaps is a dot.
import { lossHeight } from './lossbar';

export interface SparkData {
  rtt_p50_ns: readonly (number | null)[];
  rtt_p99_ns: readonly (number | null)[];
  loss_ratio: readonly (number | null)[];
}
export interface SparkPaths {
  band: string;
  line: string;
  loss: string;
  dead: string; // where all was lost, of the full height
  low?: number; // ns
  high?: number;
  worstLoss?: number;
}

// Runs of neighbours that both have a value: [first, end).
export function runs(values: readonly (number | null | undefined)[]): [number, number][] {
  const found: [number, number][] = [];
  let first = -1;
  for (let i = 0; i <= values.length; i++) {
    const there = i < values.length && values[i] !== null && values[i] !== undefined;
    if (there && first < 0) first = i;
    if (!there && first >= 0) {
      found.push([first, i]);
      first = -1;
    }
  }
  return found;
}

const kLane = 0.25; // of the height is for loss
const kLeast = 0.1; // what varies by less than a tenth is not drawn larger than that
const round = (value: number) => Math.round(value * 10) / 10;

export function sparkPaths(data: SparkData, width: number, height: number): SparkPaths {
  const n = Math.max(data.rtt_p50_ns.length, data.loss_ratio.length, 1);
  const known = [...data.rtt_p50_ns, ...data.rtt_p99_ns].filter((one): one is number => typeof one === 'number');
  const low = known.length ? known.reduce((a, b) => Math.min(a, b)) : undefined;
  const high = known.length ? known.reduce((a, b) => Math.max(a, b)) : undefined;
  const floor = height * (1 - kLane);
  const step = width / n;
  const x = (i: number) => round((i + 0.5) * step);
  const base = low ?? 0;
  const span = Math.max((high ?? 1) - base, Math.abs(base) * kLeast, 1);
  const y = (value: number) => round(floor - 2 - ((value - base) / span) * (floor - 3));
  let band = '';
  let line = '';
  for (const [first, end] of runs(data.rtt_p50_ns)) {
    const at = Array.from({ length: end - first }, (_, k) => first + k);
    line += `M${at.map((i) => `${x(i)} ${y(data.rtt_p50_ns[i] ?? base)}`).join('L')}`;
    if (at.length === 1) line += 'h0.01';
    const top = at.map((i) => `${x(i)} ${y(data.rtt_p99_ns[i] ?? data.rtt_p50_ns[i] ?? base)}`);
    const bottom = at.map((i) => `${x(i)} ${y(data.rtt_p50_ns[i] ?? base)}`).reverse();
    band += `M${top.join('L')}L${bottom.join('L')}Z`;
  }
  let loss = '';
  let dead = '';
  let worstLoss: number | undefined;
  data.loss_ratio.forEach((ratio, i) => {
    if (ratio === null) return;
    worstLoss = Math.max(worstLoss ?? 0, ratio);
    const bar = (tall: number) => `M${round(i * step)} ${height}v${-tall}h${round(Math.max(1, step))}v${tall}Z`;
    if (ratio > 0) loss += bar(round(lossHeight(ratio, height * kLane)));
    if (ratio >= 1) dead += bar(height);
  });
  return { band, line, loss, dead, low, high, worstLoss };
}
