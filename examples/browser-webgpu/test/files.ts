/** The files of the built page, their sizes and their kinds. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { built } from './browser.js';

/** The gzipped size of each built file. */
export const weights = readdirSync(built, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name, parentPath }) => ({
    name,
    bytes: gzipSync(readFileSync(join(parentPath, name)), { level: 9 }).length,
  }));

export const KINDS = [
  'data',
  'share',
  'network',
  'classifier',
  'page',
  'worker',
  'wasm',
  'threads',
  'images',
  'webgpu',
  'rest',
] as const;
export type Kind = (typeof KINDS)[number];

/** The files of each kind, by name. The worker has all of noisefold except the backends, and fp-ts. */
const FILES: Readonly<Record<Kind, RegExp>> = {
  data: /^(digits|noising)[.]bin$/,
  // loaded when somebody asks for them
  network: /^(network|faces)[.]bin$/,
  classifier: /^digits-.*[.]safetensors$/,
  // the picture of link previews, and the code of the buttons that share a figure, which loads when one is pressed
  share: /^(card[.]png|sharing-)/,
  page: /^(index[-.]|isolation[.]js)/,
  worker: /^main-/,
  wasm: /^wasm-/,
  // several threads, which the plane does not use
  threads: /^threading-/,
  // the kernels of WebAssembly for networks of images, which the plane does not use
  images: /^images-/,
  // with the products of the few GPUs whose subgroups are narrow
  webgpu: /^(webgpu|backend|subgroupKernel)-/,
  // the code of weights of 16 bits, of initial parameters, of failed trainings, of errors of options, and of convolutions in
  // groups, which a visit does not load
  rest: /^(storing|packing|storage|initial|origin|smallerBatch|directConvolution|demandPairing)-/,
};

/** The kinds of a file by its name: one, if the page has no unknown files. */
export const kindsOf = (name: string): readonly Kind[] => KINDS.filter((kind) => FILES[kind].test(name));
