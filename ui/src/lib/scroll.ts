// SPDX-License-Identifier: Apache-2.0
// How far down each entry of the history was read. What a page shows comes after a browser would have scrolled to it: so it
// is done here, whenever the page has grown, as long as an answer may take, some seconds from when it is there, and unless
// somebody moves it meanwhile. Without storage each page begins at its top.
const kFor = 30_000; // ms, as the patience of api.ts
const kThere = 5000;
const kMost = 50; // entries that are kept: browsers keep as many

let entry: string;
let place = 0;
let until = 0;

function arrived() {
  if (!history.state) history.replaceState(`wirestamp.${Date.now()}`, '');
  entry = history.state as string;
  try {
    place = Number(sessionStorage[entry] ?? 0);
  } catch {
    // As above.
  }
}
function leave() {
  try {
    sessionStorage[entry] = scrollY;
  } catch {
    // As above.
  }
}

// The address is another one, the page still that of the one before.
export function turned() {
  leave();
  arrived();
}
// Another page.
export function show() {
  until = place && performance.now() + kFor;
  put();
}
function put() {
  scrollTo(0, place);
  if (scrollY > place - 1) until = Math.min(until, performance.now() + kThere);
}

history.scrollRestoration = 'manual';
arrived();
show();
new ResizeObserver(() => performance.now() < until && put()).observe(document.documentElement);
for (const kind of ['wheel', 'pointerdown', 'keydown']) addEventListener(kind, () => (until = 0), true);
addEventListener('pagehide', leave);
