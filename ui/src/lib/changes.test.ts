// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from './api';
import { beginsOf, lastingChanges } from './changes';

let id = 0;
const event = (session: string | undefined, kind: string, at: string, more: object): RecordedEvent => ({
  id: ++id, session, severity: 'info', event: { kind, at, text: `${kind} happened`, ...more },
});
const hops = (at: string, direction: string, before: number, after: number) => event('sea', 'hops_changed', at, { direction, before, after, flow: 0 });

describe('what changed', () => {
  it('is told once for both directions', () => {
    const [one, ...others] = lastingChanges([
      hops('2026-01-05T04:03:30.5Z', 'forward', 250, 248), hops('2026-01-05T04:03:30.5Z', 'backward', 250, 248),
    ]);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ kind: 'path', sessions: ['sea'], text: 'the path is 2 hops longer, forward and backward', at: Date.parse('2026-01-05T04:03:30.500Z') });
  });
  it('is nothing where it came back', () => {
    expect(lastingChanges([hops('2026-01-05T06:00:00Z', 'forward', 248, 250), hops('2026-01-05T03:00:00Z', 'forward', 250, 248)])).toEqual([]);
  });
  it('goes from the first to the last', () => {
    const all = lastingChanges([hops('2026-01-05T03:00:00Z', 'forward', 250, 248), hops('2026-01-06T03:00:00Z', 'forward', 248, 249)]);
    expect(all.map(({ text, at }) => [text, at])).toEqual([['the path is 1 hop longer, forward', Date.parse('2026-01-06T03:00:00Z')]]);
  });
  it('has the marks by their names', () => {
    const remark = (before: number, after: number) => lastingChanges([event('voice', 'remarked', '2026-01-05T03:00:00Z', { direction: 'forward', before, after, expected: before })])[0]?.text;
    expect(remark(184, 32)).toBe('arrives with DSCP 8 (CS1) instead of 46 (EF), forward');
    expect(remark(1, 3)).toBe('arrives with ECN 3 instead of 1, forward');
  });
  it('of the agent is its clock alone', () => {
    const all = lastingChanges([event(undefined, 'clock_stepped', '2026-01-05T03:00:00Z', { change_ns: 5 }), event(undefined, 'store_failed', '2026-01-05T03:00:00Z', {})]);
    expect(all.map(({ kind, sessions }) => [kind, sessions])).toEqual([['clock', []]]);
  });
  it('begins together', () => {
    const up = (session: string, at: string, reason = 'first answer') => event(session, 'session_up', at, { reason });
    expect(beginsOf([up('b', '2026-01-05T06:05:01Z'), up('a', '2026-01-05T06:05:00Z'), up('c', '2026-01-05T06:07:00Z'), up('d', '2026-01-05T06:08:00Z', 'back')]).map(({ sessions }) => sessions)).toEqual([['a', 'b'], ['c']]);
  });
});
