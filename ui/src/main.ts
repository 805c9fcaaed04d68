// SPDX-License-Identifier: Apache-2.0
import './first';
import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { parseHash } from './lib/hash';
import { begun } from './lib/mark';
import { pageAt } from './pages';

const kPatience = 1000; // ms
const begin = () => {
  const target = document.getElementById('app');
  if (!target) return;
  begun();
  mount(App, { target });
};
// A page is made in one go, not after a paint of the frame around it: its script is on its way already. The frame does
// not wait for ever.
const late = new Promise<void>((done) => setTimeout(done, kPatience));
void Promise.race([pageAt(parseHash(location.hash).path).way(), late]).then(begin, begin);
