// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import type { Range } from '../lib/range';
import { tileSpan } from '../lib/steps';
import type { Row } from './row';
import { Tiles } from './tiles';

const kStep = 60_000;
const span = tileSpan(kStep);
const begin = 400 * span; // ms since 1970
const whole: Range = { from: begin, to: begin + 5 * span };
const rowsOf = (range: Range, step: number) =>
  Array.from({ length: (range.to - range.from) / step }, (_, i) => ({ begin: range.from + i * step, end: range.from + (i + 1) * step }) as Row);

// Answers are given by hand.
function world() {
  const asked: { range: Range; step: number; answer: () => Promise<void>; fail: () => Promise<void> }[] = [];
  const load = (range: Range, step: number) =>
    new Promise<Row[]>((done, wrong) => {
      const settled = () => new Promise<void>((next) => setTimeout(next));
      asked.push({ range, step, answer: () => (done(rowsOf(range, step)), settled()), fail: () => (wrong(new Error('no')), settled()) });
    });
  return { asked, tiles: new Tiles(load, () => {}, () => begin + 5 * span - 1, 6, 12) };
}

describe('the first view', () => {
  it('is asked for in one question, and waited for until it is answered', async () => {
    const { asked, tiles } = world();
    tiles.pieces(whole, kStep);
    expect(asked.map((one) => one.range)).toEqual([whole]); // its neighbours when it is there
    expect(tiles.waiting).toBe(true);
    await asked[0]?.answer();
    expect(tiles.waiting).toBe(false);
    const [piece, ...more] = tiles.pieces(whole, kStep);
    expect(more).toEqual([]);
    expect(piece?.rows).toEqual(rowsOf(whole, kStep));
    await vi.waitFor(() => expect(asked.filter((one) => one.step === kStep).map((one) => one.range)).toEqual([whole, { from: begin - span, to: begin }]), { timeout: 50_000 });
  });
  it('is not waited for when it fails', async () => {
    const { asked, tiles } = world();
    tiles.pieces(whole, kStep);
    await asked[0]?.fail();
    expect(tiles.waiting).toBe(false);
    expect(tiles.failure).toBeInstanceOf(Error);
  });
  it('alone is asked for so: a view that moves gets a tile at a time', async () => {
    const { asked, tiles } = world();
    tiles.pieces(whole, kStep);
    await asked[0]?.answer();
    const before = asked.length;
    tiles.pieces({ from: begin - 5 * span, to: begin - span }, kStep);
    expect(asked.slice(before).every((one) => one.range.to - one.range.from === tileSpan(one.step))).toBe(true);
    expect(asked.length).toBeGreaterThan(before);
  });
});
