// SPDX-License-Identifier: Apache-2.0
import './first';
import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { earlyAnswers } from './lib/api';
import { parseHash } from './lib/hash';
import { begun, inPlace } from './lib/mark';
import { pageAt } from './pages';

// A page is made while the agent answers what it asks, and is seen when that is drawn: not its frame first, and empty
// plots after it, each of which a browser lays out and paints. For answers that take long it does not wait.
const kScript = 1000; // ms
const kAnswers = 200; // ms
const passed = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const target = document.createElement('div');
const begin = () => {
  const answers = earlyAnswers();
  begun();
  mount(App, { target });
  return Promise.race([answers, passed(kAnswers)]);
};
void Promise.race([pageAt(parseHash(location.hash).path).way(), passed(kScript)])
  .then(begin, begin)
  .then(() => (document.body.append(target), inPlace()));
