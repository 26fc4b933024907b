/** Jobs whose samples and images have values of conditions, run in this process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/index.js';
import { small, untrained } from '../../checkpoints/untrainedTesting.js';
import { ddim } from '../../diffusion/index.js';
import { type Backend, key } from '../../dsl/index.js';
import { unwrap } from '../../index.js';
import { E } from '../../internal/fp.js';
import { datasetOfImages, encode, type Images, loadTrained, logLikelihoods, readTensors, sample, saveTrained, uploadTensors } from '../../training/index.js'; // oxfmt-ignore
import { checkpointsAt } from '../jobs/checkpoints.js';
import type { ShardEngine } from '../jobs/engine.js';
import { toolsOf } from '../jobs/tools.js';
import { encodeShards } from './encodeShards.js';
import { likelihoodShards } from './likelihoodShards.js';
import { imagesOfShards } from './results.js';
import { runnerOf } from './runner.js';
import { sampleShards } from './sampleShards.js';
import type { ShardFiles } from './sharding.js';

const home = mkdtempSync(join(tmpdir(), 'noisefold-shards-conditions-'));
const checkpoint = join(home, 'model.safetensors');
let backend: Backend;
beforeAll(async () => {
  backend = unwrap(await wasm({ threads: 1 })());
  const conditions = { hair: ['long', 'short'], palette: { vector: 2 }, lowRes: { image: 1 } };
  const trained = await untrained({ ...small, conditions })(backend);
  const zeros = unwrap(await readTensors(trained.params)(backend)()); // a new network predicts 0
  const moved = new Map(
    [...zeros].map(([name, tensor]) => [
      name,
      { ...tensor, data: (tensor.data as Float32Array).map((x, i) => x + Math.sin(i) / 10) },
    ]),
  );
  const params = unwrap(await uploadTensors('test', trained.model.params)(moved as typeof zeros)(backend)());
  unwrap(await saveTrained(checkpoint, { ...trained, params } as never)(backend)());
});
afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true });
});

const engine: ShardEngine = {
  name: 'here',
  open: () => async () => {
    const tools = toolsOf(backend, checkpointsAt([checkpoint]), { models: {}, networks: {} });
    const { bits, run } = runnerOf(tools);
    return E.right({
      ...{ bits, ahead: 1, run: async (order) => ({ result: await run(order)(), retries: 0 }) },
      close: async () => void unwrap(await tools.close()),
    });
  },
};
const at = (folder: string) => ({ engine, folder: join(home, folder), checkpoint, size: 2 });
const trained = async () => unwrap(await loadTrained(checkpoint)(backend)());
const numbersOf = async (shards: ShardFiles): Promise<readonly number[]> => {
  const all: number[] = [];
  for await (const images of imagesOfShards(shards)) all.push(...unwrap(images).data);
  return all;
};

const lowRes = { data: Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)), shape: [3, 8, 8, 1] };
const conditions = {
  hair: ['short', null, 0],
  palette: [Float32Array.of(0.1, 0.2), null, [0.3, 0.4]],
  lowRes,
};
const drawing = { solver: ddim(), grid: 2, key: key(3) } as const;
const sampling = { solver: ['ddim'], grid: 2 } as const;

test('samples of jobs have the values of their conditions, as those of one process', async () => {
  const shards = unwrap(await sampleShards({ ...at('samples'), sampling, conditions, key: key(3) })());
  expect([shards.files.length, shards.failures]).toEqual([2, []]);
  const { data } = unwrap(await sample(await trained(), { ...drawing, conditions })(backend)());
  expect(await numbersOf(shards)).toEqual([...data]);
  const other = unwrap(await sample(await trained(), { ...drawing, count: 3 })(backend)());
  expect(other.data).not.toEqual(data);
});

test('values of one sample serve all jobs', async () => {
  const one = { hair: ['long'] };
  const shards = unwrap(await sampleShards({ ...at('one'), sampling, conditions: one, count: 3, key: key(3) })());
  const { data } = unwrap(await sample(await trained(), { ...drawing, conditions: one, count: 3 })(backend)());
  expect(await numbersOf(shards)).toEqual([...data]);
});

test.each<[string, object, string]>([
  ['another number of values', { conditions: { ...conditions, hair: [0, 1] } }, 'sampleShards.conditions: expected a value of palette for each of 2 samples, or for one, got 3'],
  ['a misspelt name of a class', { conditions: { hair: ['shrot'] } }, 'sampleShards: hair of sample 0: expected a class: long, short, got "shrot"; did you mean short?'],
  ['a misspelt condition', { conditions: { hiar: [0] } }, 'sampleShards: conditions.hiar: expected one of the conditions hair, palette, lowRes, got a condition that the model does not take; did you mean hair?'],
])('%s is refused before a job runs', async (_, more, message) => {
  const refused = await sampleShards({ ...at('refused'), sampling, key: key(3), ...more })();
  expect(refused).toMatchObject({ left: { _tag: 'ConfigError', message: expect.stringContaining(message) } });
}); // oxfmt-ignore

test('images of jobs have the conditions of their data, by its names', async () => {
  const images: Images = { data: lowRes.data, shape: [3, 8, 8, 1] };
  const data = unwrap(datasetOfImages(images, { conditions: { ...conditions, hair: ['short', null, 'long'], age: [1, 2, 3] } }));
  const shards = await encodeShards({ ...at('noise'), data, sampling: { solver: ['ddimInversion'], grid: 2 } })();
  const noise = unwrap(await encode(await trained(), { images, conditions, grid: 2 })(backend)());
  expect(await numbersOf(unwrap(shards))).toEqual([...noise.data]);

  const nats = unwrap(await likelihoodShards({ ...at('nats'), data, grid: ['spaced', 2], key: key(5) })());
  const grid = { data, grid: 2, batch: 3, key: key(5) } as never;
  expect(nats).toEqual(unwrap(await logLikelihoods((await trained()) as never, grid)(backend)()));
}); // oxfmt-ignore
