// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { lossHeight } from './lossbar';
import { runs, sparkPaths } from './spark';

describe('a sparkline', () => {
  it('keeps gaps', () => {
    expect(runs([1, 2, null, 3, null, null, 4, 5])).toEqual([[0, 2], [3, 4], [6, 8]]);
    const { line } = sparkPaths({ rtt_p50_ns: [1, 2, null, 3], rtt_p99_ns: [1, 2, null, 3], loss_ratio: [] }, 40, 20);
    expect(line.match(/M/g)?.length).toBe(2);
    expect(line).toContain('h0.01'); // a value alone is a dot
  });
  it('shows the smallest loss, and all of it apart', () => {
    expect(lossHeight(0, 20)).toBe(0);
    expect(lossHeight(1e-6, 20)).toBe(2.5);
    const paths = sparkPaths({ rtt_p50_ns: [], rtt_p99_ns: [], loss_ratio: [0, 0.01, 1, null] }, 40, 20);
    expect([paths.loss.match(/M/g)?.length, paths.dead.match(/M/g)?.length, paths.worstLoss]).toEqual([2, 1, 1]);
  });
  it('has nothing to draw of nothing', () => {
    expect(sparkPaths({ rtt_p50_ns: [null], rtt_p99_ns: [null], loss_ratio: [null] }, 40, 20)).toEqual(
      { band: '', line: '', loss: '', dead: '', low: undefined, high: undefined, worstLoss: undefined });
  });
  it('draws no noise of a steady line', () => {
    const { line } = sparkPaths({ rtt_p50_ns: [1000, 1001], rtt_p99_ns: [1000, 1001], loss_ratio: [] }, 40, 24);
    expect(line).toBe('M10 16L30 15.9');
  });
  it('draws negative figures where they are', () => {
    const { low, high } = sparkPaths({ rtt_p50_ns: [-5, 5], rtt_p99_ns: [-5, 9], loss_ratio: [] }, 40, 24);
    expect([low, high]).toEqual([-5, 9]);
  });
});
