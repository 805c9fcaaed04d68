// SPDX-License-Identifier: Apache-2.0
// The agent's HTTP API (docs/api.md) as this page uses it. Members that are absent are undefined; members may be added.
export interface Values {
  count: number;
  min?: number;
  max?: number;
  mean?: number;
  percentiles?: Record<string, number>;
}
export interface Directions {
  total: number;
  forward: number;
  backward: number;
  unknown: number;
}
export interface MarksOfDirection {
  known: number;
  remarked: number;
  traffic_class?: number;
  hop_limit?: number;
}
// [index, count] of each bucket that holds something; docs/api.md says what values an index holds.
export interface Histogram {
  schema: number;
  zero?: number;
  negative?: [number, number][];
  positive?: [number, number][];
}
export interface Window {
  begin: string;
  end: string;
  length_ns: number;
  epoch: number;
  part: boolean;
  scheduled: number;
  sent: number;
  received: number;
  delivered: number;
  late: number;
  duplicates: Omit<Directions, 'total'>;
  lost: Directions;
  lost_by_cause: Record<string, number>;
  unsent: { total: number; by_cause: Record<string, number> };
  refused_by_peer: number;
  withheld: number;
  late_schedule: number;
  loss_ratio?: number;
  network_loss_ratio?: number;
  unreachable_ratio?: number;
  forward_loss_ratio?: number;
  backward_loss_ratio?: number;
  arrived: number;
  reordered: number;
  rtt_ns?: Values;
  rtt_class?: string;
  rtt_error_ns?: { max?: number };
  negative_rtt: number;
  forward_ns?: Values;
  backward_ns?: Values;
  ipdv_ns?: Values;
  schedule_error_ns?: Values;
  reflector_residence_ns?: Values;
  stamps?: Record<string, { weakest?: string; counts: Record<string, number> }>;
  clock_step_samples: number;
  bad_reflector_stamps: number;
  marks?: { forward: MarksOfDirection; backward: MarksOfDirection };
  worst_loss_ratio?: number;
  worst_loss_at?: string;
  worst_rtt_p99_ns?: number;
  worst_rtt_p99_at?: string;
  rtt_histogram?: Histogram;
  forward_histogram?: Histogram;
  backward_histogram?: Histogram;
  ipdv_histogram?: Histogram;
}
export type SessionState = 'waiting' | 'up' | 'silent' | 'stopped';
export interface Session {
  name: string;
  host: string;
  configured: boolean;
  state?: SessionState;
  since?: string;
  problem?: string;
  peer?: string;
  local?: string;
  interface?: string;
  interval_ns?: number;
  size?: number;
  dscp?: number;
  stamps?: { transmit?: string; receive?: string };
  incident?: number;
  kept_from?: string;
  kept_to?: string;
  last_minute?: Window;
  total?: Window;
}
export interface Windows {
  sessions: string[];
  from: string;
  to: string;
  step_ns: number;
  windows: Window[];
}
// Absolute times are texts: JavaScript's numbers end at 2^53, which is 256 ns of them.
export interface Sample {
  probe?: number;
  flow?: number;
  sequence?: number;
  reflector_sequence?: number;
  outcome: string;
  cause?: string;
  departure_unconfirmed?: boolean;
  burst?: boolean;
  scheduled_ns?: string;
  size?: number;
  sender_tx_ns?: string;
  sender_tx_source?: string;
  sender_tx_error_ns?: number;
  reflector_rx_ns?: string;
  reflector_rx_source?: string;
  reflector_rx_error_ns?: number;
  reflector_tx_ns?: string;
  reflector_tx_source?: string;
  reflector_tx_error_ns?: number;
  sender_rx_ns?: string;
  sender_rx_source?: string;
  sender_rx_error_ns?: number;
  sender_user_ns?: string;
  sender_scheduler_ns?: string;
  rtt_ns?: number;
  rtt_error_ns?: number;
  forward_ns?: number;
  backward_ns?: number;
  residence_ns?: number;
  sender_clock_error_ns?: number;
  reflector_clock_error_ns?: number;
  clock_step?: boolean;
  bad_reflector_stamps?: boolean;
  duplicates_forward?: number;
  duplicates_backward?: number;
  duplicates_unknown?: number;
  arrival_index?: number;
  sent_dscp?: number;
  sent_ecn?: number;
  seen_dscp?: number;
  seen_ecn?: number;
  returned_dscp?: number;
  returned_ecn?: number;
  sent_ttl?: number;
  seen_ttl?: number;
  returned_ttl?: number;
  interface?: number;
}
export interface Samples {
  session: string;
  from: string;
  to: string;
  complete: boolean;
  samples: Sample[];
}
export type Severity = 'info' | 'warning' | 'error';
export interface EventBody {
  kind: string;
  at: string;
  text: string;
  [evidence: string]: unknown;
}
export interface RecordedEvent {
  id: number;
  session?: string;
  severity: Severity;
  incident?: number;
  event: EventBody;
}
// The figure that crossed a threshold, of an incident: when it was worst, or at first.
export interface IncidentFigure {
  figure: string;
  loss_ratio?: number;
  delay_ns?: number;
  direction?: string;
  at: string;
}
export interface Incident {
  id: number;
  session?: string;
  severity: Severity;
  opened: string;
  closed?: string;
  in_maintenance: boolean;
  title: string;
  opened_as?: string; // what the title was at first: it tells the worst so far
  worst?: IncidentFigure;
  silent_ns?: number;
  events: number;
}
export interface Flow {
  flow: number;
  tuple: string;
  began: string;
  ended?: string;
}
export interface Setting {
  session?: string;
  name: string;
  value?: string;
  origin: string;
}
export interface Health {
  ready: boolean;
  version: string;
  began: string;
  now: string;
  measuring: boolean;
  store: { well: boolean; problem?: string; octets: number; dropped: number };
  samples_dropped: number;
  configuration_problem?: string;
  reflector: { listening: string[]; counters: Record<string, number> };
  webhooks: Record<string, unknown>[];
}
export interface Sparklines {
  from: string;
  step_ns: number;
  sessions: {
    name: string;
    rtt_p50_ns: (number | null)[];
    rtt_p99_ns: (number | null)[];
    loss_ratio: (number | null)[];
  }[];
}

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

