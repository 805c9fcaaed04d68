// SPDX-License-Identifier: Apache-2.0
// Which part of an element is on the screen, in the element's own pixels. The browser tells it when it changes: asked in
// a frame it would take a layout of the page.
import type { Lane } from '../plots/axis';

const kAbove = 300; // pixels of the page that stand above it: a guess until it is known
const kMargin = 80; // pixels more than can be seen: what is scrolled to is there already
const kParts = 25; // of the element: it is told again for each that comes or goes

export class Seen {
  part: Lane = { top: 0, height: innerHeight - kAbove };

  // Returns what ends it.
  watch(element: Element, changed: () => void): () => void {
    const observer = new IntersectionObserver(
      (told) => {
        const { boundingClientRect: all, intersectionRect: seen, rootBounds } = told[told.length - 1] as IntersectionObserverEntry;
        if (!rootBounds) return;
        this.part = { top: seen.top - all.top, height: seen.height };
        changed();
      },
      { rootMargin: `${kMargin}px 0px`, threshold: Array.from({ length: kParts + 1 }, (_, i) => i / kParts) },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }
}
