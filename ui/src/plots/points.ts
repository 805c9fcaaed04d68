// SPDX-License-Identifier: Apache-2.0
// Single probes as points. Lost ones stand where they were due, at the upper edge, with the shape of where they were
// lost; what this host did not send is a hollow square.
import type { Probe } from '../session/probes';
import { xOf, yOf, type Frame, type Lane, type Scale } from './axis';
import type { Context } from './draw';
import type { Theme } from './theme';

export type Shape = 'dot' | 'forward' | 'backward' | 'cross' | 'hollow' | 'ring';

export function shapeOf(probe: Probe): Shape {
  if (probe.provisional || probe.outcome === 'late') return 'ring';
  if (probe.outcome === 'delivered') return 'dot';
  if (probe.outcome === 'lost_forward' || probe.outcome === 'peer_closed' || probe.outcome === 'too_big') return 'forward';
  if (probe.outcome === 'lost_backward') return 'backward';
  return probe.outcome === 'lost_unknown' ? 'cross' : 'hollow';
}
export const kLostHeight = 9; // below the upper edge

export function pointOf(frame: Frame, lane: Lane, scale: Scale, probe: Probe): { x: number; y: number } {
  const x = xOf(frame, probe.at);
  const y = Number.isFinite(probe.delay) ? yOf(scale, lane, probe.delay) : lane.top + kLostHeight;
  return { x, y: Math.min(lane.top + lane.height - 2, Math.max(lane.top + 2, y)) };
}

export function points(context: Context, theme: Theme, frame: Frame, lane: Lane, scale: Scale, probes: readonly Probe[]) {
  for (const probe of probes) {
    if (probe.at < frame.range.from || probe.at > frame.range.to) continue;
    const { x, y } = pointOf(frame, lane, scale, probe);
    const shape = shapeOf(probe);
    if (probe.delay > scale.high) {
      context.strokeStyle = theme.warn; // above the axis
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x - 3, y + 4);
      context.lineTo(x, y);
      context.lineTo(x + 3, y + 4);
      context.stroke();
      continue;
    }
    if (shape === 'dot') {
      context.fillStyle = theme.median;
      context.globalAlpha = probe.burst ? 0.5 : 1;
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
      context.globalAlpha = 1;
      continue;
    }
    context.lineWidth = 1.75;
    const colour = shape === 'ring' ? (probe.provisional ? theme.median : theme.bad) : shape === 'forward' ? theme.forward : shape === 'backward' ? theme.backward : shape === 'cross' ? theme.bad : theme.muted;
    context.strokeStyle = context.fillStyle = colour;
    context.beginPath();
    if (shape === 'ring') context.arc(x, y, 2.5, 0, 7);
    else if (shape === 'hollow') context.rect(x - 3, y - 3, 6, 6);
    else if (shape === 'cross') {
      context.moveTo(x - 4, y - 4);
      context.lineTo(x + 4, y + 4);
      context.moveTo(x - 4, y + 4);
      context.lineTo(x + 4, y - 4);
    } else {
      const to = shape === 'forward' ? 1 : -1;
      context.moveTo(x - 4 * to, y - 5);
      context.lineTo(x + 4 * to, y);
      context.lineTo(x - 4 * to, y + 5);
      context.closePath();
      context.fill();
      continue;
    }
    context.stroke();
  }
}

// The probe nearest to a place, if any is near.
export function nearest(frame: Frame, lane: Lane, scale: Scale, probes: readonly Probe[], x: number, y: number, reach = 14): Probe | undefined {
  let best: Probe | undefined;
  let least = reach * reach;
  for (const probe of probes) {
    const point = pointOf(frame, lane, scale, probe);
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance < least) (least = distance), (best = probe);
  }
  return best;
}
