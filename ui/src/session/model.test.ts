// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Window } from '../lib/api';
import { lawful, panned, parseInstant, parseRange, rangeQuery, resolve, zoomed } from '../lib/range';
import { coarserKept, kSteps, showsProbes, stepFor } from '../lib/steps';
import { kDay, kHour, kMinute } from '../lib/time';
import { parseShown, shownQuery, type Shown } from './address';
import { fromHistogram, high, keyOf, low, merge, middle, percentile } from './bins';
import { compareQuery, otherRange, parseCompare, shiftOf } from './compare';
import { figuresOf } from './report';
import { newerQuery } from '../lib/windowquery';
import { rowAt, rowOf, type Piece, type Row } from './row';

const query = (text: string) => new URLSearchParams(text);

describe('a range', () => {
  it('is what an address says, and says it again', () => {
    expect(parseRange(query('last=6h'))).toEqual({ last: '6h' });
    expect(parseRange(query('from=2026-01-31T12:00:00Z&to=2026-01-31T13:00:00Z'))).toEqual({ fixed: { from: Date.UTC(2026, 0, 31, 12), to: Date.UTC(2026, 0, 31, 13) } });
    expect(parseRange(query('from=nonsense&to=2026-01-31&last=5x'))).toEqual({ last: '24h' });
    const fixed = { fixed: { from: 1e12, to: 1e12 + 5000 } };
    expect(parseRange(new URLSearchParams(rangeQuery(fixed) as Record<string, string>))).toEqual(fixed);
    expect(resolve({ last: '1h' }, 5e12)).toEqual({ from: 5e12 - kHour, to: 5e12 });
  });
  it('zooms about the cursor, within its limits, and never beyond now', () => {
    expect(zoomed({ from: 0, to: 1000e3 }, 0.5, 0.25, 1e12)).toEqual({ from: 125e3, to: 625e3 });
    expect(zoomed({ from: 0, to: 3000 }, 0.001, 0, 1e12)).toEqual({ from: 0, to: 2000 });
    expect(panned({ from: 0, to: 1000e3 }, 500e3, 1200e3)).toEqual({ from: 200e3, to: 1200e3 });
    const wide = lawful({ from: -1e15, to: 1e12 }, 1e12);
    expect(wide.to - wide.from).toBe(10 * 366 * kDay);
  });
  it('is typed in the order of ISO 8601', () => {
    expect(parseInstant('2026-01-31 12:00', 'utc')).toBe(Date.UTC(2026, 0, 31, 12));
    expect(parseInstant(' 2026-1-3T4:05:06.250 ', 'utc')).toBe(Date.UTC(2026, 0, 3, 4, 5, 6, 250));
    expect(parseInstant('2026-01-31T12:00:00+01:00', 'local')).toBe(Date.UTC(2026, 0, 31, 11));
    expect([parseInstant('yesterday', 'utc'), parseInstant('2026-13-01', 'utc'), parseInstant('', 'utc')]).toEqual([NaN, NaN, NaN]);
  });
});

describe('a step', () => {
  it('makes windows at least two pixels wide, from seconds to years', () => {
    const of = (span: number, width: number) => stepFor({ from: 0, to: span }, width);
    expect([of(10 * kMinute, 1280), of(kDay, 1280), of(365 * kDay, 1280), of(365 * kDay, 300)]).toEqual([1000, 5 * kMinute, kDay, 4 * kDay]);
    for (const width of [300, 800, 2400])
      for (let span = 2000; span < 3 * 365 * kDay; span *= 1.7) expect(span / of(span, width)).toBeLessThanOrEqual(Math.min(640, width / 2));
  });
  it('divides the next but one, so that windows begin alike', () => {
    for (const step of kSteps) expect(step % 1000).toBe(0);
    expect(coarserKept(2000)).toEqual([10_000, 60_000, 3_600_000]);
    expect(coarserKept(5 * kMinute)).toEqual([kHour]);
    expect(coarserKept(2 * kHour)).toEqual([]);
  });
  it('shows single probes where they can be told apart', () => {
    expect(showsProbes({ from: 0, to: 10 * kMinute }, 500e6)).toBe(true);
    expect(showsProbes({ from: 0, to: 11 * kMinute }, 500e6)).toBe(false);
    expect(showsProbes({ from: 0, to: 10 * kMinute }, 1e6)).toBe(false);
  });
});

describe('buckets', () => {
  it('are the ones of docs/measurement.md', () => {
    const bins = fromHistogram({ schema: 5, positive: [[-32, 1], [0, 3]], zero: 2, negative: [[-5, 7], [0, 4]] });
    expect(bins).toEqual({ keys: [-1000, -995, 0, 968, 1000], counts: [4, 7, 2, 1, 3], total: 17 });
    expect([high(1000), low(1000), high(968), low(-1000)]).toEqual([1e9, 1e9 * 2 ** (-1 / 32), 5e8, -1e9]);
    // 2 u l / (u + l), as the agent makes it.
    const [u, l] = [1e9, 1e9 * 2 ** (-1 / 32)];
    expect(middle(1000)).toBe(Math.round((2 * u * l) / (u + l)));
    expect([keyOf(1e9), keyOf(1e9 + 1), keyOf(-5e8), keyOf(0)]).toEqual([1000, 1001, -968, 0]);
  });
  it('merge without loss, and their percentiles are those of all values', () => {
    const one = fromHistogram({ schema: 5, positive: [[-200, 90], [-190, 9]] });
    const other = fromHistogram({ schema: 5, negative: [[-200, 1]], positive: [[-190, 1]] });
    const both = merge([one, undefined, other]);
    expect([...both.counts]).toEqual([1, 90, 10]);
    expect(percentile(both, 50)).toBe(middle(800));
    expect(percentile(both, 0)).toBe(-middle(800));
    expect(percentile(both, 99)).toBe(middle(810));
    expect(percentile(both, 100, 0, 5)).toBe(5);
    expect(percentile(merge([]), 50)).toBeNaN();
  });
  it('of another schema are not guessed at', () => expect(fromHistogram({ schema: 3, positive: [[1, 1]] }).total).toBe(0));
});

