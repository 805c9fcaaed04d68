// SPDX-License-Identifier: Apache-2.0
// Single probes, asked for by the minute and kept while there is room.
import { get, paths, type Sample, type Samples } from '../lib/api';
import type { Range } from '../lib/range';
import { iso, kMinute } from '../lib/time';
import type { Delay } from './row';

export interface Probe {
  at: number; // ms, when it was due
  id: string; // the same in ns, exact
  outcome: string;
  burst: boolean;
  provisional: boolean; // of the live stream: by another stamp than it will have
  rtt: number;
  forward: number;
  backward: number;
  delay: number; // the one that is shown; NaN of lost ones
}

export function probeOf(sample: Sample): Probe {
  const id = String(sample.scheduled_ns ?? '');
  return {
    at: Number(id.slice(0, -3)) / 1e3,
    id,
    outcome: sample.outcome,
    burst: sample.burst ?? false,
    provisional: false,
    rtt: sample.rtt_ns ?? NaN,
    forward: sample.forward_ns ?? NaN,
    backward: sample.backward_ns ?? NaN,
    delay: NaN,
  };
}

interface Minute {
  probes: Probe[];
  asked: number;
  settled: boolean; // all in it is decided
  busy: boolean;
  used: number;
}
const kMost = 40;
const kLimit = 10_000;
const kDecided = 15_000; // ms after which an outcome no longer changes
const kAgain = 5_000;

export class Probes {
  #minutes = new Map<number, Minute>();
  #uses = 0;
  #running = 0;
  #abort = new AbortController();
  failure: unknown;

  constructor(
    readonly session: string,
    readonly changed: () => void,
    readonly now: () => number,
  ) {}

  of(range: Range, delay: Delay, again = kAgain): Probe[] {
    const all: Probe[] = [];
    for (let minute = Math.floor(range.from / kMinute); minute * kMinute < Math.min(range.to, this.now()); ++minute) {
      const kept = this.#minutes.get(minute);
      if (kept) kept.used = ++this.#uses;
      if (!kept || (!kept.settled && !kept.busy && this.now() - kept.asked > again)) void this.#ask(minute);
      for (const probe of kept?.probes ?? []) {
        probe.delay = probe[delay];
        all.push(probe);
      }
    }
    return all;
  }
  close() {
    this.#abort.abort();
    this.#minutes.clear();
  }
  async #ask(minute: number) {
    if (this.#running >= 3) return; // the next frame asks again
    const old = this.#minutes.get(minute);
    const asked = this.now();
    const entry: Minute = old ?? { probes: [], asked, settled: false, busy: true, used: ++this.#uses };
    entry.busy = true;
    entry.asked = asked;
    this.#minutes.set(minute, entry);
    ++this.#running;
    try {
      const query = { from: iso(minute * kMinute), to: iso((minute + 1) * kMinute), limit: kLimit };
      const answer = await get<Samples>(paths.samples(this.session), query, this.#abort.signal);
      entry.probes = answer.samples.map(probeOf);
      entry.settled = asked > (minute + 1) * kMinute + kDecided;
      this.failure = undefined;
    } catch (failure) {
      if (!this.#abort.signal.aborted) this.failure = failure;
    } finally {
      --this.#running;
      entry.busy = false;
      if (!this.#abort.signal.aborted) {
        if (this.#minutes.size > kMost) {
          const oldest = [...this.#minutes].sort((a, b) => a[1].used - b[1].used)[0];
          if (oldest) this.#minutes.delete(oldest[0]);
        }
        this.changed();
      }
    }
  }
}
