// SPDX-License-Identifier: Apache-2.0
// What a view asks of the agent as soon as it is made, known from its address alone. A question that is not the view's own
// is asked in vain, no more: all that decides about it is shared with the view.
import { paths, type Query } from './api';
import { parseHash } from './hash';
import { parseRange, resolve, type Range } from './range';
import { firstTile, lastTile, stepFor, tileSpan } from './steps';
import { newerQuery, windowQuery, type Delay } from './windowquery';

export const kTogether = 12; // tiles: all of a view in one answer, at first
export const kNewestIncidents: Query = { limit: 1000 };

const kAround = 66; // pixels of the page beside the plots
const kWidest = 1694;
// Of the plots, pixels: a guess until they are there.
export const plotsWidth = (page: number) => Math.min(kWidest, page - kAround);

// The whole tiles of a range, as far as they have begun.
export function tilesOf(range: Range, step: number, now: number): Range {
  const length = tileSpan(step);
  const first = firstTile(range, step);
  const last = Math.min(lastTile(range, step), Math.floor(now / length), first + kTogether - 1);
  return { from: first * length, to: (last + 1) * length };
}

// The script that the view needs beside those that all need (vite.config.ts says what is in it).
export function scriptOf(hash: string): string {
  const { path: [kind, name, more] } = parseHash(hash);
  if (kind === 'session' && name) return more === 'probe' ? 'host' : 'session';
  if (kind === 'incidents' || kind === 'incident' || kind === 'events') return 'incidents';
  return kind === 'host' ? 'host' : 'overview';
}

export function firstQuestions(hash: string, page: number, now: number): [string, Query][] {
  const { path: [kind, name, more], query } = parseHash(hash);
  const all: [string, Query][] = [[paths.health, {}]];
  if (kind === undefined) all.push([paths.overview, {}], [paths.incidents, kNewestIncidents], [paths.sparklines, {}]);
  if (kind !== 'session' || !name || more !== undefined) return all;
  all.push([paths.session(name), {}]);
  const range = resolve(parseRange(query), now);
  const step = stepFor(range, plotsWidth(page));
  const asked = query.get('delay');
  const delay: Delay = asked === 'forward' || asked === 'backward' ? asked : 'rtt';
  all.push([paths.windows(name), { ...windowQuery(tilesOf(range, step, now), step), ...newerQuery(delay) }]);
  return all;
}