const window = (begin: string, more: Partial<Window> = {}): Window =>
  ({
    begin, end: new Date(Date.parse(begin) + 1000).toISOString(), part: false, scheduled: 2, sent: 2, received: 0, delivered: 0, late: 0,
    duplicates: { forward: 0, backward: 0, unknown: 0 }, lost: { total: 2, forward: 1, backward: 0, unknown: 1 }, unsent: { total: 0, by_cause: {} },
    withheld: 0, late_schedule: 0, refused_by_peer: 0, arrived: 0, reordered: 0, clock_step_samples: 0, loss_ratio: 1, ...more,
  }) as Window;

describe('a row', () => {
  it('of a window in which all was lost has no delay', () => {
    const row = rowOf(window('2026-01-01T00:00:00Z'), 'rtt');
    expect([row.p50, row.max, row.error]).toEqual([NaN, NaN, NaN]);
    expect([row.loss, row.worstLoss, row.otherLoss, row.classForward]).toEqual([1, 1, 0.5, -1]);
  });
  it.each(['rtt', 'forward', 'backward'] as const)('is made of what is asked for, and of all of it: %s', (delay) => {
    const read = new Set<string>();
    const told = new Proxy(window('2026-01-01T00:00:00Z', { worst_loss_at: '2026-01-01T00:00:00Z' }), {
      get: (target, name: string) => (read.add(name), target[name as keyof Window]),
    });
    rowOf(told, delay);
    expect([...read].sort()).toEqual(['begin', ...String(newerQuery(delay).fields).split(',')].sort());
  });
  it('keeps negative one-way delays as they are', () => {
    expect(rowOf(window('2026-01-01T00:00:00Z', { forward_ns: { count: 1, min: -5, max: -5, percentiles: { p50: -5 } } }), 'forward').p50).toBe(-5);
  });
  it('is found under the cursor, and nothing in a gap', () => {
    const at = (begin: number) => ({ begin, end: begin + 10 }) as Row;
    const pieces: Piece[] = [{ from: 0, to: 100, rows: [at(0), at(10), at(50)], step: 10, exact: true }];
    expect(rowAt(pieces, 12)?.begin).toBe(10);
    expect(rowAt(pieces, 50)?.begin).toBe(50);
    expect([rowAt(pieces, 30), rowAt(pieces, 70), rowAt(pieces, 200)]).toEqual([undefined, undefined, undefined]);
  });
});

it('an address restores all that is shown', () => {
  const shown: Shown = {
    asked: { fixed: { from: 1e12, to: 1e12 + 60e3 } }, delay: 'backward', scale: 'log', compare: { kind: 'session', name: 'a/b?c' }, selection: { from: 1e12, to: 1e12 + 5e3 },
    table: true, chosen: [7, 9], following: false,
  };
  const text = new URLSearchParams(Object.entries(shownQuery(shown)).filter((one): one is [string, string] => one[1] !== undefined)).toString();
  expect(parseShown(query(text))).toEqual(shown);
  expect(parseShown(query('delay=x&scale=%00&sel=now/then&event=-1,a&live=yes'))).toEqual(parseShown(query('')));
});

describe('a comparison', () => {
  it('is what an address says', () => {
    for (const text of ['yesterday', 'last-week', 'before', 'session:a b: c', 'from:2026-01-01T00:00:00.000Z']) expect(compareQuery(parseCompare(text))).toBe(text);
    expect(parseCompare('from:never')).toEqual({ kind: 'none' });
    const range = { from: 10 * kDay, to: 12 * kDay };
    expect([shiftOf({ kind: 'before' }, range), shiftOf({ kind: 'range', from: kDay }, range)]).toEqual([2 * kDay, 9 * kDay]);
    expect(otherRange({ kind: 'range', from: 0 }, range)).toEqual({ from: 0, to: 2 * kDay });
    expect(otherRange({ kind: 'session', name: 'a' }, range)).toBeUndefined();
  });
});

describe('figures of a range', () => {
  const now = Date.UTC(2026, 5, 1, 12, 34, 56, 789);
  it('are made of whole windows of the length that is kept', () => {
    for (const [ago, length, unit, longer] of [[kHour, kHour, 1000, 10_000], [kDay, kDay, kMinute, kHour], [30 * kDay, 30 * kDay, kMinute, kHour], [365 * kDay, 365 * kDay, kHour, Infinity], [100 * kDay, kHour, kHour, Infinity]] as const) {
      const { range, step } = figuresOf({ from: now - ago, to: now - ago + length }, now);
      expect([range.from % unit, range.to % unit, step % unit]).toEqual([0, 0, 0]);
      expect(step % longer).not.toBe(0);
      expect(Math.abs(range.from - (now - ago))).toBeLessThan(unit);
      expect((range.to - range.from) / step).toBeLessThanOrEqual(200);
    }
  });
});
