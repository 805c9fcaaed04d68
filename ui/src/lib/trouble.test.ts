// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from './api';
import { asked, atLeast, belongs, fieldOf, merged, ofField } from './trouble';

const event = (id: number, more: Partial<RecordedEvent> = {}): RecordedEvent => ({
  id, severity: 'warning', event: { kind: 'remarked', at: '2026-01-31T12:00:00Z', text: 'x' }, ...more,
});

describe('lists of events', () => {
  it('ask for what the link says, and nothing else', () => {
    expect(asked(new URLSearchParams('session=a%26b&from=-1h&other=1'))).toEqual({ session: 'a&b', severity: undefined, from: '-1h', to: undefined });
  });
  it('take what is that severe or more', () => {
    expect([atLeast('info', null), atLeast('info', 'warning'), atLeast('error', 'warning')]).toEqual([true, false, true]);
  });
  it('take what comes when it belongs there', () => {
    const query = new URLSearchParams('session=a&severity=warning');
    expect([event(1, { session: 'a' }), event(2, { session: 'b' }), event(3, { session: 'a', severity: 'info' })].map((one) => belongs(one, query)))
      .toEqual([true, false, false]);
    expect(belongs(event(1), new URLSearchParams('to=2026-01-01'))).toBe(false);
  });
  it('hold each once, the newest first', () => {
    expect(merged([event(5), event(4)], [event(4), event(3), event(9)]).map(({ id }) => id)).toEqual([9, 5, 4, 3]);
  });
  it('read and write fields of time', () => {
    expect(fieldOf('2026-01-31T12:34:56Z', 'utc')).toBe('2026-01-31T12:34');
    expect([fieldOf('-24h', 'utc'), fieldOf(null, 'utc')]).toEqual(['', '']);
    expect([ofField('2026-01-31T12:34', 'utc'), ofField('', 'utc')]).toEqual(['2026-01-31T12:34:00.000Z', undefined]);
  });
});
