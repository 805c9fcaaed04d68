// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import { kDay, kHour } from '../lib/time';
import type { Probe } from '../session/probes';
import type { Piece, Row } from '../session/row';
import { linear, logarithmic, timeOf, timeTicks, xOf, yOf, type Frame } from './axis';
import { delayScale } from './band';
import { Brush } from './brush';
import { fillBetween, inPieces, stepLine } from './draw';
import { heatPlace } from './heat';
import { lossHeight } from './lanes';
import { nearest, shapeOf } from './points';
import { gaps, layout, Painter, unknown, type Scene } from './scene';
import { classWords, dscpWords, flowRows, portWords, segments } from './strips';

const frame = (from: number, to: number, width = 1000): Frame => ({ range: { from, to }, left: 60, width, ratio: 1 });
const row = (begin: number, more: Partial<Row> = {}) => ({ begin, end: begin + 10, min: 1e6, p50: 2e6, p99: 3e6, max: 4e6, classForward: -1, ...more }) as Row;
const piece = (rows: Row[], from: number, to: number): Piece => ({ from, to, rows, step: 10, exact: true });

// A brush, and what it draws, in pixels of the screen.
function painted(ratio = 1) {
  const filled: { left: number; right: number; top: number; bottom: number; colour: string; alpha: number }[] = [];
  const context = {
    fillStyle: '',
    globalAlpha: 1,
    fillRect(x: number, y: number, width: number, height: number) {
      const on = (at: number) => Math.round(at * ratio * 1e6) / 1e6;
      filled.push({ left: on(x), right: on(x + width), top: on(y), bottom: on(y + height), colour: this.fillStyle, alpha: this.globalAlpha });
    },
  };
  const brush = new Brush();
  brush.begin(context as unknown as CanvasRenderingContext2D, ratio);
  return { brush, filled };
}
// Notes what is filled instead of doing it.
class Noted extends Brush {
  readonly filled: number[][] = [];
  readonly strokes: number[][][] = [];
  override stroke(path: Parameters<Brush['stroke']>[0]) {
    path({
      moveTo: (x: number, y: number) => this.strokes.push([[x, y]]),
      lineTo: (x: number, y: number) => this.strokes[this.strokes.length - 1]?.push([x, y]),
    } as unknown as CanvasRenderingContext2D);
  }
  override fill(...[x, y, width, height]: Parameters<Brush['fill']>) {
    this.filled.push([x, y, width, height].map((one) => Math.round(one * 1e6) / 1e6));
  }
}

describe('the time axis', () => {
  it('goes there and back', () => {
    const of = frame(0, 1e6);
    expect(timeOf(of, xOf(of, 123456))).toBeCloseTo(123456);
  });
  it('has ticks on whole times, days where they begin, at any length', () => {
    const from = Date.UTC(2026, 0, 31, 22, 30);
    const hours = timeTicks(frame(from, from + 6 * kHour), 'utc');
    expect(hours.map((tick) => tick.label).slice(0, 3)).toEqual(['22:30', '23:00', '23:30']);
    expect(hours.find((tick) => tick.strong)?.label).toBe('02-01');
    expect(timeTicks(frame(from, from + 10e3), 'utc')[0]?.label).toBe('22:30:00');
    const year = timeTicks(frame(from, from + 365 * kDay), 'utc');
    expect([year[0]?.label, year.length]).toEqual(['2026-02', 12]);
    for (let span = 2e3; span < 4000 * kDay; span *= 2.3) {
      const ticks = timeTicks(frame(from, from + span), 'local');
      expect(ticks.length).toBeLessThanOrEqual(30);
      ticks.forEach((tick, i) => i > 0 && expect(tick.at).toBeGreaterThan(ticks[i - 1]?.at ?? 0));
    }
  });
});

it('a day on which clocks are changed has ticks on whole hours', () => {
  for (const from of [Date.UTC(2026, 2, 28, 20), Date.UTC(2026, 9, 24, 20), Date.UTC(2026, 10, 1, 0)]) {
    const ticks = timeTicks(frame(from, from + 30 * kHour, 1400), 'local');
    expect(ticks.length).toBeGreaterThan(8);
    for (const tick of ticks) expect(new Date(tick.at).getMinutes()).toBe(0);
    for (const tick of timeTicks(frame(from, from + 9 * kDay, 1400), 'local')) if (tick.strong) expect(new Date(tick.at).getHours()).toBe(0);
  }
});

