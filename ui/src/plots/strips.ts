// SPDX-License-Identifier: Apache-2.0
// What stays for long and then changes, as strips with the value inside: marks, hop limits, flows.
import type { Flow } from '../lib/api';
import { knownInstant } from '../session/instants';
import type { Piece, Row } from '../session/row';
import { xOf, type Frame, type Lane } from './axis';
import { hatch, text, type Context } from './draw';
import type { Theme } from './theme';

export interface Segment {
  from: number;
  to: number;
  value: number;
  words: string;
  odd: boolean; // not as it should be: hatched
}

// Windows with one value that follow each other. What is between two windows is not known.
export function segments(pieces: readonly Piece[], value: (row: Row) => number, words: (value: number) => string, odd: (row: Row) => boolean): Segment[] {
  const all: Segment[] = [];
  for (const piece of pieces)
    for (const row of piece.rows) {
      const of = value(row);
      if (of < 0) continue;
      const last = all[all.length - 1];
      const from = Math.max(row.begin, piece.from);
      if (last && last.value === of && last.odd === odd(row) && from - last.to <= 1) last.to = Math.min(row.end, piece.to);
      else all.push({ from, to: Math.min(row.end, piece.to), value: of, words: words(of), odd: odd(row) });
    }
  return all;
}

export function strip(context: Context, theme: Theme, frame: Frame, lane: Lane, label: string, all: readonly Segment[]) {
  const right = frame.left + frame.width;
  text(context, theme, label, frame.left - 6, lane.top + lane.height / 2, theme.muted, 'right');
  let before: Segment | undefined;
  for (const segment of all) {
    const x = Math.max(frame.left, xOf(frame, segment.from));
    const end = Math.min(right, Math.max(x + 1.5, xOf(frame, segment.to)));
    if (end > frame.left && x < right) {
      context.fillStyle = segment.odd ? theme.warnSoft : theme.accentSoft;
      context.fillRect(x, lane.top, end - x, lane.height);
      if (segment.odd) {
        context.fillStyle = hatch(context, theme.warn);
        context.fillRect(x, lane.top, end - x, lane.height);
      }
      // A change, not a mere gap, has a post.
      if (before && before.value !== segment.value && xOf(frame, segment.from) >= frame.left) {
        context.fillStyle = theme.text;
        context.fillRect(x - 0.75, lane.top - 2, 1.5, lane.height + 4);
      }
      context.font = `11px ${theme.font}`;
      if (context.measureText(segment.words).width + 8 < end - x) {
        if (segment.odd) {
          context.fillStyle = theme.warnSoft;
          context.fillRect(x + 2, lane.top + 1, context.measureText(segment.words).width + 4, lane.height - 2);
        }
        text(context, theme, segment.words, x + 4, lane.top + lane.height / 2 + 0.5, segment.odd ? theme.warn : theme.text);
      }
    }
    before = segment;
  }
}

const kNames: Record<number, string> = { 0: 'CS0', 1: 'LE', 8: 'CS1', 16: 'CS2', 24: 'CS3', 32: 'CS4', 40: 'CS5', 44: 'VA', 46: 'EF', 48: 'CS6', 56: 'CS7' };
export function dscpWords(dscp: number): string {
  const named = kNames[dscp];
  if (named) return named;
  const [af, drop] = [dscp >> 3, (dscp >> 1) & 3];
  return af >= 1 && af <= 4 && drop >= 1 && (dscp & 1) === 0 ? `AF${af}${drop}` : `DSCP ${dscp}`;
}
const kEcn = ['Not-ECT', 'ECT(1)', 'ECT(0)', 'CE'];
export const classWords = (octet: number) => `${dscpWords(octet >> 2)}${octet & 3 ? ` ${kEcn[octet & 3]}` : ''}`;

// Flows that are in use at once lie beneath each other; of one after the other each has the same row.
export function flowRows(flows: readonly Flow[], now: number, most: number): { rows: Segment[][]; hidden: number } {
  const rows: Segment[][] = [];
  let hidden = 0;
  for (const flow of flows) {
    const segment = { from: knownInstant(flow.began), to: flow.ended ? knownInstant(flow.ended) : now, value: flow.flow, words: portWords(flow.tuple), odd: false };
    const row = rows.find((one) => (one[one.length - 1] as Segment).to <= segment.from + 1500);
    if (row) row.push(segment);
    else if (rows.length < most) rows.push([segment]);
    else ++hidden;
  }
  return { rows, hidden };
}

// "192.0.2.1:40001 > 198.51.100.7:23999": the ports are what changes.
export function portWords(tuple: string): string {
  const ports = [...tuple.matchAll(/:(\d{1,5})(?= |$)/g)].map((match) => match[1]);
  return ports.length === 2 ? `${ports[0]} → ${ports[1]}` : tuple;
}
