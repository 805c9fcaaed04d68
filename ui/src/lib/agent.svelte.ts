// SPDX-License-Identifier: Apache-2.0
// Whether the agent answers this page, and what it says of itself. One place asks every ten seconds; everything that
// meets a refusal tells it here, so that the log-in and the notice appear once.
import type { Snippet } from 'svelte';
import { ApiProblem, get, paths, type Health } from './api';
import { remembered, remember } from './prefs.svelte';

const kBetween = 10_000;

class Agent {
  health = $state.raw<Health | undefined>();
  problem = $state.raw<ApiProblem | undefined>();
  locked = $state(false); // a token is needed
  notes = $state.raw<Snippet | undefined>(); // of the page that is shown, among those of the agent
  asking = $state(false); // the user wants to give the token, where reading needs none
  since = $state(0); // of the problem, ms
  revived = $state(0); // counts up when it is back, or another process: what is shown is to be asked again
  entered = $state(remembered('entered') || !/^(localhost|127\..*|\[::1\])$/.test(location.hostname)); // with the token: there is a cookie
  version = $state(''); // of the agent that this page came from
  #timer: ReturnType<typeof setTimeout> | undefined;

  // The agent was replaced by another version: the page is of the old one.
  get replaced(): boolean {
    return this.health !== undefined && this.health.version !== this.version;
  }
  // After a log-in or log-out.
  enter(entered: boolean) {
    this.entered = entered;
    this.asking = false;
    remember('entered', entered);
    void this.look();
  }
  start() {
    void this.look();
  }
  async look() {
    clearTimeout(this.#timer);
    try {
      const health = await get<Health>(paths.health);
      const back = this.problem !== undefined || this.locked || (this.health && this.health.began !== health.began);
      this.version ||= health.version;
      this.health = health;
      this.problem = undefined;
      this.locked = false;
      if (back) this.revived++;
    } catch (failure) {
      this.met(failure);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), this.locked ? 60_000 : this.problem ? 2_000 : kBetween);
  }
  // Anything that failed elsewhere.
  met(failure: unknown) {
    if (!(failure instanceof ApiProblem)) return;
    if (failure.status === 401) this.locked = true;
    else if (failure.status === 0) {
      if (this.problem) return;
      this.since = Date.now();
      this.problem = failure;
      // The next look is soon, not when the agent was thought to be well.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.look(), 2_000);
    }
  }
}

export const agent = new Agent();
