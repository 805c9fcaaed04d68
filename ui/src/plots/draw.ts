// SPDX-License-Identifier: Apache-2.0
// What all lanes are drawn with.
import { firstAfter, type Piece, type Row } from '../session/row';
import { columnOf, xOf, yOf, type Frame, type Lane, type Scale } from './axis';
import type { Brush } from './brush';
import type { Theme } from './theme';

export type Context = CanvasRenderingContext2D;

// Each piece within its own stretch of time: what is coarser does not shine through what is finer. Its rows go on a
// little beyond what is seen, for lines go there; they begin where the piece does, and so do dashes, however the range moves.
export function inPieces(brush: Brush, frame: Frame, lane: Lane, pieces: readonly Piece[], each: (rows: readonly Row[], piece: Piece) => void) {
  for (const piece of pieces) {
    const from = Math.max(frame.left, xOf(frame, piece.from));
    const to = Math.min(frame.left + frame.width, xOf(frame, piece.to));
    if (to <= from || piece.rows.length === 0) continue;
    brush.within(from, to, lane);
    each(piece.rows.slice(0, firstAfter(piece.rows, frame.range.to) + 2), piece);
  }
}

export type Get = (row: Row) => number;

// Between two figures: a window's figure holds for all of it. Windows that share a pixel are one, from the least of them
// to the most.
export function fillBetween(brush: Brush, frame: Frame, lane: Lane, scale: Scale, rows: readonly Row[], low: Get | number, high: Get, colour: string) {
  let [left, wide, top, bottom] = [NaN, 0, 0, 0];
  const fill = () => wide > 0 && brush.fill(left, top, wide, bottom - top, colour);
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

const kThin = 1; // pixels of the screen

// One figure, as steps that are joined where windows follow each other.
export function stepLine(brush: Brush, frame: Frame, lane: Lane, scale: Scale, rows: readonly Row[], value: Get, colour: string, width: number, dash: readonly number[] = []) {
  // Begin, end and height of each, and the height of the one before where it is joined to that.
  const each = (take: (x: number, end: number, y: number, from: number | undefined) => void) => {
    let [before, height]: [Row | undefined, number] = [undefined, 0];
    for (const row of rows) {
      if (!Number.isFinite(value(row))) {
        before = undefined;
        continue;
      }
      const y = yOf(scale, lane, value(row));
      const x = xOf(frame, row.begin);
      take(x, Math.max(xOf(frame, row.end), x + 2), y, before && row.begin - before.end <= 1 ? height : undefined); // a single window is seen too
      [before, height] = [row, y];
    }
  };
  // What is faint would be stronger where rectangles overlap.
  if (dash.length > 0 || brush.alpha < 1 || width * frame.ratio <= kThin) {
    const path = (pen: Pick<Context, 'moveTo' | 'lineTo'>) =>
      each((x, end, y, from) => {
        if (from === undefined) pen.moveTo(x, y);
        else pen.lineTo(x, y);
        pen.lineTo(end, y);
      });
    brush.stroke(path, colour, width, dash);
    return;
  }
  const thick = Math.max(1, Math.round(width * frame.ratio)) / frame.ratio; // the same at every height
  each((x, end, y, from) => {
    const far = from === undefined ? 0 : Math.abs(y - from) - thick; // between the two, without their own thickness
    if (far > 0) brush.fill(x - thick / 2, Math.min(y, from as number) + thick / 2, thick, far, colour);
    brush.fill(x, y - thick / 2, end - x, thick, colour);
  });
}

export function text(context: Context, theme: Theme, words: string, x: number, y: number, colour = theme.muted, align: CanvasTextAlign = 'left', style = '11px') {
  context.font = `${style} ${theme.font}`;
  context.fillStyle = colour;
  context.textAlign = align;
  context.textBaseline = 'middle';
  context.fillText(words, x, y);
}

// A thin line over the whole frame.
export function rule(context: Context, colour: string, frame: Frame, y: number) {
  context.fillStyle = colour;
  context.fillRect(frame.left, Math.round(y), frame.width, 1);
}

export function horizontal(context: Context, theme: Theme, frame: Frame, lane: Lane, scale: Scale) {
  for (const tick of scale.ticks) {
    const y = Math.round(yOf(scale, lane, tick.value));
    if (y < lane.top - 1 || y > lane.top + lane.height + 1) continue;
    rule(context, tick.value === 0 && scale.low < 0 ? theme.strong : theme.grid, frame, y);
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
