import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import type { Plugin, Rollup } from 'vite';
import { defineConfig } from 'vitest/config';

// Each view needs `first`, `app` and one of these (lib/firstquestions.ts says which), and the session's parts what the session has too. What several of them use is in
// `app`; so is what it imports itself.
const kScripts: Record<string, string[]> = {
  overview: ['pages/Overview', 'pages/Lately', 'pages/Login', 'pages/NotFound'],
  session: ['pages/Session'],
  parts: ['session/Missing', 'session/Selection', 'session/Differences', 'session/TableView', 'session/ExportItems', 'session/PlotKeys', 'session/Nothing', 'session/RangeForm', 'session/OtherForm', 'parts/HelpWords'],
  incidents: ['pages/Incidents', 'pages/Incident', 'pages/Events', 'session/EventPanel'],
  host: ['pages/Host', 'pages/Probe'],
};

type Info = Rollup.GetModuleInfo;
// A module and all that it imports itself.
function reach(root: string, info: Info, found = new Set<string>()): Set<string> {
  if (found.has(root)) return found;
  found.add(root);
  for (const next of info(root)?.importedIds ?? []) reach(next, info, found);
  return found;
}
let reached: Map<string, Set<string>> | undefined; // by script
function scriptOf(id: string, { getModuleInfo }: { getModuleInfo: Info }): string | undefined {
  const from = (roots: string[]) => new Set(roots.flatMap((root) => [...reach(fileURLToPath(new URL(`src/${root}`, import.meta.url)), getModuleInfo)]));
  reached ??= new Map([['first', from(['first.ts'])] as const, ['app', from(['main.ts'])] as const, ...Object.entries(kScripts).map(([script, roots]) => [script, from(roots.map((root) => `${root}.svelte`))] as const)]);
  for (const script of ['first', 'app']) if (reached.get(script)?.has(id)) return script;
  const scripts = [...reached].filter(([, modules]) => modules.has(id)).map(([script]) => script);
  if (scripts.length === 2 && scripts.includes('session') && scripts.includes('parts')) return 'session';
  return scripts.length > 1 ? 'app' : scripts[0];
}

// What runs before all else is a script of its own, which waits for neither the others nor the styles.
const early: Plugin = {
  name: 'early',
  apply: 'build',
  enforce: 'pre',
  // A script that is imported later needs no others and no styles: nothing is to be fetched along with it.
  load: (id) => (id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : undefined),
  transformIndexHtml: { order: 'post', handler: (html) => html.replace('<script type="module" crossorigin src="./first.js">', '<script type="module" async src="./first.js">') },
};

// Few files with fixed names: the agent serves them by name, with an ETag of their content.
export default defineConfig({
  base: './',
  plugins: [svelte(), early],
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    minify: 'terser',
    terserOptions: { ecma: 2020, compress: { passes: 2 } },
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rollupOptions: {
      input: ['index.html', 'src/first.ts'],
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name].js',
        manualChunks: scriptOf,
        assetFileNames: (asset) => (asset.names?.some((name) => name.endsWith('.css')) ? 'app.css' : '[name][extname]'),
      },
    },
  },
  server: { proxy: { '/api': process.env.WIRESTAMP_API ?? 'http://127.0.0.1:23999' } },
  // A limit for what hangs: beside compilers a test of a second takes ten.
  test: { include: ['src/**/*.test.ts', 'size.test.mjs'], environment: 'node', testTimeout: 60_000, hookTimeout: 60_000 },
});
