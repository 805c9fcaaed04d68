// SPDX-License-Identifier: Apache-2.0
// The distribution of a selection: the histograms of its windows added up, of the stamp class that has most values,
// since delays of different stamps are not one distribution.
import { span, type Range } from '../lib/range';
import { kSteps } from '../lib/steps';
import { merge, percentile, type Bins } from './bins';
import type { Row } from './row';

export interface Distribution {
  bins: Bins;
  stamps: string;
  others: number; // values of other stamps, not in it
  answered: number; // values of all windows, with a histogram or without
  min: number;
  max: number;
  mean: number;
  of: Range | undefined; // what the windows cover
}

// The longest step whose windows begin and end as the selection does: the fewest to add up.
export function selectionStep(range: Range): number {
  const fitting = kSteps.filter((step) => range.from % step === 0 && range.to % step === 0 && span(range) / step >= 1);
  return fitting[fitting.length - 1] ?? shortest(range);
}
const shortest = (range: Range) => kSteps.find((step) => span(range) / step <= 1000) ?? (kSteps[kSteps.length - 1] as number);

export function distribution(rows: readonly Row[]): Distribution {
  const classes = new Map<string, Row[]>();
  for (const row of rows) if (row.count > 0) classes.set(row.stamps, [...(classes.get(row.stamps) ?? []), row]);
  const counts = [...classes].map(([stamps, of]) => ({ stamps, of, count: of.reduce((sum, row) => sum + row.count, 0) }));
  counts.sort((a, b) => b.count - a.count);
  const most = counts[0];
  const of = most?.of ?? [];
  const [first, last] = [rows[0], rows[rows.length - 1]];
  return {
    of: first && last && { from: first.begin, to: last.end },
    bins: merge(of.map((row) => row.bins)),
    stamps: most?.stamps ?? '',
    others: counts.slice(1).reduce((sum, one) => sum + one.count, 0),
    answered: rows.reduce((sum, row) => sum + (row.count || 0), 0),
    min: of.reduce((least, row) => Math.min(least, row.min), Infinity),
    max: of.reduce((top, row) => Math.max(top, row.max), -Infinity),
    mean: most ? of.reduce((sum, row) => sum + row.mean * row.count, 0) / most.count : NaN,
  };
}

export const kPercents = [0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9];
export const percentOf = (of: Distribution, percent: number) => percentile(of.bins, percent, of.min, of.max);
