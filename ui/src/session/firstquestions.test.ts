// SPDX-License-Identifier: Apache-2.0
import { afterEach, expect, test, vi } from 'vitest';
import { address, askEarly, earlyAnswers, get, paths, type Query } from '../lib/api';
import { firstQuestions, kTogether, plotsWidth } from '../lib/firstquestions';
import { parseRange, resolve } from '../lib/range';
import { stepFor } from '../lib/steps';
import { loadRows } from './windows';
import { Tiles } from './tiles';

afterEach(() => vi.unstubAllGlobals());

const kNow = Date.parse('2026-03-04T05:06:07.890Z');
const addresses = (hash: string, page = 1440) => firstQuestions(hash, page, kNow).map(([path, query]) => address(path, query));

// What the view of a session asks at first, in the view's own words.
function asked(query: string, page: number): string[] {
  const found: string[] = [];
  vi.stubGlobal('fetch', (path: string) => (found.push(path), new Promise(() => {})));
  const params = new URLSearchParams(query);
  const range = resolve(parseRange(params), kNow);
  const delay = (params.get('delay') ?? 'rtt') as 'rtt';
  new Tiles(loadRows('a b', delay), () => {}, () => kNow, 6, kTogether).pieces(range, stepFor(range, plotsWidth(page)));
  return found;
}

test.each(['', 'last=15m', 'last=30d', 'last=1y', 'last=nonsense', 'view=table', 'delay=forward', 'last=7d&delay=backward&compare=yesterday',
  'from=2026-03-01T00:00:00.000Z&to=2026-03-02T00:00:00.000Z', 'from=2026-03-04T00:00:00.000Z&to=2026-03-04T06:00:00.000Z'])(
  'what a session asks first is asked before it is there: %s', (query) => {
    for (const page of [360, 1440, 3840]) {
      const early = addresses(`#/session/a%20b?${query}`, page);
      expect(early).toHaveLength(3);
      expect(asked(query, page)[0]).toBe(`.${early[2]}`);
    }
  });

test('each page asks for what it shows first, and for no more', () => {
  expect(addresses('')).toEqual([paths.health, paths.overview, `${paths.incidents}?limit=1000`, paths.sparklines]);
  expect(addresses('#/events?kind=remarked')).toEqual([paths.health]);
  expect(addresses('#/session/x/probe?at=5')).toEqual([paths.health]);
  expect(addresses('#/session/%')[1]).toBe(paths.session('%'));
});

test('an early answer is taken once, and a failure is told to who asks', async () => {
  const sent: string[] = [];
  vi.stubGlobal('fetch', async (path: string) => {
    sent.push(path);
    if (path.includes('bad')) throw new TypeError('no network');
    return new Response(`{"n":${sent.length}}`);
  });
  const query: Query = { session: 'x' };
  askEarly('/good', query);
  expect(await get('/good', query)).toEqual({ n: 1 });
  expect(await get('/good', query)).toEqual({ n: 2 });
  askEarly('/bad', {});
  await expect(get('/bad')).rejects.toMatchObject({ status: 0, code: 'unreachable' });
  expect(sent).toEqual(['./good?session=x', './good?session=x', './bad']);
});

test('a page is seen when its early answers are there as a whole, those that failed too', async () => {
  let body: ((text: string) => void) | undefined;
  vi.stubGlobal('fetch', async (path: string) => {
    if (path.includes('bad')) throw new TypeError('no network');
    return { ok: true, status: 200, text: () => new Promise<string>((done) => (body = done)) };
  });
  askEarly('/long', {});
  askEarly('/bad', {});
  let there = false;
  const answers = earlyAnswers().then(() => (there = true));
  const long = get('/long'); // taken: it is waited for all the same
  await Promise.resolve();
  await vi.waitFor(() => expect(body).toBeDefined(), { timeout: 50_000 });
  expect(there).toBe(false);
  body?.('{"n":1}');
  await answers;
  expect(await long).toEqual({ n: 1 });
  await expect(get('/bad')).rejects.toMatchObject({ code: 'unreachable' });
});

test('an answer that breaks off is told as that: the agent is there', async () => {
  vi.stubGlobal('fetch', async () => ({ ok: true, status: 200, text: () => Promise.reject(new TypeError('network error')) }));
  await expect(get('/half')).rejects.toMatchObject({ status: 200, code: 'unreadable', message: 'The answer came in part only: TypeError: network error' });
  const abort = new AbortController();
  vi.stubGlobal('fetch', async () => ({ ok: true, status: 200, text: () => (abort.abort(), Promise.reject(abort.signal.reason)) }));
  await expect(get('/given-up', {}, abort.signal)).rejects.toMatchObject({ name: 'AbortError' });
});

test('who takes an early answer may give it up', async () => {
  vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) => new Promise((_done, fail) => signal?.addEventListener('abort', () => fail(signal.reason))));
  askEarly('/slow', {});
  const abort = new AbortController();
  const answer = get('/slow', {}, abort.signal);
  abort.abort();
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
});

test('what nobody takes is let go', async () => {
  vi.useFakeTimers();
  try {
    let signal: AbortSignal | undefined;
    vi.stubGlobal('fetch', async (_: string, options: RequestInit) => ((signal = options.signal ?? undefined), new Response('{}')));
    askEarly('/unwanted', {});
    await vi.advanceTimersByTimeAsync(10_000);
    expect(signal?.aborted).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});
