// SPDX-License-Identifier: Apache-2.0
// As a newcomer: from the overview of the demonstration's month (docs/demo.md) by clicks alone to the cause of each
// thing that is prepared there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, Agent, demoStore, eventually, finish, open, reflector, shot } from './harness.mjs';

let far, agent;
before(async () => {
  far = await reflector();
  agent = await new Agent({ store: await demoStore(), sessions: [`self=${far.address}`] }).start();
});
after(finish);

const main = (page) => page.locator('#main');
const has = (page, ...patterns) =>
  eventually(`${patterns}`, async () => {
    const text = await main(page).innerText();
    const missing = patterns.find((pattern) => !pattern.test(text));
    if (missing) throw new Error(`${missing} is not in ${text.slice(0, 1500)}`);
    return true;
  });
const overview = async (options) => {
  const page = await open(agent, '#/?days=30', { timezoneId: 'UTC', ...options });
  await page.getByRole('list', { name: 'What else changed' }).getByText('2 hops longer').waitFor();
  return page;
};
const item = (page, list, session) => page.getByRole('list', { name: list }).getByRole('listitem').filter({ has: page.getByRole('link', { name: session, exact: true }) });
// The second link of an item: the first is the session.
const incidentOf = async (page, session) => {
  await item(page, 'Incidents that are over', session).getByRole('link').nth(1).click();
  await eventually('its page', () => /#\/incidents?\b/.test(page.url()));
};

for (const [session, ...words] of [
  ['office-vpn', /stalled flow/, /keeps state per flow \(a firewall/, /the old flow ends after hop 2, 192\.0\.2\.254/, /its probes do not arrive/],
  ['dc-east-west', /peer closed/i, /nothing listens on the port/, /Reflector restarted/],
  ['transatlantic', /What changed when it began/, /2 hops longer/, /round trip \+\d+\.\d ms, forward \+3\d\.\d ms, backward \+3\d\.\d ms/],
  ['voip-berlin', /What changed when it began/, /forward: sent with DSCP 46, ECN 0, arrives with DSCP 8/, /backward as before/],
  ['customer-link', /peer or path down/, /What was found/, /ends after hop 3, 203\.0\.113\.1/],
  ['branch-west', /about \d+(\.\d+)? %: \d{1,2}\s\d{3} forward, \d{1,2} backward/, /round trip as before/, /a policer/],
  ['hq-old', /several paths/, /the ports: one of these links loses/],
]) {
  test(`two clicks lead to the cause: ${session}`, async () => {
    const page = await overview();
    await incidentOf(page, session);
    await has(page, ...words);
    await shot(page, `walk-${session}`);
    await page.done();
  });
}

test('evenings of congestion are one row, with their hours, and each says which way grew', async () => {
  const page = await overview();
  await item(page, 'Incidents that are over', 'branch-5g').getByText(/begins \d\d:\d\d to \d\d:\d\d/).waitFor();
  await incidentOf(page, 'branch-5g');
  const row = page.getByRole('button', { name: /latency, \d+ times/ });
  assert.equal(await row.getAttribute('aria-expanded'), 'true');
  const before = await page.getByRole('row').count();
  assert.ok(before > 25);
  await accessible(page);
  await shot(page, 'walk-branch-5g-row');
  await row.click();
  await eventually('one row', async () => (await page.getByRole('row').count()) < before - 20);
  assert.doesNotMatch(page.url(), /unfold/);
  await row.press('Enter');
  // One that is over: of an evening that began minutes ago, what was before it is no quiet time.
  const over = page.getByRole('row').filter({ hasNot: page.getByText('open', { exact: true }) });
  await over.getByRole('link', { name: /^latency/ }).first().click();
  await has(page, /Again\s+latency, \d+ times, always beginning between \d\d:\d\d and \d\d:\d\d/, /backward \+\d+\.\d ms/, /At worst/, /a queue that fills/);
  await page.done();
});

test('what changed for good is listed, marks its session, and leads to the moment', async () => {
  const page = await overview();
  // Measured no longer: its row is among the past ones.
  await page.getByText(/past sessions/).click();
  await page.getByRole('row').filter({ has: page.getByRole('link', { name: 'transatlantic', exact: true }) }).getByRole('link', { name: /path/ }).waitFor();
  await accessible(page);
  // A time without measurement may be called by the same session.
  const change = item(page, 'What else changed', 'transatlantic').filter({ hasText: '2 hops longer' });
  const at = await change.locator('time').getAttribute('datetime');
  await change.getByRole('link', { name: 'transatlantic' }).click();
  await eventually('its page', () => page.url().includes('#/session/transatlantic?'));
  const query = new URLSearchParams(page.url().split('?')[1]);
  assert.ok(Date.parse(query.get('from')) < Date.parse(at) && Date.parse(at) < Date.parse(query.get('to')));
  await page.getByRole('button', { name: /2 hops longer/ }).first().waitFor();
  await page.done();
});

test('a time without measurement is told, with its end and its length', async () => {
  const page = await overview();
  const gap = page.getByRole('list', { name: 'What else changed' }).getByRole('listitem').filter({ hasText: 'not measured' });
  assert.match(await gap.innerText(), /and \d more not measured: the agent or the session did not run\s+\d{4}-\d\d-\d\d 01:40 4 h 25 min/);
  await page.done();
});

test('what the agent met is on the time line of every session, and looks otherwise', async () => {
  const page = await overview();
  const clock = page.getByRole('list', { name: 'What else changed' }).getByRole('listitem').filter({ hasText: 'clock was set forward by 0.889 s' });
  const at = Date.parse(await clock.locator('time').getAttribute('datetime'));
  await page.goto(`${agent.url}/#/session/lab-3?from=${new Date(at - 12 * 3600e3).toISOString()}&to=${new Date(at + 12 * 3600e3).toISOString()}&delay=forward`);
  const mark = page.getByRole('button', { name: /this host: this host's clock was set/ });
  await mark.waitFor();
  assert.equal(await mark.getAttribute('data-shape'), '◆');
  await mark.click();
  await page.getByTestId('event-panel').getByText('◆ this host').first().waitFor();
  await has(page, /the clocks are not synchronised/);
  await accessible(page);
  await shot(page, 'walk-clock');
  await page.done();
});

test('negative one-way delays say on the page of their session what they are', async () => {
  const page = await overview();
  await page.getByText(/past sessions/).click();
  await page.getByRole('link', { name: 'lab-3', exact: true }).last().click();
  await has(page, /One-way delays are as low as \u2212\d+.*the clocks of both ends disagree/);
  await page.done();
});

test('what is open says since when, not how long ago it was', async () => {
  const page = await overview();
  const open = page.getByRole('list', { name: 'Open incidents' }).getByRole('listitem').filter({ hasText: 'branch-west' });
  assert.match(await open.innerText(), /since (\d{4}-\d\d-\d\d )?\d\d:\d\d \(.*min\)/);
  await open.getByRole('link').nth(1).click();
  await has(page, /State\s+open since (\d{4}-\d\d-\d\d )?\d\d:\d\d \(.*min\)/, /forward, \d{1,2} backward/);
  await page.done();
});

for (const [name, options] of [['dark', { dark: true }], ['phone', { width: 390, height: 844 }], ['wall', { width: 2560, height: 1440 }]]) {
  test(`the overview says what was lately, and axe finds nothing serious: ${name}`, async () => {
    const page = await overview(options);
    await page.getByRole('button', { name: /^In the last 30 days: \d+ incidents that are over, \d other changes$/ }).click();
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Lately');
    await accessible(page);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, 'it is wider than the screen');
    await shot(page, `walk-overview-${name}`);
    // What is folded is told with its number, and opened here.
    const over = page.getByRole('list', { name: 'Incidents that are over' }).getByRole('listitem');
    const shown = await over.count();
    const more = page.getByRole('button', { name: /^\d+ more$/ }).first();
    const folded = Number.parseInt(await more.innerText(), 10);
    await more.click();
    assert.equal(await over.count(), shown + folded);
    await page.getByRole('button', { name: `Only the newest ${shown}` }).click();
    // Who comes back, or loads it again, is where he was; and goes on from there.
    const scrolled = () => page.evaluate(() => Math.round(scrollY));
    const link = over.first().getByRole('link').first();
    await link.hover(); // it is scrolled to
    const at = await scrolled();
    await link.click();
    await page.getByTestId('plots').waitFor();
    await eventually('the top of the session', async () => (await scrolled()) === 0);
    await page.goBack();
    await eventually('where it was', async () => Math.abs((await scrolled()) - at) < 2);
    await page.reload();
    await eventually('where it was, loaded again', async () => Math.abs((await scrolled()) - at) < 2);
    if (at > 150) {
      await page.mouse.wheel(0, -100);
      await eventually('farther up', async () => Math.abs((await scrolled()) - at + 100) < 2);
    }
    await page.getByText(/^In the last 30 days/).waitFor();
    await page.getByRole('combobox', { name: 'Time' }).selectOption('7');
    await eventually('in the link', () => !/days/.test(page.url()));
    await page.getByText(/^In the last 7 days/).waitFor();
    await page.done();
  });
}
