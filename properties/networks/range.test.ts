/** Times and labels outside the range of a model give NaN for their sample only, on every backend. */
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import { wasm } from '../../src/backends/wasm/backend.js';
import { webgpu } from '../../src/backends/webgpu/index.js';
import { compile, type Dim, leafSpec, program, read, type Tensor, treeSpec } from '../../src/dsl/index.js';
import { E } from '../../src/internal/fp.js';
import { unet, type UNetParams } from '../../src/nn/index.js';
import { open } from '../../src/entry/open.js';
import { valueOf } from '../oracles/plans.js';
import { testOnWebgpu } from '../webgpu.js';

const model = valueOf(
  unet({
    image: [4, 4, 1],
    base: 4,
    multipliers: [1],
    blocks: 1,
    heads: 1,
    groups: 1,
    timesteps: 10,
    conditions: { label: 3 },
  }),
);

interface Given {
  readonly params: UNetParams;
  readonly x: Tensor<['B', 4, 4, 1]>;
  readonly t: Tensor<['B'], 'int32'>;
  readonly time: Tensor<['B']>;
  readonly label: Tensor<['B'], 'int32'>;
}
const spec = treeSpec<Given>({
  params: model.params,
  x: leafSpec(['B', 4, 4, 1]),
  t: leafSpec(['B'], 'int32'),
  time: leafSpec(['B']),
  label: leafSpec(['B'], 'int32'),
});
const both = program(spec, ({ params, x, t, time, label }) => ({
  listed: model.apply(params, x, { t, conditions: { label } }),
  fractional: model.apply(params, x, { t: time, conditions: { label } }),
}));

/** Nonzero parameters. */
const params = JSON.parse(
  JSON.stringify(
    model.params.tree,
    (_, value: { readonly _tag?: string; readonly shape?: readonly number[] } | undefined) =>
      value?._tag === 'LeafSpec' ? { numbers: value.shape!.reduce((a, b) => a * b, 1) } : value,
  ),
  (_, value: { readonly numbers?: number } | undefined) =>
    value?.numbers === undefined ? value : Float32Array.from({ length: value.numbers }, (__, i) => Math.sin(i + 1)),
) as never; // the same tree, with arrays as leaves

type Case = readonly [name: string, given: { readonly t?: number; readonly time?: number; readonly label?: number }];
const cases: readonly Case[] = [
  ['the first timestep after the last', { t: 10 }],
  ['a timestep far outside', { t: 5000 }],
  ['a negative timestep', { t: -1 }],
  ['a time beyond the end of the range', { time: 10.25 }],
  ['a negative time', { time: -0.25 }],
  ['the first label after "no class"', { label: 4 }],
  ['a label far outside', { label: 99 }],
  ['a negative label', { label: -1 }],
];

const checkOn = (backend: Parameters<typeof open>[0]) => async (): Promise<void> => {
  const nf = await open(backend);
  const { run: compiled } = await nf.run(compile(both, { B: 2 }));
  const x = Float32Array.from({ length: 2 * 16 }, (_, i) => Math.cos(i));
  const run = async ({ t = 9, time = 9.5, label = 3 }: Case[1]) => {
    const inputs = {
      params,
      x,
      t: Int32Array.of(9, t),
      time: Float32Array.of(0, time),
      label: Int32Array.of(0, label),
    };
    const { listed, fractional } = await nf.run(compiled(inputs as never));
    return { listed: [...(await nf.run(read(listed)))], fractional: [...(await nf.run(read(fractional)))] };
  };
  const good = await run({});
  expect([...good.listed, ...good.fractional].every(Number.isFinite)).toBe(true);
  for (const [name, given] of cases) {
    const output = given.time === undefined ? 'listed' : 'fractional';
    const numbers = (await run(given))[output];
    expect([name, numbers.slice(0, 16)]).toEqual([name, good[output].slice(0, 16)]);
    expect([name, numbers.slice(16).every(Number.isNaN)]).toEqual([name, true]);
  }
  await nf.close();
};

describe('times and labels outside the range give NaN for their sample only', () => {
  test('reference', checkOn(reference()));
  test('wasm', checkOn(wasm()));
  testOnWebgpu(checkOn(webgpu()));
});

test('types: a model takes timesteps and fractional times', () => {
  const x = undefined as unknown as Tensor<[2, 4, 4, 1]>;
  const times = undefined as unknown as Tensor<[2]>;
  const ofTimes = (p: UNetParams): Tensor<[2, 4, 4, 1]> => model.apply(p, x, { t: times });
  const wrong = (p: UNetParams, others: Tensor<[3]>): Tensor<readonly Dim[]> =>
    // @ts-expect-error times of another batch
    model.apply(p, x, { t: others });
  expect([ofTimes, wrong].every((f) => typeof f === 'function')).toBe(true);
  expect(E.isRight(unet({ image: [4, 4, 1], base: 4, multipliers: [1], heads: 1, groups: 1 }))).toBe(true);
});