describe('the axis of delays', () => {
  it('has labels of one unit', () => {
    expect(linear(0, 30e6, 3).ticks.map((tick) => tick.label)).toEqual(['0 ms', '10 ms', '20 ms', '30 ms']);
    expect(linear(-2e6, 3e6, 5).ticks[0]?.label).toBe('−2 ms');
    expect(logarithmic(1e6, 1e9, 130).ticks.map((tick) => tick.label)).toContain('100 ms');
  });
  it('goes through zero one way, and marks outliers rather than flatten all', () => {
    const usual = Array.from({ length: 100 }, (_, i) => row(i * 10));
    expect(delayScale([row(0, { min: -5e6, p99: -1e6, max: -1e6 })], [], 'fit', true, 200)?.high).toBeGreaterThanOrEqual(0);
    const outlier = [...usual, row(1000, { max: 9e8 })];
    expect(delayScale(outlier, [], 'fit', false, 200)?.high).toBeLessThan(1e7);
    expect(delayScale(outlier, [], 'all', false, 200)?.high).toBeGreaterThanOrEqual(9e8);
    expect(delayScale([row(0, { min: NaN, max: NaN, p99: NaN })], [], 'fit', false, 200)).toBeUndefined();
  });
  it('is drawn for a single value, and for delays that never change', () => {
    const one = delayScale([row(0, { min: 5, p50: 5, p99: 5, max: 5 })], [], 'log', false, 200);
    expect(one && one.high > one.low).toBe(true);
    const flat = delayScale([row(0, { min: 0, p50: 0, p99: 0, max: 0 })], [], 'fit', false, 200);
    expect(flat && Number.isFinite(yOf(flat, { top: 0, height: 100 }, 0))).toBe(true);
  });
});

describe('lines', () => {
  const lane = { top: 0, height: 100 };
  const scale = linear(0, 1e7, 2); // a millisecond is ten pixels
  const p50 = (of: Row) => of.p50;
  const rows = [row(0), row(10, { p50: 4e6 }), row(50), row(60, { p50: NaN }), row(70)];
  const lined = (of: Frame, all: Row[], width: number, dash: number[] = []) => {
    const brush = new Noted();
    stepLine(brush, of, lane, scale, all, p50, '#f00', width, dash);
    return brush;
  };
  it('are broken where windows are missing or have no figure, and joined where they follow each other', () => {
    expect(lined(frame(0, 100), rows, 2).filled).toEqual([[60, 79, 100, 2], [159, 61, 2, 18], [160, 59, 100, 2], [560, 79, 100, 2], [760, 79, 100, 2]]);
    for (const [width, dash] of [[0.75, []], [1.75, [6, 4]]] as const) {
      const { strokes, filled } = lined(frame(0, 100), rows, width, [...dash]);
      expect(strokes).toEqual([[[60, 80], [160, 80], [160, 60], [260, 60]], [[560, 80], [660, 80]], [[760, 80], [860, 80]]]);
      expect(filled).toEqual([]);
    }
  });
  it('are equally thick at every height', () => {
    for (const [ratio, width, thick] of [[1, 1.25, 1], [1, 1.75, 2], [2, 0.75, 1], [2, 1.25, 1.5], [3, 0.5, 0.666667]] as const)
      expect(lined({ ...frame(0, 100), ratio }, [row(0), row(50, { p50: 4.37e6 })], width).filled.map(([, , , height]) => height)).toEqual([thick, thick]);
  });
  it('show a single window however short it is', () => {
    expect(lined(frame(0, 1e6), [row(0)], 2).filled).toEqual([[60, 79, 2, 2]]);
  });
});

