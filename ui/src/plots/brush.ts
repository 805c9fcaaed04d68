// SPDX-License-Identifier: Apache-2.0
// Fills rectangles on whole pixels of the screen. Those that follow each other with the same edges are one: what is drawn
// of windows are thousands in a frame, and a rasteriser without a graphics processor takes about a microsecond for each.
import type { Lane } from './axis';

export class Brush {
  alpha = 1; // of all that is drawn
  #context: CanvasRenderingContext2D | undefined;
  #ratio = 1;
  #within: readonly [number, number, number, number] = [0, 0, 0, 0]; // left, right, top, bottom
  // What was filled last and is not drawn yet, in pixels of the screen.
  #left = 0;
  #right = 0;
  #top = 0;
  #bottom = 0;
  #colour = '';
  #strength = 1;

  begin(context: CanvasRenderingContext2D, ratio: number) {
    [this.#context, this.#ratio, this.alpha, this.#right, this.#left] = [context, ratio, 1, 0, 0];
  }
  // What follows is cut off at these edges.
  within(left: number, right: number, { top, height }: Lane) {
    this.#within = [this.#pixel(left), this.#pixel(right), this.#pixel(top), this.#pixel(top + height)];
  }
  // In pixels of the page; one of the screen at least.
  fill(x: number, y: number, width: number, height: number, colour: string) {
    const [least, most, highest, lowest] = this.#within;
    const [first, upper] = [this.#pixel(x), this.#pixel(y)];
    const left = Math.max(least, first);
    const right = Math.min(most, Math.max(first + 1, this.#pixel(x + width)));
    const top = Math.max(highest, upper);
    const bottom = Math.min(lowest, Math.max(upper + 1, this.#pixel(y + height)));
    if (!(left < right && top < bottom)) return;
    if (left === this.#right && top === this.#top && bottom === this.#bottom && colour === this.#colour && this.alpha === this.#strength) {
      this.#right = right;
      return;
    }
    this.end();
    [this.#left, this.#right, this.#top, this.#bottom, this.#strength] = [left, right, top, bottom, this.alpha];
    this.#colour = colour;
  }
  // Along a path, where a thin line is all that is wanted: that is the faster one then.
  stroke(path: (pen: CanvasRenderingContext2D) => void, colour: string, width: number, dash: readonly number[]) {
    const context = this.#context;
    if (!context) return;
    this.end();
    const [left, right, top, bottom] = this.#within.map((edge) => edge / this.#ratio) as [number, number, number, number];
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    context.beginPath();
    path(context);
    context.strokeStyle = colour;
    context.globalAlpha = this.alpha;
    context.lineWidth = width;
    context.lineJoin = 'round';
    context.setLineDash([...dash]);
    context.stroke();
    context.restore();
  }
  // Draws what is not drawn yet; the context is free for others then.
  end() {
    const context = this.#context;
    if (!context || this.#left >= this.#right) return;
    context.fillStyle = this.#colour;
    context.globalAlpha = this.#strength;
    const ratio = this.#ratio;
    context.fillRect(this.#left / ratio, this.#top / ratio, (this.#right - this.#left) / ratio, (this.#bottom - this.#top) / ratio);
    context.globalAlpha = 1;
    this.#right = this.#left;
  }
  #pixel(at: number): number {
    return Math.round(at * this.#ratio);
  }
}
