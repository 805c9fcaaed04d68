// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Range } from '../lib/range';
import { tileSpan } from '../lib/steps';
import { kHour, kMinute } from '../lib/time';
import type { Row } from './row';
import { patched, Tiles } from './tiles';

const row = (begin: number, length: number) => ({ begin, end: begin + length, part: false }) as Row;
const every = (range: Range, step: number, has: (at: number) => boolean) => {
  const rows: Row[] = [];
  for (let at = Math.ceil(range.from / step) * step; at < range.to; at += step) if (has(at)) rows.push(row(at, step));
  return rows;
};
const kNow = 1000 * kHour;
const soon = () => vi.advanceTimersByTimeAsync(0);

function world(has: (at: number, step: number) => boolean = () => true) {
  const asked: { range: Range; step: number; answer: () => void; fail: () => void }[] = [];
  const clock = { now: kNow };
  const tiles = new Tiles(
    (range, step) =>
      new Promise((resolve, reject) => {
        asked.push({ range, step, answer: () => resolve(every(range, step, (at) => has(at, step))), fail: () => reject(new Error('no')) });
      }),
    () => undefined,
    () => clock.now,
  );
  const settle = async (view: Range, step: number) => {
    for (let i = 0; i < 60; ++i) {
      tiles.pieces(view, step);
      if (asked.length === 0) break;
      for (const one of asked.splice(0)) one.answer();
      await soon();
    }
    return tiles.pieces(view, step);
  };
  return { tiles, asked, settle, clock };
}

describe('tiles', () => {
  // Time stands still: nothing is asked for that only a while brings.
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  it('cover a view in order, as one piece, and ask for nothing twice', async () => {
    const { tiles, asked, settle } = world();
    const view = { from: kNow - 6 * kHour, to: kNow - kHour };
    const pieces = await settle(view, kMinute);
    expect(pieces.length).toBe(1);
    expect(pieces[0]?.exact).toBe(true);
    const rows = pieces[0]?.rows ?? [];
    rows.forEach((one, i) => i > 0 && expect(one.begin).toBe((rows[i - 1] as Row).end));
    expect(rows[0]?.begin).toBeLessThanOrEqual(view.from);
    expect(rows[rows.length - 1]?.end).toBeGreaterThanOrEqual(view.to);
    expect(asked.length).toBe(0);
    expect(tiles.busy).toBe(false);
  });
  it('are asked for again where they are new, of one step where only that is wanted', async () => {
    const { tiles, asked, settle } = world();
    const view = { from: kNow - 10 * kMinute, to: kNow };
    await settle(view, 1000);
    await settle(view, kMinute);
    const steps = () => {
      for (const step of [1000, kMinute]) tiles.pieces(view, step);
      return asked.splice(0).map((one) => (one.answer(), one.step));
    };
    tiles.refresh(kNow - 40e3, 1000);
    expect(new Set(steps())).toEqual(new Set([1000]));
    await soon();
    tiles.refresh(kNow - 40e3);
    expect(new Set(steps())).toEqual(new Set([1000, kMinute]));
  });
  it('show what is coarser until what is finer comes', async () => {
    const { tiles, asked, settle } = world();
    const view = { from: kNow - 6 * kHour, to: kNow - kHour };
    await settle(view, 10 * kMinute);
    const near = { from: kNow - 3 * kHour, to: kNow - 2.5 * kHour };
    const first = tiles.pieces(near, 10_000);
    expect(first.some((piece) => piece.rows.length > 0 && piece.step >= kMinute && !piece.exact)).toBe(true);
    expect(first.every((piece, i) => i === 0 || piece.from >= (first[i - 1]?.to ?? 0))).toBe(true);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked[0]?.step).toBe(10_000);
  });
  it('fall back to what is kept where the finer is gone, and leave true gaps', async () => {
    const gone = kNow - 20 * kHour;
    const off = [kNow - 12 * kHour, kNow - 9 * kHour] as const;
    const { settle } = world((at, step) => (at < off[0] || at >= off[1]) && (step >= kHour || at >= gone));
    const pieces = await settle({ from: kNow - 40 * kHour, to: kNow - kHour }, 5 * kMinute);
    const before = pieces.filter((piece) => piece.to <= gone);
    expect(before.some((piece) => piece.step === kHour && piece.rows.length > 5)).toBe(true);
    const rows = pieces.flatMap((piece) => piece.rows);
    expect(rows.some((one) => one.end > off[0] && one.begin < off[1])).toBe(false);
    expect(rows.some((one) => one.begin === off[1])).toBe(true);
  });
  it('are kept in bounds, and ask a few at once', async () => {
    const { tiles, asked, settle } = world();
    for (let i = 0; i < 130; ++i) await settle({ from: kNow - (3 * i + 4) * tileSpan(1000), to: kNow - (3 * i + 1) * tileSpan(1000) }, 1000);
    expect(tiles.size).toBeLessThanOrEqual(330);
    tiles.pieces({ from: 0, to: kNow }, 8 * kHour);
    expect(asked.length).toBeLessThanOrEqual(3);
  });
  it('that failed are tried again later, not at once', async () => {
    const { tiles, asked } = world();
    const view = { from: kNow - 2 * kHour, to: kNow - kHour };
    tiles.pieces(view, kMinute);
    const first = asked.splice(0);
    for (const one of first) one.fail();
    await soon();
    expect(tiles.failure).toBeInstanceOf(Error);
    tiles.pieces(view, kMinute);
    const again = asked.map((one) => `${one.step}.${one.range.from}`);
    for (const one of first) expect(again).not.toContain(`${one.step}.${one.range.from}`);
  });
  it('that fail again and again are asked for less and less', async () => {
    const { tiles, asked, clock } = world();
    const view = { from: kNow - kHour, to: kNow - kHour + kMinute };
    let questions = 0;
    for (; clock.now < kNow + 600e3; clock.now += 1000) {
      tiles.pieces(view, kHour);
      questions += asked.filter(({ step }) => step === kHour).length;
      for (const one of asked.splice(0)) one.fail();
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
    // Ten minutes at 3, 6, 12, 24, 48 and then 60 s, of the tile and its neighbour.
    expect(questions).toBeGreaterThan(5);
    expect(questions).toBeLessThan(40);
  });
});

it('a hole takes only longer windows that lie in it', () => {
  const piece = { from: 0, to: 1000, rows: [row(0, 10), row(300, 10)], step: 10, exact: true };
  const pieces = patched(piece, 100, 1000, () => [row(0, 100), row(100, 100), row(200, 100)]);
  expect(pieces.map((one) => [one.from, one.to, one.step, one.rows.length])).toEqual([[0, 10, 10, 1], [10, 300, 100, 2], [300, 1000, 10, 1]]);
  expect(patched(piece, 100, 1000, () => [])).toEqual([piece]);
});
