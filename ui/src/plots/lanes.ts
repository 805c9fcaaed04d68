// SPDX-License-Identifier: Apache-2.0
// Lanes of one figure each: loss by direction, delay variation, reordering.
import type { Piece, Row } from '../session/row';
import { columnOf, linear, xOf, type Frame, type Lane } from './axis';
import { fillBetween, horizontal, inPieces, stepLine, text, type Context, type Get } from './draw';
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

export function lossLanes(context: Context, theme: Theme, frame: Frame, lane: Lane, pieces: readonly Piece[]) {
  const height = lane.height / kParts.length;
  kParts.forEach((part, i) => {
    const bottom = lane.top + (i + 1) * height - 0.5;
    const full = height - 4;
    context.strokeStyle = theme.grid;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(frame.left, Math.round(bottom) + 0.5);
    context.lineTo(frame.left + frame.width, Math.round(bottom) + 0.5);
    context.stroke();
    text(context, theme, part.words, frame.left - 6, bottom - height / 2 + 1, theme.muted, 'right');
    inPieces(context, frame, { top: bottom - height, height }, pieces, (rows) => {
      for (const row of rows) {
        const { x, width: all } = columnOf(frame, row.begin, row.end);
        const width = all > 5 ? all - 1 : Math.max(2, all);
        if (part.worst && part.worst(row) > part.value(row)) {
          context.globalAlpha = 0.3;
          context.fillStyle = part.colour(theme);
          context.fillRect(x, bottom - lossHeight(part.worst(row)) * full, width, lossHeight(part.worst(row)) * full);
          context.globalAlpha = 1;
        }
        if (i === 0 && row.notSent > 0) {
          context.fillStyle = theme.strong; // this host did not send: no loss, and no silence about it
          context.fillRect(x, bottom - full, width, 3);
        }
        if (!(part.value(row) > 0)) continue;
        context.fillStyle = part.colour(theme);
        context.fillRect(x, bottom - lossHeight(part.value(row)) * full, width, lossHeight(part.value(row)) * full);
      }
    });
  });
}

const most = (rows: readonly Row[], value: Get) => rows.reduce((top, row) => (value(row) > top ? value(row) : top), 0);

// Difference of neighbours (RFC 3393), without its sign. The few maxima above the axis are marked at its edge.
export function variation(context: Context, theme: Theme, frame: Frame, lane: Lane, pieces: readonly Piece[], rows: readonly Row[]) {
  const peaks = rows.map((row) => row.jitterMax).filter((value) => value > 0).sort((a, b) => a - b);
  const peak = peaks[peaks.length - 1];
  if (peak === undefined) return;
  const usual = peaks[Math.floor(peaks.length * 0.9)] ?? peak;
  const scale = linear(0, Math.min(peak, Math.max(usual, most(rows, (row) => row.jitter95) * 1.2)), 2);
  horizontal(context, theme, frame, lane, scale);
  inPieces(context, frame, lane, pieces, (of) => {
    fillBetween(context, frame, lane, scale, of, 0, (row) => Math.min(row.jitterMax, scale.high), theme.outer);
    fillBetween(context, frame, lane, scale, of, 0, (row) => row.jitter95, theme.inner);
    stepLine(context, frame, lane, scale, of, (row) => row.jitter50, theme.median, 1.5);
    context.fillStyle = theme.warn;
    for (const row of of) if (row.jitterMax > scale.high) context.fillRect(xOf(frame, (row.begin + row.end) / 2) - 1, lane.top, 2.5, 4);
  });
}

export function reordering(context: Context, theme: Theme, frame: Frame, lane: Lane, pieces: readonly Piece[]) {
  const middle = lane.top + lane.height / 2;
  text(context, theme, 'overtaken', frame.left - 6, lane.top + lane.height / 4, theme.muted, 'right');
  text(context, theme, 'copies', frame.left - 6, lane.top + (lane.height * 3) / 4, theme.muted, 'right');
  context.strokeStyle = theme.grid;
  for (const y of [middle, lane.top + lane.height]) {
    context.beginPath();
    context.moveTo(frame.left, Math.round(y) + 0.5);
    context.lineTo(frame.left + frame.width, Math.round(y) + 0.5);
    context.stroke();
  }
  inPieces(context, frame, lane, pieces, (rows) => {
    for (const row of rows) {
      const x = xOf(frame, row.begin);
      const width = Math.max(2, xOf(frame, row.end) - x);
      const full = lane.height / 2 - 3;
      const bar = (share: number, bottom: number, colour: string) => {
        context.fillStyle = colour;
        context.fillRect(x, bottom - lossHeight(share) * full, width, lossHeight(share) * full);
      };
      if (row.reordered > 0) bar(row.reordered / Math.max(1, row.arrived), middle, theme.median);
      if (row.duplicates > 0) bar(row.duplicates / Math.max(1, row.delivered), lane.top + lane.height, theme.backward);
    }
  });
}

