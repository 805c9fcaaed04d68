// SPDX-License-Identifier: Apache-2.0
// Which part of an element is on the screen, in the element's own pixels. The browser is asked with what it lays out
// anyway, and tells it after the frame: asked for at once, a frame would take a layout of the page.
import type { Lane } from '../plots/axis';

const kAbove = 340; // pixels of the page that stand above it, at least: a guess until it is known

// `more` is called when something is seen that was not before.
export function watchSeen(more: () => void) {
  let element: Element | undefined;
  const seen = { part: { top: 0, height: innerHeight - kAbove } as Lane, look, watch };
  const observer = new IntersectionObserver((all) => {
    const { boundingClientRect: whole, intersectionRect: { top, height }, rootBounds } = all[all.length - 1] as IntersectionObserverEntry;
    if (!rootBounds || !whole.height) return; // not in the page yet
    const before = seen.part;
    const part = (seen.part = { top: top - whole.top, height });
    if (part.top < before.top || part.top + height > before.top + before.height) more();
  });
  // Of its own accord an observer tells only whether anything is seen. It tells in any case when it begins.
  function look() {
    if (!element) return;
    observer.unobserve(element);
    observer.observe(element);
  }
  // Returns what ends it.
  function watch(of: Element) {
    element = of;
    addEventListener('scroll', look);
    look();
    return () => (removeEventListener('scroll', look), observer.disconnect());
  }
  return seen;
}
