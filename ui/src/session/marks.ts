// SPDX-License-Identifier: Apache-2.0
// Events as marks on the time line: what lies too near to be clicked apart is one mark, of the worst severity.
import type { RecordedEvent, Severity } from '../lib/api';
import { xOf, type Frame } from '../plots/axis';
import { knownInstant } from './instants';

export interface Mark {
  x: number;
  severity: Severity;
  agent: boolean; // of the agent as a whole, and of nothing else
  events: RecordedEvent[];
}
const kOrder: Severity[] = ['info', 'warning', 'error'];
export const worse = (a: Severity, b: Severity) => (kOrder.indexOf(a) >= kOrder.indexOf(b) ? a : b);

export function marksOf(events: readonly RecordedEvent[], frame: Frame, apart = 27): Mark[] {
  const marks: Mark[] = [];
  for (const event of events) {
    const x = xOf(frame, knownInstant(event.event.at));
    if (!(x >= frame.left - 1 && x <= frame.left + frame.width + 1)) continue;
    const last = marks[marks.length - 1];
    if (last && x - last.x < apart) {
      last.events.push(event);
      last.severity = worse(last.severity, event.severity);
      last.agent &&= !event.session;
    } else marks.push({ x, severity: event.severity, agent: !event.session, events: [event] });
  }
  return marks;
}
