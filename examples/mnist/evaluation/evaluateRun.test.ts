import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { either as E, taskEither as TE } from 'fp-ts';
import { unwrap } from 'noisefold';
import { mean, reshape, softmax, treeSpec } from 'noisefold/dsl';
import { extractFeatures, type FeatureModel } from 'noisefold/evaluation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bars, barsRecipe, SIZE } from '../barsTesting.js';
import { demo, type World } from '../demo.js';
import { evaluateRun, type EvalWorld } from './evaluateRun.js';
import type { EvalOptions } from './options.js';

/** The brightness of each column as features, and two classes. */
const columns: FeatureModel<object, [4, 4, 1]> = {
  image: [SIZE, SIZE, 1],
  params: treeSpec<object>({}),
  apply: () => (images) => ({
    features: reshape(mean(images, 1), -1, SIZE) as never,
    probabilities: softmax(mean(reshape(mean(images, [1, 3]), -1, 2, SIZE / 2), 2)) as never,
  }),
};

const world: World & EvalWorld = {
  recipe: barsRecipe,
  digits: TE.right({ train: bars, test: bars }),
  extract: (images, options) => extractFeatures({ model: columns, params: {} }, images, options),
  display: { note: () => () => undefined, progress: () => () => undefined },
  signal: { aborted: false },
};
const options = (run: string, change: Partial<EvalOptions> = {}): EvalOptions => ({
  run,
  images: 12,
  checkpoint: 'best',
  given: {},
  ...change,
});

let folder = '';
const trained = (): string => join(folder, 'trained');
const evaluated = (change: Partial<EvalOptions> = {}) => evaluateRun(options(trained(), change))(world)();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noisefold-eval-'));
  const given = { backend: 'reference', batch: 4, steps: 3, sampler: 'ddim:2' } as const;
  unwrap(await demo({ out: trained(), resume: false, help: false, given })(world)());
});
afterAll(() => rm(folder, { recursive: true }));

/** Returns the error of an evaluation, and checks that the files are unchanged. */
const refused = async (run: string, change: Partial<EvalOptions> = {}): Promise<string> => {
  const files = await readdir(run).catch(() => []);
  const result = await evaluateRun(options(run, change))(world)();
  expect(await readdir(run).catch(() => [])).toEqual(files);
  if (E.isRight(result)) return 'accepted';
  return `${result.left._tag}: ${result.left.message}`.replaceAll(folder, '…');
};

describe('npm run eval', () => {
  test('prints a table of the drawn digits beside training digits', async () => {
    const [title, ...lines] = unwrap(await evaluated());
    expect(title).toBe(`${join(trained(), 'best.safetensors')}, ddim:2, guidance 2, against 16 held-out digits:`);
    const names = lines.map((line) => line.split(/ {2,}/)[0]);
    expect(names.slice(1, 8)).toEqual(['images', 'FID', 'KID', 'Inception Score', 'precision', 'recall', 'accuracy']);
    const [, , , , precision, recall, accuracy] = lines.slice(1, 8).map((line) => line.split(/ {2,}/));
    expect(precision?.[2]).toBe('1.000'); // the score of training digits, which are the held-out ones here
    expect(recall?.[2]).toBe('1.000');
    expect(accuracy).toEqual(['accuracy', expect.stringMatching(/^\d+\.\d %$/), '-']);
    expect(lines.at(-1)).toBe(join(trained(), 'neighbours.png'));
  });

  test('draws each digit beside its three nearest training digits, four in a row', async () => {
    unwrap(await evaluated());
    const png = await readFile(join(trained(), 'neighbours.png'));
    // 12 digits of 4 pixels with a margin of 2
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([4 * 4 * (SIZE + 4), 3 * (SIZE + 4)]);
  });

  test('gives the same numbers again, and different ones for another seed or checkpoint', async () => {
    const numbers = async (change: Partial<EvalOptions> = {}) => unwrap(await evaluated(change)).slice(1, 9);
    const first = await numbers();
    expect(await numbers()).toEqual(first);
    expect(await numbers({ given: { seed: 8 } })).not.toEqual(first);
    expect(unwrap(await evaluated({ checkpoint: 'newest' }))[0]).toContain('/checkpoint.safetensors, ');
  });

  test('a folder without a run', async () => {
    expect(await refused(join(folder, 'none'))).toBe(
      'ConfigError: --run: expected a run in …/none, got no config.json there; name the folder of a run that npm run demo wrote',
    );
  });

  test('a run without a checkpoint', async () => {
    const run = join(folder, 'begun');
    await cp(join(trained(), 'config.json'), join(run, 'config.json'));
    expect(await refused(run)).toBe(
      'ConfigError: --run: expected a checkpoint in …/begun, got none; train it: npm run demo -- --resume --out …/begun',
    );
  });

  test('a damaged configuration, and a damaged checkpoint', async () => {
    const run = join(folder, 'damaged');
    await cp(trained(), run, { recursive: true });
    await writeFile(join(run, 'best.safetensors'), 'none');
    expect(await refused(run)).toMatch(/^DecodeError: …\/damaged\/best\.safetensors: /);
    await writeFile(join(run, 'config.json'), '{');
    expect(await refused(run)).toMatch(/^DecodeError: …\/damaged\/config\.json: expected JSON/);
  });

  test('a checkpoint of another model', async () => {
    const run = join(folder, 'other');
    await cp(trained(), run, { recursive: true });
    const config = await readFile(join(run, 'config.json'), 'utf8');
    await writeFile(join(run, 'config.json'), config.replace('"base": 4', '"base": 8'));
    expect(await refused(run)).toMatch(/^CheckpointMismatch: …\/other\/best\.safetensors: /);
  });
});
