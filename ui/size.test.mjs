// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const packed = (file) => gzipSync(readFileSync(new URL(`./dist/${file}`, import.meta.url)), { level: 9 }).length;

// Of dist as it is committed, which `./dev check` compares with what the sources make.
test.each(['overview', 'session', 'incidents', 'host'])('what a view needs is below 60 KiB compressed: %s', (view) => {
  const octets = ['index.html', 'icon.svg', 'app.css', 'first.js', 'app.js', `${view}.js`].reduce((sum, file) => sum + packed(file), 0);
  expect(octets).toBeLessThan(60 * 1024);
  // It needs no other: what it imports itself is all there.
  const script = readFileSync(new URL(`./dist/${view}.js`, import.meta.url), 'utf8');
  const others = [...script.matchAll(/from"(\.\/[^"]+)"/g)].map(([, file]) => file).filter((file) => !['./first.js', './app.js'].includes(file));
  expect(others).toEqual([]);
});
