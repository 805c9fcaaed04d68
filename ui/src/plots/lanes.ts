// SPDX-License-Identifier: Apache-2.0
// Lanes of one figure each: loss by direction, delay variation, reordering.
import type { Piece, Row } from '../session/row';
import { columnOf, linear, xOf, type Frame, type Lane, type Scale } from './axis';
import type { Brush } from './brush';
import { fillBetween, inPieces, rule, stepLine, text, type Context, type Get } from './draw';
import type { Theme } from './theme';

// Shares over four decades: one probe in ten thousand is still a pixel, and all lost is the whole height.
const kLeast = 1e-4;
export function lossHeight(share: number): number {
  if (!(share > 0)) return 0;
  return 0.12 + 0.88 * Math.max(0, 1 + Math.log10(Math.min(1, Math.max(share, kLeast))) / 4);
}

interface Part {
  words: string;
  value: Get;
  worst?: Get;
  colour: (theme: Theme) => string;
}
const kParts: Part[] = [
  { words: 'all', value: (row) => row.loss, worst: (row) => row.worstLoss, colour: (theme) => theme.bad },
  { words: 'forward', value: (row) => row.forwardLoss, colour: (theme) => theme.forward },
  { words: 'backward', value: (row) => row.backwardLoss, colour: (theme) => theme.backward },
  { words: 'other', value: (row) => row.otherLoss, colour: (theme) => theme.other },
];

const bottomOf = (lane: Lane, i: number) => Math.round(lane.top + ((i + 1) * lane.height) / kParts.length - 0.5);

export function lossNames(context: Context, theme: Theme, frame: Frame, lane: Lane) {
  kParts.forEach((part, i) => {
    rule(context, theme.grid, frame, bottomOf(lane, i));
    text(context, theme, part.words, frame.left - 6, bottomOf(lane, i) - lane.height / kParts.length / 2 + 1, theme.muted, 'right');
  });
}
export function lossLanes(brush: Brush, theme: Theme, frame: Frame, lane: Lane, pieces: readonly Piece[]) {
  const height = lane.height / kParts.length;
  const full = height - 4;
  kParts.forEach((part, i) => {
    const bottom = bottomOf(lane, i);
    const colour = part.colour(theme);
    inPieces(brush, frame, { top: bottom - height, height }, pieces, (rows) => {
      const bars = (share: Get, of = colour, height = (row: Row) => lossHeight(share(row)) * full) => {
        for (const row of rows) {
          if (!(share(row) > 0)) continue;
          const { x, width: all } = columnOf(frame, row.begin, row.end);
          brush.fill(x, bottom - height(row), all > 5 ? all - 1 : Math.max(2, all), of === colour ? height(row) : 3, of);
        }
      };
      const { worst, value } = part;
      brush.alpha = 0.3;
      if (worst) bars((row) => (worst(row) > value(row) ? worst(row) : 0));
      brush.alpha = 1;
      if (i === 0) bars((row) => row.notSent, theme.strong, () => full); // this host did not send: no loss, and no silence about it
      bars(value);
    });
  });
}

const most = (rows: readonly Row[], value: Get) => rows.reduce((top, row) => (value(row) > top ? value(row) : top), 0);

// Difference of neighbours (RFC 3393), without its sign. The few maxima above the axis are marked at its edge.
export function variationScale(rows: readonly Row[]): Scale | undefined {
  const peaks = rows.map((row) => row.jitterMax).filter((value) => value > 0).sort((a, b) => a - b);
  const peak = peaks[peaks.length - 1];
  if (peak === undefined) return undefined;
  const usual = peaks[Math.floor(peaks.length * 0.9)] ?? peak;
  return linear(0, Math.min(peak, Math.max(usual, most(rows, (row) => row.jitter95) * 1.2)), 2);
}
export function variation(brush: Brush, theme: Theme, frame: Frame, lane: Lane, scale: Scale, pieces: readonly Piece[]) {
  inPieces(brush, frame, lane, pieces, (of) => {
    fillBetween(brush, frame, lane, scale, of, 0, (row) => Math.min(row.jitterMax, scale.high), theme.outer);
    fillBetween(brush, frame, lane, scale, of, 0, (row) => row.jitter95, theme.inner);
    stepLine(brush, frame, lane, scale, of, (row) => row.jitter50, theme.median, 1.5);
    for (const row of of) if (row.jitterMax > scale.high) brush.fill(xOf(frame, (row.begin + row.end) / 2) - 1, lane.top, 2.5, 4, theme.warn);
  });
}

export function orderNames(context: Context, theme: Theme, frame: Frame, lane: Lane) {
  text(context, theme, 'overtaken', frame.left - 6, lane.top + lane.height / 4, theme.muted, 'right');
  text(context, theme, 'copies', frame.left - 6, lane.top + (lane.height * 3) / 4, theme.muted, 'right');
  for (const y of [lane.top + lane.height / 2, lane.top + lane.height]) rule(context, theme.grid, frame, y);
}
export function reordering(brush: Brush, theme: Theme, frame: Frame, lane: Lane, pieces: readonly Piece[]) {
  const middle = lane.top + lane.height / 2;
  const full = lane.height / 2 - 3;
  inPieces(brush, frame, lane, pieces, (rows) => {
    for (const row of rows) {
      const x = xOf(frame, row.begin);
      const width = Math.max(2, xOf(frame, row.end) - x);
      const bar = (share: number, bottom: number, colour: string) => brush.fill(x, bottom - lossHeight(share) * full, width, lossHeight(share) * full, colour);
      if (row.reordered > 0) bar(row.reordered / Math.max(1, row.arrived), middle, theme.median);
      if (row.duplicates > 0) bar(row.duplicates / Math.max(1, row.delivered), lane.top + lane.height, theme.backward);
    }
  });
}