describe('bands', () => {
  const lane = { top: 0, height: 100 };
  const scale = linear(0, 1e7, 2);
  const band = (of: Frame, rows: Row[]) => {
    const brush = new Noted();
    fillBetween(brush, of, lane, scale, rows, (one) => one.min, (one) => one.max, '#f00');
    return brush.filled;
  };
  it('are a column for each window that has figures', () => {
    expect(band(frame(0, 100), [row(0), row(10, { max: NaN }), row(50, { min: 2e6 })])).toEqual([[60, 60, 100, 30], [560, 60, 100, 20]]);
  });
  it('keep the least and the most of windows that share a pixel, which is tinted once', () => {
    const narrow = Array.from({ length: 100 }, (_, i) => row(i * 10, { max: i === 42 ? 9e6 : 4e6, min: i === 17 ? 5e5 : 1e6 }));
    const [first, second, ...more] = band(frame(0, 1e6, 1000), narrow);
    expect([first, second?.[0], second?.[2], more.length]).toEqual([[60, 10, 1, 85], 61, 1, 0]);
  });
  it('leave no seam and no overlap between neighbours on any screen', () => {
    for (const ratio of [1, 1.25, 1.5, 2, 3]) {
      const of = { ...frame(0, 990, 1234), left: 62, ratio };
      const { brush, filled } = painted(ratio);
      brush.within(62, 62 + 1234, lane);
      fillBetween(brush, of, lane, scale, Array.from({ length: 99 }, (_, i) => row(i * 10, { max: i % 2 ? 4e6 : 5e6 })), (one) => one.min, (one) => one.max, '#0000ff80');
      brush.end();
      expect(filled.length).toBe(99);
      filled.forEach(({ left, right }, i) => {
        expect(left).toBe(filled[i - 1]?.right ?? Math.round(62 * ratio));
        for (const edge of [left, right]) expect(edge).toBe(Math.round(edge));
      });
    }
  });
});

it('a piece is drawn from its begin to a little beyond what is seen', () => {
  const drawn: number[][] = [];
  const rows = Array.from({ length: 100 }, (_, i) => row(i * 10));
  const take = (from: number, to: number, of: Row[]) => inPieces(new Noted(), frame(from, to), { top: 0, height: 9 }, [piece(of, 0, 1000)], (all) => drawn.push(all.map((one) => one.begin)));
  const within = vi.spyOn(Noted.prototype, 'within');
  take(505, 530, rows);
  expect(within).toHaveBeenLastCalledWith(60, 1060, { top: 0, height: 9 });
  take(-50, 10, rows);
  take(960, 2000, rows);
  take(400, 500, rows.filter((one) => one.begin < 300 || one.begin > 600));
  expect(drawn.map((all) => [all[0], all[all.length - 1], all.length])).toEqual([[0, 540, 55], [0, 20, 3], [0, 990, 100], [0, 620, 32]]);
});

describe('the brush', () => {
  it('fills whole pixels, one at least, and nothing outside', () => {
    const { brush, filled } = painted();
    brush.within(60, 70, { top: 20, height: 4 });
    brush.fill(61.4, 20.6, 2.2, 0.1, '#f00');
    brush.fill(69.2, 22, 100, 100, '#f00');
    brush.fill(0, 0, 5, 5, '#f00');
    brush.fill(NaN, 21, 1, 1, '#f00');
    brush.within(62, 64, { top: 22, height: 1 });
    brush.fill(0, 0, 100, 100, '#f00');
    brush.end();
    expect(filled.map(({ left, right, top, bottom }) => [left, right, top, bottom])).toEqual([[61, 64, 21, 22], [69, 70, 22, 24], [62, 64, 22, 23]]);
  });
  it('draws neighbours with the same edges, colour and strength as one', () => {
    const { brush, filled } = painted(2);
    brush.within(0, 100, { top: 0, height: 100 });
    for (let i = 0; i < 10; ++i) brush.fill(i, 10.1, 1, 5, '#f00');
    brush.fill(10, 10.1, 1, 6, '#f00');
    brush.fill(11, 10.1, 1, 6, '#00f');
    brush.alpha = 0.5;
    brush.fill(12, 10.1, 1, 6, '#00f');
    brush.fill(14, 10.1, 1, 6, '#00f');
    brush.fill(13, 10.1, 1, 6, '#00f'); // not behind the last one
    brush.end();
    brush.end();
    expect(filled.map(({ left, right }) => [left, right])).toEqual([[0, 20], [20, 22], [22, 24], [24, 26], [28, 30], [26, 28]]);
    expect(filled.map(({ colour, alpha }) => `${colour} ${alpha}`)).toEqual(['#f00 1', '#f00 1', '#00f 1', '#00f 0.5', '#00f 0.5', '#00f 0.5']);
    brush.fill(14, 10.1, 1, 6, '#00f'); // drawn before: nothing to join
    brush.end();
    expect(filled.length).toBe(7);
  });
});

