// SPDX-License-Identifier: Apache-2.0
// Where the page is, and going elsewhere.
import { href, parseHash, type Route } from './hash';
import { turned } from './scroll';

export { href, parseHash };

class Router {
  current = $state.raw<Route>(parseHash(location.hash));

  constructor() {
    addEventListener('hashchange', () => (turned(), (this.current = parseHash(location.hash))));
  }
  go(path: string[], query: Record<string, string | number | boolean | undefined> = {}) {
    location.hash = href(path, query);
  }
  // Changes parameters of the present view. `replace`: without a step in the history (zooming, dragging).
  set(changes: Record<string, string | undefined>, replace = false) {
    const query = new URLSearchParams(this.current.query);
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined || value === '') query.delete(key);
      else query.set(key, value);
    }
    const target = href(this.current.path, Object.fromEntries(query));
    if (target === location.hash) return;
    if (replace) {
      history.replaceState(history.state, '', target);
      this.current = parseHash(target);
    } else {
      location.hash = target;
    }
  }
}

export const router = new Router();
