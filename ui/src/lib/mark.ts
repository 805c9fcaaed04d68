// SPDX-License-Identifier: Apache-2.0
// For whoever measures pages (./dev bench ui) and tests them: when the scripts have run and the page is made, and the
// first time that a view shows what it was asked for.
export const begun = () => performance.mark('wirestamp:begun');

let tell: (() => void) | undefined;
// What can wait does so until then; where nothing is ever drawn, for some seconds.
const kLongest = 3000; // ms
export const used = new Promise<void>((done) => setTimeout((tell = done), kLongest));

export function usable() {
  if (!tell) return;
  performance.mark('wirestamp:drawn');
  tell();
  tell = undefined;
}
