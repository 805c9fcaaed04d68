// SPDX-License-Identifier: Apache-2.0
// Incidents, events, this host, help.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, Agent, demoStore, eventually, finish, open, reflector, shot } from './harness.mjs';

let far, agent, incidents;
before(async () => {
  far = await reflector();
  agent = await new Agent({ store: await demoStore(), sessions: [`self=${far.address}`] }).start();
  ({ incidents } = await agent.get('/api/v1/incidents'));
});
after(finish);
const text = (page) => page.locator('#main').innerText();
const has = (page, pattern) => eventually(`${pattern}`, async () => pattern.test(await text(page)));

test('incidents are filtered by session, and the link keeps it', async () => {
  const page = await open(agent, '#/incidents');
  await has(page, /branch-5g/);
  await page.getByLabel('Session', { exact: true }).first().fill('office-vpn');
  await page.keyboard.press('Enter');
  await eventually('only those', async () => !/branch-5g.*\n.*latency/.test(await text(page)) && /stalled flow/.test(await text(page)));
  assert.match(page.url(), /session=office-vpn/);
  await shot(page, 'incidents');
  await accessible(page);
  await page.done();
});

// What is prepared (docs/demo.md) is found in words on the page of its incident.
for (const [session, words] of [['office-vpn', /stalled flow/], ['dc-east-west', /peer closed/i], ['branch-5g', /latency/], ['transatlantic', /hop/i],
  ['voip-berlin', /DSCP/], ['customer-link', /peer or path down/], ['branch-west', /loss/], ['hq-old', /several paths/]]) {
  test(`the incident of ${session} tells its cause`, async () => {
    const incident = incidents.findLast((one) => one.session === session);
    const page = await open(agent, `#/incident/${incident.id}`);
    await has(page, words);
    await has(page, /wirestamp evidence/);
    await shot(page, `incident-${session}`);
    await page.done();
  });
}

test('an incident leads to its moment on the session page', async () => {
  const incident = incidents.findLast((one) => one.session === 'office-vpn');
  const page = await open(agent, `#/incident/${incident.id}`, { dark: true });
  await accessible(page);
  await page.getByRole('link', { name: 'Show the moment' }).first().click();
  await eventually('the session', () => page.url().includes('#/session/office-vpn?'));
  const query = new URLSearchParams(page.url().split('?')[1]);
  assert.ok(Date.parse(query.get('from')) < Date.parse(incident.opened) && Date.parse(incident.opened) < Date.parse(query.get('to')));
  await page.done();
});

test('an incident that is not there says so', async () => {
  const page = await open(agent, '#/incident/999999', { offline: true });
  await eventually('words', async () => /no incident|not there/i.test(await text(page)));
  await page.done();
});

test('events are filtered by severity and kind, newest first', async () => {
  const page = await open(agent, '#/events?severity=error');
  await has(page, /peer or path down|latency|loss/);
  const stamps = [...(await text(page)).matchAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g)].map(([one]) => one);
  assert.ok(stamps.length > 3);
  await shot(page, 'events');
  await accessible(page);
  await page.done();
});

test('a kind of events is asked of the agent, however long ago it was', async () => {
  const page = await open(agent, '#/events');
  await has(page, /100 shown/);
  await page.getByLabel('Kind').selectOption('timeout_measured');
  await has(page, /died in a silence between/);
  await has(page, /1 shown, these are all/);
  assert.match(page.url(), /kind=timeout_measured/);
  await page.getByLabel('Kind').selectOption('clock_stepped');
  await has(page, /the agent\s+Clock stepped/i);
  await page.done();
});

test('an event that happens now arrives by itself', async () => {
  const mortal = await reflector();
  const watcher = await new Agent({ config: `[sessions.mortal]\nhost = "${mortal.address}"\nsilence = "1s"\ninterval = "100ms"\n` }).start();
  await eventually('its first answer is kept', async () => (await watcher.get('/api/v1/events?kind=session_up')).events.length > 0);
  const page = await open(watcher, '#/events');
  await has(page, /answered for the first time/);
  mortal.child.kill('SIGKILL');
  await has(page, /nothing comes back/);
  await page.done();
  await watcher.stop();
});

test('this host tells interfaces, clock, counters, and where each option comes from', async () => {
  const page = await open(agent, '#/host');
  await has(page, /\blo\b/);
  await has(page, /127\.0\.0\.1/);
  await has(page, /--listen/);
  await page.getByLabel('defaults too').check();
  await has(page, /result-every/);
  await has(page, /default/);
  await shot(page, 'host');
  await accessible(page);
  await page.done();
});

test('the keys are told, and the dialog closes by Escape', async () => {
  const page = await open(agent);
  await page.getByRole('link', { name: 'self', exact: true }).first().waitFor();
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keys and words' }).waitFor();
  await accessible(page);
  await shot(page, 'help');
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Keys and words' }).waitFor({ state: 'hidden' });
  await page.done();
});

for (const [name, options] of [['phone', { width: 390, height: 844 }], ['dark', { dark: true }]]) {
  test(`no page is wider than its screen: ${name}`, async () => {
    for (const [page_name, hash] of [['incidents', '#/incidents'], ['incident', `#/incident/${incidents.at(-1).id}`], ['events', '#/events'], ['host', '#/host']]) {
      const page = await open(agent, hash, options);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await eventually('content', async () => (await text(page)).length > 60);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `${page_name} is wider than the screen`);
      // Nor is anything cut off by what holds it.
      assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('td, dd, li')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.textContent)), []);
      await shot(page, `${page_name}-${name}`);
      await page.done();
    }
  });
}
