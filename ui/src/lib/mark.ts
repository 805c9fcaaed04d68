// SPDX-License-Identifier: Apache-2.0
// For whoever measures pages (./dev bench ui) and tests them: when the scripts have run and the page is made, and the
// first time that a view shows what it was asked for.
export const begun = () => performance.mark('wirestamp:begun');

let told = false;

export function usable() {
  if (told) return;
  told = true;
  performance.mark('wirestamp:drawn');
}
