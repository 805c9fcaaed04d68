// SPDX-License-Identifier: Apache-2.0
// One session's page: figures, lanes, zoom and pan, events, selections, comparisons, live data, exports.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, Agent, demoStore, eventually, finish, open, reflector, shot, uiModule } from './harness.mjs';

let far, agent, format, incidents;
before(async () => {
  far = await reflector();
  format = await uiModule('lib/format.ts');
  agent = await new Agent({ store: await demoStore(), sessions: [`self=${far.address}`] }).start();
  ({ incidents } = await agent.get('/api/v1/incidents'));
});
after(finish);

const newest = (session) => incidents.findLast((one) => one.session === session);
const iso = (ms) => new Date(ms).toISOString();
const around = (incident, minutes) =>
  `from=${iso(Date.parse(incident.opened) - minutes * 60e3)}&to=${iso(Date.parse(incident.closed ?? incident.opened) + minutes * 60e3)}`;
const query = (page) => new URLSearchParams(new URL(page.url()).hash.split('?')[1]);

async function view(hash, options) {
  const page = await open(agent, hash, options);
  await drawn(page);
  return page;
}
const drawn = (page) => eventually('the plots have data', () => page.evaluate(() => performance.getEntriesByName('wirestamp:drawn').length > 0));
const figures = (page) =>
  eventually('figures', async () => {
    // In this order: they may come in between.
    return (await page.getByTestId('figures').getAttribute('aria-busy')) === 'false' && (await page.getByTestId('figures').innerText());
  });
// What is painted: the share of pixels of the plots' canvas that are not empty.
const painted = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('[data-testid=plots] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let some = 0;
    for (let i = 3; i < data.length; i += 4) some += data[i] > 0 ? 1 : 0;
    return some / (data.length / 4);
  });

// Labels beside the lanes of some part of the plots, shares of their height: how many stand there.
const labels = (page, from, to, moves = 0) =>
  page.evaluate(async ([from, to, moves]) => {
    const plots = document.querySelector('[data-testid=plots]');
    const canvas = plots.querySelector('canvas');
    const ratio = canvas.width / canvas.clientWidth;
    const count = () => {
      const { data, width, height } = canvas.getContext('2d').getImageData(0, Math.round(canvas.height * from), Math.round(58 * ratio), Math.round(canvas.height * (to - from)));
      let [found, before] = [0, false];
      for (let y = 0; y < height; ++y) {
        let inked = false;
        for (let x = 0; x < width && !inked; ++x) inked = data[(y * width + x) * 4 + 3] > 100;
        found += inked && !before ? 1 : 0;
        before = inked;
      }
      return found;
    };
    if (moves === 0) return count();
    const counts = [];
    for (let i = 0; i < moves; ++i) {
      plots.dispatchEvent(new KeyboardEvent('keydown', { key: i % 2 ? 'ArrowRight' : 'ArrowLeft', bubbles: true }));
      for (let frame = 0; frame < 2; ++frame) await new Promise(requestAnimationFrame);
      counts.push(count());
    }
    return counts;
  }, [from, to, moves]);

test('figures are those of the report for the same range', async () => {
  const to = Math.floor(Date.now() / 3600e3) * 3600e3 - 3600e3;
  const range = `from=${iso(to - 86400e3)}&to=${iso(to)}`;
  const page = await view(`#/session/branch-5g?${range}`);
  const text = await figures(page);
  const { period } = await agent.get(`/api/v1/sessions/branch-5g/report?${range}`);
  for (const value of [format.duration(period.figures.rtt_ns.percentiles.p50), format.duration(period.figures.rtt_ns.percentiles.p99),
    format.duration(period.figures.rtt_ns.max), format.share(period.figures.loss_ratio), format.share(period.figures.forward_loss_ratio),
    format.share(period.figures.backward_loss_ratio), format.count(period.figures.sent)]) {
    assert.ok(text.includes(value), `${value} is not among ${text}`);
  }
  await page.done();
});

test('from a year to single probes without a reload, and the link follows', async () => {
  const page = await view('#/session/office-vpn?last=24h');
  let loads = 0;
  page.on('load', () => ++loads);
  await page.getByRole('button', { name: '1 y', exact: true }).click();
  await eventually('a year', () => query(page).get('last') === '1y');
  const plots = page.getByTestId('plots');
  await plots.focus();
  await page.keyboard.press('End');
  for (let i = 0; i < 40; ++i) await page.keyboard.press('+');
  await eventually('minutes', async () => {
    const [from, to] = ['from', 'to'].map((name) => Date.parse(query(page).get(name)));
    return to - from < 20 * 60e3;
  });
  assert.equal(loads, 0);
  assert.ok((await painted(page)) > 0.01);
  const link = page.url();
  await page.done();
  const again = await view(new URL(link).hash);
  assert.equal(again.url(), link);
  await again.done();
});

