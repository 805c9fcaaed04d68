// SPDX-License-Identifier: Apache-2.0
// The overview: what is said of all sessions, five of them or five hundred.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, Agent, demoStore, eventually, finish, open, reflector, shot, uiModule } from './harness.mjs';

let far, agent, format;
before(async () => {
  far = await reflector();
  format = await uiModule('lib/format.ts');
  agent = await new Agent({ store: await demoStore(), sessions: [`self=${far.address}`, `twin=${far.address}`] }).start();
  await eventually('a minute of self is decided', async () => (await agent.get('/api/v1/sessions/self')).last_minute, 90_000);
});
after(finish);

const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });

test('the verdict is the first thing, and figures are those of the API', async () => {
  const page = await open(agent);
  await eventually('a verdict', async () => /session/.test(await page.getByTestId('verdict').textContent()));
  const session = await agent.get('/api/v1/sessions/self');
  const text = await row(page, 'self').first().innerText();
  assert.ok(text.includes(format.duration(session.last_minute.rtt_ns.percentiles.p50)), text);
  assert.ok(text.includes(format.share(session.last_minute.loss_ratio)), text);
  await shot(page, 'overview-light');
  await page.done();
});

test('sessions of the past are behind a fold, which the link remembers', async () => {
  const page = await open(agent);
  await page.getByText(/past sessions/).click();
  await page.getByRole('link', { name: 'office-vpn', exact: true }).first().waitFor();
  assert.match(page.url(), /past=1/);
  await page.reload();
  await page.getByRole('link', { name: 'office-vpn', exact: true }).first().waitFor();
  await page.done();
});

test('a filter and an order are kept in the link', async () => {
  const page = await open(agent, '#/?q=twi&sort=p50&desc=1');
  await eventually('only the twin', async () => (await row(page, 'twin').count()) > 0 && !(await row(page, 'self').first().isVisible()));
  assert.equal(await page.getByRole('searchbox').inputValue(), 'twi');
  await page.getByRole('searchbox').press('Escape');
  await eventually('both', async () => row(page, 'self').first().isVisible());
  await page.done();
});

test('keys lead from the filter to a session', async () => {
  const page = await open(agent);
  await page.getByRole('link', { name: 'self', exact: true }).first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('twin');
  await eventually('filtered', async () => !(await row(page, 'self').first().isVisible()));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await eventually('its page', () => page.url().includes('#/session/twin'));
  await page.done();
});

test('a session that falls silent is told of without a reload', async () => {
  const mortal = await reflector();
  const watcher = await new Agent({ sessions: [], config: `[sessions.mortal]\nhost = "${mortal.address}"\nsilence = "1s"\ninterval = "100ms"\n` }).start();
  const page = await open(watcher);
  await row(page, 'mortal').first().getByText('well').waitFor();
  mortal.child.kill('SIGKILL');
  await row(page, 'mortal').first().getByText('no answer').waitFor();
  await eventually('the verdict says so', async () => /no answer/.test(await page.getByTestId('verdict').textContent()));
  await page.done();
  await watcher.stop();
});

test('five hundred sessions can be looked through', async () => {
  const config = Array.from({ length: 500 }, (_, i) => `[sessions.site-${i}]\nhost = "${far.address}"\ninterval = "10s"\n`).join('');
  const large = await new Agent({ config }).start();
  const page = await open(large);
  await page.getByText('500 sessions', { exact: true }).waitFor();
  await page.getByRole('searchbox').fill('site-499');
  await page.getByText('1 of 500 sessions', { exact: true }).first().waitFor();
  await row(page, 'site-499').first().waitFor();
  await page.getByRole('searchbox').fill('');
  await page.getByText('500 sessions', { exact: true }).waitFor();
  await page.getByLabel('Group').selectOption('prefix');
  await row(page, 'site-0').first().waitFor();
  await shot(page, 'overview-500', { fullPage: false });
  await page.done();
  await large.stop();
});

test('names of any kind stay in their place', async () => {
  const page = await open(agent, '', { width: 390, height: 844 });
  const names = ['<img src=x onerror=alert(1)>', '\u202Eevil\u202C تجربة', '🚀🛰️ 網路', 'n'.repeat(200)];
  await page.route('**/api/v1/overview', async (route) => {
    const answer = await (await route.fetch()).json();
    const pattern = answer.sessions.find(({ name }) => name === 'self');
    await route.fulfill({ json: { sessions: names.map((name) => ({ ...pattern, name, host: name })) } });
  });
  await page.reload();
  await page.getByText('4 sessions', { exact: true }).waitFor();
  await page.getByText(names[0], { exact: true }).first().waitFor();
  assert.equal(await page.locator('#main img').count(), 0);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, 'it is wider than the screen');
  await shot(page, 'overview-strange-names');
  await page.done();
});

test('nothing configured says what to do', async () => {
  const empty = await new Agent().start();
  const page = await open(empty);
  await eventually('advice', async () => /config|sessions/i.test(await page.locator('#main').innerText()));
  await shot(page, 'overview-empty');
  await page.done();
  await empty.stop();
});

for (const [name, options] of [['light', {}], ['dark', { dark: true }], ['phone', { width: 390, height: 844, dark: true }]]) {
  test(`axe finds nothing serious: ${name}`, async () => {
    const page = await open(agent, '#/?past=1', options);
    await page.getByRole('link', { name: 'office-vpn', exact: true }).first().waitFor();
    await accessible(page);
    await shot(page, `overview-${name}`);
    await page.done();
  });
}
