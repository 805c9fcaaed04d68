// SPDX-License-Identifier: Apache-2.0
// For whoever measures pages (./dev bench ui) and tests them: when the scripts have run, and the first time that a view
// shows what it was asked for.
export const begun = () => performance.mark('wirestamp:begun');

// The page is made beside the document at first.
let place: () => void;
const placed = new Promise<void>((done) => (place = done));
let tell: () => void;
// What can wait does so until then, or, where nothing is drawn, until the page has stood for a while.
export const used = new Promise<void>((done) => (tell = done));
const kUndrawn = 700; // ms

export function inPlace() {
  place();
  setTimeout(tell, kUndrawn);
}

let told = false;
export function usable() {
  if (told) return;
  told = true;
  void placed.then(() => (performance.mark('wirestamp:drawn'), tell()));
}
