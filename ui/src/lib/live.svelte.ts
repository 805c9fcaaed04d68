// SPDX-License-Identifier: Apache-2.0
// Live data: one stream of server-sent events for one view. EventSource comes back by itself after a break and asks for
// what it missed; where the agent began anew, or a stream was refused, a new one is opened here.
import { address, parse, paths, type Query } from './api';

export type LiveState = 'connecting' | 'open' | 'broken';
export interface LiveMessage {
  kind: 'sample' | 'window' | 'event' | 'incident' | 'status' | 'gap';
  data: Record<string, unknown>;
}

const kKinds = ['sample', 'window', 'event', 'incident', 'status', 'gap'] as const;
const kAgain = 3_000; // ms until a refused stream is tried again

export class Live {
  state = $state<LiveState>('connecting');
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  // `hear` gets each message; a `gap` says that some were missed, and what is shown must be read again. So it is after
  // each new connection: `resumed`.
  constructor(
    readonly query: Query,
    readonly hear: (message: LiveMessage) => void,
    readonly resumed: () => void = () => {},
  ) {
    this.#open();
  }
  #open() {
    const source = new EventSource(`.${address(paths.live, this.query)}`);
    this.#source = source;
    let before = this.state === 'broken';
    source.onopen = () => {
      this.state = 'open';
      if (before) this.resumed();
      before = true;
    };
    source.onerror = () => {
      this.state = 'broken';
      if (source.readyState !== EventSource.CLOSED || this.#closed) return;
      this.#timer = setTimeout(() => this.#open(), kAgain);
    };
    for (const kind of kKinds) {
      source.addEventListener(kind, (event) => {
        const data = parse((event as MessageEvent<string>).data) as Record<string, unknown>;
        this.hear({ kind, data });
      });
    }
  }
  // A stream that says nothing although it should is opened anew.
  again() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.state = 'broken';
    this.#open();
  }
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#source?.close();
  }
}
