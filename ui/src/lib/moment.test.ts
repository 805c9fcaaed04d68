// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Window } from './api';
import { ticks, timeTicks } from './axis';
import { around, lostWithin, momentPaths, risesWithin, stepsFor, worstWithin } from './moment';
import { momentLink } from './momentlink';

const kFrom = Date.UTC(2026, 0, 31, 12);
const kBox = { left: 0, right: 60, top: 0, bottom: 100, floor: 130 };
const window = (minute: number, p50: number | undefined, loss: number) =>
  ({
    begin: new Date(kFrom + minute * 60e3).toISOString(),
    end: new Date(kFrom + (minute + 1) * 60e3).toISOString(),
    rtt_ns: p50 === undefined ? { count: 0 } : { count: 9, min: p50, max: 2 * p50, percentiles: { p50, p99: 2 * p50 } },
    loss_ratio: loss,
  }) as unknown as Window;

describe('ticks', () => {
  it('are round', () => {
    expect(ticks(0, 97, 5)).toEqual([0, 20, 40, 60, 80]);
    expect(ticks(3, 3, 5)).toEqual([3]);
    expect(ticks(-1, 1, 4)).toEqual([-1, -0.5, 0, 0.5, 1]);
  });
  it('of time tell what differs', () => {
    expect(timeTicks(kFrom, kFrom + 3600e3, 5, 'utc').map(({ text }) => text)).toEqual(['12:00', '12:15', '12:30', '12:45', '13:00']);
    expect(timeTicks(kFrom, kFrom + 20e3, 4, 'utc').map(({ text }) => text)).toEqual(['12:00:00', '12:00:05', '12:00:10', '12:00:15', '12:00:20']);
  });
});

describe('a moment', () => {
  it('shows what was before and never what is to come', () => {
    expect(around(0, 100 * 60e3, 110 * 60e3)).toEqual({ from: -30 * 60e3, to: 110 * 60e3 });
    expect(around(0, 0, 10 * 60e3)).toEqual({ from: -5 * 60e3, to: 5 * 60e3 });
  });
  it('has a link that names it', () => {
    expect(momentLink('a/b', { from: kFrom, to: kFrom + 1000 })).toBe('#/session/a%2Fb?from=2026-01-31T12%3A00%3A00.000Z&to=2026-01-31T12%3A00%3A01.000Z');
  });
  it('takes round steps, and longer ones where they are not kept', () => {
    expect(stepsFor({ from: 0, to: 3600e3 }, 200)).toEqual([20, 60, 3600]);
    expect(stepsFor({ from: 0, to: 86400e3 }, 10)).toEqual([10800]);
  });
  it('keeps gaps, and the loss of windows without a delay', () => {
    const range = { from: kFrom, to: kFrom + 3600e3 };
    const paths = momentPaths([window(0, 10, 0), window(1, 10, 0), window(5, 10, 0.01), window(6, undefined, 1)], range, kBox);
    expect(paths.line.match(/M/g)?.length).toBe(2);
    expect(paths.loss.match(/M/g)?.length).toBe(2);
    expect([paths.dead.match(/M/g)?.length, paths.mostLoss]).toEqual([1, 1]);
  });
  it('counts what was lost in it', () => {
    const lost = (minute: number, forward: number, total: number) => ({ ...window(minute, 1, 0), sent: 60, lost: { total, forward, backward: 0, unknown: 0 } });
    expect(lostWithin([lost(0, 9, 9), lost(1, 2, 3), lost(2, 1, 1)], { from: kFrom + 60e3, to: kFrom + 180e3 })).toEqual({ sent: 120, total: 4, forward: 3, backward: 0 });
  });
  it('tells the worst of the windows that touch it', () => {
    const range = { from: kFrom + 60e3, to: kFrom + 180e3 };
    expect(worstWithin([window(0, 99, 0.9), window(1, 10, 0.1), window(2, 30, 0.02), window(3, 98, 0.8)], range)).toEqual({ p50: 30, most: 60, loss: 0.1, length: 60e3 });
    expect(worstWithin([window(1, undefined, 1)], range)).toMatchObject({ loss: 1 });
    expect(worstWithin([], range)).toBeUndefined();
  });
  it('tells which way delays grew', () => {
    const one = (minute: number, rtt: number, forward: number) => {
      const of = (p50: number) => ({ count: 9, percentiles: { p50 } });
      return { ...window(minute, rtt, 0), rtt_ns: of(rtt), forward_ns: of(forward), backward_ns: of(rtt - forward) };
    };
    const range = { from: kFrom + 120e3, to: kFrom + 240e3 };
    expect(risesWithin([one(0, 1000, -400), one(1, 1000, -400), one(2, 1500, -395), one(3, 1500, -395), one(4, 1000, -400)], range)).toEqual([
      { of: 'round trip', by: 500, little: false }, { of: 'forward', by: 5, little: true }, { of: 'backward', by: 495, little: false }]);
    expect(risesWithin([window(0, 5, 0), window(2, undefined, 1)], range)).toEqual([]);
  });
  it('of nothing draws nothing', () => {
    expect(momentPaths([], { from: 0, to: 1 }, kBox)).toEqual({ outer: '', inner: '', line: '', loss: '', worst: '', dead: '', low: 0, high: 1.06 });
  });
});
