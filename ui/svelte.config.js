import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';
// Short names of scopes: they stand at each element that has a style.
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true, cssHash: ({ hash, css }) => `s${hash(css).slice(0, 4)}` },
};
