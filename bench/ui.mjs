// SPDX-License-Identifier: Apache-2.0
// The web page in a headless Chromium, without a graphics processor: how large it is, how soon it can be used, how long
// its frames take and what an hour of live data leaves in memory.
//
// Times of loading are the median of rounds: until the first paint, and until the plot of the range has all its data (the
// page's mark `wirestamp:drawn`); of a browser that was never there, and of one that was. They are read when all is over:
// each look at a page that loads takes its time from it (670 ms instead of 500 with a look each 50 ms). The work of a frame is what a trace says of the main
// thread; a message sent with the frame would not tell it, since Chromium lets messages wait behind keys. The hour of live
// data is an hour's number of messages, sent as fast as the page takes them; a real hour would only add waiting.
import { createServer } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Agent, demoStore, eventually, finish, launch, launchKeeping, reflector, root } from '../tests/browser/harness.mjs';

const rounds = Number(process.env.WIRESTAMP_DEV_ROUNDS ?? 7);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const progress = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);

function sizes() {
  const kib = (octets) => (octets / 1024).toFixed(1).padStart(8);
  const packed = {};
  for (const file of readdirSync(join(root, 'ui/dist'))) {
    const octets = readFileSync(join(root, 'ui/dist', file));
    packed[file] = gzipSync(octets, { level: 9 }).length;
    console.log(`${file.padEnd(14)} ${kib(octets.length)} KiB ${kib(packed[file])} KiB compressed`);
  }
  const sum = (files) => files.reduce((octets, file) => octets + packed[file], 0);
  for (const view of ['overview', 'session', 'incidents', 'host'])
    console.log(`${`needed: ${view}`.padEnd(27)} ${kib(sum(['index.html', 'icon.svg', 'app.css', 'first.js', 'app.js', `${view}.js`]))} KiB compressed (to reach: 60)`);
  console.log(`${'all'.padEnd(27)} ${kib(sum(Object.keys(packed)))} KiB compressed`);
}

const viewport = { width: 1440, height: 900 };

async function fresh(url) {
  const context = await (await launch()).newContext({ viewport });
  const page = await context.newPage();
  await page.goto(url, { waitUntil: 'commit' });
  return { context, page };
}