it('lanes that cannot be seen are left empty, and it is told that some are', () => {
  const drawn: { what: string; y: number }[] = [];
  const noted: Record<string, (...all: number[]) => void> = {
    fillText: (what, _x, y) => void drawn.push({ what: String(what), y: y as number }),
    fillRect: (_x, y, _width, height) => void ((height as number) < 400 && drawn.push({ what: 'bar', y: y as number })), // no stretch over all lanes
    drawImage: (_image, _x, y) => void drawn.push({ what: 'image', y: y as number }),
  };
  const context = new Proxy({} as Record<string, unknown>, {
    get: (all, name) => noted[name as string] ?? all[name as string] ?? (() => ({ width: 9 })),
    set: (all, name, value) => ((all[name as string] = value), true),
  }) as unknown as CanvasRenderingContext2D;
  vi.stubGlobal('ImageData', class { data = new Uint8ClampedArray(4e6); });
  vi.stubGlobal('document', { createElement: () => ({ getContext: () => context }) });
  const bad = { bins: { keys: [900], counts: [5], total: 5 }, p10: 1e6, p90: 3e6, p95: 3e6, loss: 0.5, worstLoss: 1, forwardLoss: 0.2, backwardLoss: 0.2, otherLoss: 0.1,
    jitter50: 1e5, jitter95: 1e6, jitterMax: 2e6, reordered: 1, duplicates: 1, arrived: 9, delivered: 9, clockSteps: 1, classForward: 0, classBackward: 0, hopsForward: 9, hopsBackward: 9 };
  const pieces = [piece(Array.from({ length: 10 }, (_, i) => row(i * 10, { ...bad, max: 4e6 + i * 1e5 })), 0, 100)];
  const scene = { range: { from: 0, to: 100 }, now: 100, zone: 'utc', zoneName: 'UTC', delay: 'rtt', scale: 'fit', pieces, other: [], otherName: '', probes: undefined, flows: [], incidents: [] } as Scene;
  const place = layout(1000, scene, 1);
  const theme = new Proxy({}, { get: () => '#000' }) as Parameters<Painter['draw']>[1];
  const { delay, heat, loss, variation, order, marks } = place.lanes;
  const kHead = 20;
  const bounds = [-kHead, heat.top - kHead, loss.top - kHead, variation.top - kHead, order.top - kHead, marks.top - kHead, place.height - 38];
  // How much is drawn in each, the axis of time left out.
  const draw = (part?: { top: number; height: number }) => {
    drawn.length = 0;
    const whole = new Painter().draw(context, theme, place, scene, part);
    return { whole, lanes: bounds.slice(1).map((end, i) => drawn.filter(({ y }) => y >= (bounds[i] as number) && y < end).length) };
  };
  try {
    const all = draw();
    expect(all.whole).toBe(true);
    for (const much of all.lanes) expect(much).toBeGreaterThan(3);
    expect(draw({ top: 0, height: place.height })).toEqual(all);
    const only = (...shown: number[]) => ({ whole: false, lanes: all.lanes.map((much, i) => (shown.includes(i) ? much : 0)) });
    expect(draw({ top: 0, height: delay.top })).toEqual(only(0));
    expect(draw({ top: heat.top, height: heat.height })).toEqual(only(1));
    expect(draw({ top: loss.top, height: loss.height })).toEqual(only(2));
    expect(draw({ top: variation.top, height: variation.height })).toEqual(only(3));
    expect(draw({ top: order.top, height: order.height })).toEqual(only(4));
    expect(draw({ top: marks.top, height: place.height })).toEqual(only(5));
    expect(draw({ top: heat.top + 20, height: loss.top - heat.top })).toEqual(only(1, 2));
    expect(draw({ top: -500, height: 100 })).toEqual(only());
  } finally {
    vi.unstubAllGlobals();
  }
});

