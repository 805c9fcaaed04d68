// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Incident, Session, Window } from './api';
import { filtered, grouped, prefixOf, rowOf, sorted, withIncident, withStatus, worstFirst, type Row } from './overview';
import { verdictOf } from './verdict';

const kNow = Date.UTC(2026, 0, 31, 12, 0, 30);
const minute = (p50: number, lost = { total: 0, forward: 0, backward: 0, unknown: 0 }, end = '2026-01-31T12:00:00Z') =>
  ({
    end,
    rtt_ns: { count: 120, percentiles: { p50, p99: 2 * p50 } },
    ipdv_ns: { count: 119, mean: p50 / 10 },
    lost,
    loss_ratio: lost.total / 120,
    forward_loss_ratio: lost.forward / 120,
    backward_loss_ratio: lost.backward / 120,
  }) as unknown as Window;
const session = (name: string, more: Partial<Session> = {}): Session => ({ name, host: `${name}.example`, configured: true, state: 'up', ...more });
const names = (rows: readonly Row[]) => rows.map((row) => row.session.name);
const incident = (id: number, more: Partial<Incident> = {}): Incident => ({
  id, severity: 'warning', opened: '2026-01-31T11:00:00Z', in_maintenance: false, title: 'loss', events: 1, ...more,
});

describe('rows', () => {
  const rows = [
    rowOf(session('b-10', { last_minute: minute(5e6) }), kNow),
    rowOf(session('b-9', { last_minute: minute(9e6), incident: 4 }), kNow),
    rowOf(session('a', { state: 'silent' }), kNow),
  ];
  it('sorts names as people do, and what has no figure last either way', () => {
    expect(names(sorted(rows, 'name', false))).toEqual(['a', 'b-9', 'b-10']);
    expect(names(sorted(rows, 'p50', false))).toEqual(['b-10', 'b-9', 'a']);
    expect(names(sorted(rows, 'p50', true))).toEqual(['b-9', 'b-10', 'a']);
  });
  it('sorts the worst state first', () => {
    expect(names(sorted(rows, 'state', false))).toEqual(['a', 'b-9', 'b-10']);
  });
  it('filters by every word and by state', () => {
    expect(names(filtered(rows, 'EXAMPLE b', []))).toEqual(['b-10', 'b-9']);
    expect(names(filtered(rows, '', ['down']))).toEqual(['a']);
    expect(filtered(rows, 'b nothing', [])).toEqual([]);
  });
  it('groups by what a name begins with', () => {
    expect(grouped(rows, 'prefix').map((group) => [group.key, group.rows.length])).toEqual([['b', 2], ['a', 1]]);
    expect(['a/b', 'site-1', '-x', 'plain'].map(prefixOf)).toEqual(['a', 'site', '-x', 'plain']);
  });
  it('says of a loss in which direction it was only when that is known', () => {
    const unknown = rowOf(session('x', { last_minute: minute(1, { total: 6, forward: 0, backward: 0, unknown: 6 }) }), kNow);
    expect([unknown.loss, unknown.forward, unknown.backward]).toEqual([0.05, undefined, undefined]);
    const partly = rowOf(session('x', { last_minute: minute(1, { total: 6, forward: 3, backward: 0, unknown: 3 }) }), kNow);
    expect([partly.forward, partly.partly]).toEqual([0.025, true]);
  });
  it('knows figures that are not of now', () => {
    expect(rowOf(session('x', { last_minute: minute(1, undefined, '2026-01-31T11:50:00Z') }), kNow).stale).toBe(true);
    expect(rows[0]?.stale).toBe(false);
  });
});

describe('live messages', () => {
  const before = [session('a', { kept_from: 'then', last_minute: minute(1) }), session('b', { incident: 4 })];
  it('take the state, and keep what a status leaves out', () => {
    const after = withStatus(before, session('a', { state: 'silent' }));
    expect([after[0]?.state, after[0]?.kept_from, after[0]?.last_minute !== undefined]).toEqual(['silent', 'then', true]);
    expect(withStatus(before, session('c')).length).toBe(3);
  });
  it('open and close incidents', () => {
    expect(withIncident(before, incident(7, { session: 'a' }))[0]?.incident).toBe(7);
    expect(withIncident(before, incident(4, { session: 'b', closed: '2026-01-31T12:00:00Z' }))[1]?.incident).toBeUndefined();
    expect(withIncident(before, incident(3, { session: 'b', closed: '2026-01-31T12:00:00Z' }))[1]?.incident).toBe(4);
    expect(worstFirst([incident(1), incident(2, { severity: 'error' })]).map((one) => one.id)).toEqual([2, 1]);
  });
});

describe('the verdict', () => {
  const rows = (...sessions: Session[]) => sessions.map((one) => rowOf(one, kNow));
  it('is short when all is well', () => {
    expect(verdictOf(rows(session('a'), session('b'), session('old', { configured: false })), []).lead).toBe('All 2 sessions are well.');
    expect(verdictOf(rows(session('a')), []).lead).toBe('The one session is well.');
  });
  it('names what is not, the dead first', () => {
    const told = verdictOf(rows(session('a', { incident: 3 }), session('b', { state: 'silent' }), session('c')), [incident(3, { title: 'much loss' })]);
    expect([told.health, told.lead]).toEqual(['down', '2 of 3 sessions have trouble:']);
    expect(told.parts).toEqual([{ session: 'b', text: 'no answer' }, { session: 'a', text: 'much loss' }]);
  });
  it('does not call well what has not begun', () => {
    const told = verdictOf(rows(session('a'), session('b', { state: 'waiting' })), []);
    expect(`${told.lead} ${told.rest}`).toBe('1 of 2 sessions is well; 1 has not begun.');
  });
  it('counts those it does not name', () => {
    const many = Array.from({ length: 6 }, (_, i) => session(`s${i}`, { state: 'silent' }));
    const told = verdictOf(rows(...many), [incident(1)]);
    expect([told.parts.length, told.more, told.rest]).toEqual([3, 3, 'The agent itself has an open incident.']);
  });
});
