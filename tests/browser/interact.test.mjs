// SPDX-License-Identifier: Apache-2.0
// What hands do on a session's page: pointing, fingers, keys alone, single probes, links that restore; and agents that are older,
// or have another configuration.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, Agent, demoStore, eventually, finish, freePort, open, reflector, shot, uiModule } from './harness.mjs';

let far, agent, format;
before(async () => {
  far = await reflector();
  format = await uiModule('lib/format.ts');
  agent = await new Agent({ store: await demoStore(), sessions: [`self=${far.address}`] }).start();
});
after(finish);

const iso = (ms) => new Date(ms).toISOString();
const query = (page) => new URLSearchParams(new URL(page.url()).hash.split('?')[1]);
const range = (page) => ['from', 'to'].map((name) => Date.parse(query(page).get(name)));
const drawn = (page) => eventually('the plots have data', () => page.evaluate(() => performance.getEntriesByName('wirestamp:drawn').length > 0));
// Minutes of two hours in the middle of the month's last day.
const kTo = Math.floor(Date.now() / 3600e3) * 3600e3 - 6 * 3600e3;
const kHalfDay = `from=${iso(kTo - 12 * 3600e3)}&to=${iso(kTo)}`; // of minutes, which are kept for long
const kTwoHours = `from=${iso(kTo - 7200e3)}&to=${iso(kTo)}`;
async function view(hash, options) {
  const page = await open(agent, hash, { timezoneId: 'UTC', ...options });
  await drawn(page);
  return page;
}
const plots = (page) => page.getByTestId('plots');
const readout = (page) => page.getByTestId('readout');
// The window that the read-out tells of, as the API has it.
async function pointed(text, session = 'branch-5g', before = 0) {
  const [, day, time, count, unit] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)\s+for (\d+) (s|min)/.exec(text.replaceAll('\n', ' '));
  const step = Number(count) * (unit === 's' ? 1 : 60);
  const begin = Date.parse(`${day}T${time}Z`) - before;
  const { windows } = await agent.get(`/api/v1/sessions/${session}/windows?from=${iso(begin)}&to=${iso(begin + step * 1000)}&step=${step}s`);
  return windows[0];
}

test('pointing at the plots tells the figures of that window, as the API has them', async () => {
  const page = await view(`#/session/branch-5g?${kTwoHours}`);
  const box = await plots(page).boundingBox();
  for (const part of [0.3, 0.55, 0.8]) {
    await page.mouse.move(box.x + box.width * part, box.y + 120);
    const text = await eventually('figures', async () => /p99/.test(await readout(page).innerText()) && (await readout(page).innerText()));
    const window = await pointed(text);
    for (const value of [window.rtt_ns.min, window.rtt_ns.percentiles.p50, window.rtt_ns.percentiles.p99, window.rtt_ns.max]) {
      assert.ok(text.includes(format.duration(value)), `${format.duration(value)} is not in ${text}`);
    }
    assert.ok(text.includes(format.share(window.loss_ratio)), text);
  }
  await page.mouse.move(box.x + box.width / 2, box.y - 200);
  await eventually('nothing is pointed at', async () => /Point at the plots/.test(await readout(page).innerText()));
  await page.done();
});

test('compared with a day before, pointing tells both', async () => {
  const page = await view(`#/session/branch-5g?${kHalfDay}&compare=yesterday`);
  const box = await plots(page).boundingBox();
  const text = await eventually('both', async () => {
    await page.mouse.move(box.x + box.width * 0.5 + Math.random(), box.y + 120);
    const told = await readout(page).innerText();
    return /compared: p50/.test(told) && told;
  });
  const then = await pointed(text, 'branch-5g', 86400e3);
  assert.ok(text.includes(`${format.duration(then.rtt_ns.percentiles.p50)}, loss ${format.share(then.loss_ratio)}`), text);
  await page.getByTestId('differences').getByText('Compared with a day before').waitFor();
  await page.done();
});

