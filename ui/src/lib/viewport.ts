// SPDX-License-Identifier: Apache-2.0
// The page's width, pixels. Asked for before anything stands in the page: later the answer takes a layout of all of it.
let width = document.documentElement.clientWidth;
addEventListener('resize', () => (width = document.documentElement.clientWidth));
export const pageWidth = () => width;