// What this browser needs on this machine for any page: a line of text, and a script of a line that is not in it.
async function emptyPage() {
  const script = 'document.body.append("there"); performance.mark("wirestamp:drawn");';
  const server = createServer((request, answer) => {
    const asked = request.url.endsWith('.js') ? ['text/javascript', script] : ['text/html', '<!doctype html><body>page<script type="module" src="page.js"></script>'];
    answer.writeHead(200, { 'content-type': asked[0] }).end(asked[1]);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

const theMonth = 'session, the month';

async function loaded(page) {
  await new Promise((done) => setTimeout(done, 2000));
  return eventually('the page is usable', () => page.evaluate(() => {
    const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
    const drawn = performance.getEntriesByName('wirestamp:drawn')[0]?.startTime;
    return paint && drawn ? { paint, drawn } : null;
  }));
}

async function loading(agent) {
  const empty = await emptyPage();
  console.log(`\nuntil, ms from navigation; medians of ${rounds}      first paint   usable`);
  const views = {
    'an empty page, for comparison': `http://127.0.0.1:${empty.address().port}/`,
    'overview': `${agent.url}/#/`,
    'session, 24 hours': `${agent.url}/#/session/office-vpn?last=24h`,
    [theMonth]: `${agent.url}/#/session/office-vpn?last=30d`,
  };
  const tell = (name, times, goal = '') => {
    progress('');
    const [paint, drawn] = ['paint', 'drawn'].map((what) => median(times.map((one) => one[what])).toFixed(0));
    console.log(`${name.padEnd(46)} ${paint.padStart(11)} ${drawn.padStart(8)}${goal}`);
  };
  for (const [name, url] of Object.entries(views)) {
    const times = [];
    for (let round = 0; round < rounds; ++round) {
      progress(`loading: ${name}, round ${round + 1} of ${rounds}`);
      const { context, page } = await fresh(url);
      times.push(await loaded(page));
      await context.close();
    }
    tell(name, times, name === theMonth ? '   (to reach: 300)' : '');
  }
  // What a browser keeps of a script it has after the second visit.
  const context = await launchKeeping({ viewport });
  const times = [];
  for (let visit = -2; visit < rounds; ++visit) {
    progress(`loading: again, visit ${visit + 3} of ${rounds + 2}`);
    const page = await context.newPage();
    await page.goto(views[theMonth], { waitUntil: 'commit' });
    const told = await loaded(page);
    if (visit >= 0) times.push(told);
    await page.close();
  }
  await context.close();
  tell(`${theMonth}, visited before`, times, '   (to reach: 300)');
  empty.closeAllConnections();
  empty.close();
}

// The work of each frame, ms, from a trace of the page: all that its main thread did since the frame before, that is
// input, script, style, layout, paint and commit; and how much of that it had a processor for.
async function framesWhile(page, act) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'] });
  await act();
  const events = JSON.parse((await browser.stopTracing()).toString()).traceEvents.filter((one) => one.ph === 'X');
  // Of the page's own thread: it has by far the most of them.
  const threads = new Map();
  for (const one of events) if (one.name === 'Commit') threads.set(`${one.pid} ${one.tid}`, [...(threads.get(`${one.pid} ${one.tid}`) ?? []), one]);
  const frames = [...threads.values()].sort((a, b) => b.length - a.length)[0];
  const { pid, tid } = frames[0];
  const tasks = events.filter((one) => one.name === 'ThreadControllerImpl::RunTask' && one.pid === pid && one.tid === tid).sort((a, b) => a.ts - b.ts);
  const works = [];
  let work = { wall: 0, cpu: 0 };
  for (const task of tasks) {
    work.wall += task.dur / 1000;
    work.cpu += (task.tdur ?? task.dur) / 1000;
    if (!frames.some((one) => one.ts >= task.ts && one.ts < task.ts + task.dur)) continue;
    works.push(work);
    work = { wall: 0, cpu: 0 };
  }
  return works.slice(1); // the first one has the begin of the trace in it
}

async function moving(agent, hash) {
  const { context, page } = await fresh(`${agent.url}/${hash}`);
  await eventually('drawn', () => page.evaluate(() => performance.getEntriesByName('wirestamp:drawn').length > 0));
  const plot = page.getByTestId('plots');
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 120);
  console.log('\nwork of a frame over a year of one session, ms        p50      p95      max  cpu p95   frames');
  const gestures = {
    'zoom by the wheel': async (i) => page.mouse.wheel(0, i % 60 < 30 ? -60 : 60),
    'pan by the keyboard': async (i) => page.keyboard.press(i % 40 < 20 ? 'ArrowLeft' : 'ArrowRight'),
    'the cursor': async (i) => page.mouse.move(box.x + 60 + ((i * 17) % (box.width - 120)), box.y + 120),
  };
  await plot.focus();
  for (const [name, gesture] of Object.entries(gestures)) {
    progress(`frames: ${name}`);
    const works = await framesWhile(page, async () => {
      for (let i = 0; i < 240; ++i) await Promise.all([gesture(i), new Promise((done) => setTimeout(done, 16))]);
    });
    const walls = works.map(({ wall }) => wall);
    progress('');
    console.log(`${name.padEnd(46)} ${[percentile(walls, 0.5), percentile(walls, 0.95), Math.max(...walls), percentile(works.map(({ cpu }) => cpu), 0.95)].map((ms) => ms.toFixed(1).padStart(8)).join(' ')} ${String(works.length).padStart(8)}   (to reach: 16 at p95)`);
  }
  await context.close();
}

// Stands before the agent and answers the live stream itself: an hour of windows of a second and two probes each.
async function hurriedAgent(agent, session) {
  const seconds = 3600;
  const pattern = (await agent.get(`/api/v1/sessions/${session}/windows?from=-2m&step=1s`)).windows.at(-2);
  const sample = (await agent.get(`/api/v1/sessions/${session}/samples?from=-2m&limit=1`)).samples[0];
  const state = { sent: 0 };
  const server = createServer(async (request, answer) => {
    if (!request.url.startsWith('/api/v1/live')) {
      const reply = await fetch(agent.url + request.url, { headers: { accept: request.headers.accept ?? '*/*' } });
      answer.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' });
      return answer.end(Buffer.from(await reply.arrayBuffer()));
    }
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    const begin = Date.now();
    for (let i = 0; i < seconds && !answer.destroyed; ++i) {
      const at = begin + i * 1000;
      const told = [['window', { ...pattern, session, begin: new Date(at).toISOString(), end: new Date(at + 1000).toISOString() }]];
      for (const half of [0, 500]) told.push(['sample', { ...sample, session, scheduled_ns: `${at + half}000000` }]);
      for (const [kind, data] of told) {
        const text = JSON.stringify(data).replace(/"(\d{16,})"/g, '$1');
        if (!answer.write(`id: x-${i}\nevent: ${kind}\ndata: ${text}\n\n`)) await new Promise((more) => answer.once('drain', more));
      }
      state.sent = i + 1;
      if (i % 60 === 59) await new Promise((more) => setTimeout(more, 20)); // the page draws between the minutes
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { server, state, seconds, url: `http://127.0.0.1:${server.address().port}` };
}

async function memory(agent) {
  const hurried = await hurriedAgent(agent, 'self');
  const { context, page } = await fresh(`${hurried.url}/#/session/self?last=15m&live=1`);
  const client = await context.newCDPSession(page);
  const used = async () => {
    await client.send('HeapProfiler.collectGarbage');
    const { usedSize } = await client.send('Runtime.getHeapUsage');
    const { nodes } = await client.send('Memory.getDOMCounters');
    return { mib: usedSize / 1048576, nodes };
  };
  await eventually('the first minute of live data', () => hurried.state.sent >= 60);
  const before = await used();
  await eventually('an hour of live data', () => (progress(`live: ${hurried.state.sent} of ${hurried.seconds} s`), hurried.state.sent >= hurried.seconds), 600_000);
  const after = await used();
  progress('');
  console.log(`\nan hour of live data (${hurried.seconds} windows, ${2 * hurried.seconds} probes): heap ${before.mib.toFixed(1)} MiB after a minute, ${after.mib.toFixed(1)} MiB at the end; ${before.nodes} and ${after.nodes} DOM nodes`);
  await context.close();
  hurried.server.closeAllConnections();
  hurried.server.close();
}

try {
  sizes();
  const far = await reflector();
  progress('making the stores of the demonstration');
  const month = await new Agent({ store: await demoStore(), sessions: [`self=${far.address}`] }).start();
  await loading(month);
  await eventually('two seconds of live data are kept', async () => (await month.get('/api/v1/sessions/self/windows?from=-2m&step=1s')).windows.length > 3, 60_000);
  await memory(month);
  await month.stop();
  progress('making a year');
  const year = await new Agent({ store: await demoStore('--days', '365', '--only', 'office-vpn'), sessions: [`self=${far.address}`] }).start();
  await moving(year, '#/session/office-vpn?last=1y');
} finally {
  await finish();
}
