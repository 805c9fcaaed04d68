// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it, vi } from 'vitest';

const kEvents = [
  { id: 1, session: 'a', severity: 'info', event: { kind: 'hops_changed', at: '', text: '' } },
  { id: 2, session: 'a', severity: 'info', event: { kind: 'session_up', at: '', text: '' } },
  { id: 3, severity: 'warning', event: { kind: 'clock_stepped', at: '', text: '' } },
];
let asked: string[] = [];
let old = false;
beforeEach(() => {
  vi.resetModules();
  asked = [];
  vi.stubGlobal('fetch', (address: string) => {
    asked.push(address);
    const query = new URL(address, 'http://agent').searchParams;
    if (old && (query.has('kind') || query.has('session')))
      return Promise.resolve(new Response(JSON.stringify({ error: { code: 'wrong_parameter', message: 'unknown' } }), { status: 400 }));
    const kinds = query.get('kind')?.split(',');
    const events = kEvents.filter((one) => (!kinds || kinds.includes(one.event.kind)) && (query.get('session') !== '' || !one.session));
    return Promise.resolve(new Response(JSON.stringify({ complete: true, events })));
  });
});
const ids = ({ events }: { events: { id: number }[] }) => events.map(({ id }) => id);

describe('events', () => {
  it('are asked for by kind, and of the agent alone', async () => {
    old = false;
    const { eventsOfAgent, eventsOfKinds } = await import('./askevents');
    expect(ids(await eventsOfKinds(['hops_changed', 'clock_stepped'], { from: '-7d' }))).toEqual([1, 3]);
    expect(ids(await eventsOfAgent({ from: '-7d' }))).toEqual([3]);
    expect(asked).toEqual(['./api/v1/events?from=-7d&kind=hops_changed%2Cclock_stepped', './api/v1/events?from=-7d&session=']);
  });
  it('are picked here where an older agent refuses, which is asked that way once', async () => {
    old = true;
    const { eventsOfAgent, eventsOfKinds, knowsKinds } = await import('./askevents');
    expect(ids(await eventsOfKinds(['hops_changed'], {}))).toEqual([1]);
    expect(ids(await eventsOfAgent({}))).toEqual([3]);
    expect(knowsKinds()).toBe(false);
    expect(asked.filter((address) => address.includes('?'))).toHaveLength(1);
  });
});
