// SPDX-License-Identifier: Apache-2.0
// Something that is asked of the agent and shown: what came last stays on the page while it is asked again, and a
// failure says what it was. Only the newest question counts.
import { agent } from './agent.svelte';
import { ApiProblem } from './api';

export class Loaded<T> {
  value = $state.raw<T | undefined>();
  problem = $state.raw<ApiProblem | undefined>();
  busy = $state(false);
  #abort: AbortController | undefined;

  async ask(question: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    try {
      const value = await question(abort.signal);
      if (abort.signal.aborted) return;
      this.value = value;
      this.problem = undefined;
    } catch (failure) {
      if (abort.signal.aborted) return;
      agent.met(failure);
      this.problem =
        failure instanceof ApiProblem ? failure : new ApiProblem(0, 'unreadable', `The answer could not be read: ${String(failure)}`);
    } finally {
      if (this.#abort === abort) this.busy = false;
    }
  }
  stop() {
    this.#abort?.abort();
  }
}
