import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { minify } from 'terser';
import { defineConfig, type Plugin } from 'vite';
import { alias } from '../../alias.config.js';
import { unwrap } from '../../src/entry/unwrap.js';
import { decodeSafetensors } from '../../src/formats/safetensors/safetensors.js';
import { card } from './build/card.js';
import { digits } from './build/digits.js';
import { frame } from './build/frame.js';
import { noising } from './build/noising.js';
import { preload } from './build/preload.js';
import { slim } from './build/slim.js';
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

/** Joins the lines of the built page, and leaves out what HTML does not need: quotes of words, slashes of empty elements. */
const lines: Plugin = {
  name: 'lines',
  apply: 'build',
  transformIndexHtml: (html) =>
    html
      .replaceAll(/\s*\n\s*/g, ' ')
      .replaceAll(/="([\w-]+)"/g, '=$1')
      .replaceAll(' />', '>'),
};

/** The size of the shipped network in the text of the page, and the number of digits that it saw in its training. */
const network: Plugin = {
  name: 'network',
  transformIndexHtml: (html) => {
    const bytes = readFileSync(fileURLToPath(new URL('public/network.bin', import.meta.url)));
    const { metadata } = unwrap(decodeSafetensors('network.bin')(gunzipSync(bytes)));
    return html
      .replace('{NETWORK}', `${(bytes.length / 1e6).toFixed(1)} MB`)
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

/**
 * Marks what the modules of fp-ts and io-ts compute when they are loaded as free of effects, so that a bundle leaves out what it
 * does not use: their compiler made calls of classes, and nested calls have no marks.
 */
const pure: Plugin = {
  name: 'pure',
  transform: {
    filter: { id: /[/]node_modules[/](fp-ts|io-ts)[/]/ },
    handler: (code) =>
      code
        .replaceAll('/** @class */', '/* @__PURE__ */')
        .replaceAll(/^(?=export function )/gm, '/* @__NO_SIDE_EFFECTS__ */ ')
        .replaceAll(/^(?=Object[.]defineProperty[(]RecursiveType)/gm, '/* @__PURE__ */ ') // noisefold has no recursive codecs
        .replaceAll(/^(export )?var \w+ = .*\);$/gm, (line) =>
          line.replaceAll(/(?<![\w.])(new )?(?=[\w.]+\()/g, '/* @__PURE__ */ $1'),
        ),
  },
};

/** Code that their compiler wrote for ES5, and the same in the language of today. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/^var __extends = .*?^}\)\(\);$/ms, ''],
  [
    /[/][*][*] @class [*][/] \(function \(_super\) \{\s+__extends\((\w+), _super\);\s+function \1\(([^)]*)\) \{\s+var _this = _super[.]call\(this, (.*?)\)(?: [/][*][^;]*?)?\s+\|\| this;(.*?)\s+return _this;\s+\}\s+return \1;\s+\}\((\w+)\)\)/gs,
    'class extends $5 { constructor($2) { const _this = super($3); $4 } }',
  ],
  [/useIdentity\(\w+\)\s+[?] identity\s+: function \(a\) \{.*?\n? +\}(?=, \w+)/gs, 'identity'], // the page only decodes
  [/^export function getIndex\(.*?^}$/ms, 'export const getIndex = () => undefined;'], // no union of the page has records with tags
  [/^var __assign = .*?^};$/ms, 'const __assign = Object.assign;'],
  [/^var __spreadArray = .*?^};$/ms, 'const __spreadArray = (to, from) => [...to, ...from];'],
  [/^export function pipe\(.*?^}$/ms, 'export function pipe(a, ...fs) { return fs.reduce((x, f) => f(x), a); }'],
  [
    /^export function flow\(.*?^}$/ms,
    'export function flow(first, ...fs) { return (...a) => fs.reduce((x, f) => f(x), first(...a)); }',
  ],
  [
    /^export var tryCatch = .*?^};$/ms,
    `export const tryCatch = (f, onRejected) => async () => {
       try { return _.right(await f()); } catch (reason) { return _.left(onRejected(reason)); }
     };`,
  ],
];

/** Replaces code for ES5 in fp-ts and io-ts. */
const es2023: Plugin = {
  name: 'es2023',
  transform: {
    filter: { id: /[/]node_modules[/](io-ts[/]es6[/]index|fp-ts[/]es6[/](TaskEither|function|internal))[.]js$/ },
    handler: (code) => replacements.reduce((all, [old, now]) => all.replace(old, now), code),
  },
};

/** A page has no `process` of Node: leaves out what runs only there. */
const noNode: Plugin = {
  name: 'no-node',
  apply: 'build',
  config: () => ({ define: { process: 'undefined', 'globalThis.process': 'undefined' } }),
};

/** Minifies what Vite's minifier made: terser knows other rules. */
const again: Plugin = {
  name: 'again',
  apply: 'build',
  async generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      const { code } = await minify(chunk.code, {
        ecma: 2020,
        module: true,
        compress: { passes: 3, keep_fargs: false, lhs_constants: false, pure_getters: true, unsafe_arrows: true },
      });
      chunk.code = code!; // there is one, or an exception
    }
  },
};

/**
 * The code that a visit may not need: of weights of 16 bits, of initial parameters, of failed trainings, and of WebGPU
 * beside its backend.
 */
const apart =
  /[/]src[/](dsl[/](run[/](packing|storeAs|nonFinite)|compile[/](storing|passes[/]unpacked)|types[/]storage)|training[/]fit[/](origin|initial|smallerBatch)|internal[/](numerics[/]toFloat16|peer)|backends[/]shared[/]anchors)[.]/;
const together =
  /[/]src[/](dsl|internal|nn|diffusion|formats|node|reports|training|backends[/]shared)[/]|[/]examples[/]|[/]node_modules[/](fp-ts|io-ts)[/]/;

/** The code of WebAssembly, and what its backend loads on demand: kernels of images, and threads. */
const wasm = /[/]src[/]backends[/]wasm[/]/;
const onDemand =
  /[/]wasm[/](images|demandPairing|threads[/](?!host)\w+|assembler[/]atomics|kernels[/](attention|winograd|conv|copyBlocks|filterGradient|geometry|outerKernel|phases|positions|prepareImages|source))[/.]/;

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

/** Marks of purity beside what `slim` replaced are of no use; and terser takes seconds. */
const checks = { invalidAnnotation: false, pluginTimings: false } as const;

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
    network,
    lines,
    noNode,
    es2023,
    pure,
    slim,
    again,
  ],
  server: { headers },
  preview: { headers },
  worker: {
    format: 'es',
    plugins: () => [es2023, pure, slim, again],
    rolldownOptions: {
      treeshake,
      checks,
      output: { codeSplitting: { groups }, comments: false },
    },
  },
  build: {
    rolldownOptions: { treeshake, checks },
    outDir: fileURLToPath(new URL('../../dist/page/', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // the first with light-dark()
    modulePreload: false, // the code of a button is one file
  },
});
