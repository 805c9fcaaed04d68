// SPDX-License-Identifier: Apache-2.0
// What is said of losses, and of the window that is pointed at.
import { count, duration, kNone, share } from '../lib/format';
import { stepWords } from '../lib/steps';
import { classWords } from '../plots/strips';
import type { Figures } from './report';
import type { Row } from './row';

const octet = (value: number, words: (value: number) => string) => (value < 0 ? kNone : words(value));
// Forward and backward, where they are known.
export const both = (a: number, b: number, words: (value: number) => string) => `${octet(a, words)} / ${octet(b, words)}`;

export const notesOf = (row: Row) =>
  [row.part && 'in part', row.provisional && 'provisional', row.clockSteps && 'clock set', row.notSent && `${row.notSent} not sent`, row.remarkedForward + row.remarkedBackward && 're-marked']
    .filter(Boolean)
    .join(', ');

// What is neither lost there nor back, and what is no loss of the network, by its cause.
const kCauses: [string, (of: Figures) => number | undefined][] = [
  ['lost, direction unknown', (of) => of.lost.unknown],
  ['answered too late', (of) => of.late],
  ['refused: nothing listens on the port', (of) => of.lost_by_cause?.peer_closed],
  ['too big', (of) => of.lost_by_cause?.too_big],
  ['refused by the reflector', (of) => of.refused_by_peer],
  ['not sent by this host', (of) => of.unsent.total],
  ['withheld', (of) => of.withheld],
  ['not sent in time by this host', (of) => of.late_schedule],
];
export function lossWords(of: Figures): string {
  return kCauses.map(([words, get]) => [words, get(of) ?? 0] as const).filter(([, n]) => n > 0).map(([words, n]) => `${count(n)} ${words}`).join(', ');
}

// [name, value, told on narrow screens too]
export type Told = [string, string, boolean];
export function rowTold(row: Row, other: Row | undefined): Told[] {
  const told: (Told | false)[] = [
    ['for', stepWords(row.end - row.begin) + (notesOf(row) && ` (${notesOf(row)})`), true],
    ['min', duration(row.min), true],
    ['p50', duration(row.p50), true],
    ['p95', duration(row.p95), false],
    ['p99', duration(row.p99), true],
    ['max', duration(row.max), true],
    ['loss', share(row.loss), true],
    row.lost > 0 && ['forward / backward', `${share(row.forwardLoss)} / ${share(row.backwardLoss)}`, true],
    row.worstLoss > row.loss && ['worst second', share(row.worstLoss), true],
    ['variation', duration(row.jitter50), false],
    row.reordered > 0 && ['overtaken', count(row.reordered), true],
    row.duplicates > 0 && ['copies', count(row.duplicates), true],
    ['marks', both(row.classForward, row.classBackward, classWords), false],
    ['hop limit', both(row.hopsForward, row.hopsBackward, String), false],
    !!other && ['compared: p50', `${duration(other.p50)}, loss ${share(other.loss)}`, true],
  ];
  return told.filter((one): one is Told => one !== false);
}
