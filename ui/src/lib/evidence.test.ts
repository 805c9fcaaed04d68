// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { trafficClass } from './dscp';
import { boundsOf, evidenceOf, kindWords, pathsOf } from './evidence';
import { meaningOf, meaningOfAll } from './meaning';
import { big, exact, msOf, nanosOf } from './nanos';

const body = (kind: string, more: Record<string, unknown>) => ({ kind, at: '2026-11-20T23:32:10.369895363Z', text: 'x', ...more });
const told = (kind: string, more: Record<string, unknown>) =>
  Object.fromEntries(evidenceOf(body(kind, more), 'utc').map(({ label, value }) => [label, value]));

describe('nanoseconds', () => {
  it('are exact', () => {
    expect(exact(big('1795217434869738363'), 'utc')).toBe('2026-11-20 23:30:34.869738363');
    expect(nanosOf('2026-11-20T23:30:34.869738363Z')).toBe(1795217434869738363n);
    expect(nanosOf('2026-11-20T23:30:34Z')).toBe(1795217434000000000n);
    expect([big('x'), big(undefined), nanosOf('never')]).toEqual([undefined, undefined, undefined]);
  });
  it('before 1970 count on', () => {
    expect(msOf(-1n)).toBe(-1);
    expect(exact(-1n, 'utc', 3)).toBe('1969-12-31 23:59:59.999');
  });
});

describe('evidence', () => {
  it('of an outage', () => {
    expect(told('outage_ended', {
      last_good: { probe: 2026269, left_ns: '1795217434869738363' }, lost: 190, at_least_ns: 94.5e9, at_most_ns: 95.5e9,
    })).toEqual({
      Lasted: 'between 94.5 s and 95.5 s',
      'Last answered probe': 'number 2\u202f026\u202f269, left 2026-11-20 23:30:34.869',
      Lost: '190 probes',
    });
  });
  it('of a figure', () => {
    expect(told('threshold_cleared', {
      crossing: { figure: 'latency', error: true, delay_ns: 59.2e6, delay_threshold_ns: 56.7e6, median_ns: 28.3e6, since: '2026-11-20T20:00:00Z', until: '2026-11-20T21:00:00Z' },
    })).toEqual({
      Figure: 'latency', Measured: '59.2 ms', Threshold: '56.7 ms', Usual: '28.3 ms, the median of 48 hours',
      Since: '2026-11-20 20:00:00', Until: '2026-11-20 21:00:00',
    });
  });
  it('of marks, hops, clocks and flows', () => {
    expect(told('remarked', { flow: 0, direction: 'forward', before: 184, after: 32 })).toEqual({
      'Flow number': '0', Direction: 'forward, to the reflector', 'Arrived before as': 'DSCP 46 (EF), ECN 0 (not ECN-capable)', 'Arrives as': 'DSCP 8 (CS1), ECN 0 (not ECN-capable)',
    });
    expect(told('hops_changed', { after: 248 })).toEqual({ 'Arrives as': 'hop limit 248' });
    expect(told('clock_stepped', { change_ns: -2e9 })).toEqual({ Set: '2.00 s back' });
    expect(told('agent_started', { change_ns: 120e9 })).toEqual({ 'Did not run for': '2 min' });
    expect(told('verdict', { finding: 'stalled_flow', answered: 3, tried: 4 })).toEqual({ 'Fresh flows': '3 of 4 answered' });
    expect(trafficClass(0b101110_11)).toBe('DSCP 46 (EF), ECN 3 (congestion experienced)');
  });
  it('of what this page does not know yet', () => {
    expect(told('something_new', { wait_ns: 5e6, odd: { a: 1 } })).toEqual({ 'Wait ns': '5.00 ms', Odd: '{"a":1}' });
    expect(kindWords('something_new')).toBe('Something new');
  });
  it('has the hops of both flows', () => {
    expect(pathsOf(body('path_swept', { new_path: [{ distance: 1 }] })).map(({ label }) => label)).toEqual(['Way of the new flow']);
  });
});

describe('a mark', () => {
  it('leads to its probe', () => {
    const rows = evidenceOf(body('outage_began', { old_flow: 'a > b', first_lost: { probe: 7, left_ns: '1795217435369738363' } }), 'utc');
    expect(rows.map(({ probe }) => probe)).toEqual([undefined, { at: '1795217435369738363', probe: 7 }]);
  });
});

describe('an incident', () => {
  it('has the bounds that probes tell', () => {
    const ended = body('outage_ended', {
      last_good: { probe: 1, left_ns: '1000' }, first_lost: { probe: 2, left_ns: '1500' }, first_good: { probe: 9, left_ns: '5000' }, at_least_ns: 3000,
    });
    expect(boundsOf([{ event: ended }])).toEqual({ began: [1000n, 1500n], ended: [4500n, 5000n] });
    expect(boundsOf([])).toEqual({});
  });
  it('means what its verdict says, else the worst of it', () => {
    const crossed = { severity: 'error', event: body('threshold_crossed', { crossing: { figure: 'loss' } }) };
    const verdict = { severity: 'error', event: body('verdict', { finding: 'peer_closed' }) };
    expect(meaningOfAll([crossed, verdict])?.todo).toContain('Start the reflector');
    expect(meaningOfAll([crossed])).toEqual(meaningOf(crossed.event));
    expect(meaningOfAll([])).toBeUndefined();
  });
});