// What went wrong, in words that say what to do. `status` 0: no answer came.
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export function address(path: string, query: Query = {}): string {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === 'object' ? value : [value]) parts.append(key, String(one));
  }
  const text = parts.toString();
  return `${path}${text ? `?${text}` : ''}`;
}

// Numbers that JavaScript cannot hold exactly become texts. Strings are skipped, whatever stands in them. Most answers
// have none, and are parsed ten times as fast.
export function parse(text: string): unknown {
  if (!/(?<![.\d])\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(
    text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]{15,}/g, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token)),
  );
}

// With its text: what waits for an answer waits for all of it.
interface Answer {
  ok: boolean;
  status: number;
  text: string;
}

function problemOf(answer: Answer): ApiProblem {
  try {
    const { error } = JSON.parse(answer.text) as { error: { code: string; message: string } };
    return new ApiProblem(answer.status, error.code, error.message);
  } catch {
    return new ApiProblem(answer.status, 'unknown', `the agent answered with status ${answer.status}`);
  }
}

const kPatience = 30_000; // ms for an answer
const kJson = { headers: { Accept: 'application/json' } };

async function send(path: string, options: RequestInit, signal?: AbortSignal): Promise<Answer> {
  const patience = AbortSignal.timeout(kPatience);
  const answer = await fetch(`.${path}`, { ...options, signal: signal ? AbortSignal.any([signal, patience]) : patience });
  const { ok, status } = answer;
  try {
    return { ok, status, text: await answer.text() };
  } catch (failure) {
    if (signal?.aborted) throw failure;
    if (patience.aborted) throw patience.reason;
    throw new ApiProblem(status, 'unreadable', `The answer came in part only: ${String(failure)}`); // the agent is there
  }
}

// Asked before whoever wants it is there: whoever asks the same first has the answer. What nobody wants is let go.
const early = new Map<string, { answer: Promise<Answer>; abort: AbortController }>();
const kWanted = 5000; // ms
export function askEarly(path: string, query: Query) {
  const asked = address(path, query);
  const abort = new AbortController();
  const answer = send(asked, kJson, abort.signal);
  answer.catch(() => {}); // told to who takes it
  const one = { answer, abort };
  early.set(asked, one);
  setTimeout(() => early.get(asked) === one && early.delete(asked) && abort.abort(), kWanted);
}
// When all that was asked early is answered, well or not.
export const earlyAnswers = () => Promise.allSettled([...early.values()].map((one) => one.answer));
function taken(path: string, signal?: AbortSignal): Promise<Answer> | undefined {
  const one = early.get(path);
  early.delete(path);
  signal?.addEventListener('abort', () => one?.abort.abort());
  return one?.answer;
}

async function ask(path: string, options: RequestInit, signal?: AbortSignal): Promise<string> {
  let answer: Answer;
  try {
    answer = await ((options === kJson && taken(path, signal)) || send(path, options, signal));
  } catch (failure) {
    if (signal?.aborted || failure instanceof ApiProblem) throw failure;
    if (failure instanceof DOMException && failure.name === 'TimeoutError') throw new ApiProblem(0, 'slow', 'The agent did not answer within 30 s. It is asked again.');
    throw new ApiProblem(0, 'unreachable', 'The agent does not answer. Does it run? This page tries again by itself.');
  }
  // So a proxy says that nobody is behind it.
  if (answer.status === 502 || answer.status === 504) throw new ApiProblem(0, 'unreachable', 'The agent behind this address does not answer. This page tries again by itself.');
  if (!answer.ok) throw problemOf(answer);
  return answer.text;
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return parse(await ask(address(path, query), kJson, signal)) as T;
}

export function getText(path: string, query: Query, accept?: string, signal?: AbortSignal): Promise<string> {
  return ask(address(path, query), accept ? { headers: { Accept: accept } } : kJson, signal);
}

export async function logIn(token: string): Promise<void> {
  await ask('/api/v1/session', { method: 'POST', body: JSON.stringify({ token }) });
}

export async function logOut(): Promise<void> {
  await ask('/api/v1/session', { method: 'DELETE' });
}

// Reads the configuration again; tells what changed, a line each. Needs the token's cookie.
export async function reload(): Promise<string[]> {
  return (JSON.parse(await ask('/api/v1/reload', { method: 'POST' })) as { changed: string[] }).changed;
}

const one = (name: string) => `/api/v1/sessions/${encodeURIComponent(name)}`;
export const paths = {
  sessions: '/api/v1/sessions',
  overview: '/api/v1/overview',
  session: one,
  windows: (name: string) => `${one(name)}/windows`,
  samples: (name: string) => `${one(name)}/samples`,
  flows: (name: string) => `${one(name)}/flows`,
  report: (name: string) => `${one(name)}/report`,
  plot: (name: string) => `${one(name)}/plot`,
  merged: '/api/v1/windows',
  sparklines: '/api/v1/sparklines',
  events: '/api/v1/events',
  incidents: '/api/v1/incidents',
  incident: (id: number | string) => `/api/v1/incidents/${id}`,
  configuration: '/api/v1/configuration',
  health: '/api/v1/health',
  host: '/api/v1/host',
  live: '/api/v1/live',
};