test('compared with another session, its figures stand beside', async () => {
  const page = await view(`#/session/branch-5g?${kTwoHours}&compare=session:office-vpn`);
  const table = page.getByTestId('differences');
  await table.getByRole('columnheader', { name: 'office-vpn' }).waitFor();
  const { period } = await agent.get(`/api/v1/sessions/office-vpn/report?${kTwoHours}`);
  const row = table.getByRole('row').filter({ hasText: 'round trip p50' });
  assert.ok((await row.innerText()).includes(format.duration(period.figures.rtt_ns.percentiles.p50)));
  await accessible(page);
  await page.done();
});

test('a link restores range, delay, axis, comparison, selection and the event that was opened', async () => {
  const { events } = await agent.get('/api/v1/events?session=voip-berlin&severity=warning');
  const event = events.find((one) => one.event.kind === 'remarked');
  const at = Date.parse(event.event.at);
  const hash = `#/session/voip-berlin?from=${iso(at - 3600e3)}&to=${iso(at + 3600e3)}&delay=backward&scale=all&compare=yesterday&sel=${encodeURIComponent(`${iso(Math.floor(at / 60e3) * 60e3)}/${iso(Math.floor(at / 60e3) * 60e3 + 1200e3)}`)}&event=${event.id}`;
  const page = await view(hash);
  await page.getByTestId('event-panel').getByText('arrives with DSCP 8').first().waitFor();
  await page.getByTestId('selection').getByText('20 min').first().waitFor();
  assert.equal(await page.getByRole('combobox', { name: 'Delay' }).inputValue(), 'backward');
  assert.equal(await page.getByRole('combobox', { name: 'Compare' }).inputValue(), 'yesterday');
  assert.deepEqual(range(page), [Date.parse(iso(at - 3600e3)), Date.parse(iso(at + 3600e3))]);
  await shot(page, 'interact-restored');
  await page.done();
});

test('with keys alone: to the plots, along them, a selection, into it, and back', async () => {
  const page = await view(`#/session/branch-5g?${kTwoHours}`);
  for (let i = 0; i < 60 && (await page.evaluate(() => document.activeElement?.dataset.testid)) !== 'plots'; ++i) await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'plots');
  await page.keyboard.press('.');
  await eventually('a window is told', async () => /p50/.test(await readout(page).innerText()));
  const first = await readout(page).innerText();
  await page.keyboard.press('.');
  await eventually('the next one', async () => (await readout(page).innerText()) !== first);
  for (let i = 0; i < 5; ++i) await page.keyboard.press('>');
  await page.getByTestId('selection').waitFor();
  const [from, to] = query(page).get('sel').split('/').map((text) => Date.parse(text));
  await plots(page).focus();
  await page.keyboard.press('Enter');
  await eventually('the selection is the range', () => String(range(page)) === String([from, to]));
  await page.keyboard.press('-');
  await eventually('farther', () => range(page)[1] - range(page)[0] > to - from);
  await page.keyboard.press('0');
  await eventually('the last day', () => !query(page).has('from'));
  await page.done();
});

// Fingers, as the browser's own input has them.
async function touch(page, type, points) {
  page.cdp ??= await page.context().newCDPSession(page);
  await page.cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
}
async function drag(page, ...way) {
  await touch(page, 'touchStart', way[0]);
  for (const points of way.slice(1)) await touch(page, 'touchMove', points);
  await touch(page, 'touchEnd', []);
}

test('fingers: one moves, two zoom, and one selects when it is asked to', async () => {
  const page = await view(`#/session/branch-5g?${kTwoHours}`, { width: 390, height: 844, hasTouch: true, isMobile: true });
  await plots(page).scrollIntoViewIfNeeded();
  await page.evaluate(() => document.querySelector('[data-testid=plots]').scrollIntoView({ block: 'start' }));
  const box = await plots(page).boundingBox();
  const y = box.y + 160;
  const [from, to] = range(page);
  await drag(page, [[250, y]], [[230, y]], [[190, y]], [[150, y]]);
  const moved = await eventually('later', () => range(page)[0] > from && range(page));
  assert.ok(Math.abs(moved[1] - moved[0] - (to - from)) < 2000, 'moving is not zooming');
  await drag(page, [[200, y], [230, y]], [[180, y], [260, y]], [[150, y], [300, y]], [[120, y], [330, y]]);
  await eventually('nearer', () => range(page)[1] - range(page)[0] < (to - from) / 2);
  let near;
  await eventually('it stands', async () => {
    near = range(page);
    await page.waitForTimeout(400); // the address follows after a quarter of a second
    return String(range(page)) === String(near);
  });
  await page.getByRole('button', { name: 'Finger selects' }).tap();
  await page.evaluate(() => document.querySelector('[data-testid=plots]').scrollIntoView({ block: 'start' }));
  await drag(page, [[150, y]], [[180, y]], [[240, y]], [[290, y]]);
  await page.getByTestId('selection').waitFor();
  assert.deepEqual(range(page), near);
  await accessible(page);
  await shot(page, 'interact-touch');
  await page.done();
});

