import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { built, inBrowser, press, until, visitors, whenDone, whenStepIs } from './browser.js';

const KB = 1000;

/** The gzipped size of each built file. */
const weights = readdirSync(built, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name, parentPath }) => ({
    name,
    bytes: gzipSync(readFileSync(join(parentPath, name)), { level: 9 }).length,
  }));

const KINDS = [
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
type Kind = (typeof KINDS)[number];

/** The files of each kind, by name. The worker has all of noisefold except the backends, and fp-ts. */
const FILES: Readonly<Record<Kind, RegExp>> = {
  data: /^(digits|noising)[.]bin$/,
  // loaded when somebody asks for it
  network: /^network[.]bin$/,
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

const kindsOf = (name: string): readonly Kind[] => KINDS.filter((kind) => FILES[kind].test(name));

const sum = (...kinds: readonly Kind[]): number =>
  weights
    .filter(({ name }) => kindsOf(name).some((kind) => kinds.includes(kind)))
    .reduce((bytes, file) => bytes + file.bytes, 0);

const written = (bytes: number): string => `${(bytes / KB).toFixed(1)} kB`;

/** The code of a visit that uses all figures, and its limit. The plane runs on WebAssembly on every visit. */
const VISITS = [
  ['wasm', ['wasm', 'threads', 'images'], 141 * KB],
  ['webgpu', ['webgpu', 'wasm'], 150 * KB],
] as const;

const visitor = visitors();

describe('the built page', () => {
  test('has only files of known kinds, of at most a megabyte with its digits', () => {
    console.log(
      [
        ...weights.map(
          ({ name, bytes }) => `${written(bytes).padStart(10)}  ${kindsOf(name).join().padEnd(8)}  ${name}`,
        ),
        `${KINDS.map((kind) => `${kind} ${written(sum(kind))}`).join(', ')}; all ${written(sum(...KINDS))}`,
      ].join('\n'),
    );
    expect(weights.filter(({ name }) => kindsOf(name).length !== 1)).toEqual([]);
    expect(KINDS.filter((kind) => sum(kind) === 0)).toEqual([]);
    expect(sum(...KINDS) - sum('network', 'classifier')).toBeLessThan(1000 * KB);
    expect(sum('network')).toBeLessThanOrEqual(660 * KB);
  });

  test.each(VISITS)('loads little code on %s', (backend, backends, most) => {
    const visit = sum('page', 'worker', ...backends);
    console.log(`a visit on ${backend} loads ${written(visit)} of code`);
    expect(visit).toBeLessThan(most);
  });

  test('loads no other code where there is no GPU, with all figures in use', inBrowser, async () => {
    const { page, context, address } = await visitor();
    const loaded = new Set<string>();
    context.on('request', (request) => {
      const url = request.url();
      if (url.startsWith('http')) loaded.add(basename(new URL(url).pathname) || 'index.html'); // not blob:
    });
    await page.goto(`${address}?recipe=tiny`);
    await page.locator('#load').click();
    await whenDone(page);
    await press(page, 'Draw 80 digits');
    await until(page, () =>
      [...document.querySelectorAll('#scales .hint')].every((hint) => hint.textContent?.includes('recognized')),
    );
    await page.locator('#plane').scrollIntoViewIfNeeded();
    await until(page, () => document.querySelector('#learned-end')?.textContent?.includes('updates'));
    await press(page, 'Morph');
    await until(page, () => document.querySelector<HTMLElement>('#between')?.dataset['film'] === 'done');
    await press(page, 'Start training');
    await whenStepIs(page, 1);
    const kinds = new Set([...loaded].flatMap(kindsOf));
    expect([...kinds].sort()).toEqual(['classifier', 'data', 'images', 'network', 'page', 'threads', 'wasm', 'worker']);
    expect([...loaded].filter((name) => kindsOf(name).length === 0)).toEqual([]);
  });
});
