// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Incident, RecordedEvent } from './api';
import { foundOf, hintsOf } from './hints';

const incident: Incident = {
  id: 1, session: 'a', severity: 'warning', opened: '2026-01-31T12:00:00Z', closed: '2026-01-31T12:04:00Z', in_maintenance: false, title: 'latency', events: 2,
};
const event = (id: number, kind: string, at: string): RecordedEvent => ({
  id, session: 'a', severity: 'info', event: { kind, at: `2026-01-31T${at}Z`, text: `text ${id}` },
});

describe('what else changed', () => {
  it('is what may be the cause, each kind once', () => {
    const events = [event(3, 'hops_changed', '12:01:00'), event(2, 'hops_changed', '12:01:00'), event(4, 'threshold_crossed', '12:03:00')];
    expect(hintsOf(incident, events).map(({ id }) => id)).toEqual([2]);
  });
  it('is not what was long before, or when it was over', () => {
    expect(hintsOf(incident, [event(1, 'remarked', '11:50:00'), event(2, 'remarked', '12:04:00'), event(3, 'remarked', '13:00:00')])).toEqual([]);
    expect(hintsOf({ ...incident, closed: undefined }, [event(1, 'remarked', '12:04:00')]).length).toBe(1);
    expect(hintsOf({ ...incident, closed: incident.opened }, [event(1, 'remarked', '12:00:00')]).length).toBe(1);
  });
});

it('what was found about the place is told, and nothing else', () => {
  const event = (id: number, kind: string) => ({ id, severity: 'info', event: { kind, at: '', text: `${kind} it is` } }) as RecordedEvent;
  expect(foundOf([event(1, 'flow_changed'), event(2, 'path_swept'), event(3, 'account_told')]).map(({ id, text }) => [id, text])).toEqual([[2, 'path_swept it is'], [3, 'account_told it is']]);
});