it('gaps are told from what is not loaded', () => {
  const pieces = [piece([row(0), row(10), row(50)], 0, 100)];
  expect(gaps(pieces, { from: 0, to: 200 }, 150)).toEqual([{ from: 20, to: 50 }, { from: 60, to: 100 }]);
  expect(gaps(pieces, { from: 0, to: 200 }, 70)).toEqual([{ from: 20, to: 50 }, { from: 60, to: 70 }]);
  expect(unknown(pieces, { from: 0, to: 200 }, 150)).toEqual([{ from: 100, to: 150 }]);
});

it('any loss is seen, and more of it is higher', () => {
  expect(lossHeight(0)).toBe(0);
  expect(lossHeight(NaN)).toBe(0);
  expect(lossHeight(1e-9)).toBeGreaterThan(0.1);
  expect(lossHeight(1)).toBe(1);
  expect(lossHeight(0.01)).toBeLessThan(lossHeight(0.02));
  expect([heatPlace(1e-9), heatPlace(1)]).toEqual([10, 255]);
});

describe('strips', () => {
  it('name traffic classes', () => {
    expect([0, 46, 10, 34, 38, 3, 8].map(dscpWords)).toEqual(['CS0', 'EF', 'AF11', 'AF41', 'AF43', 'DSCP 3', 'CS1']);
    expect(classWords(0xb9)).toBe('EF ECT(1)');
  });
  it('join what stays, and part what changes or was not seen', () => {
    const rows = [row(0, { classForward: 184 }), row(10, { classForward: 184 }), row(20, { classForward: 32 }), row(30), row(40, { classForward: 32 })];
    expect(segments([piece(rows, 0, 100)], (of) => of.classForward, classWords, () => false).map((one) => [one.from, one.to, one.words])).toEqual([
      [0, 20, 'EF'], [20, 30, 'CS1'], [40, 50, 'CS1']]);
  });
  it('lay flows beneath each other only where they are in use at once', () => {
    const at = (ms: number) => new Date(ms).toISOString();
    const flow = (number: number, from: number, to?: number) => ({ flow: number, tuple: 'a:1 > b:2', began: at(from), ended: to === undefined ? undefined : at(to) });
    const { rows, hidden } = flowRows([flow(0, 0, 10e3), flow(1, 10e3, 60e3), flow(2, 20e3), flow(3, 21e3)], 99e3, 2);
    expect(rows.map((all) => all.map((one) => one.value))).toEqual([[0, 1], [2]]);
    expect(hidden).toBe(1);
    expect(portWords('[2001:db8::1]:4000 > [2001:db8::2]:23999')).toBe('4000 → 23999');
  });
});

describe('probes', () => {
  const probe = (at: number, outcome: string, delay = NaN) => ({ at, outcome, delay, provisional: false }) as Probe;
  it('have the shape of what became of them', () => {
    expect(['delivered', 'late', 'lost_forward', 'lost_backward', 'lost_unknown', 'unsent'].map((outcome) => shapeOf(probe(0, outcome)))).toEqual([
      'dot', 'ring', 'forward', 'backward', 'cross', 'hollow']);
  });
  it('are found where they are drawn, lost ones too', () => {
    const all = [probe(10, 'delivered', 5e6), probe(50, 'lost_unknown')];
    const [of, lane, scale] = [frame(0, 100), { top: 0, height: 100 }, linear(0, 1e7, 2)];
    expect(nearest(of, lane, scale, all, xOf(of, 10), 50)?.outcome).toBe('delivered');
    expect(nearest(of, lane, scale, all, xOf(of, 50), 9)?.outcome).toBe('lost_unknown');
    expect(nearest(of, lane, scale, all, xOf(of, 30), 50)).toBeUndefined();
  });
});
