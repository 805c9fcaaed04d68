// SPDX-License-Identifier: Apache-2.0
// Runs before all else of the page: the script of the view comes along with the large one, and the agent answers while the
// browser reads both.
import { askEarly } from './lib/api';
import { firstQuestions, scriptOf } from './lib/firstquestions';
import { pageWidth } from './lib/viewport';

if (import.meta.env.PROD) document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href: `./${scriptOf(location.hash)}.js` }));
for (const [path, query] of firstQuestions(location.hash, pageWidth(), Date.now())) askEarly(path, query);
