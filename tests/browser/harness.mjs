// SPDX-License-Identifier: Apache-2.0
// The page in a real Chromium, served by the release binary. Each file of tests is a process with agents and a browser
// of its own, on ports the system chose.
//
// What a test gets fails by itself when the page throws, logs an error, breaks its content security policy or asks
// anything of another host.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const wirestamp = process.env.WIRESTAMP_BIN;
const demoMaker = process.env.WIRESTAMP_DEMO;
const chromiumPath = process.env.WIRESTAMP_CHROMIUM ?? '/usr/bin/chromium';
const kPatience = 60_000; // ms for anything to come true; bounds, no measurements

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}
if (process.env.WIRESTAMP_NO_BROWSER) skip(process.env.WIRESTAMP_NO_BROWSER);
if (!wirestamp) throw new Error('WIRESTAMP_BIN names no program: run this through ./dev test');
if (!existsSync(chromiumPath)) skip(`there is no ${chromiumPath}: the package chromium`);

const { chromium } = await import(`${root}/ui/node_modules/playwright-core/index.mjs`);
export const scratch = mkdtempSync(join(tmpdir(), 'wirestamp-browser-'));
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

// --- processes ------------------------------------------------------------------------------------------------

// Variables that are its options are those of a test, not of whoever runs the tests.
const foreign = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WIRESTAMP_')));

// Starts the program and waits for a line that fits.
function start(words, line, env = {}) {
  const child = spawn(wirestamp, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...foreign, ...env } });
  running.add(child);
  const said = [];
  child.ended = new Promise((done) => child.on('exit', (code) => (running.delete(child), done(code))));
  child.said = said;
  const found = new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`no line ${line} from ${words.join(' ')}:\n${said.join('\n')}`)), kPatience);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (text) => {
        said.push(text);
        if (said.length > 1000) said.shift();
        const match = line.exec(text);
        if (match) clearTimeout(late), done(match);
      });
    }
    void child.ended.then((code) => fail(new Error(`${words.join(' ')} ended with ${code}:\n${said.join('\n')}`)));
  });
  found.catch(() => {});
  return { child, found };
}

// One at which nobody listens: `udp` or `tcp`.
export async function freePort(kind) {
  const socket = kind === 'udp' ? createSocket('udp4') : createServer();
  await new Promise((done) => (kind === 'udp' ? socket.bind(0, '127.0.0.1', done) : socket.listen(0, '127.0.0.1', done)));
  const { port } = socket.address();
  await new Promise((done) => socket.close(done));
  return port;
}

// A far end to measure: its address and port.
export async function reflector() {
  const { child, found } = start(['reflect', '--listen', '127.0.0.1:0'], /(127\.0\.0\.1:\d+)/);
  return { child, address: (await found)[1] };
}

// An agent with a page. `config`: TOML of its own; `store`: a file, else a new one.
export class Agent {
  constructor({ sessions = [], config = '', store, words = [], api = '127.0.0.1:0', listen = '127.0.0.1:0' } = {}) {
    this.file = join(scratch, `agent-${Math.random().toString(36).slice(2)}.toml`);
    this.store = store ?? `${this.file}.db`;
    writeFileSync(this.file, config);
    this.words = ['agent', '--config', this.file, '--listen', listen, '--store', this.store, ...words, ...sessions];
    this.api = api;
  }
  async start() {
    const { child, found } = start([...this.words, '--api', this.api], /API on (http\S+)/);
    this.child = child;
    this.url = (await found)[1];
    this.api = new URL(this.url).host; // the next time at the same place
    return this;
  }
  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    await this.child.ended;
  }
  async get(path) {
    const answer = await fetch(this.url + path, { signal: AbortSignal.timeout(kPatience) });
    assert.equal(answer.status, 200, `${path}: ${answer.status}`);
    return answer.json();
  }
}

