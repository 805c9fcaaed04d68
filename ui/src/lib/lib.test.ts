// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parse } from './api';
import { count, duration, octets, seen, share } from './format';
import { ago, instant, since, when } from './time';

describe('numbers', () => {
  it('tells durations with three digits and their unit', () => {
    expect([0, 999, 1597, 20_200_000, -1500, 1_250_000_000, 125e9, 90_061e9].map(duration)).toEqual(
      ['0 ns', '999 ns', '1.60 µs', '20.2 ms', '\u22121.50 µs', '1.25 s', '2 min 5 s', '1 d 1 h']);
    expect(duration(undefined)).toBe('–');
  });
  it('never rounds a loss to nothing nor some answers to none', () => {
    expect([0, 0.000823, 0.125, 0.99999, 1, 1e-9].map(share)).toEqual(
      ['0 %', '0.082 %', '12.5 %', '>99.9 %', '100 %', '<0.0001 %']);
  });
  it('groups digits', () => {
    expect([count(1234567), count(undefined), octets(1536)]).toEqual(['1\u202f234\u202f567', '–', '1.5 KiB']);
  });
  it('shows a name of which nothing is seen', () => {
    expect([' ', '\u202e', 'a b'].map(seen)).toEqual(['‹name of 1 blanks›', '‹name of 1 blanks›', 'a b']);
  });
  it('keeps nanoseconds of today exact and leaves strings alone', () => {
    expect(parse('{"t_ns":1795676800687163723,"text":"at :1795676800687163723 \\"5","n":-5}')).toEqual(
      { t_ns: '1795676800687163723', text: 'at :1795676800687163723 "5', n: -5 });
  });
  it('keeps the digits of a share, however many', () => {
    expect(parse('[0.08333333333333333,1e-17,1.2345678901234567e+20]')).toEqual([1 / 12, 1e-17, 1.2345678901234567e20]);
  });
});

describe('times', () => {
  it('reads RFC 3339 with nanoseconds', () => {
    expect(instant('2026-11-26T07:02:56.613899666Z')).toBe(Date.UTC(2026, 10, 26, 7, 2, 56, 613));
    expect(instant(undefined)).toBeNaN();
  });
  it('tells them in the order of ISO 8601', () => {
    const at = Date.UTC(2026, 10, 26, 7, 2, 56, 999);
    expect(when(at, 'utc')).toBe('2026-11-26 07:02:56');
    expect((['date', 'minute', 'clock'] as const).map((form) => when(at, 'utc', form))).toEqual(['2026-11-26', '2026-11-26 07:02', '07:02:56']);
    expect([when(NaN, 'utc'), when(Date.UTC(987, 0, 2), 'utc', 'date'), when(-1, 'utc')]).toEqual(['–', '0987-01-02', '1969-12-31 23:59:59']);
  });
  it('tells those of the zone as the browser would', () => {
    const told = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
    for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 17.3 * 3600e3) expect(when(at, 'local')).toBe(told.format(at));
  });
  it('tells since when something is, so that it is not taken for when it was', () => {
    const now = Date.UTC(2026, 10, 26, 13, 57, 5);
    expect([55 * 60e3, 40e3, 15 * 3600e3 + 300e3, -1e3].map((before) => since(now - before, now, 'utc'))).toEqual(
      ['since 13:02 (55 min)', 'since 13:56 (40 s)', 'since 2026-11-25 22:52 (15 h 5 min)', 'since 13:57']);
    expect([55 * 60e3, 26 * 3600e3, -5e3, NaN].map((before) => ago(now - before, now))).toEqual(['55 min ago', '1 d 2 h ago', 'in the future', '–']);
  });
});
