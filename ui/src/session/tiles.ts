// SPDX-License-Identifier: Apache-2.0
// Windows in tiles, kept while there is room. What is wanted now is asked for first, neighbours after it; until it
// comes, what is there of another step is shown in its place, so that a view is never blank while it moves.
import type { Range } from '../lib/range';
import { coarserKept, firstTile, kSteps, lastTile, tileSpan } from '../lib/steps';
import { firstAfter, type Piece, type Row } from './row';

export type LoadRows = (range: Range, step: number, signal: AbortSignal) => Promise<Row[]>;

interface Tile {
  step: number;
  index: number;
  rows: Row[];
  loaded: boolean; // ever
  busy: AbortController | undefined;
  failed: number; // when it did, to try again later
  failures: number; // in a row
  stale: boolean;
  used: number;
}

const kMostTiles = 320;
const kAtOnce = 3;
const kStill = 60; // ms until neighbours are asked for: nothing is to keep waiting what is wanted, or the frame that draws it
const kAfterFailure = 3000; // ms, twice as long after each further one
const kLongest = 60_000;

export class Tiles {
  #tiles = new Map<string, Tile>();
  #queue: Tile[] = [];
  #awaited = new Set<Tile>(); // of the range that was wanted last; what failed is not waited for
  #running = 0;
  #uses = 0;
  #closed = false;
  #answered = false;
  #later: ReturnType<typeof setTimeout> | undefined;
  #seen: [Range, number][] = [];
  failure: unknown; // of the newest question that failed; undefined since one was answered

  constructor(
    readonly load: LoadRows,
    readonly changed: () => void, // something came
    readonly now: () => number = Date.now,
    readonly atOnce = kAtOnce,
    readonly together = 1, // neighbours that are asked for in one question while nothing is there yet to move
  ) {}

