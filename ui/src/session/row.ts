// SPDX-License-Identifier: Apache-2.0
// A window as the plots need it: flat, with NaN for what is not known. The API's windows are far larger.
import type { Values, Window } from '../lib/api';
import { instant } from '../lib/time';
import type { Delay } from '../lib/windowquery';
import { fromHistogram, type Bins } from './bins';

export type { Delay };
export const kDelayWords: Record<Delay, string> = { rtt: 'Round trip', forward: 'One way, forward', backward: 'One way, backward' };

// Fields of the API that some agents tell and older ones do not.
interface More {
  forward_class?: string;
  backward_class?: string;
  one_way_error_ns?: number;
  departure_unconfirmed?: number;
}

export interface Row {
  begin: number; // ms
  end: number;
  part: boolean;
  provisional: boolean; // of the live stream: the store may know more later
  count: number; // of delays
  min: number;
  p10: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
  mean: number;
  worstP99: number; // the largest p99 of the finer windows; round trips only
  error: number; // bound, ns
  stamps: string;
  scheduled: number;
  sent: number;
  delivered: number;
  lost: number;
  lostForward: number;
  lostBackward: number;
  late: number;
  notSent: number; // of this host: unsent, withheld, too late
  refused: number;
  loss: number; // shares of 1
  worstLoss: number;
  worstLossAt: number;
  forwardLoss: number;
  backwardLoss: number;
  otherLoss: number; // direction not known, late, port closed, too big
  jitter50: number;
  jitter95: number;
  jitterMax: number;
  arrived: number;
  reordered: number;
  duplicates: number;
  classForward: number; // traffic class octet; -1: not known
  classBackward: number;
  hopsForward: number;
  hopsBackward: number;
  remarkedForward: number;
  remarkedBackward: number;
  clockSteps: number;
  bins: Bins | undefined; // undefined: the agent told none
}

const number = (value: number | undefined | null) => value ?? NaN;
const octet = (value: number | undefined) => value ?? -1;

export function valuesOf(window: Window, delay: Delay): Values | undefined {
  return delay === 'rtt' ? window.rtt_ns : delay === 'forward' ? window.forward_ns : window.backward_ns;
}

export function rowOf(window: Window & More, delay: Delay, provisional = false): Row {
  const values = valuesOf(window, delay);
  const at = values?.percentiles ?? {};
  const histogram = delay === 'rtt' ? window.rtt_histogram : delay === 'forward' ? window.forward_histogram : window.backward_histogram;
  const other = window.lost.total - window.lost.forward - window.lost.backward;
  const begin = instant(window.begin);
  return {
    begin,
    end: instant(window.end),
    part: window.part,
    provisional,
    count: values?.count ?? 0,
    min: number(values?.min),
    p10: number(at.p10),
    p50: number(at.p50),
    p90: number(at.p90),
    p95: number(at.p95),
    p99: number(at.p99),
    max: number(values?.max),
    mean: number(values?.mean),
    worstP99: delay === 'rtt' ? number(window.worst_rtt_p99_ns) : NaN,
    error: delay === 'rtt' ? number(window.rtt_error_ns?.max) : number(window.one_way_error_ns),
    stamps: (delay === 'rtt' ? window.rtt_class : delay === 'forward' ? window.forward_class : window.backward_class) ?? '',
    scheduled: window.scheduled,
    sent: window.sent,
    delivered: window.delivered,
    lost: window.lost.total,
    lostForward: window.lost.forward,
    lostBackward: window.lost.backward,
    late: window.late,
    notSent: window.unsent.total + window.withheld + window.late_schedule,
    refused: window.refused_by_peer,
    loss: number(window.loss_ratio),
    worstLoss: number(window.worst_loss_ratio ?? window.loss_ratio),
    worstLossAt: window.worst_loss_at ? instant(window.worst_loss_at) : begin,
    forwardLoss: number(window.forward_loss_ratio),
    backwardLoss: number(window.backward_loss_ratio),
    otherLoss: window.sent > 0 ? Math.max(0, other) / window.sent : NaN,
    jitter50: number(window.ipdv_ns?.percentiles?.p50),
    jitter95: number(window.ipdv_ns?.percentiles?.p95),
    jitterMax: number(window.ipdv_ns?.max),
    arrived: window.arrived,
    reordered: window.reordered,
    duplicates: window.duplicates.forward + window.duplicates.backward + window.duplicates.unknown,
    classForward: octet(window.marks?.forward.traffic_class),
    classBackward: octet(window.marks?.backward.traffic_class),
    hopsForward: octet(window.marks?.forward.hop_limit),
    hopsBackward: octet(window.marks?.backward.hop_limit),
    remarkedForward: window.marks?.forward.remarked ?? 0,
    remarkedBackward: window.marks?.backward.remarked ?? 0,
    clockSteps: window.clock_step_samples,
    bins: histogram ? fromHistogram(histogram) : undefined,
  };
}

// A stretch of rows that are drawn alike: of one step, and clipped to where nothing finer is there.
export interface Piece {
  from: number;
  to: number;
  rows: Row[];
  step: number; // ms
  exact: boolean; // of the step wanted; else finer is on its way, or no longer kept
}

// Of rows in order of time, the place of the first that ends after an instant; their number: none does.
export function firstAfter(rows: readonly Row[], at: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as Row).end <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
// The row at an instant; undefined in a gap.
export function rowAt(pieces: readonly Piece[], at: number): Row | undefined {
  for (const piece of pieces) {
    if (at < piece.from || at >= piece.to) continue;
    const row = piece.rows[firstAfter(piece.rows, at)];
    if (row && row.begin <= at) return row;
  }
  return undefined;
}
