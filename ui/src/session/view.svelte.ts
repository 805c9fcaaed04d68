// SPDX-License-Identifier: Apache-2.0
// What one session's page shows: the range that is looked at and all that was asked of the agent for it. The range
// moves with every frame; figures of it, events and the address follow when it stands still.
import { untrack } from 'svelte';
import { agent } from '../lib/agent.svelte';
import { get, getText, paths, type Flow, type Incident, type RecordedEvent, type Session, type Window, type Windows } from '../lib/api';
import { eventsOfAgent, type ToldEvents } from '../lib/askevents';
import { kTogether, plotsWidth } from '../lib/firstquestions';
import { Live, type LiveMessage } from '../lib/live.svelte';
import { Loaded } from '../lib/load.svelte';
import { panned, resolve, same, shifted, span, zoomed, type Asked, type Range } from '../lib/range';
import { parseHash, router } from '../lib/route.svelte';
import { showsProbes, stepFor } from '../lib/steps';
import { instant, iso } from '../lib/time';
import { pageWidth } from '../lib/viewport';
import type { ScaleKind } from '../plots/band';
import { parseShown, shownQuery, type Shown } from './address';
import { otherRange, shiftOf, type Compare } from './compare';
import { knownInstant } from './instants';
import { LiveTail } from './livetail';
import { Probes, type Probe } from './probes';
import { askReport, type Report } from './report';
import type { Delay, Piece } from './row';
import { Tiles } from './tiles';
import { loadRows } from './windows';

const kSilent = 20_000; // ms
const kSettle = 250; // ms of standing still
const kMeet = 2000; // ms, as often as is asked until what is kept and what is told meet
const kAtOnce = 6; // questions: as many as browsers send to one host

export class View implements Shown {
  asked = $state.raw<Asked>({});
  range = $state.raw<Range>({ from: 0, to: 1 });
  settled = $state.raw<Range>({ from: 0, to: 1 });
  width = $state(plotsWidth(pageWidth())); // of the plots, pixels: a guess until it is known
  delay = $state<Delay>('rtt');
  scale = $state<ScaleKind>('fit');
  compare = $state.raw<Compare>({ kind: 'none' });
  selection = $state.raw<Range | undefined>();
  table = $state(false);
  following = $state(false); // live
  chosen = $state.raw<readonly number[]>([]); // events whose panel is open
  version = $state(0); // counts what came
  live = $state.raw<Live | undefined>();
  brokenSince = $state(0);

  readonly session = new Loaded<Session>();
  readonly report = new Loaded<Report>();
  readonly otherReport = new Loaded<Report>();
  readonly events = new Loaded<ToldEvents>();
  readonly agentEvents = new Loaded<ToldEvents>(); // of no session: what they tell concerns this one too
  readonly incidents = new Loaded<{ complete: boolean; incidents: Incident[] }>();
  readonly flows = new Loaded<Flow[]>();

  readonly tail = new LiveTail();
  readonly #probes: Probes;
  #tiles = new Map<string, Tiles>();
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #refreshed = 0;
  #ticks = 0;
  #heard = 0; // when the live stream last said something, by this browser's clock
  #offset = 0; // of the agent's clock against this browser's, ms
  #written: string | undefined;
  #figuresLater = false;
  #figuresSoon = false;

