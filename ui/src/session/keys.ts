// SPDX-License-Identifier: Apache-2.0
// The keyboard over the plots. All that the mouse does, keys do; lib/keys.ts says it in words.
import { span } from '../lib/range';
import type { View } from './view.svelte';

export interface KeyHands {
  view: View;
  reset(): void;
  cursor(): number | undefined;
  setCursor(at: number | undefined): void;
  nextProbe(by: number): boolean;
  enter(): void;
}

export function onKey(event: KeyboardEvent, hands: KeyHands) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
  const { view } = hands;
  const step = (by: number, select: boolean) => {
    if (!select && hands.nextProbe(by)) return;
    const before = hands.cursor() ?? (view.range.from + view.range.to) / 2;
    const at = Math.min(view.range.to - view.step / 2, Math.max(view.range.from, (Math.floor(before / view.step) + by + 0.5) * view.step));
    hands.setCursor(at);
    if (!select) return;
    const begin = Math.floor(at / view.step) * view.step;
    const old = view.selection;
    // The selection grows at the end that the cursor is at.
    if (!old) view.select({ from: begin, to: begin + view.step });
    else if (by > 0) view.select({ from: Math.min(old.from, begin), to: Math.max(old.to, begin + view.step) });
    else view.select({ from: Math.min(old.from, begin), to: old.to });
  };
  const kept = Date.parse((view.session.value?.kept_from ?? '').replace(/(\.\d{3})\d+/, '$1'));
  const actions: Record<string, () => void> = {
    ArrowLeft: () => view.pan(-span(view.range) * (event.shiftKey ? 0.5 : 0.1)),
    ArrowRight: () => view.pan(span(view.range) * (event.shiftKey ? 0.5 : 0.1)),
    '+': () => view.zoom(0.7),
    '=': () => view.zoom(0.7),
    '-': () => view.zoom(1 / 0.7),
    Home: () => Number.isFinite(kept) && view.move({ from: kept, to: kept + span(view.range) }),
    End: () => view.move({ from: view.now() - span(view.range), to: view.now() }),
    ',': () => step(-1, false),
    '.': () => step(1, false),
    '<': () => step(-1, true),
    '>': () => step(1, true),
    Enter: hands.enter,
    Escape: () => {
      view.select(undefined);
      hands.setCursor(undefined);
    },
    '0': hands.reset,
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
