// SPDX-License-Identifier: Apache-2.0
// What an agent that is older than this page does not know: it refuses, is asked in the way it knows, and is not asked
// in the new way again.
import { ApiProblem, get, paths, type Session } from './api';

export class Newer {
  refused = false;
  constructor(readonly codes: readonly string[] = ['wrong_parameter', 'unknown_address']) {}

  async ask<T>(newer: () => Promise<T>, older: () => Promise<T>): Promise<T> {
    if (!this.refused) {
      try {
        return await newer();
      } catch (failure) {
        // A value that is none of those it lists is a cut link, and no sign of age.
        if (!(failure instanceof ApiProblem) || !this.codes.includes(failure.code) || / is one of /.test(failure.message)) throw failure;
        this.refused = true;
      }
    }
    return older();
  }
}

const brief = new Newer();
// All sessions, with what a list shows of each.
export async function briefSessions(signal?: AbortSignal): Promise<Session[]> {
  const all = (path: string) => () => get<{ sessions: Session[] }>(path, {}, signal);
  return (await brief.ask(all(paths.overview), all(paths.sessions))).sessions;
}
