/** Compares a U-Net that learns its variance with two that do not. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import type { Model as DiffusionModel } from '../../diffusion/denoisers/denoiser.js';
import {
  compile,
  constantOf,
  explain,
  fillSpec,
  program,
  type Shape,
  slice,
  type Tensor,
  using,
} from '../../dsl/index.js';
import { F, RTE } from '../../internal/fp.js';
import { unet, type UNetOutputs, type UNetParams } from './unet.js';

const config = { image: [4, 4, 2], base: 4, multipliers: [1, 2], blocks: 1, heads: 2, groups: 2 } as const;
const model = right(unet({ ...config, learnedVariance: 'range' }));
const plain = right(unet(config));

const wave = (shape: readonly number[], k: number): Tensor<Shape> => {
  const size = shape.reduce((a, b) => a * b, 1);
  return constantOf(
    Float64Array.from({ length: size }, (_, i) => 0.4 * Math.sin(0.7 * i + 1.3 * k + 0.5)),
    ...shape,
  );
};
const params = fillSpec(
  model.params,
  ({ path, shape }) => wave(shape as readonly number[], path.length), // a model's extents are numbers
) as UNetParams;
const x = wave([2, 4, 4, 2], 1) as Tensor<[2, 4, 4, 2]>;
const t = constantOf(Int32Array.of(3, 500), 2);

/** The parameters of a plain U-Net whose last convolution has two of the four channels, starting at `first`. */
const lastFrom = (first: number): UNetParams => {
  const { kernel, bias } = params.output;
  return { ...params, output: { kernel: slice(kernel, -1, first, 2), bias: slice(bias, 0, first, 2) } };
};

describe('a U-Net that learns its variance', () => {
  const { apply } = model.learned!;

  test('gives the prediction of one U-Net and the variance of another, which share all but the last convolution', async () => {
    const at = { t };
    expect(await numbersOf(() => apply(params, x, at).prediction)).toEqual(
      await numbersOf(() => plain.apply(lastFrom(0), x, at)),
    );
    expect(await numbersOf(() => apply(params, x, at).variance)).toEqual(
      await numbersOf(() => plain.apply(lastFrom(2), x, at)),
    );
  });

  test('predicts the same with `apply` as together with its variance', async () => {
    expect(await numbersOf(() => model.apply(params, x, { t }))).toEqual(
      await numbersOf(() => apply(params, x, { t }).prediction),
    );
  });

  test('evaluates the network once for both, even if `apply` is called too', async () => {
    type Build = (p: UNetParams, given: typeof x) => unknown;
    const convolutions = async (build: Build): Promise<number> => {
      const built = program({ p: model.params, x: '2 4 4 2' }, (inputs) => ({
        results: build(inputs.p, inputs.x),
      }));
      const calls = F.pipe(compile(built, {}), RTE.map(explain), using(reference()));
      return right(await calls()).filter(({ label }) => /conv2d|dot/.test(label)).length;
    };
    const once = await convolutions((p, given) => model.apply(p, given, { t }));
    expect(once).toBeGreaterThan(10);
    expect(await convolutions((p, given) => apply(p, given, { t }))).toBe(once);
    expect(await convolutions((p, given) => [model.apply(p, given, { t }), apply(p, given, { t })])).toBe(once);
  });

  test('states how it learns the variance, and states nothing if it does not', () => {
    expect(model.learned!.as).toBe('range');
    expect(right(unet({ ...config, learnedVariance: 'logVariance' })).learned!.as).toBe('logVariance');
    expect('learned' in plain).toBe(false);
    expect(model.params.leaves.filter(({ path }) => path.startsWith('output')).map(({ shape }) => shape)).toEqual([
      [3, 3, 4, 4],
      [4],
    ]);
  });
});

test('types: the model type of noisefold/diffusion, with its variance', () => {
  expectTypeOf(model).toExtend<DiffusionModel<UNetParams, [4, 4, 2]>>();
  const both = (p: UNetParams, noised: Tensor<['B', 4, 4, 2]>, steps: Tensor<['B'], 'int32'>) =>
    model.learned!.apply(p, noised, { t: steps });
  expectTypeOf(both).returns.toEqualTypeOf<UNetOutputs<'B', [4, 4, 2]>>();
  expectTypeOf(both).returns.toExtend<{ readonly variance: Tensor<['B', 4, 4, 2]> }>();
  // @ts-expect-error an unknown kind of learned variance
  expect(unet({ ...config, learnedVariance: 'full' })).toMatchObject({ left: { _tag: 'ConfigError' } });
});
