// SPDX-License-Identifier: Apache-2.0
import { href } from './hash';
import type { Range } from './range';
import { iso } from './time';

// To a session at a moment, with what is around it.
export function momentLink(session: string, range: Range): string {
  return href(['session', session], { from: iso(range.from), to: iso(range.to) });
}
