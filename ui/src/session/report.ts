// SPDX-License-Identifier: Apache-2.0
// Figures of a whole range, as /report tells them: made of all values of the range by the agent, so that they are the
// ones that `wirestamp report` and the API tell.
import { getText, paths, type Incident, type Query, type Window } from '../lib/api';
import { Newer } from '../lib/older';
import { span, type Range } from '../lib/range';
import { iso, kDay, kHour, kMinute, kSecond } from '../lib/time';

export type Figures = Window & { one_way_error_ns?: number; forward_class?: string; backward_class?: string; departure_unconfirmed?: number };
export interface Period {
  session: string;
  host: string;
  peer?: string;
  interval_ns: number;
  dscp: number;
  from: string;
  to: string;
  step_ns: number;
  data_ratio: number;
  gaps: { from: string; to: string }[];
  figures: Figures;
  outages: { at: string; ended: boolean; text: string; incident: number }[];
  incidents: Incident[];
  forward_hop_changes: number;
  backward_hop_changes: number;
}
export interface Change {
  figure: string;
  before?: number;
  after?: number;
  before_spread?: { low: number; high: number };
  after_spread?: { low: number; high: number };
  judgement: string;
  text: string;
}
export interface Report {
  period: Period;
  before?: Period;
  comparison?: { part_ns: number; changes: Change[]; verdict: string };
  notes: string[];
}

// A range and a step by which the same windows are read whatever the step: the store makes figures of a range of those
// that begin in it, and which those are depends on their length. So the range has whole seconds, minutes or hours, as
// long as the windows that are kept of it, and the step is no multiple of longer ones. Few windows are asked for, since
// only the figures of all are wanted.
export function figuresOf(range: Range, now: number): { range: Range; step: number } {
  const length = range.from < now - 85 * kDay || span(range) > 60 * kDay ? kHour : range.from < now - 20 * kHour || span(range) > kHour ? kMinute : kSecond;
  const whole = { from: Math.floor(range.from / length) * length, to: Math.max(Math.floor(range.from / length) + 1, Math.floor(range.to / length)) * length };
  const parts = Math.ceil(span(whole) / 200 / length);
  const longer = length === kMinute ? 60 : length === kSecond ? 10 : Infinity;
  return { range: whole, step: (parts % longer === 0 ? parts + 1 : parts) * length };
}

const withoutWindows = new Newer(); // a day's are megabytes, and the plots have theirs
async function ask(session: string, range: Range, step: number | undefined, other: Range | undefined, signal: AbortSignal): Promise<Report> {
  const query: Query = { from: iso(range.from), to: iso(range.to), step: step && `${step / 1000}s` };
  if (other) Object.assign(query, { compare_from: iso(other.from), compare_to: iso(other.to) });
  const told = (more: Query) => getText(paths.report(session), { ...query, ...more }, undefined, signal);
  // Nothing here is beyond 2^53, so the quick parser will do.
  return JSON.parse(await withoutWindows.ask(() => told({ windows: 'none' }), () => told({}))) as Report;
}

export async function askReport(session: string, asked: Range, other: Range | undefined, now: number, signal: AbortSignal): Promise<Report> {
  const { range, step } = figuresOf(asked, now);
  const moved = other && { from: other.from + range.from - asked.from, to: other.from + range.from - asked.from + span(range) };
  const report = await ask(session, range, step, moved, signal);
  // A small store keeps fine windows for less time than usual: then the agent chooses.
  return report.period.figures.scheduled > 0 ? report : await ask(session, range, undefined, moved, signal);
}
