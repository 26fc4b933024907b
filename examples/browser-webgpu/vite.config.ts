import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { alias } from '../../alias.config.js';
import { digits } from './build/digits.js';

/** The file of digits beside the page: made for the build, and for the first who asks the development server. */
const digitsFile: Plugin = {
  name: 'digits',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'digits.bin', source: digits() });
  },
  configureServer({ middlewares }) {
    let made: Uint8Array | null = null;
    middlewares.use('/digits.bin', (_, response) => {
      made ??= digits();
      response.setHeader('Content-Type', 'application/octet-stream').end(made);
    });
  },
};

/** What is whose, each apart, so that it can be weighed; what only one backend needs comes only with it. */
const groups = [
  { name: 'fp', test: /[/]node_modules[/](fp-ts|io-ts)[/]/ },
  { name: 'tfjs-wasm', test: /tfjs-backend-(wasm|cpu)/ },
  { name: 'tfjs', test: /@tensorflow|node_modules\/(long|seedrandom)/ },
  // in one file with the worker, which weighs less than two
  {
    name: 'worker',
    test: /[/]src[/](dsl|internal|nn|diffusion|training|backends[/]shared)[/]|[/]examples[/]/,
  },
];

export default defineConfig({
  root: fileURLToPath(new URL('./', import.meta.url)),
  base: './', // to be served from anywhere
  cacheDir: fileURLToPath(new URL('../../node_modules/.vite/page/', import.meta.url)),
  resolve: { alias },
  // what the development server would only find, and reload for, when a backend is tried
  optimizeDeps: {
    include: ['core', 'backend-wasm'].map((name) => `@tensorflow/tfjs-${name}`),
  },
  plugins: [digitsFile],
  worker: { format: 'es', rolldownOptions: { output: { codeSplitting: { groups } } } },
  build: {
    outDir: fileURLToPath(new URL('../../dist/page/', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
  },
});
