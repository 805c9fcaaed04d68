// SPDX-License-Identifier: Apache-2.0
// Keeps what a page shows fresh: asked when the page opens, when the agent is back (also as another process), when the
// page is seen again, and every `between` ms while it is seen. To be called while a component is made.
import { untrack } from 'svelte';
import { agent } from './agent.svelte';

export function keepFresh(look: () => void, between?: number) {
  $effect(() => {
    void agent.revived;
    untrack(look);
  });
  $effect(() => {
    if (between === undefined) return;
    let last = Date.now();
    const again = () => {
      if (document.hidden || Date.now() - last < between * 0.9) return;
      last = Date.now();
      look();
    };
    const timer = setInterval(again, between);
    document.addEventListener('visibilitychange', again);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', again);
    };
  });
}
