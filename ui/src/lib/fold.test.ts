// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Incident } from './api';
import { causeOf, folded, hoursOf } from './fold';

const incident = (id: number, session: string | undefined, opened: string, title: string, more: Partial<Incident> = {}): Incident => ({
  id, session, opened, closed: opened, title, severity: 'error', in_maintenance: false, events: 1, ...more,
});

describe('like incidents', () => {
  it('are of one cause, whatever the figures of their titles', () => {
    expect(causeOf('latency 59.2 ms (error above 56.7 ms, usually 28.3 ms)')).toBe('latency');
    expect(causeOf('Loss up to 18 % forward')).toBe('loss');
    expect(causeOf('stalled flow: 192.0.2.10:23999 > 198.51.100.7:23999 is dead')).toBe('stalled flow');
    expect(causeOf("this host's clock was set")).toBe("this host's clock was set");
    expect(causeOf('404')).toBe('404');
  });
  it('of one session are one row, at the place of the newest', () => {
    const all = folded([
      incident(1, 'a', '2026-01-01T19:00:00Z', 'latency 50 ms'), incident(2, 'b', '2026-01-02T03:00:00Z', 'latency 51 ms'),
      incident(3, 'a', '2026-01-02T19:30:00Z', 'latency 60 ms', { severity: 'warning', closed: undefined }), incident(4, 'a', '2026-01-01T20:00:00Z', 'loss 3 %'),
    ]);
    expect(all.map(({ cause, incidents }) => [cause, incidents.map(({ id }) => id)])).toEqual([
      ['latency', [3, 1]], ['latency', [2]], ['loss', [4]],
    ]);
    expect(all[0]).toMatchObject({ key: '1', severity: 'error', first: Date.parse('2026-01-01T19:00:00Z'), last: Date.parse('2026-01-02T19:30:00Z') });
  });
  it('tell the hours at which they begin, over midnight too, and only where there are some', () => {
    const at = (...times: string[]) => hoursOf(times.map((time, i) => incident(i, 'a', `2026-01-0${i + 1}T${time}:00Z`, 'latency')), 'utc');
    expect(at('18:46', '19:18', '19:00')).toEqual(['18:46', '19:18']);
    expect(at('23:50', '00:20', '23:30')).toEqual(['23:30', '00:20']);
    expect(at('19:00', '19:00', '19:00')).toEqual(['19:00', '19:00']);
    expect(at('06:00', '12:00', '19:00')).toBeUndefined();
    expect(at('19:00', '19:10')).toBeUndefined();
  });
});
