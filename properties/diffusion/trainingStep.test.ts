/** A training step, including optimizer and average: every backend computes the same state as the reference. */
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import { wasm } from '../../src/backends/wasm/backend.js';
import { webgpu } from '../../src/backends/webgpu/index.js';
import { cosine, ddpm } from '../../src/diffusion/index.js';
import { compile, key, read, release, using } from '../../src/dsl/index.js';
import { type Value, valuesOf } from '../../src/dsl/run/value.js';
import { E } from '../../src/internal/fp.js';
import { adam, unet } from '../../src/nn/index.js';
import { initialState, trainStep } from '../../src/training/fit/trainState.js';
import { testOnWebgpu } from '../webgpu.js';
import { type AcquireBackend, relativeDistance, right } from './run.js';

const IMAGE = [8, 8, 3] as const;
const BATCH = 2;

const recipe = {
  model: right(unet({ image: IMAGE, base: 8, multipliers: [1, 2], attention: [4], groups: 4 })),
  noising: right(ddpm(cosine(1000))),
  optimizer: adam({ learningRate: 1e-4 }),
  averageDecay: 0.9,
};

const x0 = Float32Array.from({ length: BATCH * 8 * 8 * 3 }, (_, i) => Math.fround(Math.sin(0.7 * i)));

type State = Readonly<Record<string, readonly number[]>>;

interface Trained {
  /** All numbers of each member of the state, before the first step and after the last. */
  readonly first: State;
  readonly last: State;
  readonly losses: readonly number[];
}

/** Three steps, because initially many gradients are 0: the last layers of a U-Net start at zero. */
const trained = async (acquire: AcquireBackend): Promise<Trained> =>
  right(
    await using(acquire)((backend) => async () => {
      const numbersOf = async (tree: unknown): Promise<readonly number[]> => {
        const all: number[] = [];
        // of any shape and dtype
        for (const value of valuesOf(tree)) all.push(...right(await read(value as Value<[]>)(backend)()));
        return all;
      };
      const membersOf = async (tree: object): Promise<State> => {
        const members: Record<string, readonly number[]> = {};
        for (const [name, member] of Object.entries(tree)) members[name] = await numbersOf(member);
        return members;
      };
      const init = right(await compile(initialState(recipe), {})(backend)());
      const step = right(await compile(trainStep(recipe, IMAGE), { B: BATCH }, { donate: ['state'] })(backend)());
      let state = right(await init.run({ key: key(1) })());
      const first = await membersOf(state);
      const losses: number[] = [];
      for (let i = 0; i < 3; i++) {
        const result = right(await step.run({ state, examples: { x0, key: key(i), conditions: {} } })());
        losses.push(...(await numbersOf(result.report.loss)));
        right(await release(result.report)(backend)());
        state = result.state;
      }
      return E.right({ first, last: await membersOf(state), losses });
    })(),
  );

/** The change of the numbers of a member. */
const movement = ({ first, last }: Trained, name: string): readonly number[] =>
  last[name]!.map((x, i) => x - first[name]![i]!);

describe('three steps of training', async () => {
  const expected = await trained(reference());
  const agrees = async (acquire: AcquireBackend): Promise<Trained> => {
    const actual = await trained(acquire);
    expect(relativeDistance(actual.losses, expected.losses)).toBeLessThanOrEqual(1e-4);
    for (const name of ['params', 'average', 'optimizer', 'step']) {
      expect(expected.last[name]!.length).toBeGreaterThan(0);
      expect(actual.last[name]).toHaveLength(expected.last[name]!.length);
      const distance = relativeDistance(movement(actual, name), movement(expected, name));
      expect(distance, name).toBeLessThanOrEqual(1e-4);
    }
    return actual;
  };

  test('wasm', async () => void (await agrees(wasm())));
  testOnWebgpu(async () => {
    const actual = await agrees(webgpu());
    expect(await trained(webgpu())).toEqual(actual); // bit for bit
  });
});
