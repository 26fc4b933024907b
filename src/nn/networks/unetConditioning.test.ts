/** Compares a U-Net that is conditioned on an image with one of images with more channels. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { numbersOf, outcomeOf, right } from '../../../properties/diffusion/run.js';
import type { Conditioning, Model as DiffusionModel } from '../../diffusion/denoisers/denoiser.js';
import { concat, constantOf, fillSpec, pad, resizeBilinear, type Shape, slice, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { unet, type UNetParams } from './unet.js';
import type { UNetConditioning } from './unetConditioning.js';

const config = { base: 4, multipliers: [1, 2], blocks: 1, heads: 2, groups: 2 } as const;
const model = right(unet({ ...config, image: [4, 4, 1], condition: { channels: 2 } }));
const noisy = right(unet({ ...config, image: [4, 4, 1], condition: { channels: 2, noiseLevel: true } }));
const plain = right(unet({ ...config, image: [4, 4, 1] }));
const wide = right(unet({ ...config, image: [4, 4, 3] }));

const wave = (shape: readonly number[], k: number): Tensor<Shape> => {
  const size = shape.reduce((a, b) => a * b, 1);
  return constantOf(
    Float64Array.from({ length: size }, (_, i) => 0.4 * Math.sin(0.7 * i + 1.3 * k + 0.5)),
    ...shape,
  );
};
type Spec = { readonly params: Parameters<typeof fillSpec<UNetParams>>[0] };
const waves = ({ params }: Spec): UNetParams =>
  fillSpec(params, ({ path, shape }) => wave(shape as readonly number[], path.length)); // a model's extents are numbers
const x = wave([2, 4, 4, 1], 1) as Tensor<[2, 4, 4, 1]>;
const image = wave([2, 4, 4, 2], 2) as Tensor<[2, 4, 4, 2]>;
const small = wave([2, 2, 2, 2], 3) as Tensor<[2, 2, 2, 2]>;
const t = constantOf(Int32Array.of(3, 500), 2) as Tensor<[2], 'int32'>;

describe('a U-Net with a condition', () => {
  test('equals a U-Net of images with the condition appended, restricted to the first output channels', async () => {
    const params = waves(model);
    const { kernel, bias } = params.output;
    const output = { kernel: pad(kernel, -1, 0, 2), bias: pad(bias, 0, 0, 2) } as UNetParams['output'];
    const expected = await numbersOf(() =>
      slice(wide.apply({ ...params, output }, concat(x, image) as Tensor<[2, 4, 4, 3]>, { t }), -1, 0, 1),
    );
    expect(await numbersOf(() => model.apply(params, x, { t, condition: { image } }))).toEqual(expected);
  });

  test('resizes a small condition to the size of the images', async () => {
    const ofSmall = await numbersOf(() => model.apply(waves(model), x, { t, condition: { image: small } }));
    const resized = resizeBilinear(small, 4, 4);
    expect(ofSmall).toEqual(await numbersOf(() => model.apply(waves(model), x, { t, condition: { image: resized } })));
  });

  test('depends on the noise level of the condition of each sample, if it is made with noiseLevel', async () => {
    const output = (...levels: readonly number[]) =>
      numbersOf(() =>
        noisy.apply(waves(noisy), x, { t, condition: { image, t: constantOf(Int32Array.from(levels), 2) } }),
      );
    const [a, b] = [await output(3, 500), await output(3, 501)];
    expect(a.slice(0, 16)).toEqual(b.slice(0, 16));
    expect(a.slice(16)).not.toEqual(b.slice(16));
  });

  test('states what it is conditioned on, and has the parameters for it', () => {
    const shapeIn = ({ params }: Spec, path: string) => params.leaves.find((leaf) => leaf.path === path)?.shape;
    expect(model.condition).toEqual({ channels: 2 });
    expect(shapeIn(model, 'input.kernel')).toEqual([3, 3, 3, 4]);
    expect(shapeIn(model, 'conditionTime.hidden.w')).toBeUndefined();
    expect(shapeIn(noisy, 'conditionTime.hidden.w')).toEqual([4, 16]);
    expect('condition' in plain).toBe(false);
  });

  test.each([
    ['no condition', model, { t }, 'ConfigError', 'unet: expected a condition [2, height, width, 2], got no condition'],
    ['a condition with another number of channels', model, { t, condition: { image: x } }, 'ShapeError', 'unet: expected a condition [2, height, width, 2], got [2, 4, 4, 1]'],
    ['a condition with another batch size', model, { t, condition: { image: wave([3, 4, 4, 2], 1) as typeof image } }, 'ShapeError', 'got [3, 4, 4, 2]'],
    ['a noise level, if the model takes none', model, { t, condition: { image, t } }, 'ConfigError', 'expected a condition without t, because the model was made without `noiseLevel`'],
    ['no noise level, if the model takes one', noisy, { t, condition: { image } }, 'ConfigError', 'got a condition without t; give t, the timestep of the noise in the condition: 0 for an image without noise'],
    ['no condition and no noise level', noisy, { t }, 'ConfigError', 'expected a condition with t, because the model was made with `noiseLevel`, got no condition'],
    ['a condition for a model without one', plain, { t, condition: { image } }, 'ConfigError', 'unet: expected no condition: the model takes none'],
  ] as const)('refuses %s', async (_, one, at, tag, message) => {
    const outcome = await outcomeOf(() => one.apply(waves(one), x, at))();
    expect(outcome).toMatchObject({ left: { _tag: tag } });
    expect(E.isLeft(outcome) && outcome.left.message).toContain(message);
  }); // oxfmt-ignore
});

test('types: a model for noisefold/diffusion, with the same conditioning', () => {
  expectTypeOf(model).toExtend<DiffusionModel<UNetParams, [4, 4, 1]>>();
  expectTypeOf<Conditioning<'B'>>().toExtend<UNetConditioning<'B'>>();
  const wrong = (p: UNetParams, images: Tensor<['B', 4, 4, 1]>, steps: Tensor<['B'], 'int32'>) =>
    // @ts-expect-error a condition of another batch size
    model.apply(p, images, { t: steps, condition: { image: constantOf([], 3, 4, 4, 2) } });
  expect(wrong).toBeTypeOf('function');
});
