// SPDX-License-Identifier: Apache-2.0
// Incidents over time: a lane for each session, the one with the most trouble first.
import type { Incident } from './api';
import { instant, kHour } from './time';

export interface Lane {
  session: string; // empty: the agent
  bars: { incident: Incident; from: number; to: number }[];
  total: number; // ms of trouble
}
export interface Lanes {
  from: number;
  to: number;
  lanes: Lane[];
  more: number; // sessions without a lane
}

export function lanesOf(incidents: readonly Incident[], now: number, most: number): Lanes {
  const lanes = new Map<string, Lane>();
  let from = Infinity;
  for (const incident of incidents) {
    const begin = instant(incident.opened);
    const end = incident.closed === undefined ? Math.max(now, begin) : instant(incident.closed);
    if (!Number.isFinite(begin) || !Number.isFinite(end)) continue;
    const key = incident.session ?? '';
    const lane = lanes.get(key) ?? { session: key, bars: [], total: 0 };
    lane.bars.push({ incident, from: begin, to: end });
    lane.total += end - begin;
    lanes.set(key, lane);
    from = Math.min(from, begin);
  }
  const all = [...lanes.values()].sort((a, b) => b.total - a.total || a.session.localeCompare(b.session));
  if (!Number.isFinite(from)) from = now;
  return { from: Math.min(from, now - kHour), to: now, lanes: all.slice(0, most), more: Math.max(0, all.length - most) };
}
