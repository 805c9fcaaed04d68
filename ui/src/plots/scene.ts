// SPDX-License-Identifier: Apache-2.0
// All lanes beneath each other on one time axis: where they lie, and drawing them from plain data.
import type { Flow, Incident } from '../lib/api';
import type { Zone } from '../lib/prefs.svelte';
import type { Range } from '../lib/range';
import { kMinute, when } from '../lib/time';
import { knownInstant } from '../session/instants';
import type { Probe } from '../session/probes';
import { kDelayWords, type Delay, type Piece, type Row } from '../session/row';
import { timeTicks, xOf, type Frame, type Lane, type Scale } from './axis';
import { beyond, delayBand, delayScale, lossBackground, otherPeriod, visible, type ScaleKind } from './band';
import { Brush } from './brush';
import { hatch, heading, horizontal, text, type Context } from './draw';
import { HeatMap, heatScale } from './heat';
import { lossLanes, lossNames, orderNames, reordering, variation, variationScale } from './lanes';
import { points } from './points';
import { classWords, flowRows, segments, strip } from './strips';
import type { Theme } from './theme';

export interface Scene {
  range: Range;
  now: number;
  zone: Zone;
  zoneName: string;
  delay: Delay;
  scale: ScaleKind;
  pieces: readonly Piece[];
  other: readonly Piece[]; // already moved to the times shown
  otherName: string;
  probes: readonly Probe[] | undefined; // instead of windows
  flows: readonly Flow[];
  incidents: readonly Incident[];
}

export type LaneName = 'events' | 'delay' | 'heat' | 'loss' | 'variation' | 'order' | 'marks' | 'hops' | 'flows';
export interface Layout {
  frame: Frame;
  lanes: Record<LaneName, Lane>;
  height: number;
  flowRows: ReturnType<typeof flowRows>;
}

const kHead = 20; // of a lane's heading
const kAxis = 38;
const kMostFlowRows = 4;

export function layout(width: number, scene: Scene, ratio: number): Layout {
  const narrow = width < 560;
  const left = narrow ? 62 : 68;
  const frame: Frame = { range: scene.range, left, width: Math.max(40, width - left - (narrow ? 6 : 14)), ratio };
  const shown = scene.flows.filter((flow) => knownInstant(flow.began) < scene.range.to && !(knownInstant(flow.ended) < scene.range.from));
  const rows = flowRows(shown, scene.now, kMostFlowRows);
  const heights: [LaneName, number][] = [
    ['events', 26],
    ['delay', narrow ? 200 : Math.min(300, Math.max(230, width / 5.5))],
    ['heat', narrow ? 100 : 130],
    ['loss', 76],
    ['variation', 64],
    ['order', 40],
    ['marks', 34],
    ['hops', 34],
    ['flows', Math.max(1, rows.rows.length) * 17 - 1],
  ];
  const lanes = {} as Record<LaneName, Lane>;
  let top = 0;
  for (const [name, height] of heights) {
    lanes[name] = { top: top + (name === 'events' ? 4 : kHead), height };
    top = lanes[name].top + height + 8;
  }
  return { frame, lanes, height: top + kAxis, flowRows: rows };
}

// Stretches without data: between rows of what was answered, until what cannot be decided yet.
export function gaps(pieces: readonly Piece[], range: Range, until: number): Range[] {
  const found: Range[] = [];
  const add = (from: number, to: number) => {
    const last = found[found.length - 1];
    if (to - from <= 1) return;
    if (last && Math.abs(last.to - from) <= 1) last.to = to;
    else found.push({ from, to });
  };
  for (const piece of pieces) {
    let at = piece.from;
    const end = Math.min(piece.to, until);
    for (const row of piece.rows) {
      if (row.begin > at) add(at, Math.min(row.begin, end));
      at = Math.max(at, row.end);
    }
    if (end > at) add(at, end);
  }
  return found.filter((gap) => gap.to > range.from && gap.from < range.to);
}

