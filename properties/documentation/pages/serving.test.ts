import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { alias } from '../../../alias.config.js';
import { testPage } from './page.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

testPage('docs/serving.md');

test('the worker is that of the example, which has its own tests', () => {
  const blocks = readFileSync(`${root}docs/serving.md`, 'utf8').matchAll(/```typescript\n([\s\S]*?)```/g);
  expect(Array.from(blocks, ([, code]) => code)).toEqual([
    readFileSync(`${root}examples/page-worker/worker.ts`, 'utf8'),
  ]);
});

const drawing = {
  '': 'open, unwrap',
  diffusion: 'ddim',
  dsl: 'key',
  training: 'encodePng, imageGrid, loadTrained, sample',
};

/** The imports of the pages of the table, from each part of the package. */
const pages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a program of your own': { '': 'open', dsl: 'compile, matmul, program, read' },
  'samples of a saved model, as pictures': drawing,
  'the training of a U-Net, and samples': {
    ...drawing,
    diffusion: 'cfg, cosine, ddim, ddpm',
    nn: 'adam, unet',
    training: 'datasetOf, encodePng, fit, imageGrid, sample',
  },
};

/** The kilobytes of the code of a page, and with gzip. */
const bundledSize = async (imports: Readonly<Record<string, string>>): Promise<readonly [number, number]> => {
  const folder = mkdtempSync(`${root}.cache/bundle-`);
  const lines = Object.entries(imports).map(([part, names]) => {
    const from = ['noisefold', part].filter(Boolean).join('/');
    return `import { ${names} } from '${from}';\nglobalThis.used = [${names}, globalThis.used];`;
  });
  writeFileSync(`${folder}/main.js`, lines.join('\n'));
  try {
    const built = await build({
      configFile: false,
      logLevel: 'error',
      resolve: { alias },
      build: { write: false, target: 'es2023', rolldownOptions: { input: `${folder}/main.js` } },
    });
    const codes = [built].flat().flatMap((one) => ('output' in one ? one.output : [])).map((one) => Buffer.from(one.type === 'chunk' ? one.code : one.source)); // oxfmt-ignore
    const sum = (sizes: readonly number[]) => sizes.reduce((a, b) => a + b, 0) / 1000;
    return [sum(codes.map(({ length }) => length)), sum(codes.map((code) => gzipSync(code).length))];
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test('the sizes of code are right to a twentieth', async () => {
  const rows = [...readFileSync(`${root}docs/serving.md`, 'utf8').matchAll(/^\| (.+?) +\| `noisefold\/(backends\/(\w+))` +\| +(\d+) \| +(\d+) \|$/gm)]; // oxfmt-ignore
  expect(rows).toHaveLength(4);
  for (const [, page = '', part = '', name = '', kilobytes, zipped] of rows) {
    const [found, foundZipped] = await bundledSize({ ...pages[page]!, [part]: name });
    expect(Math.abs(found / Number(kilobytes) - 1)).toBeLessThan(0.05);
    expect(Math.abs(foundZipped / Number(zipped) - 1)).toBeLessThan(0.05);
  }
});
