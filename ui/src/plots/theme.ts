// SPDX-License-Identifier: Apache-2.0
// The page's colours for canvases, read once a theme: what is drawn follows light and dark as everything else does.
export interface Theme {
  dark: boolean;
  surface: string;
  line: string;
  strong: string;
  text: string;
  muted: string;
  accent: string;
  accentSoft: string;
  warn: string;
  warnSoft: string;
  bad: string;
  grid: string;
  outer: string;
  inner: string;
  median: string;
  forward: string;
  backward: string;
  other: string;
  font: string;
}

export function readTheme(dark: boolean): Theme {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    dark,
    surface: of('surface'),
    line: of('line'),
    strong: of('line-strong'),
    text: of('text'),
    muted: of('muted'),
    accent: of('accent'),
    accentSoft: of('accent-soft'),
    warn: of('warn'),
    warnSoft: of('warn-soft'),
    bad: of('bad'),
    grid: of('grid'),
    outer: of('band-outer'),
    inner: of('band-inner'),
    median: of('median'),
    forward: of('forward'),
    backward: of('backward'),
    other: of('unknown'),
    font: of('font'),
  };
}

// Viridis (CC0), in seventeen steps: perceptually even, told apart by all kinds of colour vision and in grey.
const kViridis = [
  0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d, 0x2c728e, 0x26828e, 0x21918c, 0x1fa088, 0x28ae80, 0x3fbc73, 0x5ec962,
  0x84d44b, 0xaddc30, 0xd8e219, 0xfde725,
];

// 256 colours as the pixels of an ImageData (little endian: ABGR). What is much stands out against the background:
// light on dark, dark on light.
export function heatColours(dark: boolean): Uint32Array {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; ++i) {
    const place = ((dark ? i : 255 - i) / 255) * (kViridis.length - 1);
    const first = Math.min(Math.floor(place), kViridis.length - 2);
    const [a, b] = [kViridis[first] as number, kViridis[first + 1] as number];
    const mix = (shift: number) => Math.round(((a >> shift) & 255) + (((b >> shift) & 255) - ((a >> shift) & 255)) * (place - first));
    table[i] = (0xff000000 | (mix(0) << 16) | (mix(8) << 8) | mix(16)) >>> 0;
  }
  return table;
}