  // What there is to draw of a range, in order of time, and asks for what is not there.
  pieces(range: Range, step: number): Piece[] {
    this.#queue = [];
    this.#awaited.clear();
    // Whole tiles, so that a gap at the edge of the view is known as long as it is.
    const length = tileSpan(step);
    const all = { from: firstTile(range, step) * length, to: (lastTile(range, step) + 1) * length };
    const pieces: Piece[] = [];
    let at = all.from;
    for (const piece of this.#cover(all, step, true)) {
      if (piece.from > at) this.#fill(at, piece.from, step, pieces);
      pieces.push(piece);
      at = piece.to;
    }
    if (at < all.to) this.#fill(at, all.to, step, pieces);
    const whole = this.#fromLonger(pieces, step);
    this.#pump();
    if (this.#answered) {
      // Of two: what is compared lies elsewhere on the same tiles.
      this.#seen = [...this.#seen.slice(-1), [range, step]];
      this.#later ??= setTimeout(() => this.#lookAround(), kStill);
    }
    return whole;
  }
  // The newest windows may have changed, of all steps or one: they are asked for again, and shown until then.
  refresh(since: number, step?: number) {
    for (const tile of this.#tiles.values()) if ((!step || tile.step === step) && (tile.index + 1) * tileSpan(tile.step) > since) tile.stale = true;
  }
  get busy(): boolean {
    return this.#running > 0;
  }
  // Not all of the range is there yet.
  get waiting(): boolean {
    return this.#awaited.size > 0;
  }
  get size(): number {
    return this.#tiles.size;
  }
  close() {
    this.#closed = true;
    clearTimeout(this.#later);
    for (const tile of this.#tiles.values()) tile.busy?.abort();
    this.#tiles.clear();
    this.#queue = [];
  }

  // Loaded tiles of a step in a range; neighbours that follow each other are one piece.
  #cover(range: Range, step: number, ask: boolean): Piece[] {
    const pieces: Piece[] = [];
    for (let index = firstTile(range, step); index <= lastTile(range, step); ++index) {
      const tile = this.#tile(step, index, ask);
      if (!tile) continue;
      if (ask && this.#wanted(tile)) this.#queue.push(tile);
      if (ask && !tile.loaded && !tile.failed) this.#awaited.add(tile);
      if (!tile.loaded) continue;
      tile.used = ++this.#uses;
      const from = Math.max(range.from, index * tileSpan(step));
      const to = Math.min(range.to, (index + 1) * tileSpan(step));
      const rows = within(tile.rows, from, to);
      const last = pieces[pieces.length - 1];
      if (last && last.to === from) {
        last.to = to;
        last.rows = last.rows.concat(rows.filter((row) => row.begin >= from));
      } else pieces.push({ from, to, rows, step, exact: ask });
    }
    return pieces;
  }
  // What is nearest to the step and there: longer windows first, since they cover more.
  #fill(from: number, to: number, step: number, pieces: Piece[]) {
    const others = kSteps.filter((other) => other > step).concat(kSteps.filter((other) => other < step && other * 64 > step).reverse());
    let holes: Range[] = [{ from, to }];
    const found: Piece[] = [];
    for (const other of others) {
      const left: Range[] = [];
      for (const hole of holes) {
        let at = hole.from;
        for (const piece of this.#cover(hole, other, false)) {
          if (piece.from > at) left.push({ from: at, to: piece.from });
          found.push(piece);
          at = piece.to;
        }
        if (at < hole.to) left.push({ from: at, to: hole.to });
      }
      holes = left;
      if (holes.length === 0) break;
    }
    pieces.push(...found.sort((a, b) => a.from - b.from));
  }
  // Old times are kept by longer windows only: a hole into which one fits is asked for by those.
  #fromLonger(pieces: Piece[], step: number): Piece[] {
    let all = pieces;
    for (const longer of coarserKept(step)) {
      const rows = (hole: Range) => this.#cover(hole, longer, true).flatMap((piece) => piece.rows);
      all = all.flatMap((piece) => (piece.exact ? patched(piece, longer, this.now(), rows) : [piece]));
    }
    return all;
  }
  #lookAround() {
    this.#later = undefined;
    for (const [range, step] of this.#seen.splice(0)) this.#prefetch(range, step);
    this.#pump();
  }
  // One tile to each side, and the same place seen from farther off: where pan and zoom go next.
  #prefetch(range: Range, step: number) {
    const wanted: [number, number][] = [
      [step, lastTile(range, step) + 1],
      [step, firstTile(range, step) - 1],
    ];
    const farther = kSteps[kSteps.indexOf(step) + 2];
    if (farther) for (let i = firstTile(range, farther); i <= lastTile(range, farther); ++i) wanted.push([farther, i]);
    for (const [of, index] of wanted) {
      if (index * tileSpan(of) > this.now()) continue;
      const tile = this.#tile(of, index, true);
      if (tile && this.#wanted(tile)) this.#queue.push(tile);
    }
  }
  #tile(step: number, index: number, make: boolean): Tile | undefined {
    const key = `${step}.${index}`;
    let tile = this.#tiles.get(key);
    if (!tile && make && index * tileSpan(step) <= this.now()) {
      tile = { step, index, rows: [], loaded: false, busy: undefined, failed: 0, failures: 0, stale: false, used: ++this.#uses };
      this.#tiles.set(key, tile);
    }
    return tile;
  }
  #wanted(tile: Tile): boolean {
    if (tile.busy) return false;
    if (tile.failed && this.now() - tile.failed < Math.min(kLongest, kAfterFailure * 2 ** (tile.failures - 1))) return false;
    return !tile.loaded || tile.stale;
  }
  #pump() {
    while (this.#running < this.atOnce && this.#queue.length > 0) {
      const tile = this.#queue.shift();
      if (!tile || !this.#wanted(tile)) continue;
      const run = [tile];
      for (let next = this.#queue[0]; next && run.length < (this.#answered ? 1 : this.together); next = this.#queue[0]) {
        if (next.step !== tile.step || next.index !== tile.index + run.length || !this.#wanted(next)) break;
        run.push(next);
        this.#queue.shift();
      }
      void this.#ask(run);
    }
  }
  async #ask(run: Tile[]) {
    const abort = new AbortController();
    for (const tile of run) [tile.busy, tile.stale] = [abort, false];
    ++this.#running;
    const { step, index } = run[0] as Tile;
    const length = tileSpan(step);
    try {
      const rows = await this.load({ from: index * length, to: (index + run.length) * length }, step, abort.signal);
      for (const tile of run) {
        const at = tile.index * length;
        tile.rows = run.length === 1 ? rows : rows.filter((row) => row.begin >= at && row.begin < at + length);
        tile.loaded = true;
        tile.failed = tile.failures = 0;
      }
      this.#answered = true;
      this.failure = undefined;
    } catch (failure) {
      if (abort.signal.aborted) return;
      for (const tile of run) (tile.failed = this.now()), ++tile.failures;
      this.failure = failure;
    } finally {
      for (const tile of run) (tile.busy = undefined), this.#awaited.delete(tile);
      --this.#running;
      if (!this.#closed) {
        this.#drop();
        this.changed();
        this.#pump();
      }
    }
  }
  #drop() {
    if (this.#tiles.size <= kMostTiles) return;
    const idle = [...this.#tiles].filter(([, tile]) => !tile.busy).sort((a, b) => a[1].used - b[1].used);
    for (const [key] of idle.slice(0, this.#tiles.size - kMostTiles)) this.#tiles.delete(key);
  }
}

// A piece with the rows of `longer` windows put in where none of its own are for so long. Only those count that lie in
// the hole, or reach out of it at the end of the piece, where it may be longer than is known.
export function patched(piece: Piece, longer: number, until: number, find: (hole: Range) => Row[]): Piece[] {
  const out: Piece[] = [];
  let rest = piece;
  let at = piece.from;
  for (const row of [...piece.rows, undefined]) {
    const to = row ? row.begin : piece.to;
    if (Math.min(to, until) - at >= longer) {
      const [from, edge] = [at, piece];
      const rows = find({ from, to }).filter(
        (one) => (one.begin >= from || from === edge.from) && (one.end <= to || to === edge.to));
      if (rows.length > 0) {
        if (from > rest.from) out.push({ ...rest, to: from, rows: rest.rows.filter((one) => one.begin < from) });
        out.push({ from, to, rows, step: longer, exact: false });
        rest = { ...rest, from: to, rows: rest.rows.filter((one) => one.begin >= to) };
      }
    }
    if (row) at = Math.max(at, row.end);
  }
  if (rest.from < rest.to) out.push(rest);
  return out;
}

// Rows that touch [from, to); rows are in order.
function within(rows: Row[], from: number, to: number): Row[] {
  if (rows.length === 0 || ((rows[0] as Row).begin >= from && (rows[rows.length - 1] as Row).end <= to)) return rows;
  let end = firstAfter(rows, to);
  while (end < rows.length && (rows[end] as Row).begin < to) ++end;
  return rows.slice(firstAfter(rows, from), end);
}
