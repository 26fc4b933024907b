import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { alias } from '../../alias.config.js';
import { unwrap } from '../../src/entry/unwrap.js';
import { decodeSafetensors } from '../../src/formats/safetensors/safetensors.js';
import { card } from './build/card.js';
import { digits } from './build/digits.js';
import { frame } from './build/frame.js';
import { noising } from './build/noising.js';
import { preload } from './build/preload.js';
import { isolation as headers } from './isolation.config.js';

/** Makes a file of numbers: during the build, and at the first request in development. */
const numbersFile = (fileName: string, make: () => Uint8Array | Promise<Uint8Array>): Plugin => ({
  name: fileName,
  async generateBundle() {
    this.emitFile({ type: 'asset', fileName, source: await make() });
  },
  configureServer({ middlewares }) {
    let bytes: Uint8Array | null = null;
    middlewares.use(`/${fileName}`, async (_, response) => {
      bytes ??= await make();
      response.setHeader('Content-Type', 'application/octet-stream').end(bytes);
    });
  },
});

/** The sizes of the shipped networks in the text of the page, and the number of digits that one saw in its training. */
const networks: Plugin = {
  name: 'networks',
  transformIndexHtml: (html) => {
    const [digits, faces] = ['network.bin', 'faces.bin'].map((name) =>
      readFileSync(fileURLToPath(new URL(`public/${name}`, import.meta.url))),
    ) as [Buffer, Buffer];
    const { metadata } = unwrap(decodeSafetensors('network.bin')(gunzipSync(digits)));
    const sizeOf = ({ length }: Buffer): string => `${(length / 1e6).toFixed(1)} MB`;
    return html
      .replace('{NETWORK}', sizeOf(digits))
      .replace('{FACES}', sizeOf(faces))
      .replace('{SEEN}', Number(metadata['images']).toLocaleString('en'));
  },
};

/** The content security policy of the built page. In development vite itself needs inline styles and a socket. */
const SOURCES = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
].join('; ');

const policy: Plugin = {
  name: 'policy',
  apply: 'build',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: SOURCES }, injectTo: 'head-prepend' },
  ],
};

/** A page has no `process` of Node: leaves out what runs only there. */
const noNode: Plugin = {
  name: 'no-node',
  apply: 'build',
  config: () => ({ define: { process: 'undefined', 'globalThis.process': 'undefined' } }),
};

/**
 * The code that a visit may not need: of weights of 16 bits, of initial parameters, of failed trainings, and of WebGPU
 * beside its backend.
 */
const apart =
  /[/]src[/](dsl[/](run[/](packing|storeAs|nonFinite)|compile[/](storing|passes[/]unpacked)|types[/]storage)|training[/](fit[/](origin|initial)|warnings[/]smallerBatch)|internal[/](numerics[/]toFloat16|peer)|backends[/]shared[/]anchors)[.]/;
const together =
  /[/]src[/](dsl|internal|nn|diffusion|formats|node|reports|data|checkpoints|training|backends[/]shared)[/]|[/]examples[/]|[/]node_modules[/](fp-ts|io-ts)[/]/;

/** The code of WebAssembly, and what its backend loads on demand: kernels of images, and threads. */
const wasm = /[/]src[/]backends[/]wasm[/]/;
const onDemand =
  /[/]wasm[/](images|demandPairing|threads[/](?!host)\w+|assembler[/]atomics|kernels[/](attention|winograd|convolution|copyBlocks|geometry|outerKernel|phases))[/.]/;

/**
 * Separates the chunks by origin, so that their sizes can be tested; the code of a backend loads only with the backend. One
 * file is smaller than several.
 */
const groups = [
  { name: 'worker', test: (id: string) => together.test(id) && !apart.test(id) },
  { name: 'wasm', test: (id: string) => wasm.test(id) && !onDemand.test(id) },
];

/** No getter of noisefold or of the page has an effect. */
const treeshake = { propertyReadSideEffects: false, unknownGlobalSideEffects: false } as const;

export default defineConfig({
  root: fileURLToPath(new URL('./', import.meta.url)),
  base: './', // relative URLs: the page works in any folder
  cacheDir: fileURLToPath(new URL('../../node_modules/.vite/page/', import.meta.url)),
  resolve: { alias },
  plugins: [
    numbersFile('digits.bin', digits),
    numbersFile('noising.bin', noising),
    numbersFile('card.png', card),
    frame,
    preload,
    policy,
    networks,
    noNode,
  ],
  server: { headers },
  preview: { headers },
  worker: {
    format: 'es',
    rolldownOptions: {
      treeshake,
      output: { codeSplitting: { groups }, comments: false },
    },
  },
  build: {
    rolldownOptions: { treeshake },
    outDir: fileURLToPath(new URL('../../dist/page/', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // the first with light-dark()
    modulePreload: false, // the code of a button is one file
  },
});