// A store of the demonstration, made once per process and set of words.
const made = new Map();
export function demoStore(...words) {
  const key = words.join(' ');
  if (!made.has(key)) {
    const path = join(scratch, `demo-${made.size}.db`);
    made.set(key, new Promise((done, fail) => {
      if (!demoMaker) return fail(new Error('WIRESTAMP_DEMO names no program'));
      const child = spawn(demoMaker, [path, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
      running.add(child);
      let said = '';
      child.stderr.on('data', (data) => (said += data));
      child.on('exit', (code) => (running.delete(child), code === 0 ? done(path) : fail(new Error(`demo store: ${code} ${said}`))));
    }));
  }
  return made.get(key);
}

// Paths like those of the demonstration's month that ended at `until`, to a reflector at `port`: what an agent is told to
// measure over them.
export function demoPaths(port, until) {
  const child = spawn(join(dirname(demoMaker), 'demo_paths'), [String(port), String(until)], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  child.ended = new Promise((done) => child.on('exit', (code) => (running.delete(child), done(code))));
  const sessions = [];
  return new Promise((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => (line === 'ready' ? done(sessions) : sessions.push(line)));
    void child.ended.then((code) => fail(new Error(`demo_paths ended with ${code}`)));
  });
}

// --- the browser ----------------------------------------------------------------------------------------------

const launching = {
  executablePath: chromiumPath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
};
let browser;
export async function launch() {
  browser ??= await chromium.launch(launching);
  return browser;
}
// A browser with a profile of its own, which keeps what it fetched and compiled, as that of a person does. To be closed.
export const launchKeeping = (options) => chromium.launchPersistentContext(mkdtempSync(join(scratch, 'profile-')), { ...launching, ...options });
export async function finish() {
  await browser?.close();
  const ends = [...running].map((child) => (child.kill('SIGTERM'), child.ended));
  await Promise.all(ends);
}

// A page at `agent` with the times of Berlin. `offline`: the agent will be away, failed requests are no offence.
export async function open(agent, hash = '', options = {}) {
  const { width = 1440, height = 900, dark = false, offline = false, storage = true, ...more } = options;
  const context = await (await launch()).newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    ...more,
  });
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  if (!storage) {
    await context.addInitScript(() =>
      Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } }));
  }
  const page = await context.newPage();
  const offences = [];
  page.on('pageerror', (error) => offences.push(`thrown: ${error.stack ?? error}`));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const network = /Failed to load resource|ERR_/.test(message.text());
    if (!(offline && network)) offences.push(`logged: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== agent.url) offences.push(`asked elsewhere: ${request.url()}`);
  });
  page.setDefaultTimeout(kPatience);
  page.offences = offences;
  await page.goto(`${agent.url}/${hash}`, { waitUntil: 'load' });
  await page.locator('#main').waitFor({ state: 'attached' }); // made, that is, after its scripts came
  page.done = async () => {
    // What a test answers itself may be under way, and cannot be answered after the end.
    for (const one of context.pages()) await one.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
    assert.deepEqual(offences, []);
  };
  return page;
}

// A module of the page, for what the page must show: `await uiModule('lib/format.ts')`.
export async function uiModule(path) {
  const { build } = await import(`${root}/ui/node_modules/esbuild/lib/main.js`);
  const outfile = join(scratch, `${path.replaceAll('/', '-')}.mjs`);
  await build({ entryPoints: [join(root, 'ui/src', path)], bundle: true, format: 'esm', outfile, logLevel: 'error' });
  return import(outfile);
}

// axe-core's findings that are serious: none are expected.
export async function accessible(page) {
  const axe = join(root, 'ui/node_modules/axe-core/axe.min.js');
  // What the debugger evaluates is not held to the page's content security policy; a script element would be.
  await page.evaluate(`${readFileSync(axe, 'utf8')}; 0`);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`);
  });
  assert.deepEqual(found, []);
}

// Pictures are kept where WIRESTAMP_SHOTS says, for people.
export async function shot(page, name, options = {}) {
  const folder = process.env.WIRESTAMP_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, ...options });
}

export async function eventually(what, question, patience = kPatience) {
  const end = Date.now() + patience;
  let last;
  do {
    try {
      last = await question();
      if (last) return last;
    } catch (failure) {
      last = failure;
    }
    await new Promise((done) => setTimeout(done, 50));
  } while (Date.now() < end);
  throw new Error(`never came true: ${what} (last: ${last})`);
}