// Of which nothing came yet.
export function unknown(pieces: readonly Piece[], range: Range, until: number): Range[] {
  const found: Range[] = [];
  let at = range.from;
  for (const piece of [...pieces].sort((a, b) => a.from - b.from)) {
    if (piece.from > at + 1) found.push({ from: at, to: Math.min(piece.from, range.to) });
    at = Math.max(at, piece.to);
  }
  const end = Math.min(range.to, until);
  if (at < end - 1) found.push({ from: at, to: end });
  return found;
}

export class Painter {
  readonly heat = new HeatMap();
  readonly brush = new Brush();
  scale: Scale | undefined; // of the delay lane, as it was drawn last

  // Lanes of which nothing is in `seen` are left empty; tells whether there are none.
  draw(context: Context, theme: Theme, place: Layout, scene: Scene, seen: Lane = { top: 0, height: place.height }): boolean {
    const { frame, lanes } = place;
    const { pieces } = scene;
    const there = ({ top, height }: Lane) => top - kHead < seen.top + seen.height && top + height > seen.top;
    const rows = visible(pieces, scene.range.from, scene.range.to);
    const words = kDelayWords[scene.delay];
    const scale = (this.scale = this.#scale(scene, rows, lanes.delay));
    const heat = there(lanes.heat) ? heatScale(rows, lanes.heat.height) : undefined;
    const jitter = there(lanes.variation) ? variationScale(rows) : undefined;

    context.clearRect(0, 0, frame.left + frame.width + 20, place.height);
    this.#time(context, theme, place, scene);
    this.#stretches(context, theme, place, scene);
    const { brush } = this;
    brush.begin(context, frame.ratio);
    const upper = { top: 0, height: lanes.delay.top + lanes.delay.height };
    if (there(upper)) {
      lossBackground(brush, theme, frame, lanes.delay, pieces);
      brush.end();
      if (scale) {
        horizontal(context, theme, frame, lanes.delay, scale);
        delayBand(brush, theme, frame, lanes.delay, scale, pieces, !!scene.probes?.length);
        otherPeriod(brush, theme, frame, lanes.delay, scale, scene.other);
        brush.end();
      }
      this.#incidents(context, theme, frame, lanes.events, scene);
      this.#delay(context, theme, place, scene, rows, words);
    }
    if (there(lanes.heat)) {
      if (heat) {
        horizontal(context, theme, frame, lanes.heat, heat);
        this.heat.draw(context, theme, frame, lanes.heat, heat, pieces);
        this.heat.legend(context, theme, frame, lanes.heat.top - 11);
      } else if (rows.length) text(context, theme, rows.some((row) => row.count > 0) ? 'No histograms: this agent is older than this page' : 'Nothing was answered', frame.left + 8, lanes.heat.top + 20);
      heading(context, theme, frame, lanes.heat.top - 11, frame.width < 480 ? 'All probes' : `${words}, all probes`, []);
    }
    if (there(lanes.loss)) {
      lossNames(context, theme, frame, lanes.loss);
      lossLanes(brush, theme, frame, lanes.loss, pieces);
      brush.end();
      heading(context, theme, frame, lanes.loss.top - 11, 'Loss', [
        { words: 'of the window', colour: theme.bad, shape: 'bar' },
        { words: 'worst second in it', colour: `${theme.bad}55`, shape: 'bar' },
        { words: 'not sent by this host', colour: theme.strong, shape: 'bar' },
      ], 'heights: 0.01 % to 100 %, logarithmic');
    }
    if (there(lanes.variation)) {
      if (jitter) {
        horizontal(context, theme, frame, lanes.variation, jitter);
        variation(brush, theme, frame, lanes.variation, jitter, pieces);
        brush.end();
      }
      heading(context, theme, frame, lanes.variation.top - 11, 'Delay variation', [
        { words: 'p50', colour: theme.median, shape: 'line' },
        { words: 'to p95', colour: theme.inner, shape: 'area' },
        { words: 'to max', colour: theme.outer, shape: 'area' },
      ]);
    }
    if (there(lanes.order)) {
      orderNames(context, theme, frame, lanes.order);
      reordering(brush, theme, frame, lanes.order, pieces);
      brush.end();
      heading(context, theme, frame, lanes.order.top - 11, 'Reordering, duplicates', []);
    }
    const strips = { top: lanes.marks.top, height: place.height - lanes.marks.top };
    if (there(strips)) this.#strips(context, theme, place, scene);
    return [upper, lanes.heat, lanes.loss, lanes.variation, lanes.order, strips].every(there);
  }

  #time(context: Context, theme: Theme, place: Layout, scene: Scene) {
    const { frame } = place;
    const bottom = place.height - kAxis;
    let edge = -Infinity;
    for (const tick of timeTicks(frame, scene.zone)) {
      const x = Math.round(xOf(frame, tick.at)) + 0.5;
      context.strokeStyle = tick.strong ? theme.line : theme.grid;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, 2);
      context.lineTo(x, bottom + 5);
      context.stroke();
      if (x < edge || x > frame.left + frame.width - 14) continue;
      text(context, theme, tick.label, x, bottom + 14, tick.strong ? theme.text : theme.muted, 'center', tick.strong ? '600 11px' : '11px');
      edge = x + 30;
    }
    const span = scene.range.to - scene.range.from;
    const form = span < 10 * kMinute ? 'second' : 'minute';
    text(context, theme, when(scene.range.from, scene.zone, form), frame.left, bottom + 30, theme.muted);
    text(context, theme, `${when(scene.range.to, scene.zone, form)} ${scene.zoneName}`, frame.left + frame.width, bottom + 30, theme.muted, 'right');
  }
  // What is not there, and what has not come yet, look different, and neither looks like nothing wrong.
  #stretches(context: Context, theme: Theme, place: Layout, scene: Scene) {
    const { frame } = place;
    const top = place.lanes.delay.top;
    const height = place.lanes.hops.top + place.lanes.hops.height - top;
    const mark = (stretch: Range, words: string, fill: string | CanvasPattern) => {
      const x = Math.max(frame.left, xOf(frame, stretch.from));
      const width = Math.min(frame.left + frame.width, xOf(frame, stretch.to)) - x;
      if (width < 1) return;
      context.fillStyle = fill;
      context.fillRect(x, top, width, height);
      if (width > 56) text(context, theme, words, x + width / 2, top + place.lanes.delay.height / 2, theme.muted, 'center');
    };
    const decided = scene.now - 2 * kMinute;
    for (const gap of gaps(scene.pieces, scene.range, decided)) mark(gap, 'no data', hatch(context, theme.line));
    context.globalAlpha = 0.5;
    for (const stretch of unknown(scene.pieces, scene.range, scene.now)) mark(stretch, 'loading …', theme.grid);
    context.globalAlpha = 1;
  }
  #incidents(context: Context, theme: Theme, frame: Frame, lane: Lane, scene: Scene) {
    text(context, theme, 'events', frame.left - 6, lane.top + lane.height / 2, theme.muted, 'right');
    context.fillStyle = theme.grid;
    context.fillRect(frame.left, lane.top + lane.height / 2 - 0.5, frame.width, 1);
    for (const incident of scene.incidents) {
      const x = Math.max(frame.left, xOf(frame, knownInstant(incident.opened)));
      const end = Math.min(frame.left + frame.width, Math.max(x + 2, xOf(frame, incident.closed ? knownInstant(incident.closed) : scene.now)));
      if (end <= frame.left || x >= frame.left + frame.width) continue;
      context.fillStyle = incident.severity === 'error' ? theme.bad : theme.warn;
      context.globalAlpha = 0.3;
      context.fillRect(x, lane.top + lane.height / 2 - 4, end - x, 8);
      context.globalAlpha = 1;
    }
  }
  #scale(scene: Scene, rows: readonly Row[], lane: Lane): Scale | undefined {
    const { from, to } = scene.range;
    const extra = (scene.probes ?? []).filter((probe) => Number.isFinite(probe.delay) && !probe.provisional && probe.at >= from && probe.at <= to).map((probe) => probe.delay);
    for (const row of visible(scene.other, from, to)) if (Number.isFinite(row.p99)) extra.push(row.p50, row.p99);
    return delayScale(rows, extra, scene.scale, scene.delay !== 'rtt', lane.height);
  }
  #delay(context: Context, theme: Theme, place: Layout, scene: Scene, rows: Row[], words: string) {
    const { frame } = place;
    const lane = place.lanes.delay;
    const single = scene.probes;
    const keys = single?.length
      ? ([
          { words: 'probe', colour: theme.median, shape: 'dot' },
          { words: '▸ lost forward', colour: theme.forward, shape: 'dot' },
          { words: '◂ lost backward', colour: theme.backward, shape: 'dot' },
          { words: '× lost, unknown where', colour: theme.bad, shape: 'dot' },
        ] as const)
      : ([
          { words: 'p50', colour: theme.median, shape: 'line' },
          { words: 'p10–p90', colour: theme.inner, shape: 'area' },
          { words: 'p95', colour: theme.median, shape: 'dash' },
          { words: 'to p99', colour: theme.outer, shape: 'area' },
          { words: 'min–max', colour: theme.strong, shape: 'line' },
          { words: 'loss', colour: `${theme.bad}66`, shape: 'area' },
        ] as const);
    const named = scene.otherName ? [{ words: scene.otherName, colour: theme.other, shape: 'dash' as const }] : [];
    heading(context, theme, frame, lane.top - 11, words, [...keys, ...named]);
    const { scale } = this;
    if (scale) beyond(context, theme, frame, lane, scale, rows);
    else if (rows.length) text(context, theme, 'Nothing was answered', frame.left + 8, lane.top + 20);
    // Lost probes have a place even where nothing at all came back.
    if (single) points(context, theme, frame, lane, scale ?? { low: 0, high: 1, log: false, ticks: [] }, single);
    this.#clockSteps(context, theme, frame, lane, rows);
  }
  // The clock was set: what is one way before and after cannot be compared.
  #clockSteps(context: Context, theme: Theme, frame: Frame, lane: Lane, rows: readonly Row[]) {
    let last = -Infinity;
    for (const row of rows) {
      if (row.clockSteps === 0) continue;
      const x = Math.round(xOf(frame, (row.begin + row.end) / 2)) + 0.5;
      context.strokeStyle = theme.warn;
      context.lineWidth = 1;
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(x, lane.top);
      context.lineTo(x, lane.top + lane.height);
      context.stroke();
      context.setLineDash([]);
      if (x - last > 80) text(context, theme, 'clock set', x + 4, lane.top + lane.height - 8, theme.warn);
      last = x;
    }
  }
  #strips(context: Context, theme: Theme, place: Layout, scene: Scene) {
    const { frame, lanes } = place;
    const two = (lane: Lane, i: number): Lane => ({ top: lane.top + i * 18, height: 16 });
    heading(context, theme, frame, lanes.marks.top - 11, 'DSCP and ECN as they arrive', [{ words: 're-marked', colour: theme.warn, shape: 'bar' }]);
    strip(context, theme, frame, two(lanes.marks, 0), 'forward', segments(scene.pieces, (row) => row.classForward, classWords, (row) => row.remarkedForward > 0));
    strip(context, theme, frame, two(lanes.marks, 1), 'backward', segments(scene.pieces, (row) => row.classBackward, classWords, (row) => row.remarkedBackward > 0));
    const hops = (value: number) => `${value}`;
    heading(context, theme, frame, lanes.hops.top - 11, 'Hop limit as it arrives', []);
    strip(context, theme, frame, two(lanes.hops, 0), 'forward', segments(scene.pieces, (row) => row.hopsForward, hops, () => false));
    strip(context, theme, frame, two(lanes.hops, 1), 'backward', segments(scene.pieces, (row) => row.hopsBackward, hops, () => false));
    const { rows, hidden } = place.flowRows;
    heading(context, theme, frame, lanes.flows.top - 11, 'Flows, by their ports', [], hidden ? `${hidden} more at the same time` : '');
    rows.forEach((all, i) => strip(context, theme, frame, { top: lanes.flows.top + i * 17, height: 15 }, i === 0 ? 'flow' : '', all));
  }
}