  constructor(readonly name: string) {
    this.#probes = new Probes(name, () => this.changed(), () => this.now());
    this.read(router.current.query);
    this.pieces(); // asks, while the page is made
  }
  // Of the agent: this browser's clock may be anything.
  now(): number {
    return Date.now() + this.#offset;
  }
  tellClock(agentNow: string) {
    const at = instant(agentNow);
    if (Number.isFinite(at)) this.#offset = Math.abs(at - Date.now()) > 2000 ? at - Date.now() : 0;
  }
  changed() {
    untrack(() => ++this.version);
    if (!this.#figuresLater || this.waiting) return;
    this.#figuresLater = false;
    this.#figuresSoon = true;
    requestAnimationFrame(() => setTimeout(() => this.#figuresSoon && this.askFigures())); // when what came is drawn
  }
  start() {
    this.#ticker = setInterval(() => this.tick(), 1000);
    void this.look();
    this.settle(true);
    return () => this.stop();
  }
  stop() {
    this.#figuresSoon = false;
    clearInterval(this.#ticker);
    clearTimeout(this.#settleTimer);
    this.live?.close();
    this.#probes.close();
    for (const tiles of this.#tiles.values()) tiles.close();
    for (const one of [this.session, this.report, this.otherReport, this.events, this.agentEvents, this.incidents, this.flows]) one.stop();
  }
  look() {
    return this.session.ask((signal) => get<Session>(paths.session(this.name), {}, signal));
  }

  // --- The address ---
  read(query: URLSearchParams) {
    const text = query.toString();
    if (text === this.#written) return;
    this.#written = text;
    const shown = parseShown(query);
    this.asked = shown.asked;
    this.range = resolve(this.asked, this.now());
    this.delay = shown.delay;
    this.scale = shown.scale;
    this.compare = shown.compare;
    this.table = shown.table;
    this.chosen = shown.chosen;
    this.selection = shown.selection;
    this.follow(shown.following, false);
    this.settle(true);
  }
  write(replace = true) {
    router.set(shownQuery(this), replace);
    this.#written = parseHash(location.hash).query.toString(); // `current` follows a little later
  }

  // --- The range ---
  ask(asked: Asked) {
    this.asked = asked;
    this.range = resolve(asked, this.now());
    this.settle(true);
    this.write(false);
  }
  move(range: Range) {
    if (same(range, this.range)) return;
    if (this.following) this.follow(false, false);
    this.range = range;
    this.asked = { fixed: range };
    this.settle();
  }
  zoom(factor: number, place = 0.5) {
    // What is live keeps its end at now.
    if (this.following) {
      const length = Math.min(3600e3, Math.max(30e3, span(this.range) * factor));
      this.asked = { last: `${Math.round(length / 1000)}s` };
      this.range = resolve(this.asked, this.now());
      this.settle();
    } else this.move(zoomed(this.range, factor, place, this.latest));
  }
  pan(by: number) {
    this.move(panned(this.range, by, this.latest));
  }
  get latest(): number {
    return this.now();
  }
  settle(atOnce = false) {
    clearTimeout(this.#settleTimer);
    const settled = () => {
      this.settled = this.range;
      if (!atOnce) this.write();
    };
    if (atOnce) settled();
    else this.#settleTimer = setTimeout(settled, kSettle);
  }
  select(range: Range | undefined) {
    this.selection = range && range.to > range.from ? range : undefined;
    this.write();
  }

  choose(events: readonly number[]) {
    this.chosen = events;
    this.write();
  }

  // --- What there is to draw ---
  get step(): number {
    return stepFor(this.range, this.width);
  }
  tiles(session: string, delay: Delay): Tiles {
    const key = JSON.stringify([session, delay]);
    let tiles = this.#tiles.get(key);
    if (!tiles) {
      tiles = new Tiles(loadRows(session, delay), () => this.changed(), () => this.now(), kAtOnce, kTogether);
      this.#tiles.set(key, tiles);
    }
    return tiles;
  }
  pieces(): Piece[] {
    const pieces = this.tiles(this.name, this.delay).pieces(this.range, this.step);
    return this.following ? this.tail.after(pieces, this.delay, this.now()) : pieces;
  }
  otherPieces(): Piece[] {
    if (this.compare.kind === 'none') return [];
    const shift = shiftOf(this.compare, this.range);
    const session = this.compare.kind === 'session' ? this.compare.name : this.name;
    const moved = this.tiles(session, this.delay).pieces(shifted(this.range, -shift), this.step);
    if (shift === 0) return moved;
    return moved.map((piece) => ({
      ...piece, ...shifted(piece, shift), rows: piece.rows.map((row) => ({ ...row, begin: row.begin + shift, end: row.end + shift })),
    }));
  }
  probes(): Probe[] | undefined {
    if (!showsProbes(this.range, this.session.value?.interval_ns)) return undefined;
    const kept = this.#probes.of(this.range, this.delay, this.tail.apart ? kMeet : undefined);
    return this.following ? this.tail.probes(kept, this.delay) : kept;
  }
  // Its own and the agent's, in order of time.
  get allEvents(): RecordedEvent[] {
    const own = this.events.value?.events ?? [];
    const agent = this.agentEvents.value?.events ?? [];
    return agent.length ? [...own, ...agent].sort((a, b) => knownInstant(a.event.at) - knownInstant(b.event.at)) : own;
  }
  get shownEvents(): RecordedEvent[] {
    const { from, to } = this.settled;
    return this.allEvents.filter((one) => knownInstant(one.event.at) >= from && knownInstant(one.event.at) < to);
  }
  // Figures are on their way, or the first ones are about to be asked for.
  get figuresComing(): boolean {
    return this.report.busy || (!this.report.value && !this.report.problem);
  }
  // Not all that is to be drawn is there yet.
  get waiting(): boolean {
    return this.tiles(this.name, this.delay).waiting;
  }
  get busy(): boolean {
    return [...this.#tiles.values()].some((tiles) => tiles.busy);
  }
  get failure(): unknown {
    return [...this.#tiles.values()].map((tiles) => tiles.failure).find((failure) => failure !== undefined) ?? this.#probes.failure;
  }

  // --- Figures of the range that stands still ---
  askFigures() {
    // The agent answers one after the other, and reads a month's figures far longer than its windows: those come first.
    this.#figuresSoon = false;
    this.#figuresLater = this.waiting;
    if (this.#figuresLater) return;
    const range = this.settled;
    void this.report.ask((signal) => askReport(this.name, range, otherRange(this.compare, range), this.now(), signal));
    const compare = this.compare;
    if (compare.kind === 'session') void this.otherReport.ask((signal) => askReport(compare.name, range, undefined, this.now(), signal));
    else this.otherReport.value = undefined;
    const wide = { from: iso(range.from - span(range) / 2), to: iso(range.to + span(range) / 2) };
    void this.events.ask((signal) => get(paths.events, { session: this.name, ...wide, limit: 2000 }, signal));
    void this.agentEvents.ask((signal) => eventsOfAgent({ ...wide, limit: 2000 }, signal));
    void this.incidents.ask((signal) => get(paths.incidents, { session: this.name, ...wide, limit: 500 }, signal));
    void this.flows.ask(async (signal) => (await get<{ flows: Flow[] }>(paths.flows(this.name), wide, signal)).flows);
  }
  // --- Live ---
  follow(on: boolean, write = true) {
    if (on === this.following) return;
    this.following = on;
    this.tail.clear();
    if (on) {
      if (!this.asked.last || span(this.range) > 3600e3) this.asked = { last: '15m' };
      this.range = resolve(this.asked, this.now());
      this.#listen();
    } else {
      this.live?.close();
      this.live = undefined;
      this.asked = { fixed: this.range };
    }
    if (write) {
      this.settle(true);
      this.write(false);
    }
  }
  #listen() {
    this.live?.close();
    this.#heard = Date.now();
    const kind = ['window', 'sample', 'event', 'incident', 'status'];
    this.live = new Live({ session: [this.name], kind }, (message) => this.#hear(message), () => this.again());
  }
  #hear(message: LiveMessage) {
    if (Date.now() - this.#heard > kSilent) this.again();
    this.#heard = Date.now();
    const data = message.data;
    if (message.kind === 'window') this.tail.window(data as unknown as Window);
    else if (message.kind === 'sample') this.tail.sample(data);
    else if (message.kind === 'status') this.session.value = { ...this.session.value, ...(data as unknown as Session) };
    else if (message.kind === 'gap') this.again();
    else this.askFigures();
    this.changed();
  }
  // After a break, or when the agent is back or another process: what was missed is read from the store.
  again() {
    this.tail.clear();
    this.#refresh();
    this.askFigures();
    void this.look();
  }
  #refresh(step?: number) {
    this.#refreshed = this.now();
    for (const tiles of this.#tiles.values()) tiles.refresh(this.now() - (step ? 40e3 : 120e3), step);
    this.changed();
  }
  tick() {
    // A connection may be dead without a word: the agent tells a window each second.
    const silent = this.live !== undefined && Date.now() - this.#heard > kSilent;
    if (silent && this.#ticks % 10 === 0) this.live?.again();
    if (silent || this.live?.state === 'broken') this.brokenSince ||= this.now();
    else this.brokenSince = 0;
    ++this.#ticks;
    if (this.asked.last) {
      const next = resolve(this.asked, this.now());
      // A range of a day moves by a pixel a minute; live it moves each second.
      if (this.following || next.to - this.range.to > Math.max(10e3, span(next) / 1000)) {
        this.range = next;
        // A slow agent is let finish: each question would end the one before.
        if (!this.report.busy && next.to - this.settled.to > Math.max(10e3, span(next) / 500)) this.settled = next;
      }
    }
    const { apart } = this.tail;
    if (this.range.to > this.#refreshed - 120e3 && this.now() - this.#refreshed > (apart ? kMeet : Math.max(10e3, this.step / 2))) this.#refresh(apart ? this.step : undefined);
    if (this.now() % 5000 < 1000 && !agent.locked && !this.session.busy) void this.look();
    if (this.failure) this.changed();
  }
}
