// SPDX-License-Identifier: Apache-2.0
// The delay: bands of percentiles with the loss behind them, and the other period dashed over it.
import { firstAfter, type Piece, type Row } from '../session/row';
import { columnOf, linear, logarithmic, xOf, type Frame, type Lane, type Scale } from './axis';
import type { Brush } from './brush';
import { fillBetween, inPieces, stepLine, text, type Context, type Get } from './draw';
import { duration } from '../lib/format';
import { lossHeight } from './lanes';
import type { Theme } from './theme';

export type ScaleKind = 'fit' | 'all' | 'log';

export function visible(pieces: readonly Piece[], from: number, to: number): Row[] {
  const rows: Row[] = [];
  for (const piece of pieces) {
    const end = Math.min(to, piece.to);
    for (let i = firstAfter(piece.rows, Math.max(from, piece.from)); i < piece.rows.length; ++i) {
      const row = piece.rows[i] as Row;
      if (row.begin >= end) break;
      rows.push(row);
    }
  }
  return rows;
}

const at = (sorted: number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

// `fit`: single outliers do not flatten everything else; they are marked at the upper edge and told. One-way delays
// have a linear axis through zero, since the difference of the clocks is in them.
export function delayScale(rows: readonly Row[], extra: readonly number[], kind: ScaleKind, oneWay: boolean, height: number): Scale | undefined {
  const lows: number[] = [];
  const highs: number[] = [];
  const usual: number[] = [];
  for (const row of rows) {
    if (!Number.isFinite(row.max)) continue;
    lows.push(row.min);
    highs.push(row.max);
    usual.push(Number.isFinite(row.p99) ? row.p99 : row.max);
  }
  for (const value of extra) {
    lows.push(value);
    highs.push(value);
    usual.push(value);
  }
  if (highs.length === 0) return undefined;
  const least = Math.min(...lows);
  const most = Math.max(...highs);
  const lines = Math.max(2, Math.round(height / 44));
  if (oneWay) return linear(Math.min(0, least), Math.max(0, most), lines);
  if (kind === 'log' && most > 0) {
    const low = Math.max(1, Math.min(...lows.filter((value) => value > 0), most));
    return logarithmic(low / 1.15, Math.max(most * 1.15, low * 1.6), height);
  }
  usual.sort((a, b) => a - b);
  highs.sort((a, b) => a - b);
  const typical = at(usual, 0.97);
  const middle = at(usual, 0.5);
  // Where every other window has such an outlier they are no outliers.
  const top = kind === 'all' || most <= typical * 1.5 ? most : Math.min(most, Math.max(typical * 1.25, Math.min(at(highs, 0.92), typical * 6)));
  // Where all lies far above zero the axis begins near the least, so that a millisecond is seen.
  const bottom = least > 0 && least > (top - least) * 1.5 && middle > 0 ? least - (top - least) * 0.08 : Math.min(0, least);
  return linear(bottom, top + (top - bottom) * 0.03, lines);
}

// A tint over all of the height: more of it, stronger; never less than can be seen.
export function lossBackground(brush: Brush, theme: Theme, frame: Frame, lane: Lane, pieces: readonly Piece[]) {
  inPieces(brush, frame, lane, pieces, (rows) => {
    for (const row of rows) {
      if (!(row.loss > 0)) continue;
      const { x, width } = columnOf(frame, row.begin, row.end);
      // A little loss tints little; in steps, so that neighbours are one.
      brush.alpha = Math.round((0.02 + 0.42 * lossHeight(row.loss) ** 2) * 48) / 48;
      brush.fill(x, lane.top, width, lane.height, theme.bad);
    }
    brush.alpha = 1;
  });
}

export function delayBand(brush: Brush, theme: Theme, frame: Frame, lane: Lane, scale: Scale, pieces: readonly Piece[], faint = false) {
  if (faint) brush.alpha = 0.45;
  inPieces(brush, frame, lane, pieces, (rows, piece) => {
    const band = (low: Get, high: Get, colour: string) => fillBetween(brush, frame, lane, scale, rows, low, high, colour);
    band((row) => row.min, (row) => row.max, theme.outer);
    band((row) => row.p10, (row) => row.p99, theme.outer);
    band((row) => row.p10, (row) => row.p90, theme.inner);
    stepLine(brush, frame, lane, scale, rows, (row) => row.max, theme.strong, 0.75);
    stepLine(brush, frame, lane, scale, rows, (row) => row.p95, theme.median, 0.75, [1.5, 2.5]);
    stepLine(brush, frame, lane, scale, rows, (row) => row.p50, theme.median, piece.exact ? 1.75 : 1.25);
  });
  brush.alpha = 1;
}

export function otherPeriod(brush: Brush, theme: Theme, frame: Frame, lane: Lane, scale: Scale, pieces: readonly Piece[]) {
  inPieces(brush, frame, lane, pieces, (rows) => {
    brush.alpha = 0.6;
    stepLine(brush, frame, lane, scale, rows, (row) => row.p99, theme.other, 0.75, [2, 3]);
    brush.alpha = 1;
    stepLine(brush, frame, lane, scale, rows, (row) => row.p50, theme.other, 1.75, [6, 4]);
  });
}

// What lies above the axis is said: a mark for each window, and how far the worst goes.
export function beyond(context: Context, theme: Theme, frame: Frame, lane: Lane, scale: Scale, rows: readonly Row[]) {
  let worst: Row | undefined;
  context.fillStyle = theme.warn;
  let last = -Infinity;
  for (const row of rows) {
    if (!(row.max > scale.high)) continue;
    if (!worst || row.max > worst.max) worst = row;
    const x = xOf(frame, (row.begin + row.end) / 2);
    if (x - last < 4 || x < frame.left || x > frame.left + frame.width) continue;
    last = x;
    context.beginPath();
    context.moveTo(x - 4, lane.top + 7);
    context.lineTo(x + 4, lane.top + 7);
    context.lineTo(x, lane.top);
    context.fill();
  }
  if (!worst) return;
  const x = Math.min(frame.left + frame.width - 4, Math.max(frame.left + 4, xOf(frame, (worst.begin + worst.end) / 2)));
  const right = x > frame.left + frame.width / 2;
  const words = `up to ${duration(worst.max)}`;
  context.font = `600 11px ${theme.font}`;
  const wide = context.measureText(words).width;
  context.globalAlpha = 0.85;
  context.fillStyle = theme.surface; // over whatever lies there
  context.fillRect(x + (right ? -9 - wide : 5), lane.top - 1, wide + 4, 13);
  context.globalAlpha = 1;
  text(context, theme, words, x + (right ? -7 : 7), lane.top + 6, theme.warn, right ? 'right' : 'left', '600 11px');
}
