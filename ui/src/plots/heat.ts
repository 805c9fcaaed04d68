// SPDX-License-Identifier: Apache-2.0
// Heat map of delay over time: each window a column, each bucket a row, the colour its share of the window's probes
// on a logarithmic scale. Painted pixel by pixel: thousands of rectangles would not fit into a frame.
import { high, low, type Bins } from '../session/bins';
import type { Piece, Row } from '../session/row';
import { linear, logarithmic, xOf, yOf, type Frame, type Lane, type Scale } from './axis';
import { visible } from './band';
import { text, type Context } from './draw';
import { heatColours, type Theme } from './theme';

export function heatScale(rows: readonly Row[], height: number): Scale | undefined {
  let least = Infinity;
  let most = -Infinity;
  for (const row of rows) {
    const keys = row.bins?.keys;
    if (!keys?.length) continue;
    least = Math.min(least, low(keys[0] as number));
    most = Math.max(most, high(keys[keys.length - 1] as number));
  }
  if (!(most >= least)) return undefined;
  if (least <= 0) return linear(Math.min(0, least), Math.max(0, most), Math.max(2, Math.round(height / 40)));
  return logarithmic(least / 1.05, Math.max(most, least * 1.5) * 1.05, height);
}

const kDecades = 3; // from one in a thousand to all
export const heatPlace = (share: number) => Math.round(255 * Math.min(1, Math.max(0.04, 1 + Math.log10(share) / kDecades)));

// Of each bucket; they stay what they are while a window is drawn in frame after frame.
const known = new WeakMap<Bins, number[]>();
function shadesOf(bins: Bins): number[] {
  let shades = known.get(bins);
  if (!shades) known.set(bins, (shades = bins.counts.map((count) => heatPlace(count / bins.total))));
  return shades;
}

export class HeatMap {
  readonly #places = new Map<number, [number, number]>(); // of a bucket in `pixels`, while a map is drawn
  #canvas: HTMLCanvasElement | undefined;
  #image: ImageData | undefined;
  #legend: HTMLCanvasElement | undefined; // all colours in a row
  #colours = heatColours(false);
  #dark = false;

  draw(context: Context, theme: Theme, frame: Frame, lane: Lane, scale: Scale, pieces: readonly Piece[]) {
    const { ratio } = frame;
    const width = Math.max(1, Math.round(frame.width * ratio));
    const height = Math.max(1, Math.round(lane.height * ratio));
    if (this.#dark !== theme.dark) {
      this.#colours = heatColours((this.#dark = theme.dark));
      this.#legend = undefined;
    }
    if (!this.#canvas || !this.#image || this.#image.width !== width || this.#image.height !== height) {
      this.#canvas = document.createElement('canvas');
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#image = new ImageData(width, height);
    }
    const pen = this.#canvas.getContext('2d');
    if (!pen) return;
    const pixels = new Uint32Array(this.#image.data.buffer);
    pixels.fill(0);
    this.#places.clear();
    for (const piece of pieces.filter(({ to }) => to > frame.range.from)) // a long row of those before may reach beyond them
      for (const row of visible([piece], frame.range.from, frame.range.to)) this.#column(pixels, width, height, frame, lane, scale, row, piece);
    pen.putImageData(this.#image, 0, 0);
    context.drawImage(this.#canvas, frame.left, lane.top, frame.width, lane.height);
  }
  #column(pixels: Uint32Array, width: number, height: number, frame: Frame, lane: Lane, scale: Scale, row: Row, piece: Piece) {
    const { ratio } = frame;
    const bins = row.bins;
    if (!bins?.total) return;
    const begin = Math.max(0, Math.round((xOf(frame, Math.max(row.begin, piece.from)) - frame.left) * ratio));
    const end = Math.min(width, Math.max(begin + 1, Math.round((xOf(frame, Math.min(row.end, piece.to)) - frame.left) * ratio)));
    if (begin >= width || xOf(frame, Math.min(row.end, piece.to)) <= frame.left) return;
    const shades = shadesOf(bins);
    for (let i = 0; i < bins.keys.length; ++i) {
      const colour = this.#colours[shades[i] as number] as number;
      const key = bins.keys[i] as number;
      let place = this.#places.get(key);
      if (!place) {
        const top = Math.max(0, Math.round((yOf(scale, lane, high(key)) - lane.top) * ratio));
        place = [top * width, Math.min(height, Math.max(top + 1, Math.round((yOf(scale, lane, low(key)) - lane.top) * ratio))) * width];
        this.#places.set(key, place);
      }
      // Most are a few pixels: a call for each line of them would take longer than they do.
      for (let line = place[0]; line < place[1]; line += width) for (let x = line + begin; x < line + end; ++x) pixels[x] = colour;
    }
  }
  // What the colours mean, at the right of the lane's heading.
  legend(context: Context, theme: Theme, frame: Frame, y: number) {
    const width = Math.min(150, frame.width / 4);
    const left = frame.left + frame.width - width - 46;
    if (!this.#legend) {
      const strip = document.createElement('canvas');
      [strip.width, strip.height] = [this.#colours.length, 1];
      strip.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(this.#colours.buffer as ArrayBuffer), this.#colours.length, 1), 0, 0);
      this.#legend = strip;
    }
    context.drawImage(this.#legend, left, y - 4, width, 8);
    text(context, theme, '0.1 %', left - 6, y, theme.muted, 'right');
    text(context, theme, '100 %', left + width + 6, y);
  }
}
