// SPDX-License-Identifier: Apache-2.0
// What keys and mouse do, for the help and below the plots. A key is written here when it is built.
export type Keys = [string, string][]; // keys apart by blanks

export const kPlotKeys: Keys = [
  ['← →', 'earlier, later'],
  ['+ −', 'nearer, farther'],
  ['Home End', 'to the first data, to now'],
  [', .', 'move the cursor by a window or a probe'],
  ['< >', 'the same, and select'],
  ['Enter', 'go to the selection, or open the probe'],
  ['Esc', 'drop selection and cursor'],
  ['0', 'the last 24 hours'],
];
export const kPlotMouse: Keys = [
  ['drag', 'select'],
  ['shift + drag', 'move'],
  ['wheel', 'nearer, farther, at the cursor'],
  ['double click', 'the last 24 hours'],
];

export const kKeys: [string, Keys][] = [
  ['Everywhere', [['?', 'this help'], ['Esc', 'close it'], ['Tab', 'to the next thing that can be used']]],
  ['Overview', [['/', 'filter'], ['↓ ↑', 'from row to row'], ['Home End', 'to the first, to the last'], ['Enter', 'open the session']]],
  ['Session (in the plots)', kPlotKeys],
  ['Incidents, events', [['/', 'filter by session']]],
  ['Probe', [['← →', 'the probe before, the next one'], ['p n', 'the lost one before, the next one']]],
];

// Words that the page uses and does not explain where it does: docs/glossary.md has them all.
export const kWords: Keys = [
  ['forward', 'from this host to the reflector, the far end that answers'],
  ['backward', 'from the reflector to this host'],
  ['p50, p99', 'half of the values, or 99 of 100 of them, are at most this'],
  ['jitter', 'delay variation: the difference between the delays of neighbours'],
  ['loss', 'not answered in time, of what was sent'],
  ['flow', 'probes of one pair of addresses and ports; a firewall keeps an entry for each'],
  ['hop limit', 'what is left of it (TTL) on arrival: one more hop on the path, one less'],
];
