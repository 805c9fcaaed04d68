// SPDX-License-Identifier: Apache-2.0
// What else changed when trouble began: often the cause. A change of the path or of marks is told by itself, and not
// always as part of the incident that it brought.
import type { Incident, RecordedEvent } from './api';
import { meaningOf } from './meaning';
import { instant, kMinute } from './time';

export interface Hint {
  id: number;
  at: string;
  text: string; // what the agent said
  why: string; // what that may have to do with it
  todo?: string;
}

const kWhy: Record<string, string> = {
  hops_changed: 'Packets took another path: a longer one takes longer, and may lose or reorder more.',
  remarked: 'What is marked otherwise waits in another queue: delay, jitter and loss may come of it.',
  network_changed: 'A route, a link or an address of this host changed.',
  reflector_restarted: 'The far end was restarted, or the flow comes from another address there.',
  peer_stopping: 'The far end was stopped on purpose.',
  receive_buffer_full: 'Answers that had come may have been dropped here: they count as lost.',
};
// What was found out about where it was.
const kFound: Record<string, string> = {
  path_swept: 'What it ends after still answers: the fault lies behind it, or in it for this flow alone.',
  account_told: 'So the direction of the loss is known.',
  timeout_measured: 'So long a silence lets the stale entry on the way die.',
};
export function foundOf(events: readonly RecordedEvent[]): { id: number; text: string; why: string }[] {
  return events.flatMap(({ id, event }) => (kFound[event.kind] ? [{ id, text: event.text, why: kFound[event.kind] ?? '' }] : []));
}

// A change of hops is told a minute late, a crossed threshold some minutes after the trouble began.
const kBefore = 3 * kMinute;
const kAfter = 5 * kMinute;

export function hintsOf(incident: Incident, events: readonly RecordedEvent[]): Hint[] {
  const opened = instant(incident.opened);
  const kinds = new Set<string>();
  const hints: Hint[] = [];
  for (const { id, event } of [...events].sort((a, b) => a.id - b.id)) {
    const why = kWhy[event.kind];
    const at = instant(event.at);
    // What came when it was over is no cause of it.
    const over = incident.closed !== undefined && at >= instant(incident.closed) && at > opened;
    if (!why || over || !(at >= opened - kBefore && at <= opened + kAfter) || kinds.has(event.kind)) continue;
    kinds.add(event.kind);
    hints.push({ id, at: event.at, text: event.text, why, todo: meaningOf(event)?.todo });
  }
  return hints;
}