test('a click on a single probe opens its stamps', async () => {
  await eventually('samples are kept', async () => (await agent.get('/api/v1/sessions/self/samples?from=-2m&limit=20')).samples.length > 10, 60_000);
  const page = await view('#/session/self?last=15m');
  await plots(page).focus();
  await page.keyboard.press('End');
  for (let i = 0; i < 6; ++i) await page.keyboard.press('+');
  await page.keyboard.press('End'); // it has measured for some minutes only
  await eventually('minutes', () => query(page).has('from') && range(page)[1] - range(page)[0] < 300e3);
  await eventually('a probe is told', async () => (await page.keyboard.press('.'), /delivered/.test(await readout(page).innerText())));
  // Pointing at its place says the same; a click opens it.
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /^Probe/ }).waitFor();
  await eventually('the ladder', async () => /To scale|Not to scale/.test(await page.locator('#main').innerText()));
  await page.goBack();
  // What is told above the plots moves them when it comes.
  await eventually('figures', async () => (await page.getByTestId('figures').getAttribute('aria-busy')) === 'false');
  // The keyboard marks one: there the mouse finds it.
  await plots(page).focus();
  await page.evaluate(() => scrollTo(0, 0)); // what sticks to the top is not to lie over it
  const mark = plots(page).locator('.ring');
  const spot = await eventually('a probe is marked', async () => (await page.keyboard.press('.'), (await mark.isVisible()) && mark.boundingBox()));
  await page.mouse.move(spot.x + spot.width / 2, spot.y + spot.height / 2);
  await eventually('a probe under the mouse', async () => /click for its stamps/.test(await readout(page).innerText()));
  await page.mouse.down();
  await page.mouse.up();
  await page.getByRole('heading', { level: 1, name: /^Probe/ }).waitFor();
  await page.done();
});

test('a lost probe says which way it was lost, how that is known, and leads to the next', async () => {
  const raw = await (await fetch(`${agent.url}/api/v1/sessions/branch-west/samples?outcome=lost_forward&from=-3h&limit=5`)).text();
  const at = /"scheduled_ns":(\d+)/.exec(raw)[1];
  const page = await open(agent, `#/session/branch-west/probe?at=${at}`);
  await page.getByRole('heading', { name: /Lost forward/ }).waitFor();
  const text = await page.locator('#main').innerText();
  assert.match(text, /it was lost on the way to the reflector/);
  assert.match(text, /T2, arrived at the reflector\s+–/);
  await accessible(page);
  await shot(page, 'interact-probe-lost');
  await page.keyboard.press('n');
  await eventually('the next lost one', () => query(page).get('at') !== at);
  await page.getByRole('heading', { name: /Lost/ }).first().waitFor();
  await page.keyboard.press('p');
  await eventually('and back', () => query(page).get('at') === at);
  await page.done();
});

