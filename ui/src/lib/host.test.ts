// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { clockSaid, counterWords, dropsOf, settingsOf, stampsOf, type HostState, type InterfaceState } from './host';

const host = (more: Partial<HostState>): HostState => ({
  name: 'h', kernel: 'Linux', agent: { version: '1', began: '' }, clock: { now: '' }, interfaces: [], ...more,
});

describe('this host', () => {
  it('has a clock that is believed, or not', () => {
    const said = (clock: Partial<HostState['clock']>) => clockSaid(host({ clock: { now: '', ...clock } }));
    expect([said({}).doubt, said({ synchronised: false }).doubt]).toEqual([false, true]);
    expect(said({ synchronised: true, maximum_error_ns: 4e6 })).toEqual({ text: 'Synchronised, wrong by 4.00 ms at most.', doubt: false });
    expect(said({ synchronised: true, maximum_error_ns: 16e9 }).doubt).toBe(true);
  });
  it('tells what it lost, and nothing of what is not known', () => {
    expect(dropsOf(host({ dropped: { samples: 3 } }), undefined)).toEqual([{ words: 'Samples between measuring and keeping', lost: 3 }]);
    expect(dropsOf(undefined, undefined)).toEqual([]);
  });
  it('has interfaces that stamp', () => {
    const eth = (stamps: InterfaceState['stamps']) => ({ name: 'e', index: 1, up: true, running: true, addresses: [], stamps });
    expect(stampsOf(eth({ transmit_hardware: true, transmit_software: true }), 'transmit')).toBe('hardware, kernel');
    expect(stampsOf(eth({ receive_hardware: false, receive_software: false }), 'receive')).toBe('not by the driver');
    expect(stampsOf(eth({ reason: 'no such device' }), 'receive')).toBe('not known');
  });
  it('has options that are found by their words', () => {
    const all = [{ name: 'listen', value: ':1', origin: '--listen' }, { session: 'a', name: 'dscp', value: 'EF', origin: 'file' }, { name: 'rate', value: '1', origin: 'default' }];
    expect(settingsOf(all, 'A dscp', false).map(({ name }) => name)).toEqual(['dscp']);
    expect(settingsOf(all, '', true).map(({ name }) => name)).toEqual(['listen', 'dscp']);
  });
  it('takes the words of counters from the description of the API', () => {
    const counters = { properties: { requests: { description: 'that came in' } } };
    const openapi = { components: { schemas: { health: { properties: { reflector: { properties: { counters } } } } } } };
    expect(counterWords(openapi)).toEqual({ requests: 'that came in' });
    expect(counterWords(undefined)).toEqual({});
  });
});
