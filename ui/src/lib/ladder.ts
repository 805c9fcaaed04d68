// SPDX-License-Identifier: Apache-2.0
// Where the stamps of a probe stand in its ladder diagram: time runs down, the sender on the left, the reflector on the
// right. To scale where all of it can be seen, else with each part as tall as it needs.
import type { Sample } from './api';
import { big } from './nanos';

export interface Stamp {
  name: string; // T1 ..., or a word for a tick
  words: string;
  side: 'sender' | 'reflector';
  main: boolean; // one of the four; else a tick
  at: number; // ns after T1 (the first stamp there is), on the sender's clock as it is drawn
  source?: string;
  error?: number;
  y: number;
  whisker: number; // half of its height
  label: number; // where its words stand: near ones make room for each other
}
export interface Ladder {
  stamps: Stamp[];
  toScale: boolean;
  fits: boolean; // it could be drawn to scale
  shift: number; // ns that the reflector's clock was moved by
  height: number;
}
export type Clocks = 'raw' | 'half';

const kTop = 34;
const kBody = 300;
const kPart = 84; // of a part that is not to scale
const kTick = 30;
const kLine = 19; // of words
const kSeen = 0.06; // of the whole, to be seen as a slope

// Both ways equally long: what the reflector's clock is ahead by then.
export function offsetOf(s: Sample): number | undefined {
  return s.forward_ns === undefined || s.backward_ns === undefined ? undefined : (s.forward_ns - s.backward_ns) / 2;
}
// Raw stamps show where a packet was only when they do not make it arrive before it left.
export function clocksOf(s: Sample): Clocks {
  return (s.forward_ns ?? 0) < 0 || (s.backward_ns ?? 0) < 0 ? 'half' : 'raw';
}

// Words of ticks stand above those of T1, words of T2 and T3 apart.
function label(stamps: Stamp[]) {
  for (const one of stamps) one.label = one.y;
  const sender = stamps.filter((one) => one.side === 'sender' && one.name !== 'T4');
  for (let i = sender.length - 2; i >= 0; i--) {
    const [one, next] = [sender[i], sender[i + 1]];
    if (one && next) one.label = Math.min(one.y, next.label - kLine);
  }
  const [t2, t3] = stamps.filter((one) => one.side === 'reflector');
  if (!t2 || !t3) return;
  const lack = 2 * kLine - Math.abs(t3.y - t2.y);
  if (lack > 0) [t2.label, t3.label] = [t2.y - lack / 2, t3.y + lack / 2];
}

export function ladderOf(s: Sample, clocks: Clocks, even: boolean | undefined): Ladder {
  const base = big(s.sender_tx_ns) ?? big(s.sender_user_ns) ?? big(s.scheduled_ns) ?? 0n;
  const shift = clocks === 'half' ? (offsetOf(s) ?? 0) : 0;
  const stamps: Stamp[] = [];
  const add = (name: string, words: string, side: Stamp['side'], main: boolean, ns: string | undefined, source?: string, error?: number) => {
    const at = big(ns);
    if (at === undefined) return;
    stamps.push({ name, words, side, main, at: Number(at - base) - (side === 'reflector' ? shift : 0), source, error, y: 0, whisker: 0, label: 0 });
  };
  add('due', 'due', 'sender', false, s.scheduled_ns);
  add('user', 'handed over', 'sender', false, s.sender_user_ns);
  add('queue', 'entered the queue', 'sender', false, s.sender_scheduler_ns);
  add('T1', 'left', 'sender', true, s.sender_tx_ns, s.sender_tx_source, s.sender_tx_error_ns);
  add('T2', 'arrived', 'reflector', true, s.reflector_rx_ns, s.reflector_rx_source, s.reflector_rx_error_ns);
  add('T3', 'reply left', 'reflector', true, s.reflector_tx_ns, s.reflector_tx_source, s.reflector_tx_error_ns);
  add('T4', 'reply arrived', 'sender', true, s.sender_rx_ns, s.sender_rx_source, s.sender_rx_error_ns);
  const times = stamps.map(({ at }) => at);
  const first = Math.min(...times);
  const span = Math.max(...times) - first;
  const time = (name: string) => stamps.find((one) => one.name === name)?.at;
  // Slopes must be seen; how long the reflector took need not be.
  const ways = [[time('T1'), time('T2')], [time('T3'), time('T4')]].map(([a, b]) => (a === undefined || b === undefined ? 0 : b - a));
  const fits = span > 0 && ways.every((way) => way >= span * kSeen) && first > -span * 0.4;
  const toScale = even === undefined ? fits : !even && span > 0;
  if (toScale) {
    const top = kTop + kLine * stamps.filter((one) => !one.main).length;
    for (const one of stamps) {
      one.y = top + ((one.at - first) / span) * kBody;
      one.whisker = Math.min(60, Math.max(2, ((one.error ?? 0) / span) * kBody));
    }
    label(stamps);
    return { stamps, toScale, fits, shift, height: top + kBody + 30 };
  }
  // Down by a part where time goes on, up where a stamp is before the one it follows.
  let y = 0;
  let before: Stamp | undefined;
  for (const one of stamps) {
    const step = before ? (one.main && before.main ? kPart : kTick) : 0;
    y += before && one.at < before.at ? -step : step;
    one.y = y;
    one.whisker = one.main && one.error !== undefined ? 9 : 2;
    before = one;
  }
  const least = Math.min(0, ...stamps.map((one) => one.y));
  for (const one of stamps) one.y += kTop - least;
  label(stamps);
  return { stamps, toScale, fits, shift, height: Math.max(kTop, ...stamps.map((one) => one.y)) + 30 };
}