// In the month's last 50 minutes every twelfth probe of this session is lost: among some 250 there are neighbours that
// are farther apart than what the page of a probe asks for first, and none is older than the first.
test('the next lost probe is looked for beyond what is shown', async () => {
  const raw = await (await fetch(`${agent.url}/api/v1/sessions/branch-west/samples?outcome=lost&from=-3h`)).text();
  const all = [...raw.matchAll(/"scheduled_ns":(\d+)/g)].map(([, ns]) => ns);
  const far = all.findIndex((ns, i) => i > 0 && BigInt(ns) - BigInt(all[i - 1]) > 30_000_000_000n);
  assert.ok(far > 0, `no two of ${all.length} lost probes are half a minute apart`);
  const page = await open(agent, `#/session/branch-west/probe?at=${all[far]}`);
  await page.getByRole('heading', { name: /Lost/ }).waitFor();
  // Keys go on from the probe that is asked for, whether it is shown by then or not.
  await page.keyboard.press('p');
  await eventually('the one before', () => query(page).get('at') === all[far - 1]);
  await page.keyboard.press('n');
  await eventually('and back', () => query(page).get('at') === all[far]);
  await page.done();
  const first = await open(agent, `#/session/branch-west/probe?at=${all[0]}`);
  await first.getByRole('heading', { name: /Lost/ }).waitFor();
  await first.keyboard.press('p');
  await first.getByText('No lost probe is kept within six hours before this one').waitFor();
  await first.done();
});

test('nothing answered is drawn as that, and no figure is made up', async () => {
  const port = await freePort('udp');
  const lonely = await new Agent({ config: `[sessions.dead]\nhost = "127.0.0.1:${port}"\ninterval = "100ms"\n` }).start();
  await eventually('windows', async () => (await lonely.get('/api/v1/sessions/dead/windows?from=-2m&step=10s')).windows.length > 1, 90_000);
  const page = await open(lonely, '#/session/dead?last=15m');
  await drawn(page);
  const figures = await eventually('figures', async () => {
    const text = await page.getByTestId('figures').innerText();
    return /loss\s+100 %|loss\s+–/.test(text) && text;
  });
  assert.match(figures, /p50\s+–/);
  assert.doesNotMatch(await page.locator('#main').innerText(), /NaN|undefined|Infinity|null/);
  await shot(page, 'interact-dead');
  await page.done();
  await lonely.stop();
});

test('an answer that takes longer than until the next question is waited for', async () => {
  const page = await open(agent, '#/host', { offline: true });
  let asked = 0;
  await page.route('**/api/v1/sessions/branch-5g', async (route) => {
    ++asked;
    await new Promise((done) => setTimeout(done, 8000));
    await route.continue().catch(() => {}); // nobody waits for it any more
  });
  await page.goto(`${agent.url}/#/session/branch-5g?${kTwoHours}`);
  await eventually('the session is told', async () => (await page.locator('#main').innerText()).includes('cpe-4711.mobile.example.net'));
  assert.ok(asked <= 3, `asked ${asked} times`);
  await page.done();
});

test('an agent that is older than the page is shown all the same, and not asked again and again', async () => {
  const page = await open(agent, '#/host', { offline: true });
  const refused = [];
  const understood = new Set(); // what is asked in a way that such an agent knows
  const refuse = (route, parameter) => {
    refused.push(parameter);
    return route.fulfill({ status: 400, json: { error: { code: 'wrong_parameter', message: `${parameter}: there is no such parameter`, parameter } } });
  };
  await page.route('**/api/v1/**', (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    if (searchParams.has('histogram')) return refuse(route, 'histogram');
    if (searchParams.has('windows')) return refuse(route, 'windows');
    if (pathname.endsWith('/events') && searchParams.has('kind')) return refuse(route, 'kind');
    if (pathname.endsWith('/events') && searchParams.get('session') === '') return refuse(route, 'session');
    if (!searchParams.has('session')) understood.add(pathname.split('/').at(-1));
    return route.continue();
  });
  await page.goto(`${agent.url}/#/session/branch-5g?${kTwoHours}`);
  await drawn(page);
  const box = await plots(page).boundingBox();
  await eventually('figures all the same', async () => {
    await page.mouse.move(box.x + box.width * 0.5 + Math.random(), box.y + 120);
    return /p50 \d/.test((await readout(page).innerText()).replaceAll('\n', ' '));
  });
  // Those that were under way when the first was refused, and none after them.
  await eventually('each is asked in the old way', () => ['windows', 'report', 'events'].every((one) => understood.has(one)));
  assert.deepEqual(new Set(refused), new Set(['histogram', 'windows', 'session']));
  const first = refused.length;
  assert.ok(first <= 12, String(refused));
  await plots(page).focus();
  for (let i = 0; i < 30; ++i) await page.keyboard.press('ArrowLeft');
  await eventually('moved', () => range(page)[1] < kTo - 3600e3);
  await eventually('figures of there', async () => {
    const box = await plots(page).boundingBox();
    await page.mouse.move(box.x + box.width * 0.5 + Math.random(), box.y + 120);
    return /p50 \d/.test((await readout(page).innerText()).replaceAll('\n', ' '));
  });
  assert.equal(refused.length, first, String(refused));
  await page.goto(`${agent.url}/#/events?kind=remarked`);
  await page.getByRole('heading', { name: 'Events' }).waitFor();
  await page.getByText(/arrives with DSCP|too old to look for it/).first().waitFor();
  assert.equal(refused.length, first, String(refused));
  await page.done();
});

