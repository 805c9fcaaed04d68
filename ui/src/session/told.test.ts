// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { RecordedEvent, Window } from '../lib/api';
import { fromHistogram, percentile } from './bins';
import { difference, gapLine, windowLine } from './lines';
import { lossWords, rowTold } from './told';
import { LiveTail } from './livetail';
import { marksOf } from './marks';
import type { Probe } from './probes';
import type { Figures } from './report';
import type { Piece, Row } from './row';
import { distribution, percentOf, selectionStep } from './selection';

const kBegin = Date.UTC(2026, 0, 1);
const row = (more: Partial<Row> = {}): Row =>
  ({
    begin: kBegin, end: kBegin + 1000, part: false, provisional: false, count: 2, min: 1e6, p10: NaN, p50: 2e6, p90: NaN, p95: NaN, p99: 3e6, max: 3e6, mean: 2e6, stamps: 'kernel',
    loss: 0, worstLoss: 0, forwardLoss: 0, backwardLoss: 0, otherLoss: 0, lost: 0, notSent: 0, reordered: 0, duplicates: 0, jitter50: NaN, classForward: 184, classBackward: -1,
    hopsForward: 58, hopsBackward: -1, remarkedForward: 0, remarkedBackward: 0, clockSteps: 0, bins: fromHistogram({ schema: 5, positive: [[-280, 2]] }), ...more,
  }) as Row;

describe('a selection', () => {
  it('adds up what one kind of stamps measured, and counts the others', () => {
    const of = distribution([row(), row({ min: 5e5, max: 9e6 }), row({ stamps: 'user', count: 1 })]);
    expect([of.stamps, of.bins.total, of.others, of.min, of.max]).toEqual(['kernel', 4, 1, 5e5, 9e6]);
    expect(percentOf(of, 50)).toBe(percentile(of.bins, 50));
    expect(distribution([]).bins.total).toBe(0);
  });
  it('is asked for by the longest windows that begin and end with it', () => {
    expect(selectionStep({ from: 0, to: 7200e3 })).toBe(7200e3);
    expect(selectionStep({ from: 3600e3, to: 5410e3 })).toBe(10e3);
    expect(selectionStep({ from: 1, to: 5000e3 })).toBe(5000);
  });
});

describe('what is told', () => {
  it('has a dash for what is not known, and says what is odd', () => {
    const line = windowLine(row({ part: true, remarkedForward: 1 }), 'utc', 'second');
    expect(line.cells.slice(0, 5)).toEqual(['2026-01-01 00:00:00', '1 s', '1.00 ms', '–', '2.00 ms']);
    expect(line.cells.slice(-3)).toEqual(['EF / –', '58 / –', 'in part, re-marked']);
    expect(gapLine({ from: kBegin, to: kBegin + 60e3 }, 'utc', 'minute').cells[1]).toBe('no data until 2026-01-01 00:01 (1 min)');
    expect(rowTold(row({ loss: 0.5, lost: 1, forwardLoss: 0.5 }), undefined).find(([name]) => name === 'forward / backward')?.[1]).toBe('50.0 % / 0 %');
  });
  it('differences have a sign, and shares differ by points', () => {
    expect([difference(1e6, 2e6, false), difference(0.1, 0.05, true), difference(1, 1, false), difference(undefined, 1, false)]).toEqual(['+1.00 ms', '−5.00 points', '0', '–']);
  });
  it('losses have causes', () => {
    const of = { lost: { unknown: 2 }, late: 0, lost_by_cause: { peer_closed: 3 }, unsent: { total: 1 }, withheld: 0, late_schedule: 0, refused_by_peer: 0 };
    expect(lossWords(of as unknown as Figures)).toBe('2 lost, direction unknown, 3 refused: nothing listens on the port, 1 not sent by this host');
  });
});

it('events that lie together are one mark, of the worst', () => {
  const event = (id: number, at: number, severity: string) => ({ id, severity, event: { kind: 'x', at: new Date(kBegin + at).toISOString(), text: '' } }) as RecordedEvent;
  const frame = { range: { from: kBegin, to: kBegin + 1000 }, left: 0, width: 1000, ratio: 1 };
  const marks = marksOf([event(1, -500, 'error'), event(2, 100, 'info'), event(3, 110, 'error'), event(4, 300, 'warning')], frame);
  expect(marks.map((mark) => [mark.x, mark.severity, mark.events.map((one) => one.id)])).toEqual([[100, 'error', [2, 3]], [300, 'warning', [4]]]);
  const own = (id: number, at: number) => ({ ...event(id, at, 'info'), session: 'a' });
  expect(marksOf([event(5, 0, 'info'), own(6, 10), event(7, 500, 'warning'), own(8, 800)], frame).map(({ agent }) => agent)).toEqual([false, true, false]);
});

const at = (second: number) => new Date(kBegin + second * 1000).toISOString();
const told = (second: number) =>
  ({ begin: at(second), end: at(second + 1), lost: { total: 0, forward: 0, backward: 0 }, duplicates: { forward: 0, backward: 0, unknown: 0 }, unsent: { total: 0 } }) as unknown as Window;

it('live windows follow those of the store and replace none', () => {
  const tail = new LiveTail();
  for (const second of [0, 1, 2]) tail.window(told(second));
  const stored: Piece[] = [{ from: kBegin - 10e3, to: kBegin + 60e3, rows: [row()], step: 1000, exact: true }];
  const pieces = tail.after(stored, 'rtt', kBegin + 5000);
  expect(pieces.map((piece) => [piece.to - kBegin, piece.rows.map((one) => one.begin - kBegin)])).toEqual([[1000, [0]], [60e3, [1000, 2000]]]);
  expect(pieces[1]?.rows.every((one) => one.provisional)).toBe(true);
  expect(tail.apart).toBe(false);
});

it('what is kept and what is told live are apart until the store has what was told first, or has had time for it', () => {
  const tail = new LiveTail();
  const now = kBegin + 20e3;
  const stored = (seconds: number): Piece[] => [{ from: kBegin, to: kBegin + 60e3, rows: [row({ end: kBegin + seconds * 1000 })], step: 1000, exact: true }];
  const kept = (second: number) => ({ at: kBegin + second * 1000, rtt: 1 }) as Probe;
  tail.after(stored(5), 'rtt', now);
  expect(tail.apart).toBe(false); // nothing was told yet
  tail.window(told(10));
  tail.after(stored(5), 'rtt', now);
  expect(tail.apart).toBe(true);
  tail.after(stored(10), 'rtt', now);
  expect(tail.apart).toBe(false);
  // Single probes may meet later.
  for (const second of [18, 19]) tail.sample({ scheduled: at(second), rtt_ns: 1 });
  tail.probes([kept(15)], 'rtt');
  expect(tail.apart).toBe(true);
  tail.after(stored(10), 'rtt', now);
  tail.probes([kept(18)], 'rtt');
  expect(tail.apart).toBe(false);
  for (let second = 11; second < 50; ++second) tail.window(told(second));
  tail.after(stored(5), 'rtt', now);
  expect(tail.apart).toBe(false); // nothing was measured between
  tail.clear();
  tail.after(stored(5), 'rtt', now);
  expect(tail.apart).toBe(false);
});
