// SPDX-License-Identifier: Apache-2.0
// The newest seconds, from the live stream: windows of a second until the store's are read, and before those replies
// as they come, with the stamp of the program, which the final value replaces.
import type { Window } from '../lib/api';
import { instant } from '../lib/time';
import type { Probe } from './probes';
import { rowOf, type Delay, type Piece, type Row } from './row';

const kMost = 1200; // seconds
const kYoung = 30; // seconds in which both may yet meet
const kMostProbes = 4000;
const number = (value: unknown) => (typeof value === 'number' ? value : NaN);

export class LiveTail {
  #windows: Window[] = [];
  #rows: { delay: Delay; of: Map<Window, Row> } = { delay: 'rtt', of: new Map() };
  #probes: Probe[] = [];
  #apart = false;

  clear() {
    this.#windows = [];
    this.#rows.of.clear();
    this.#probes = [];
    this.#apart = false;
  }
  // What is kept does not reach to what was told first: the store is written every ten seconds. Where nothing was measured in
  // between it never will.
  get apart(): boolean {
    return this.#apart && this.#windows.length < kYoung;
  }
  window(window: Window) {
    this.#windows.push(window);
    if (this.#windows.length > kMost) this.#rows.of.delete(this.#windows.shift() as Window);
  }
  sample(data: Record<string, unknown>) {
    const at = instant(String(data.scheduled));
    if (!Number.isFinite(at) || typeof data.rtt_ns !== 'number') return;
    this.#probes.push({ at, id: '', outcome: 'delivered', burst: false, provisional: true, rtt: data.rtt_ns, forward: number(data.forward_ns), backward: number(data.backward_ns), delay: NaN });
    if (this.#probes.length > kMostProbes) this.#probes.shift();
  }
  // The pieces, with the live windows that follow the last of theirs.
  after(pieces: Piece[], delay: Delay, now: number): Piece[] {
    this.#apart = false;
    const last = pieces[pieces.length - 1];
    if (!last || last.to < now - 600e3) return pieces;
    const edge = last.rows[last.rows.length - 1]?.end ?? last.from;
    if (this.#rows.delay !== delay) this.#rows = { delay, of: new Map() };
    const rows: Row[] = [];
    for (const window of this.#windows) {
      if (instant(window.begin) < edge) continue;
      let row = this.#rows.of.get(window);
      if (!row) this.#rows.of.set(window, (row = rowOf(window, delay, true)));
      rows.push(row);
    }
    const first = rows[0];
    if (!first) return pieces;
    this.#apart = first.begin > edge;
    return [...pieces.slice(0, -1), { ...last, to: Math.max(edge, first.begin) }, { from: first.begin, to: last.to, rows, step: 1000, exact: true }];
  }
  // Replies that the store does not have yet.
  probes(kept: Probe[], delay: Delay): Probe[] {
    const newest = kept.reduce((latest, probe) => Math.max(latest, probe.at), -Infinity);
    const fresh = this.#probes.filter((probe) => probe.at > newest + 1);
    this.#apart ||= fresh.length > 0 && fresh[0] === this.#probes[0];
    for (const probe of fresh) probe.delay = probe[delay];
    return fresh.length ? kept.concat(fresh) : kept;
  }
}