test('keys pan and return, the mouse zooms and selects', async () => {
  const page = await view('#/session/branch-5g?last=7d');
  const plots = page.getByTestId('plots');
  await plots.focus();
  await page.keyboard.press('ArrowLeft');
  const left = await eventually('moved', () => query(page).get('to'));
  await eventually('at the first data', async () => {
    await page.keyboard.press('Home'); // which does nothing until the page knows when that is
    return Date.parse(query(page).get('to')) < Date.parse(left);
  });
  await page.keyboard.press('0');
  await eventually('the last day', () => query(page).get('last') === '24h' || !query(page).has('from'));
  const box = await plots.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 150);
  await page.mouse.wheel(0, -200);
  await eventually('nearer', () => query(page).has('from'));
  await page.mouse.move(box.x + box.width * 0.4, box.y + 150);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 150, { steps: 5 });
  await page.mouse.up();
  await page.getByTestId('selection').waitFor();
  assert.match(query(page).get('sel'), /\//);
  await eventually('its percentiles', async () => /p99/.test(await page.getByTestId('selection').innerText()));
  await shot(page, 'session-selection');
  await plots.focus();
  await page.keyboard.press('Escape');
  await page.getByTestId('selection').waitFor({ state: 'hidden' });
  await page.done();
});

test('an event on the time line is told, and leads to its incident', async () => {
  const stall = newest('office-vpn');
  const page = await view(`#/session/office-vpn?${around(stall, 20)}`);
  await page.getByTestId('plots').getByRole('button').first().click(); // nothing else there is one
  await page.getByTestId('event-panel').waitFor();
  await shot(page, 'session-event');
  await page.getByTestId('event-panel').getByRole('link', { name: `Incident ${stall.id}` }).first().click();
  await eventually('the incident', () => page.url().includes(`#/incident/${stall.id}`));
  await page.getByRole('heading', { level: 1, name: /stalled flow/ }).waitFor();
  await page.done();
});

test('a day is compared with the day before, and with another session', async () => {
  const page = await view('#/session/branch-5g?last=24h');
  await page.getByRole('toolbar').getByLabel(/^Compare/).selectOption({ index: 1 });
  await page.getByTestId('differences').waitFor();
  await eventually('a verdict', async () => (await page.getByTestId('differences').getAttribute('aria-busy')) !== 'true' && /p50|loss/i.test(await page.getByTestId('differences').innerText()));
  await shot(page, 'session-compare');
  await page.getByRole('toolbar').getByLabel(/^Compare/).selectOption('session');
  await page.getByLabel(/^Session/).selectOption('office-vpn');
  await eventually('in the link', () => /office-vpn/.test(decodeURIComponent(page.url())));
  await page.done();
});

test('a range is typed in, and what is no time is told', async () => {
  const page = await view('#/session/branch-5g?last=24h', { timezoneId: 'UTC' });
  await page.getByRole('button', { name: 'From … to' }).click();
  const [from, to] = [page.getByLabel('From', { exact: true }), page.getByLabel('to', { exact: true })];
  await from.fill('soon');
  await to.press('Enter');
  await page.getByText('From: a time like 2026-01-31 12:00 is wanted.').waitFor();
  const day = iso(Date.now() - 3 * 86400e3).slice(0, 10);
  await from.fill(`${day} 06:00`);
  await to.fill(`${day} 09:30`);
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await eventually('the range', () => Date.parse(query(page).get('from')) === Date.parse(`${day}T06:00Z`) && Date.parse(query(page).get('to')) === Date.parse(`${day}T09:30Z`));
  await from.waitFor({ state: 'hidden' });
  await page.getByRole('toolbar').getByLabel(/^Compare/).selectOption('range');
  await page.getByLabel('The same length from').fill(`${day} 00:00`);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await eventually('in the link', () => query(page).get('compare') === `from:${day}T00:00:00.000Z`);
  await page.getByTestId('differences').waitFor();
  await shot(page, 'session-compare-range');
  await page.done();
});

test('one-way delays below zero are drawn, and called what they are', async () => {
  const page = await view('#/session/lab-3?last=24h&delay=forward');
  await page.getByText(/clocks are not synchronised|both clocks say/).waitFor();
  assert.ok((await painted(page)) > 0.01);
  await shot(page, 'session-negative');
  await page.done();
});

test('the table tells the same windows', async () => {
  const page = await view('#/session/branch-5g?last=24h');
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  await page.getByRole('table').first().waitFor();
  assert.ok((await page.getByRole('row').count()) > 20);
  assert.equal(query(page).get('view'), 'table');
  await page.done();
});

test('what is seen is exported: CSV, JSON, SVG and PNG', async () => {
  const page = await view('#/session/branch-5g?last=24h', { acceptDownloads: true });
  const take = async (role, name) => {
    if (!(await page.getByRole(role, { name, exact: true }).isVisible())) await page.getByText('Export', { exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole(role, { name, exact: true }).click()]);
    return readFileSync(await download.path());
  };
  const csv = (await take('link', 'Windows, CSV')).toString();
  assert.match(csv.split('\n')[0], /rtt/);
  const { windows } = JSON.parse((await take('link', 'Windows, JSON')).toString());
  assert.equal(csv.trim().split('\n').length - 1, windows.length);
  assert.match((await take('button', 'Plot, SVG')).toString(), /^<svg|^<\?xml/);
  assert.equal((await take('button', 'Plot, PNG')).subarray(1, 4).toString(), 'PNG');
  await page.done();
});

