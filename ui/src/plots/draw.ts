// SPDX-License-Identifier: Apache-2.0
// What all lanes are drawn with.
import { firstAfter, type Piece, type Row } from '../session/row';
import { columnOf, xOf, yOf, type Frame, type Lane, type Scale } from './axis';
import type { Theme } from './theme';

export type Context = CanvasRenderingContext2D;

// Each piece within its own stretch of time: what is coarser does not shine through what is finer. Of its rows those that
// can be seen, and one more on each side, which lines come from and go to.
export function inPieces(context: Context, frame: Frame, lane: Lane, pieces: readonly Piece[], each: (rows: readonly Row[], piece: Piece) => void) {
  for (const piece of pieces) {
    const from = Math.max(frame.left, xOf(frame, piece.from));
    const to = Math.min(frame.left + frame.width, xOf(frame, piece.to));
    if (to <= from || piece.rows.length === 0) continue;
    context.save();
    context.beginPath();
    context.rect(from, lane.top, to - from, lane.height);
    context.clip();
    const first = firstAfter(piece.rows, frame.range.from);
    const last = firstAfter(piece.rows, frame.range.to);
    each(piece.rows.slice(Math.max(0, first - 1), last + 2), piece);
    context.restore();
  }
}

export type Get = (row: Row) => number;
const follows = (before: Row | undefined, row: Row) => before !== undefined && row.begin - before.end <= 1;

// Between two figures: a window's figure holds for all of it. As rectangles, which are filled several times as fast as an
// outline of as many steps. Windows that share a pixel are one, from the least of them to the most.
export function fillBetween(context: Context, frame: Frame, lane: Lane, scale: Scale, rows: readonly Row[], low: Get | number, high: Get, colour: string) {
  context.fillStyle = colour;
  let [left, wide, top, bottom] = [NaN, 0, 0, 0];
  const fill = () => wide > 0 && context.fillRect(left, top, wide, bottom - top);
  for (const row of rows) {
    const [most, least] = [high(row), typeof low === 'number' ? low : low(row)];
    if (!Number.isFinite(most) || !Number.isFinite(least)) continue;
    const { x, width } = columnOf(frame, row.begin, row.end);
    const [upper, lower] = [yOf(scale, lane, most), yOf(scale, lane, least)];
    if (x === left) [wide, top, bottom] = [Math.max(wide, width), Math.min(top, upper), Math.max(bottom, lower)];
    else {
      fill();
      [left, wide, top, bottom] = [x, width, upper, lower];
    }
  }
  fill();
}

const kThin = 1; // pixels of the screen: up to here a stroke is the faster one

export function stepLine(
  context: Context, frame: Frame, lane: Lane, scale: Scale, rows: readonly Row[], value: Get, colour: string, width = 1.5, dash: readonly number[] = []) {
  const stroked = dash.length > 0 || width * frame.ratio <= kThin;
  context.fillStyle = context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = 'round';
  context.setLineDash([...dash]);
  context.beginPath();
  let [before, height]: [Row | undefined, number] = [undefined, 0];
  for (const row of rows) {
    const of = value(row);
    if (!Number.isFinite(of)) {
      before = undefined;
      continue;
    }
    const y = yOf(scale, lane, of);
    const x = xOf(frame, row.begin);
    const end = Math.max(xOf(frame, row.end), x + 2); // a single window is seen too
    const joined = follows(before, row);
    if (stroked) {
      if (joined) context.lineTo(x, y);
      else context.moveTo(x, y);
      context.lineTo(end, y);
    } else {
      context.fillRect(x, y - width / 2, end - x, width);
      const far = Math.abs(y - height) - width; // between the two, without their own thickness
      if (joined && far > 0) context.fillRect(x - width / 2, Math.min(y, height) + width / 2, width, far);
    }
    [before, height] = [row, y];
  }
  if (stroked) context.stroke();
  context.setLineDash([]);
}

export function text(context: Context, theme: Theme, words: string, x: number, y: number, colour = theme.muted, align: CanvasTextAlign = 'left', style = '11px') {
  context.font = `${style} ${theme.font}`;
  context.fillStyle = colour;
  context.textAlign = align;
  context.textBaseline = 'middle';
  context.fillText(words, x, y);
}

export function horizontal(context: Context, theme: Theme, frame: Frame, lane: Lane, scale: Scale) {
  context.lineWidth = 1;
  for (const tick of scale.ticks) {
    const y = Math.round(yOf(scale, lane, tick.value)) + 0.5;
    if (y < lane.top - 1 || y > lane.top + lane.height + 1) continue;
    context.strokeStyle = tick.value === 0 && scale.low < 0 ? theme.strong : theme.grid;
    context.beginPath();
    context.moveTo(frame.left, y);
    context.lineTo(frame.left + frame.width, y);
    context.stroke();
    text(context, theme, tick.label, frame.left - 6, y, theme.muted, 'right');
  }
}

export interface Key {
  words: string;
  colour: string;
  shape: 'line' | 'dash' | 'dot' | 'area' | 'bar';
}

// A lane's name and what its marks mean; what has no room is left out from the end.
export function heading(context: Context, theme: Theme, frame: Frame, y: number, title: string, keys: readonly Key[], note = '') {
  text(context, theme, title, frame.left, y, theme.text, 'left', '600 12px');
  let x = frame.left + context.measureText(title).width + 14;
  context.font = `11px ${theme.font}`;
  const end = frame.left + frame.width;
  for (const key of keys) {
    const width = context.measureText(key.words).width + 32;
    if (x + width > end) return;
    context.fillStyle = context.strokeStyle = key.colour;
    context.lineWidth = 2;
    context.setLineDash(key.shape === 'dash' ? [4, 3] : []);
    if (key.shape === 'area') context.fillRect(x, y - 4, 14, 8);
    else if (key.shape === 'bar') context.fillRect(x + 4, y - 5, 4, 10);
    else if (key.shape === 'dot') context.fillRect(x + 5, y - 2, 4, 4);
    else {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 14, y);
      context.stroke();
    }
    context.setLineDash([]);
    text(context, theme, key.words, x + 18, y);
    x += width;
  }
  if (note && x + context.measureText(note).width < end) text(context, theme, note, end, y, theme.muted, 'right');
}

let hatches: { context: Context; colour: string; pattern: CanvasPattern | null } | undefined;
// Diagonal lines: nothing is known here.
export function hatch(context: Context, colour: string): CanvasPattern | string {
  if (hatches?.colour === colour && hatches.context === context) return hatches.pattern ?? colour;
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const pen = tile.getContext('2d');
  if (!pen) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const shift of [-8, 0, 8]) {
    pen.moveTo(shift, 8);
    pen.lineTo(shift + 8, 0);
  }
  pen.stroke();
  hatches = { context, colour, pattern: context.createPattern(tile, 'repeat') };
  return hatches.pattern ?? colour;
}
