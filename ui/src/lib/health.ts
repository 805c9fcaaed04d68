// SPDX-License-Identifier: Apache-2.0
// A session in one word: what the overview sorts by. The agent's own thresholds decide what is trouble (an open
// incident), not this page.
import type { Session } from './api';

export type Health = 'well' | 'troubled' | 'down' | 'waiting' | 'stopped' | 'past';

export const kHealthWords: Record<Health, string> = {
  well: 'well',
  troubled: 'incident',
  down: 'no answer',
  waiting: 'not begun',
  stopped: 'peer stopped',
  past: 'past',
};
// Worst first.
export const kHealthOrder: Health[] = ['down', 'troubled', 'waiting', 'stopped', 'well', 'past'];

export function healthOf(session: Session): Health {
  if (!session.configured) return 'past';
  if (session.state === 'silent') return 'down';
  if (session.state === 'waiting') return 'waiting';
  if (session.state === 'stopped') return 'stopped';
  return session.incident === undefined ? 'well' : 'troubled';
}
