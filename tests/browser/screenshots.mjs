// SPDX-License-Identifier: Apache-2.0
// The pictures in docs/images: ./dev screenshots. Of the demonstration as ./dev run --demo shows it: its sessions go on
// live while they are taken.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, demoPaths, demoStore, eventually, finish, freePort, open, root } from './harness.mjs';

const folder = join(root, 'docs/images');
mkdirSync(folder, { recursive: true });

const until = Math.floor(Date.now() / 1000);
const store = await demoStore('--until', String(until));
const port = await freePort('udp');
const sessions = await demoPaths(port, until);
// One of the month's sessions is of IPv6.
const agent = await new Agent({ store, listen: `127.0.0.1:${port}`, words: ['--listen', `[::1]:${port}`], sessions: [...sessions, `self=127.0.0.1:${port}`] }).start();

async function picture(name, hash, { ready, ...options } = {}) {
  const page = await open(agent, hash, { width: 1360, height: 860, timezoneId: 'UTC', ...options });
  await (ready ? ready(page) : page.getByRole('heading', { level: 1 }).first().waitFor());
  await page.waitForLoadState('networkidle').catch(() => {}); // a stream of live data never ends
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(`docs/images/${name}.png`);
  await page.done();
}
const drawn = (page) => eventually('drawn', () => page.evaluate(() => performance.getEntriesByName('wirestamp:drawn').length > 0));

try {
  const { incidents } = await agent.get('/api/v1/incidents');
  const of = (session) => incidents.findLast((one) => one.session === session);
  const stall = of('office-vpn');
  const remark = of('voip-berlin');
  const around = (incident, before, after) => {
    const from = new Date(Date.parse(incident.opened) - before * 60e3).toISOString();
    const to = new Date(Date.parse(incident.closed ?? incident.opened) + after * 60e3).toISOString();
    return `from=${from}&to=${to}`;
  };
  await eventually('a minute of each is decided',
    async () => (await agent.get('/api/v1/sessions')).sessions.every((one) => !one.configured || one.last_minute?.rtt_ns), 150_000);
  await picture('overview', '#/', { ready: (page) => page.getByRole('link', { name: 'office-vpn', exact: true }).first().waitFor() });
  await picture('session', '#/session/branch-5g?last=7d', { ready: drawn });
  await picture('session-dark', `#/session/voip-berlin?${around(remark, 120, 120)}`, { ready: drawn, dark: true });
  await picture('incident', `#/incident/${stall.id}`);
  await picture('phone', '#/session/branch-5g?last=24h', { ready: drawn, width: 390, height: 844 });
} finally {
  await finish();
}