test('an agent that comes back with another configuration: what is gone is past, what is new is there', async () => {
  const changing = await new Agent({ sessions: [`old=${far.address}`, `both=${far.address}`] }).start();
  const overview = await open(changing, '', { offline: true });
  const session = await open(changing, '#/session/old', { offline: true });
  await overview.getByRole('link', { name: 'old', exact: true }).first().waitFor();
  await eventually('something is kept', async () => (await changing.get('/api/v1/sessions/old')).kept_to, 90_000);
  await changing.stop();
  await overview.getByText('Not connected').waitFor();
  await session.getByText('Not connected').waitFor();
  changing.words = changing.words.map((word) => word.replace(/^old=/, 'new='));
  await changing.start();
  await overview.getByText('Not connected').waitFor({ state: 'hidden' });
  await overview.getByRole('link', { name: 'new', exact: true }).first().waitFor();
  await overview.getByText(/One past session/).click();
  await overview.getByRole('link', { name: 'old', exact: true }).first().waitFor();
  await session.getByText(/not configured any more/).waitFor();
  await overview.done();
  await session.done();
  await changing.stop();
});

test('names of any kind are themselves on every page', async () => {
  const strange = await new Agent({ store: await demoStore('--strange-names', '--hours', '3'), sessions: [`self=${far.address}`] }).start();
  const { sessions } = await strange.get('/api/v1/sessions');
  const names = sessions.map(({ name }) => name).filter((name) => /[^\w-]/.test(name) || name.length > 60);
  assert.ok(names.length >= 7, String(names));
  for (const name of names) {
    const page = await open(strange, `#/session/${encodeURIComponent(name)}?last=24h`, { width: 390, height: 844 });
    await drawn(page);
    assert.equal((await page.getByRole('heading', { level: 1 }).textContent()).trim(), name.trim() === '' ? format.seen(name) : name.trim());
    assert.equal(await page.locator('#main img').count(), 0);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `wider than the screen: ${name}`);
    await page.done();
  }
  for (const hash of ['#/?past=1', '#/incidents', '#/events']) {
    const page = await open(strange, hash, { width: 390, height: 844 });
    await page.getByText(names[0]).first().waitFor({ state: 'attached' });
    assert.equal(await page.locator('#main img').count(), 0);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `wider than the screen: ${hash}`);
    await shot(page, `interact-strange-${hash.replaceAll(/\W/g, '')}`);
    await page.done();
  }
  await strange.stop();
});

for (const [name, options] of [['without storage', { storage: false }], ['at 1 % zoom', { width: 14400, height: 9000 }], ['at 400 % zoom', { width: 320, height: 180 }]]) {
  test(`every page shows itself ${name}`, async () => {
    const [incident] = (await agent.get('/api/v1/incidents')).incidents;
    for (const hash of ['#/', '#/session/branch-5g?last=24h', `#/incident/${incident.id}`, '#/incidents', '#/events', '#/host', '#/session/self/probe']) {
      const page = await open(agent, hash, options);
      await eventually('content', async () => (await page.locator('#main').innerText()).length > 60);
      if (hash.includes('last=')) await drawn(page);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `${hash} is wider than the screen`);
      // Nor is anything cut off by what holds it.
      assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('td, dd, li')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.textContent)), [], hash);
      await page.done();
    }
  });
}
