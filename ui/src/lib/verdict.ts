// SPDX-License-Identifier: Apache-2.0
// How all sessions are, in one sentence that begins with what matters most.
import type { Incident } from './api';
import type { Health } from './health';
import type { Row } from './overview';

export interface Verdict {
  health: Health;
  lead: string; // "2 of 8 sessions have trouble:"
  parts: { session: string; text: string }[]; // a name, and what is wrong with it
  more: number; // that have trouble and are not named
  rest: string; // what else is to be said
}

const kMostNamed = 3;

const are = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

export function verdictOf(rows: readonly Row[], incidents: readonly Incident[]): Verdict {
  const running = rows.filter((row) => row.health !== 'past');
  const of = (health: Health) => running.filter((row) => row.health === health);
  const troubled = [...of('down'), ...of('troubled')];
  const idle = [
    of('waiting').length ? `${are(of('waiting').length, 'has', 'have')} not begun` : '',
    of('stopped').length ? `the peer of ${of('stopped').length} has stopped` : '',
  ].filter(Boolean);
  const open = incidents.filter((one) => one.closed === undefined);
  const host = open.some((one) => !one.session) ? 'The agent itself has an open incident.' : '';
  // Its session was taken out of the configuration in the middle of it.
  const names = new Set(running.map((row) => row.session.name));
  const left = open.some((one) => one.session && !names.has(one.session)) ? 'An incident of a past session is still open.' : '';
  const said = (text: string) => [text, host, left].filter(Boolean).join(' ');
  if (running.length === 0) return { health: 'waiting', lead: 'No session is measured.', parts: [], more: 0, rest: said('') };
  if (troubled.length === 0) {
    const well = of('well').length;
    if (well === running.length) {
      const lead = well === 1 ? 'The one session is well.' : `All ${well} sessions are well.`;
      return { health: host ? 'troubled' : 'well', lead, parts: [], more: 0, rest: said('') };
    }
    return {
      health: host ? 'troubled' : 'waiting',
      lead: `${well} of ${running.length} sessions ${well === 1 ? 'is' : 'are'} well;`,
      parts: [],
      more: 0,
      rest: said(`${idle.join(', ')}.`),
    };
  }
  const titles = new Map(incidents.map((one) => [one.id, one.title]));
  const parts = troubled.slice(0, kMostNamed).map((row) => ({
    session: row.session.name,
    text: row.health === 'down' ? 'no answer' : (titles.get(row.session.incident ?? -1) ?? 'an open incident'),
  }));
  const verb = troubled.length === 1 ? 'has' : 'have';
  return {
    health: of('down').length ? 'down' : 'troubled',
    lead: running.length === 1 ? 'The one session has trouble:' : `${troubled.length} of ${running.length} sessions ${verb} trouble:`,
    parts,
    more: troubled.length - parts.length,
    rest: said(idle.length ? `Of the others ${idle.join(', ')}.` : ''),
  };
}
