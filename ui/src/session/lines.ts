// SPDX-License-Identifier: Apache-2.0
// What the tables of a session say, as text.
import type { RecordedEvent } from '../lib/api';
import { count, duration, kNone, share } from '../lib/format';
import type { Zone } from '../lib/prefs.svelte';
import { span, type Range } from '../lib/range';
import { stepWords } from '../lib/steps';
import { instant, when } from '../lib/time';
import { classWords } from '../plots/strips';
import type { Change, Figures, Period, Report } from './report';
import type { Row } from './row';
import { both, notesOf } from './told';

export interface Line {
  cells: string[];
  kind?: string | undefined;
}

export const kWindowHeads = [
  'From', 'For', 'min', 'p10', 'p50', 'p90', 'p95', 'p99', 'max', 'loss', 'worst second', 'forward', 'backward', 'variation', 'overtaken', 'copies', 'marks', 'hop limit', 'Notes',
];
export function windowLine(row: Row, zone: Zone, form: 'second' | 'minute'): Line {
  return {
    kind: row.loss > 0 ? 'lossy' : '',
    cells: [
      when(row.begin, zone, form), stepWords(row.end - row.begin),
      ...[row.min, row.p10, row.p50, row.p90, row.p95, row.p99, row.max].map(duration),
      ...[row.loss, row.worstLoss, row.forwardLoss, row.backwardLoss].map(share),
      duration(row.jitter50), count(row.reordered), count(row.duplicates),
      both(row.classForward, row.classBackward, classWords), both(row.hopsForward, row.hopsBackward, String), notesOf(row),
    ],
  };
}
export const gapLine = (gap: Range, zone: Zone, form: 'second' | 'minute'): Line => ({
  kind: 'quiet', cells: [when(gap.from, zone, form), `no data until ${when(gap.to, zone, form)} (${duration(span(gap) * 1e6)})`],
});
export const eventLine = (one: RecordedEvent, zone: Zone): Line => ({ cells: [when(instant(one.event.at), zone), one.severity, (one.session ? '' : 'this host: ') + one.event.text] });

export function difference(a: number | undefined, b: number | undefined, ratio: boolean): string {
  if (a === undefined || b === undefined || !Number.isFinite(b - a)) return kNone;
  if (a === b) return '0';
  return `${b > a ? '+' : '−'}${ratio ? share(Math.abs(b - a)).replace('%', 'points') : duration(Math.abs(b - a))}`;
}

const kNames: Record<string, string> = {
  loss: 'loss', loss_forward: 'loss forward', loss_backward: 'loss backward', round_trip_p50: 'round trip p50', round_trip_p99: 'round trip p99', jitter: 'jitter',
};
const kSigns: Record<string, string> = { higher: '▲ ', higher_in_places: '△ ', lower: '▼ ', lower_in_places: '▽ ' };

export function changeLines(report: Report): Line[] {
  return (report.comparison?.changes ?? []).map((change: Change) => {
    const ratio = change.figure.startsWith('loss');
    const tell = ratio ? share : duration;
    const spread = (value: number | undefined, of: { low: number; high: number } | undefined) => tell(value) + (of && of.low !== of.high ? ` (${tell(of.low)} – ${tell(of.high)})` : '');
    return {
      kind: change.judgement.split('_')[0],
      cells: [
        kNames[change.figure] ?? change.figure, spread(change.before, change.before_spread), spread(change.after, change.after_spread),
        difference(change.before, change.after, ratio), (kSigns[change.judgement] ?? '') + change.text,
      ],
    };
  });
}

const kFigures: [string, (of: Figures) => number | undefined, boolean][] = [
  ['loss', (of) => of.loss_ratio, true],
  ['loss forward', (of) => of.forward_loss_ratio, true],
  ['loss backward', (of) => of.backward_loss_ratio, true],
  ['worst second, loss', (of) => of.worst_loss_ratio, true],
  ['round trip min', (of) => of.rtt_ns?.min, false],
  ['round trip p50', (of) => of.rtt_ns?.percentiles?.p50, false],
  ['round trip p99', (of) => of.rtt_ns?.percentiles?.p99, false],
  ['round trip max', (of) => of.rtt_ns?.max, false],
  ['jitter p50', (of) => of.ipdv_ns?.percentiles?.p50, false],
  ['jitter p99', (of) => of.ipdv_ns?.percentiles?.p99, false],
];
export function sessionLines(theirs: Period, own: Period): Line[] {
  const lines = kFigures.map(([name, get, ratio]): Line => {
    const [a, b] = [get(theirs.figures), get(own.figures)];
    const tell = ratio ? share : duration;
    return { cells: [name, tell(a), tell(b), difference(a, b, ratio)] };
  });
  return [...lines, { cells: ['with data', share(theirs.data_ratio), share(own.data_ratio), ''] }];
}
