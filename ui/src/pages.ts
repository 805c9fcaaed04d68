// SPDX-License-Identifier: Apache-2.0
// What comes when it is first looked at, so that no view waits for the scripts of another. vite.config.ts says which of
// them share a script.
import type { Component } from 'svelte';

export type Page = Promise<{ default: Component<any> }>;
export type Way = () => Page;

// A browser answers each import() in a task of its own, after a paint of what is there; what was asked once is at hand.
function once(load: () => Promise<unknown>): Way {
  let page: Page | undefined;
  return () => {
    page ??= load() as Page;
    page.catch(() => (page = undefined)); // whoever asks next tries again
    return page;
  };
}

// Which props a page has is known by its place in the address.
export const kPages = {
  overview: once(() => import('./pages/Overview.svelte')),
  session: once(() => import('./pages/Session.svelte')),
  probe: once(() => import('./pages/Probe.svelte')),
  incidents: once(() => import('./pages/Incidents.svelte')),
  incident: once(() => import('./pages/Incident.svelte')),
  events: once(() => import('./pages/Events.svelte')),
  host: once(() => import('./pages/Host.svelte')),
  nowhere: once(() => import('./pages/NotFound.svelte')),
};
export const kParts = {
  logIn: once(() => import('./pages/Login.svelte')),
  help: once(() => import('./parts/HelpWords.svelte')),
  // Of a session's page.
  missing: once(() => import('./session/Missing.svelte')),
  exports: once(() => import('./session/ExportItems.svelte')),
  nothing: once(() => import('./session/Nothing.svelte')),
  plotKeys: once(() => import('./session/PlotKeys.svelte')),
  event: once(() => import('./session/EventPanel.svelte')),
  range: once(() => import('./session/RangeForm.svelte')),
  other: once(() => import('./session/OtherForm.svelte')),
  selection: once(() => import('./session/Selection.svelte')),
  differences: once(() => import('./session/Differences.svelte')),
  table: once(() => import('./session/TableView.svelte')),
};

export function pageAt([kind, name, more]: string[]): { way: Way; props: Record<string, string> } {
  if (kind === undefined) return { way: kPages.overview, props: {} };
  if (kind === 'session' && name) return more === 'probe' ? { way: kPages.probe, props: { session: name } } : { way: kPages.session, props: { name } };
  if (kind === 'incident' && name) return { way: kPages.incident, props: { id: name } };
  if (kind === 'incidents' || kind === 'events' || kind === 'host') return { way: kPages[kind], props: {} };
  return { way: kPages.nowhere, props: {} };
}
