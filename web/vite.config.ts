import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: '/',
  publicDir: false,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: {
    // The light build has LL-HLS and muxed fMP4 and leaves out subtitles, EME, alternate audio and
    // interstitials: 374 KB instead of 597 KB. Types come from the full package.
    alias: [{ find: /^hls\.js$/, replacement: 'hls.js/light' }],
  },
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    // An inlined asset would need `data:` in more places of the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 500,
    rolldownOptions: {
      input: ['index', 'watch', 'studio', 'ops', 'signed-in', 'not-found'].map((page) =>
        here(`${page}.html`),
      ),
    },
  },
});
