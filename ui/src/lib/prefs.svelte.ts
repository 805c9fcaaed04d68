// SPDX-License-Identifier: Apache-2.0
// What this browser remembers of its user. Without storage (private windows, policies) it lasts as long as the page.
import { used } from './mark';

export type Theme = 'auto' | 'light' | 'dark';
export type Zone = 'local' | 'utc';

function read<T extends string>(key: string, among: readonly T[], otherwise: T): T {
  try {
    const value = localStorage.getItem(`wirestamp.${key}`) as T | null;
    return value !== null && among.includes(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

function write(key: string, value: string) {
  try {
    localStorage.setItem(`wirestamp.${key}`, value);
  } catch {
    // It is remembered until the page is left.
  }
}

// Until this tab is closed.
export function remembered(key: string): boolean {
  try {
    return sessionStorage.getItem(`wirestamp.${key}`) === '1';
  } catch {
    return false;
  }
}
export function remember(key: string, value: boolean) {
  try {
    if (value) sessionStorage.setItem(`wirestamp.${key}`, '1');
    else sessionStorage.removeItem(`wirestamp.${key}`);
  } catch {
    // As above.
  }
}

const kPainted = 300; // ms

class Prefs {
  theme = $state<Theme>(read('theme', ['auto', 'light', 'dark'], 'auto'));
  zone = $state<Zone>(read('zone', ['local', 'utc'], 'local'));
  #dark = matchMedia('(prefers-color-scheme: dark)');
  #systemDark = $state(this.#dark.matches);
  #local = $state('local time');

  constructor() {
    // The name of the zone takes a browser some ten milliseconds: it is asked for when the page has been drawn.
    void used.then(() => setTimeout(() => (this.#local = Intl.DateTimeFormat().resolvedOptions().timeZone || this.#local), kPainted));
    this.#dark.addEventListener('change', (event) => (this.#systemDark = event.matches));
  }
  get dark(): boolean {
    return this.theme === 'dark' || (this.theme === 'auto' && this.#systemDark);
  }
  get zoneName(): string {
    return this.zone === 'utc' ? 'UTC' : this.#local;
  }
  setTheme(theme: Theme) {
    this.theme = theme;
    write('theme', theme);
  }
  setZone(zone: Zone) {
    this.zone = zone;
    write('zone', zone);
  }
}

export const prefs = new Prefs();
