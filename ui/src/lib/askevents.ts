// SPDX-License-Identifier: Apache-2.0
// Events by kind, and those of the agent alone. Of an older agent all are asked for, and what is wanted is picked here.
import { get, paths, type Query, type RecordedEvent } from './api';
import { Newer } from './older';

export interface ToldEvents {
  complete: boolean;
  events: RecordedEvent[];
}

const newer = new Newer(['wrong_parameter', 'unknown_session']);
export const knowsKinds = () => !newer.refused;

const all = (query: Query, signal?: AbortSignal) => get<ToldEvents>(paths.events, query, signal);
const orElse = (query: Query, fewer: Query, wanted: (one: RecordedEvent) => boolean, signal?: AbortSignal) =>
  newer.ask(
    () => all(query, signal),
    async () => {
      const { complete, events } = await all(fewer, signal);
      return { complete, events: events.filter(wanted) };
    },
  );

export function eventsOfKinds(kinds: readonly string[], query: Query, signal?: AbortSignal): Promise<ToldEvents> {
  return kinds.length === 0 ? all(query, signal) : orElse({ ...query, kind: kinds.join(',') }, query, ({ event }) => kinds.includes(event.kind), signal);
}

// Of no session: its clock, its store, its configuration.
export function eventsOfAgent(query: Query, signal?: AbortSignal): Promise<ToldEvents> {
  return orElse({ ...query, session: '' }, query, ({ session }) => !session, signal);
}
