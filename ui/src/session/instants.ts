// SPDX-License-Identifier: Apache-2.0
// Instants of what is drawn with every frame, read once: thousands of events and flows would cost milliseconds each time.
import { instant } from '../lib/time';

const known = new Map<string, number>();
const kMost = 20_000;

export function knownInstant(text: string | undefined): number {
  if (text === undefined) return NaN;
  let at = known.get(text);
  if (at === undefined) {
    if (known.size >= kMost) known.clear();
    known.set(text, (at = instant(text)));
  }
  return at;
}
