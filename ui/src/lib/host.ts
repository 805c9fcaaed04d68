// SPDX-License-Identifier: Apache-2.0
// What the agent says of its host (/api/v1/host, /api/v1/health), and what that means.
import type { Health, Setting, Values } from './api';
import { duration } from './format';

export interface InterfaceState {
  name: string;
  index: number;
  up: boolean;
  running: boolean;
  mtu?: number;
  addresses: string[];
  stamps?: {
    transmit_software?: boolean;
    receive_software?: boolean;
    transmit_hardware?: boolean;
    receive_hardware?: boolean;
    reason?: string;
  };
}
export interface HostState {
  name: string;
  kernel: string;
  processors?: number;
  agent: { version: string; began: string; uptime_ns?: number };
  clock: {
    now: string;
    source?: string;
    synchronised?: boolean;
    maximum_error_ns?: number;
    estimated_error_ns?: number;
    offset_ns?: number;
    rate_ppb?: number;
    epoch?: number;
    last_step?: { at?: string; change_ns?: number; event?: number };
  };
  dropped?: { sockets?: number; samples?: number; items?: number; store?: number };
  schedule_error_ns?: Values;
  interfaces: InterfaceState[];
  interfaces_complete?: boolean;
}

// A clock that may be wrong by more is of no use for one-way delays.
const kDoubtful = 1e9;

export function clockSaid({ clock }: HostState): { text: string; doubt: boolean } {
  if (clock.synchronised === undefined) return { text: 'The kernel does not say whether its clock is synchronised.', doubt: false };
  if (!clock.synchronised) {
    return { text: 'Its clock is not synchronised: one-way delays contain the difference of both clocks, whatever it is. Round trips are not affected.', doubt: true };
  }
  const bound = clock.maximum_error_ns;
  if (bound !== undefined && bound > kDoubtful) return { text: `Its clock may be wrong by ${duration(bound)}: one-way delays are worth no more than that.`, doubt: true };
  return { text: `Synchronised${bound === undefined ? '' : `, wrong by ${duration(bound)} at most`}.`, doubt: false };
}

// What this host lost itself, and where.
export function dropsOf(state: HostState | undefined, health: Health | undefined): { words: string; lost: number }[] {
  const dropped = state?.dropped;
  const rows: [string, number | undefined][] = [
    ['Datagrams that found the queue of a socket full', dropped?.sockets],
    ['Samples between measuring and keeping', dropped?.samples ?? health?.samples_dropped],
    ['Windows and events between measuring and keeping', dropped?.items],
    ['What found no room in the store', dropped?.store ?? health?.store.dropped],
  ];
  return rows.filter((row): row is [string, number] => row[1] !== undefined).map(([words, lost]) => ({ words, lost }));
}

// What an interface stamps in one direction: the best, and whether that is known.
export function stampsOf(one: InterfaceState, way: 'transmit' | 'receive'): string {
  const { stamps } = one;
  const [hardware, software] = [stamps?.[`${way}_hardware`], stamps?.[`${way}_software`]];
  if (hardware === undefined && software === undefined) return 'not known';
  const all = [hardware ? 'hardware' : '', software ? 'kernel' : ''].filter(Boolean);
  return all.join(', ') || 'not by the driver';
}

// Options by session and text; of the agent first, then by session.
export function settingsOf(settings: readonly Setting[], text: string, changed: boolean): Setting[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter((one) => {
    if (changed && (one.origin === 'default' || one.value === undefined)) return false;
    const all = `${one.session ?? ''} ${one.name} ${one.value ?? ''} ${one.origin}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

// The words of a counter come with the API's own description (openapi.json): one source for both.
export function counterWords(openapi: unknown): Record<string, string> {
  const at = (from: unknown, key: string) => (typeof from === 'object' && from !== null ? (from as Record<string, unknown>)[key] : undefined);
  const path = ['components', 'schemas', 'health', 'properties', 'reflector', 'properties', 'counters', 'properties'];
  const found = path.reduce(at, openapi);
  const words: Record<string, string> = {};
  if (typeof found !== 'object' || found === null) return words;
  for (const [name, one] of Object.entries(found)) {
    const text = at(one, 'description');
    if (typeof text === 'string') words[name] = text;
  }
  return words;
}
