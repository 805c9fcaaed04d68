// SPDX-License-Identifier: Apache-2.0
// The time as the page tells it ("3 min ago"): one clock for all, that stands while nobody looks.
class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => {
      if (!document.hidden) this.now = Date.now();
    }, 1000);
    document.addEventListener('visibilitychange', () => (this.now = Date.now()));
  }
}

export const clock = new Clock();
