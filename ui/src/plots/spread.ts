// SPDX-License-Identifier: Apache-2.0
// The histogram of a selection, in the agent's own buckets: their true width on a logarithmic axis (linear where values
// lie at or below zero), their height the share of the probes.
import { high, low, type Bins } from '../session/bins';
import { share as shareWords } from '../lib/format';
import { linear, logarithmic, nice, type Scale } from './axis';
import { text, type Context } from './draw';
import type { Theme } from './theme';

const kLeft = 48;
const kBottom = 20;

const placeOf = (scale: Scale, width: number, value: number) =>
  kLeft + (width - kLeft - 8) * (scale.log ? Math.log(value / scale.low) / Math.log(scale.high / scale.low) : (value - scale.low) / (scale.high - scale.low));

export function spreadScale(all: readonly Bins[], width: number): Scale | undefined {
  const used = all.filter((bins) => bins.total > 0);
  if (used.length === 0) return undefined;
  const least = Math.min(...used.map((bins) => low(bins.keys[0] as number)));
  const most = Math.max(...used.map((bins) => high(bins.keys[bins.keys.length - 1] as number)));
  return least > 0 ? logarithmic(least / 1.02, most * 1.02, width / 2.4) : linear(least, most, Math.round(width / 90));
}

export function spread(context: Context, theme: Theme, width: number, height: number, bins: Bins, other: Bins | undefined, marks: readonly { words: string; value: number }[]) {
  context.clearRect(0, 0, width, height);
  const scale = spreadScale(other ? [bins, other] : [bins], width);
  if (!scale) return;
  const shareOf = (of: Bins, i: number) => (of.counts[i] as number) / of.total;
  let most = 0;
  for (const of of other ? [bins, other] : [bins]) for (let i = 0; i < of.keys.length; ++i) most = Math.max(most, shareOf(of, i));
  const top = nice(most);
  const y = (share: number) => height - kBottom - (height - kBottom - 18) * (share / top);
  context.lineWidth = 1;
  for (const line of [0, top / 2, top]) {
    context.strokeStyle = theme.grid;
    context.beginPath();
    context.moveTo(kLeft, Math.round(y(line)) + 0.5);
    context.lineTo(width - 8, Math.round(y(line)) + 0.5);
    context.stroke();
    text(context, theme, shareWords(line), kLeft - 6, y(line), theme.muted, 'right');
  }
  let last = -Infinity;
  for (const tick of scale.ticks) {
    const x = placeOf(scale, width, tick.value);
    if (x - last < 46 || x > width - 20) continue;
    last = x;
    text(context, theme, tick.label, x, height - 8, theme.muted, 'center');
    context.fillStyle = theme.strong;
    context.fillRect(x, height - kBottom, 1, 4);
  }
  context.fillStyle = theme.inner;
  context.strokeStyle = theme.median;
  for (let i = 0; i < bins.keys.length; ++i) {
    const key = bins.keys[i] as number;
    const x = placeOf(scale, width, low(key));
    const wide = Math.max(1.5, placeOf(scale, width, high(key)) - x);
    context.fillRect(x, y(shareOf(bins, i)), wide, height - kBottom - y(shareOf(bins, i)));
    context.strokeRect(x, y(shareOf(bins, i)), wide, height - kBottom - y(shareOf(bins, i)));
  }
  if (other) {
    context.strokeStyle = theme.other;
    context.lineWidth = 1.5;
    context.setLineDash([5, 3]);
    context.beginPath();
    for (let i = 0; i < other.keys.length; ++i) {
      context.lineTo(placeOf(scale, width, low(other.keys[i] as number)), y(shareOf(other, i)));
      context.lineTo(placeOf(scale, width, high(other.keys[i] as number)), y(shareOf(other, i)));
    }
    context.stroke();
    context.setLineDash([]);
  }
  let end = -Infinity;
  for (const mark of marks) {
    if (!Number.isFinite(mark.value)) continue;
    const x = placeOf(scale, width, mark.value);
    context.fillStyle = theme.text;
    context.fillRect(x - 0.5, 12, 1, height - kBottom - 12);
    if (x - end < 26) continue;
    text(context, theme, mark.words, x, 7, theme.text, 'center');
    end = x;
  }
}
