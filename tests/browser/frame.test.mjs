// SPDX-License-Identifier: Apache-2.0
// What all pages share: the bar, colours, zones, log-in, an agent that goes and comes back, what a browser may refuse.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, eventually, finish, open, reflector, scratch, shot } from './harness.mjs';

let far, agent;
before(async () => {
  far = await reflector();
  agent = await new Agent({ sessions: [`self=${far.address}`] }).start();
});
after(finish);

test('every page has its heading, its title and its place in the bar', async () => {
  const page = await open(agent);
  for (const [name, address] of [['Overview', '#/'], ['Incidents', '#/incidents'], ['Events', '#/events'], ['This host', '#/host']]) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await eventually('its title', async () => (await page.title()) === `${name} · Wirestamp`);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    assert.equal(await page.locator('nav a[aria-current=page]').textContent(), name);
    assert.equal(new URL(page.url()).hash.replace(/^#$/, '#/'), address);
  }
  await page.done();
});

test('what a view shows first is asked for once, before its scripts have run', async () => {
  for (const [hash, first] of [['#/', '/api/v1/overview'], ['#/session/self?last=24h', '/api/v1/sessions/self/windows'], ['#/session/self?last=15m&delay=forward', '/api/v1/sessions/self/windows']]) {
    // The page looks at the clock twice: of the 128 s that it asks for at once in 15 minutes none are to begin or end between.
    await eventually('no tile begins', () => Math.abs((Date.now() % 128_000) - 62_000) < 56_000);
    const page = await open(agent, hash);
    const told = await eventually('it can be used', () => page.evaluate(() => {
      const usable = performance.getEntriesByName('wirestamp:drawn')[0];
      const begun = performance.getEntriesByName('wirestamp:begun')[0].startTime;
      // A second later what is shown is asked for again, as it is all the time.
      const asked = performance.getEntriesByType('resource').filter(({ name, startTime }) => name.includes('/api/') && startTime < begun + 900);
      return usable && { early: asked.filter(({ startTime }) => startTime < begun).map(({ name }) => new URL(name).pathname), asked: asked.map(({ name }) => name), before: asked.filter(({ startTime }) => startTime < usable.startTime).map(({ name }) => name) };
    }));
    assert.equal(new Set(told.asked).size, told.asked.length, `asked twice: ${told.asked.join('\n')}`);
    const asked = told.before.map((address) => new URL(address));
    const place = asked.findIndex(({ pathname }) => pathname === first);
    assert.ok(told.early.includes(first), String(told.early));
    // What follows is of other steps, where none so short are kept, or of neighbours.
    const of = (url) => ['step', 'from', 'to'].map((name) => url.searchParams.get(name));
    const [step, from, to] = of(asked[place]);
    const again = asked.slice(place + 1).filter((url) => url.pathname === first && of(url)[0] === step && of(url)[1] < to && of(url)[2] > from);
    assert.deepEqual(again.map(String), []);
    await page.done();
  }
});

// Views, and the script that is theirs.
for (const [hash, script] of [['#/', 'overview'], ['#/nowhere', 'overview'], ['#/session/self', 'session'], ['#/session/self/probe', 'host'], ['#/incidents', 'incidents'], ['#/events', 'incidents'], ['#/host', 'host']]) {
  test(`what a browser fetches for a view is less than 60 KiB: ${hash}`, async () => {
    const page = await open(agent, hash);
    await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
    // What is fetched for later, when the page has been open for four seconds, is not of the view.
    const fetched = await page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter(({ name, startTime }) => !name.includes('/api/') && startTime < performance.getEntriesByName('wirestamp:begun')[0].startTime + 3000).map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize]));
    const octets = fetched.reduce((sum, [, size]) => sum + size, 0);
    assert.ok(octets > 20 * 1024 && octets < 60 * 1024, `${octets}: ${fetched.join(' ')}`);
    const scripts = fetched.map(([path]) => path).filter((path) => path.endsWith('.js'));
    assert.deepEqual(new Set(scripts), new Set(['/first.js', '/app.js', `/${script}.js`]));
    await page.done();
  });
}

