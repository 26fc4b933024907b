/** Training has equal bits for any number of threads, with any timing of each thread. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { wasmBackend } from '../../src/backends/wasm/testing.js';
import { createSite } from '../../src/backends/wasm/threads/testing.js';
import { cosine, ddpm } from '../../src/diffusion/index.js';
import { compile, key, read, release } from '../../src/dsl/index.js';
import type { Backend } from '../../src/dsl/plan/backend.js';
import { type Value, valuesOf } from '../../src/dsl/run/value.js';
import { adam, unet } from '../../src/nn/index.js';
import { initialState, trainStep } from '../../src/training/fit/trainState.js';
import { notAsked } from '../asked.js';
import { skippedFor } from '../skips.js';
import { valueOf } from '../oracles/plans.js';
import { type Bits, steppingOn } from './step.js';

const isLong = notAsked === '';
const onCaller = (): Backend => wasmBackend({ threads: 1 }, { worthWorkers: Infinity, tiles: 'narrow' });

/** The state after two steps of training of a U-Net of 0.5 million parameters. */
const trained = async (backend: Backend): Promise<Bits> => {
  const recipe = {
    model: valueOf(unet({ image: [16, 16, 3], base: 32, multipliers: [1, 2], attention: [8], groups: 8, blocks: 1 })),
    noising: valueOf(ddpm(cosine(1000))),
    optimizer: adam({ learningRate: 1e-3 }),
  };
  const x0 = Float32Array.from({ length: 4 * 16 * 16 * 3 }, (_, i) => Math.fround(Math.sin(0.7 * i)));
  const init = valueOf(await compile(initialState(recipe), {})(backend)());
  const step = valueOf(await compile(trainStep(recipe, [16, 16, 3]), { B: 4 }, { donate: ['state'] })(backend)());
  let state = valueOf(await init.run({ key: key(1) })());
  for (let i = 0; i < 2; i++) {
    const result = valueOf(await step.run({ state, examples: { x0, key: key(i) } })());
    valueOf(await release(result.report)(backend)());
    state = result.state;
  }
  const hash = createHash('sha256');
  // of any shape and dtype
  for (const value of valuesOf(state)) hash.update(valueOf(await read(value as Value<[]>)(backend)()));
  valueOf(await backend.close());
  return hash.digest('hex');
};

test('a U-Net and its optimizer have equal bits with any threads and tiles', skippedFor(notAsked), async () => {
  const expected = await trained(onCaller());
  for (const threads of [1, 2, 3, 4, 7])
    for (const tiles of ['narrow', 'wide'] as const)
      expect(await trained(wasmBackend({ threads }, { worthWorkers: 0, tiles }))).toBe(expected);
});

const RUNS = isLong ? 1000 : 40;

test(`${RUNS} steps with workers that pause at random times have equal bits`, async () => {
  const alone = onCaller();
  const seeds = [1, 2, 3];
  const expected: Bits[] = [];
  const first = await steppingOn(alone);
  for (const seed of seeds) expected.push(valueOf(await first.step(seed)));
  expect(new Set(expected).size).toBe(3);
  valueOf(await alone.close());
  const runWith = async (threads: number): Promise<void> => {
    const backend = wasmBackend(
      { threads },
      { worthWorkers: 0, start: createSite({ chance: 0.1, most: 1 }).spawn, tiles: 'wide' },
    );
    const { step } = await steppingOn(backend);
    for (let i = 0; i < RUNS / 4; i++) expect(valueOf(await step(seeds[i % 3]!))).toBe(expected[i % 3]);
    valueOf(await backend.close());
  };
  await Promise.all([2, 3, 4, 5].map(runWith));
});
