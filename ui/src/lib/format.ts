// SPDX-License-Identifier: Apache-2.0
// Numbers for people. A figure that is not known is a dash, never 0.
export const kNone = '–';

const kMinus = '\u2212';

function digits(value: number): string {
  const size = Math.abs(value);
  const text = size >= 99.95 ? value.toFixed(0) : size >= 9.995 ? value.toFixed(1) : value.toFixed(2);
  return text.replace('-', kMinus);
}

// Nanoseconds as "612 ns", "1.60 µs", "20.2 ms", "1.25 s", "2 min 5 s".
export function duration(ns: number | undefined | null): string {
  if (ns === undefined || ns === null || !Number.isFinite(ns)) return kNone;
  const size = Math.abs(ns);
  if (size < 999.5) return `${Math.round(ns).toString().replace('-', kMinus)} ns`;
  if (size < 999.5e3) return `${digits(ns / 1e3)} µs`;
  if (size < 999.5e6) return `${digits(ns / 1e6)} ms`;
  if (size < 59.95e9) return `${digits(ns / 1e9)} s`;
  return `${ns < 0 ? kMinus : ''}${long(Math.round(size / 1e9))}`;
}

function long(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

// A share of 1 as "0 %", "0.0823 %", "12.5 %". What is not nothing never looks like nothing, and what is not all never like all.
export function share(ratio: number | undefined | null): string {
  if (ratio === undefined || ratio === null || !Number.isFinite(ratio)) return kNone;
  if (ratio === 0) return '0 %';
  const percent = ratio * 100;
  if (percent >= 100) return '100 %';
  if (percent > 99.95) return '>99.9 %';
  if (percent >= 10) return `${percent.toFixed(1)} %`;
  if (percent >= 1) return `${percent.toFixed(2)} %`;
  if (percent < 0.0001) return '<0.0001 %';
  return `${Number(percent.toPrecision(2))} %`;
}

// A name as it is, unless nothing of it can be seen.
export const seen = (name: string) => (/[^\s\p{C}]/u.test(name) ? name : `‹name of ${name.length} blanks›`);

export function count(value: number | undefined | null): string {
  if (value === undefined || value === null) return kNone;
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

export function octets(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = -1;
  while (size >= 1023.5 && unit < units.length - 1) (size /= 1024), unit++;
  return `${size >= 100 ? size.toFixed(0) : size.toFixed(1)} ${units[unit]}`;
}
