// SPDX-License-Identifier: Apache-2.0
// Windows of the agent, with the histogram of the delay that is shown.
import { getText, paths, type Query, type Windows } from '../lib/api';
import { Newer } from '../lib/older';
import type { Range } from '../lib/range';
import { coarserKept } from '../lib/steps';
import { newerQuery, windowQuery } from '../lib/windowquery';
import { rowOf, type Delay, type Row } from './row';

// An older agent tells all of a window, or no histograms: then there is no heat map, and all else as ever.
const fields = new Newer();
const histograms = new Newer();

export function loadRows(session: string, delay: Delay) {
  return async (range: Range, step: number, signal: AbortSignal): Promise<Row[]> => {
    const ask = (more: Query) => getText(paths.windows(session), { ...windowQuery(range, step), ...more }, undefined, signal);
    const text = await fields.ask(() => ask(newerQuery(delay)), () => histograms.ask(() => ask({ histogram: delay }), () => ask({})));
    // No number of a window is beyond 2^53, so that the quick parser will do: it runs while frames are drawn.
    return (JSON.parse(text) as Windows).windows.map((window) => rowOf(window, delay));
  };
}

// All windows of a stretch, not of tiles; where the step is no longer kept, the longer ones that touch it.
export async function rowsOf(session: string, delay: Delay, range: Range, step: number, signal: AbortSignal): Promise<Row[]> {
  for (const length of [step, ...coarserKept(step)]) {
    const whole = { from: Math.floor(range.from / length) * length, to: Math.ceil(range.to / length) * length };
    const rows = await loadRows(session, delay)(whole, length, signal);
    if (rows.length > 0) return rows;
  }
  return [];
}
