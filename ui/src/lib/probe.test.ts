// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Sample } from './api';
import { clocksOf, ladderOf, offsetOf } from './ladder';
import { causeOf, fieldsOf, find, inOrder, isMeant, outcomeOf } from './probe';

const kT1 = 1795677252844269472n;
const sample = (forward: number, residence: number, backward: number, more: Partial<Sample> = {}): Sample => ({
  probe: 7, outcome: 'delivered', scheduled_ns: String(kT1 - 300n),
  sender_tx_ns: String(kT1), sender_tx_source: 'kernel', sender_tx_error_ns: 5028,
  reflector_rx_ns: String(kT1 + BigInt(forward)), reflector_tx_ns: String(kT1 + BigInt(forward + residence)),
  sender_rx_ns: String(kT1 + BigInt(forward + residence + backward)),
  forward_ns: forward, backward_ns: backward, residence_ns: residence, rtt_ns: forward + backward, ...more,
});
const ys = (s: Sample, ...rest: [Parameters<typeof ladderOf>[1], boolean | undefined]) =>
  Object.fromEntries(ladderOf(s, ...rest).stamps.map((one) => [one.name, Math.round(one.y)]));

describe('the ladder', () => {
  it('is to scale where all of it is seen', () => {
    const ladder = ladderOf(sample(1000, 500, 1000, { scheduled_ns: undefined }), 'raw', undefined);
    expect([ladder.toScale, ladder.stamps.map((one) => one.at)]).toEqual([true, [0, 1000, 1500, 2500]]);
    expect(ys(sample(1000, 500, 1000, { scheduled_ns: undefined }), 'raw', undefined)).toEqual({ T1: 34, T2: 154, T3: 214, T4: 334 });
  });
  it('is not where the reflector took so long that nothing else is', () => {
    const ladder = ladderOf(sample(1823, 135802, 350), 'raw', undefined);
    expect([ladder.toScale, ladder.fits]).toEqual([false, false]);
    expect(ys(sample(1823, 135802, 350), 'raw', undefined)).toEqual({ due: 34, T1: 64, T2: 148, T3: 232, T4: 316 });
    expect(ladderOf(sample(1823, 135802, 350), 'raw', false).toScale).toBe(true);
  });
  it('goes up where the clocks make a packet arrive before it left', () => {
    const odd = sample(-5000, 100, 9000);
    expect([clocksOf(odd), offsetOf(odd)]).toEqual(['half', -7000]);
    expect(ys(odd, 'raw', true)).toEqual({ due: 88, T1: 118, T2: 34, T3: 118, T4: 202 });
    expect(ladderOf(odd, 'half', true).stamps.map((one) => one.at)).toEqual([-300, 0, 2000, 2100, 4100]);
  });
  it('has what there is of a lost one', () => {
    const lost: Sample = { outcome: 'lost_forward', sender_tx_ns: String(kT1) };
    expect(ladderOf(lost, clocksOf(lost), undefined).stamps.map((one) => one.name)).toEqual(['T1']);
    expect(ladderOf({ outcome: 'withheld' }, 'raw', undefined).stamps).toEqual([]);
  });
});

describe('a probe in words', () => {
  it('says what became of it and why', () => {
    expect(outcomeOf({ outcome: 'lost_backward' }).title).toBe('lost backward');
    expect(outcomeOf({ outcome: 'new_thing' }).title).toBe('new thing');
    expect([causeOf({ outcome: 'unsent', cause: 'no_route' }), causeOf({ outcome: 'too_big', cause: 'too_big' })]).toEqual(['there is no route to the host', undefined]);
  });
  it('tells each field, to the nanosecond', () => {
    const all = fieldsOf(sample(1000, 500, 1000, { seen_dscp: 46, ...({ later: 'x' } as object) }), 'utc');
    const rows = Object.fromEntries(all.flatMap(({ rows }) => rows).map(({ label, value }) => [label, value]));
    expect(rows['T1, left this host']).toBe('2026-11-26 07:14:12.844269472 ± 5.03 µs, by the kernel, at the driver');
    expect(rows['T2, arrived at the reflector']).toContain(', error not told');
    expect(rows['As the reflector saw it']).toBe('DSCP 46 (EF)');
    expect(rows['later']).toBe('x');
    expect(fieldsOf({ outcome: 'withheld' }, 'utc').flatMap(({ rows }) => rows).every(({ value }) => value === '–')).toBe(true);
  });
  it('is found by its time, else the nearest', () => {
    const all = inOrder([{ outcome: 'a', scheduled_ns: '300', probe: 3 }, { outcome: 'b', scheduled_ns: '100', probe: 2 }, { outcome: 'c', scheduled_ns: '100', probe: 1 }]);
    expect(all.map(({ probe }) => probe)).toEqual([1, 2, 3]);
    expect([find(all, 100n, null), find(all, 100n, '2'), find(all, 290n, null), find(all, undefined, null), find([], 1n, null)]).toEqual([0, 1, 2, 2, -1]);
    expect([find(all, 301n, '1'), isMeant(all[0], 301n, '1'), isMeant(all[0], 100n, null), isMeant(all[0], 2_000_000_000n, '1')]).toEqual([0, true, true, false]);
  });
});