test('live data come each second, and go on after the agent was started again', async () => {
  const restarted = await new Agent({ sessions: [`self=${far.address}`] }).start();
  const page = await open(restarted, '#/session/self?last=15m', { offline: true });
  await page.getByTestId('live').click();
  await drawn(page);
  await eventually('live in the link', () => query(page).get('live') === '1');
  await figures(page);
  const place = () => page.evaluate(() => document.querySelector('[data-testid=plots]').getBoundingClientRect().top);
  const before = await place();
  await restarted.stop('SIGKILL');
  await page.getByRole('status').filter({ hasText: /live stream is broken/ }).waitFor();
  await page.getByRole('status').filter({ hasText: 'Not connected' }).waitFor();
  assert.equal(await place(), before, 'a note moved the plots');
  await shot(page, 'session-live-broken');
  await restarted.start();
  await page.getByText(/live stream is broken/).waitFor({ state: 'hidden' });
  // Something new is drawn: the newest window told is younger than the restart.
  const back = Date.now();
  await eventually('windows after it', async () => {
    const { windows } = await restarted.get('/api/v1/sessions/self/windows?from=-1m&step=1s');
    return windows.some(({ begin }) => Date.parse(begin) > back);
  });
  await page.done();
  await restarted.stop();
});

test('a probe at the bottom of the zoom leads to its four stamps', async () => {
  // A busy machine loses some, which have no round trip.
  const some = '/api/v1/sessions/self/samples?from=-2m&outcome=delivered&limit=20';
  await eventually('samples are kept', async () => (await agent.get(some)).samples.length > 10, 60_000);
  const page = await view('#/session/self?last=15m');
  await page.getByTestId('plots').focus();
  const text = await (await fetch(agent.url + some)).text();
  const at = /"scheduled_ns":(\d+)/.exec(text)[1]; // more digits than a number has here
  const { samples } = JSON.parse(text);
  await page.goto(`${agent.url}/#/session/self/probe?at=${at}`);
  await page.getByRole('heading', { level: 1, name: /^Probe/ }).waitFor();
  await eventually('the ladder', async () => /kernel/.test(await page.locator('#main').innerText()));
  const told = await page.locator('#main').innerText();
  assert.ok(told.includes(format.duration(samples[0].rtt_ns)), `${samples[0].rtt_ns} is not in ${told.slice(0, 2000)}`);
  await shot(page, 'probe');
  await accessible(page);
  await page.keyboard.press('ArrowRight');
  await eventually('the next probe', () => query(page).get('at') !== at);
  await page.done();
});

test('what can be seen of the plots is drawn while they move, wherever a small window was scrolled to', async () => {
  const page = await view('#/session/office-vpn?last=30d', { width: 1000, height: 430 });
  await figures(page);
  const scrolled = (place) => page.evaluate(async (place) => {
    const { top, height } = document.querySelector('[data-testid=plots]').getBoundingClientRect();
    scrollTo({ top: scrollY + top + height * place, behavior: 'instant' });
    for (let frame = 0; frame < 3; ++frame) await new Promise(requestAnimationFrame);
  }, place);
  for (const [place, from, to] of [[0.6, 0.72, 0.9], [0.44, 0.5, 0.65], [0.1, 0.15, 0.3], [0.65, 0.75, 0.9], [0, 0.06, 0.25]]) {
    await scrolled(place);
    const counts = await labels(page, from, to, 10);
    assert.ok(Math.min(...counts.slice(2)) >= 1, `labels at ${from} to ${to}, frame by frame: ${counts}`);
  }
  await eventually('all lanes again', async () => (await labels(page, 0.72, 0.95)) >= 6);
  await page.done();
});

test('a session that is not there says so', async () => {
  const page = await open(agent, '#/session/nobody', { offline: true });
  await page.getByText('This agent has no session of that name').waitFor();
  await page.done();
});

for (const [name, options] of [['light', {}], ['dark', { dark: true }], ['phone', { width: 390, height: 844 }], ['wall', { width: 3840, height: 2160 }]]) {
  test(`every lane is drawn, and axe finds nothing serious: ${name}`, async () => {
    const page = await view(`#/session/voip-berlin?${around(newest('voip-berlin'), 120)}`, options);
    await figures(page);
    assert.ok((await painted(page)) > 0.02);
    await eventually('the lowest lanes', async () => (await labels(page, 0.72, 0.95)) >= 6);
    await accessible(page);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, 'it is wider than the screen');
    assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('[data-testid=figures] :is(dt, dd)')].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)), [], 'figures that do not fit');
    await shot(page, `session-${name}`);
    await page.done();
  });
}
