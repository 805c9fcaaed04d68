// SPDX-License-Identifier: Apache-2.0
// All that a view shows, as its address holds it: a link restores the range, the view, the selection, the comparison.
import { parseRange, rangeQuery, type Asked, type Range } from '../lib/range';
import { iso } from '../lib/time';
import type { ScaleKind } from '../plots/band';
import { compareQuery, parseCompare, type Compare } from './compare';
import type { Delay } from './row';

export interface Shown {
  asked: Asked;
  delay: Delay;
  scale: ScaleKind;
  compare: Compare;
  selection: Range | undefined;
  table: boolean;
  chosen: readonly number[]; // events whose panel is open
  following: boolean; // live
}

const kMostChosen = 30;
const among = <T extends string>(text: string | null, all: readonly T[], otherwise: T): T => all.find((one) => one === text) ?? otherwise;

// What cannot be read is as if it were not there: links get cut.
export function parseShown(query: URLSearchParams): Shown {
  const [from = NaN, to = NaN] = (query.get('sel') ?? '').split('/').map((part) => Date.parse(part));
  return {
    asked: parseRange(query),
    delay: among(query.get('delay'), ['rtt', 'forward', 'backward'], 'rtt'),
    scale: among(query.get('scale'), ['fit', 'all', 'log'], 'fit'),
    compare: parseCompare(query.get('compare')),
    selection: to > from ? { from, to } : undefined,
    table: query.get('view') === 'table',
    chosen: (query.get('event') ?? '').split(',').map(Number).filter((id) => id > 0),
    following: query.get('live') === '1',
  };
}

export function shownQuery(shown: Shown): Record<string, string | undefined> {
  const { selection, delay, scale } = shown;
  return {
    ...rangeQuery(shown.asked),
    delay: delay === 'rtt' ? undefined : delay,
    scale: scale === 'fit' ? undefined : scale,
    compare: compareQuery(shown.compare),
    view: shown.table ? 'table' : undefined,
    sel: selection && `${iso(Math.round(selection.from))}/${iso(Math.round(selection.to))}`,
    event: shown.chosen.slice(0, kMostChosen).join(',') || undefined,
    live: shown.following ? '1' : undefined,
  };
}