test('a link to nothing says so and leads back', async () => {
  const page = await open(agent, '#/nowhere/%E0%A4%A/x');
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  await page.getByRole('link', { name: 'All sessions' }).click();
  await page.getByRole('link', { name: 'self' }).first().waitFor();
  await page.done();
});

test('colours follow the system, and then the user, also after a reload', async () => {
  const page = await open(agent, '', { dark: true });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  await eventually('dark', async () => (await theme()) === 'dark');
  await page.getByRole('button', { name: /^Colours/ }).click(); // auto -> light
  await eventually('light', async () => (await theme()) === 'light');
  await page.reload();
  await eventually('still light', async () => (await theme()) === 'light');
  await page.done();
});

test('times are local or UTC as the user says', async () => {
  const page = await open(agent);
  await page.getByText('times in Europe/Berlin').waitFor();
  await page.getByRole('button', { name: /^Times are in/ }).click();
  await page.getByText('times in UTC').waitFor();
  await page.done();
});

test('without storage the choice lasts as long as the page', async () => {
  const page = await open(agent, '', { storage: false });
  await page.getByRole('button', { name: /^Times are in/ }).click();
  await page.getByText('times in UTC').waitFor();
  await page.done();
});

test('the content is reached by the keyboard alone', async () => {
  const page = await open(agent);
  await page.getByRole('link', { name: 'self' }).first().waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.done();
});

test('an agent that is away is told of, and forgotten when it is back', async () => {
  const restarted = await new Agent({ sessions: [`self=${far.address}`] }).start();
  const page = await open(restarted, '', { offline: true });
  await page.getByRole('link', { name: 'self' }).first().waitFor();
  await restarted.stop();
  await page.getByText('Not connected').waitFor();
  await shot(page, 'frame-not-connected');
  // What was not looked at yet comes when it can.
  await page.keyboard.press('?');
  await page.getByText('It comes when the agent answers again').waitFor();
  await restarted.start();
  await page.getByText('Not connected').waitFor({ state: 'hidden' });
  await page.getByRole('heading', { name: 'Words', exact: true }).waitFor();
  await page.done();
  await restarted.stop();
});

test('where a token is needed the page asks for it, and a wrong one is refused in words', async () => {
  const token = 'a-token-of-thirty-two-characters';
  const file = join(scratch, 'token');
  writeFileSync(file, token, { mode: 0o600 });
  const guarded = await new Agent({ sessions: [`self=${far.address}`], words: ['--api-token-file', file] }).start();
  // On loopback reading is free; the log-in is there all the same once it is refused.
  const page = await open(guarded, '', { offline: true });
  await page.route('**/api/v1/health', (route) => route.fulfill({ status: 401, json: { error: { code: 'unauthorized', message: 'a token is needed' } } }));
  await page.getByRole('heading', { name: 'This agent asks for its token' }).waitFor();
  await page.getByLabel('Token').fill('not-the-token-of-this-agent');
  await page.getByRole('button', { name: 'Open' }).click();
  await eventually('a refusal in words', async () => (await page.getByRole('alert').textContent()).length > 10);
  await shot(page, 'frame-log-in');
  await page.unroute('**/api/v1/health');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('link', { name: 'self' }).first().waitFor();
  await page.done();
  await guarded.stop();
});

test('the smallest and the largest of screens and of zooms show the page', async () => {
  for (const [width, height] of [[320, 480], [390, 844], [3840, 2160], [14400, 600]]) {
    const page = await open(agent, '', { width, height });
    await page.getByRole('link', { name: 'self' }).first().waitFor();
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wider <= 0, `${width}: ${wider} pixels wider than the screen`);
    await page.done();
  }
});
