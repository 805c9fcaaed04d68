// SPDX-License-Identifier: Apache-2.0
// What all lanes are drawn with.
import type { Piece, Row } from '../session/row';
import { xOf, yOf, type Frame, type Lane, type Scale } from './axis';
import type { Theme } from './theme';

export type Context = CanvasRenderingContext2D;

// Each piece within its own stretch of time: what is coarser does not shine through what is finer.
export function inPieces(context: Context, frame: Frame, lane: Lane, pieces: readonly Piece[], each: (rows: readonly Row[], piece: Piece) => void) {
  for (const piece of pieces) {
    const from = Math.max(frame.left, xOf(frame, piece.from));
    const to = Math.min(frame.left + frame.width, xOf(frame, piece.to));
    if (to <= from || piece.rows.length === 0) continue;
    context.save();
    context.beginPath();
    context.rect(from, lane.top, to - from, lane.height);
    context.clip();
    each(piece.rows, piece);
    context.restore();
  }
}

// Runs of rows that follow each other without a gap and have what is drawn.
export function runs(rows: readonly Row[], has: (row: Row) => boolean, take: (run: Row[]) => void) {
  let run: Row[] = [];
  for (const row of rows) {
    const last = run[run.length - 1];
    if (!has(row) || (last && row.begin - last.end > 1)) {
      if (run.length) take(run);
      run = [];
    }
    if (has(row)) run.push(row);
  }
  if (run.length) take(run);
}

export type Get = (row: Row) => number;

// Between two figures, as steps: a window's figure holds for all of it.
export function fillBetween(context: Context, frame: Frame, lane: Lane, scale: Scale, rows: readonly Row[], low: Get | number, high: Get, colour: string) {
  const lowest: Get = typeof low === 'number' ? () => low : low;
  context.fillStyle = colour;
  runs(rows, (row) => Number.isFinite(high(row)) && Number.isFinite(lowest(row)), (run) => {
    context.beginPath();
    for (const row of run) {
      const y = yOf(scale, lane, high(row));
      context.lineTo(xOf(frame, row.begin), y);
      context.lineTo(Math.max(xOf(frame, row.end), xOf(frame, row.begin) + 1), y);
    }
    for (let i = run.length - 1; i >= 0; --i) {
      const row = run[i] as Row;
      const y = yOf(scale, lane, lowest(row));
      context.lineTo(Math.max(xOf(frame, row.end), xOf(frame, row.begin) + 1), y);
      context.lineTo(xOf(frame, row.begin), y);
    }
    context.fill();
  });
}

export function stepLine(
  context: Context, frame: Frame, lane: Lane, scale: Scale, rows: readonly Row[], value: Get, colour: string, width = 1.5, dash: number[] = []) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = 'round';
  context.setLineDash(dash);
  runs(rows, (row) => Number.isFinite(value(row)), (run) => {
    context.beginPath();
    for (const row of run) {
      const y = yOf(scale, lane, value(row));
      const x = xOf(frame, row.begin);
      context.lineTo(x, y);
      context.lineTo(Math.max(xOf(frame, row.end), x + 2), y); // a single window is seen too
    }
    context.stroke();
  });
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
