// SPDX-License-Identifier: Apache-2.0
// How windows are asked for that are to be drawn.
import type { Query } from './api';
import type { Range } from './range';
import { iso } from './time';

export type Delay = 'rtt' | 'forward' | 'backward';

const kPercentiles = '10,50,90,95,99';
// What rowOf() reads. All of a window is several times as much to make, to send and to read.
const kFields =
  'end,part,scheduled,sent,delivered,late,duplicates,lost,unsent,refused_by_peer,withheld,late_schedule,loss_ratio,forward_loss_ratio,backward_loss_ratio,' +
  'arrived,reordered,ipdv_ns,clock_step_samples,marks,worst_loss_ratio,worst_loss_at';
const kOfDelay: Record<Delay, string> = {
  rtt: 'rtt_ns,rtt_class,rtt_error_ns,worst_rtt_p99_ns,rtt_histogram',
  forward: 'forward_ns,forward_class,one_way_error_ns,forward_histogram',
  backward: 'backward_ns,backward_class,one_way_error_ns,backward_histogram',
};

export function windowQuery(range: Range, step: number): Query {
  return { from: iso(range.from), to: iso(range.to), step: `${step / 1000}s`, percentiles: kPercentiles, format: 'json' };
}
// What an older agent does not know.
export function newerQuery(delay: Delay): Query {
  return { histogram: delay, fields: `${kFields},${kOfDelay[delay]}` };
}
