/** Compares conditioned U-Nets with networks that compute the same by other means. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import type { ConditionsConfig } from '../../conditions/conditions.js';
import type { ConditionValues } from '../../conditions/values.js';
import type { Conditioning, Model as DiffusionModel } from '../../diffusion/denoisers/denoiser.js';
import {
  add,
  concat,
  constantOf,
  type Dim,
  fillSpec,
  matmul,
  pad,
  reshape,
  resizeBilinear,
  type Shape,
  slice,
  type Tensor,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { unet, type UNet, type UNetParams } from './unet.js';
import type { UNetConditioning } from './unetConditioning.js';

const config = { base: 4, multipliers: [1, 2], blocks: 1, heads: 2, groups: 2 } as const;
const withConditions = (conditions: ConditionsConfig): UNet<[4, 4, 1]> =>
  right(unet({ ...config, image: [4, 4, 1], conditions }));
const plain = right(unet({ ...config, image: [4, 4, 1] }));
const wide = right(unet({ ...config, image: [4, 4, 3] }));
const model = withConditions({ lowRes: { image: 2, required: true } });
const noisy = withConditions({ lowRes: { image: 2, noiseLevel: true } });

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
const classes = (...numbers: readonly number[]) => constantOf(Int32Array.from(numbers), 2) as Tensor<[2], 'int32'>;
const shapeIn = ({ params }: Spec, path: string) => params.leaves.find((leaf) => leaf.path === path)?.shape;

/** The output of a network for the values of its conditions, with parameters that are waves, or others. */
const output = (one: UNet<[4, 4, 1]>, conditions: ConditionValues<2> = {}, params: UNetParams = waves(one)) =>
  numbersOf(() => one.apply(params, x, { t, conditions }));

/** The parameters of `one`, and `others` in place of those of the same names. */
const changed = (one: Spec, others: object): UNetParams => ({ ...waves(one), ...others });

describe('classes', () => {
  const styled = withConditions({ label: 3, style: ['flat', 'round'] });

  test('of several names have a table each, and change only their samples', async () => {
    expect(styled.conditions).toEqual({ label: { classes: 3 }, style: { classes: 2, names: ['flat', 'round'] } });
    expect([shapeIn(styled, 'label.table'), shapeIn(styled, 'style.table')]).toEqual([[4, 16], [3, 16]]); // oxfmt-ignore
    const at = (label: readonly number[], style: readonly number[]) =>
      output(styled, { label: classes(...label), style: classes(...style) });
    const [a, b, c] = [await at([0, 1], [1, 0]), await at([0, 2], [1, 0]), await at([0, 1], [1, 1])];
    expect([b.slice(0, 16), c.slice(0, 16)]).toEqual([a.slice(0, 16), a.slice(0, 16)]);
    expect(new Set([a, b, c].map((each) => `${each.slice(16)}`)).size).toBe(3);
  });

  test('of two names add their rows: with zeros for one, the network equals that of the other', async () => {
    const labelled = withConditions({ label: 3 });
    const none = { style: { table: constantOf(new Float64Array(48), 3, 16) } };
    const label = classes(2, 0);
    expect(await output(styled, { label, style: classes(0, 1) }, changed(styled, none))).toEqual(
      await output(labelled, { label }, waves(labelled)),
    );
  });

  test('that are left out are those of the last row', async () => {
    const label = classes(1, 2);
    expect(await output(styled, { label })).toEqual(await output(styled, { label, style: classes(2, 2) }));
  });
});

describe('a vector', () => {
  const row = [0.5, -1, 2];
  /** The vector of each sample is a row of this table. */
  const table = wave([4, 16], 9);
  const oneHot = constantOf(Float64Array.of(0, 0, 1, 0, 1, 0, 0, 0), 2, 4) as Tensor<[2, Dim]>;

  test('is multiplied by a matrix: a vector with one 1 is a class', async () => {
    const [byVector, byClass] = [withConditions({ palette: { vector: 4 } }), withConditions({ palette: 3 })];
    expect(shapeIn(byVector, 'palette.w')).toEqual([4, 16]);
    expect(await output(byVector, { palette: oneHot }, changed(byVector, { palette: { w: table } }))).toEqual(
      await output(byClass, { palette: classes(2, 0) }, changed(byClass, { palette: { table } })),
    );
  });

  test('at the input of the time embedding is added there', async () => {
    const one = withConditions({ palette: { vector: 3, at: 'input' } });
    expect(shapeIn(one, 'palette.w')).toEqual([3, 4]);
    const { time } = waves(one);
    const palette = constantOf([...row, ...row], 2, 3) as Tensor<[2, Dim]>;
    const w = wave([3, 4], 5);
    // (s + v·W)·H + b = s·H + (b + v·W·H): the hidden bias carries the vector, which is the same for both samples
    const bias = await numbersOf(() =>
      reshape(add(matmul(matmul(constantOf(row, 1, 3), w as Tensor<[3, 4]>), time.hidden.w as Tensor<[4, 16]>), reshape(time.hidden.b, 1, 16)), -1),
    ); // oxfmt-ignore
    const moved = { time: { ...time, hidden: { ...time.hidden, b: constantOf(bias, 16) } } };
    const expected = await output(plain, {}, changed(plain, moved));
    expect(relativeDistance(await output(one, { palette }, changed(one, { palette: { w } })), expected)).toBeLessThan(
      1e-12,
    );
    expect(relativeDistance(await output(plain), expected)).toBeGreaterThan(1e-3);
  });

  test('that is left out is zeros', async () => {
    const one = withConditions({ palette: { vector: 3, at: 'input' }, mood: { vector: 1 } });
    const zeros = { palette: constantOf(new Float64Array(6), 2, 3), mood: constantOf(new Float64Array(2), 2, 1) };
    expect(await output(one)).toEqual(await output(one, zeros as ConditionValues<2>)); // of the batch of x
  });
});

describe('an image', () => {
  test('is appended: the network equals one of images with more channels, restricted to its first output channels', async () => {
    const params = waves(model);
    const { kernel, bias } = params.output;
    const wider = { kernel: pad(kernel, -1, 0, 2), bias: pad(bias, 0, 0, 2) } as UNetParams['output'];
    const expected = (second: typeof image) =>
      numbersOf(() =>
        slice(wide.apply({ ...params, output: wider }, concat(x, second) as Tensor<[2, 4, 4, 3]>, { t }), -1, 0, 1),
      );
    expect(await output(model, { lowRes: { image } })).toEqual(await expected(image));
    // two images of one channel, in the order of their declaration
    const two = withConditions({ first: { image: 1 }, second: { image: 1 } });
    const [first, second] = [slice(image, -1, 0, 1), slice(image, -1, 1, 1)];
    expect(await output(two, { second: { image: second }, first: { image: first } }, params)).toEqual(
      await expected(image),
    );
    const zeros = constantOf(new Float64Array(32), 2, 4, 4, 1) as typeof first;
    expect(await output(two, { second: { image: second } }, params)).toEqual(
      await expected(concat(zeros, second) as typeof image),
    );
  });

  test('of another size is resized to the size of the samples', async () => {
    expect(await output(model, { lowRes: { image: small } })).toEqual(
      await output(model, { lowRes: { image: resizeBilinear(small, 4, 4) } }),
    );
  });

  test('has a noise level for each sample, if the network is made with noiseLevel', async () => {
    const at = (...levels: readonly number[]) => output(noisy, { lowRes: { image, t: classes(...levels) } });
    const [a, b] = [await at(3, 500), await at(3, 501)];
    expect(a.slice(0, 16)).toEqual(b.slice(0, 16));
    expect(a.slice(16)).not.toEqual(b.slice(16));
    expect([shapeIn(model, 'lowResTime.hidden.w'), shapeIn(noisy, 'lowResTime.hidden.w')]).toEqual([
      undefined,
      [4, 16],
    ]);
  });

  test('that is left out is zeros of the noise level 0, as one that is dropped', async () => {
    const zeros = constantOf(new Float64Array(64), 2, 4, 4, 2) as typeof image;
    expect(await output(noisy)).toEqual(await output(noisy, { lowRes: { image: zeros, t: classes(0, 0) } }));
  });
});

const labelled = withConditions({ label: { classes: 3, required: true }, style: 2 });
const label = classes(0, 1);
const LABEL = 'the class of each sample, [B] int32, or the weights of its classes, [B, classes]';
test.each([
  ['no image', model, {}, 'ConfigError', 'unet: conditions.lowRes: expected an image of each sample, { image: [B, height, width, C] }, got nothing; give each sample a value: the model needs lowRes'],
  ['no class', labelled, {}, 'ConfigError', `unet: conditions.label: expected ${LABEL}, got nothing; give each sample a value: the model needs label`],
  ['a misspelt name', labelled, { label, stile: label }, 'ConfigError', 'unet: conditions.stile: expected one of the conditions label, style, got a condition that the model does not take; did you mean style?'],
  ['an unknown name', labelled, { label, hair: label }, 'ConfigError', 'unet: conditions.hair: expected one of the conditions label, style, got a condition that the model does not take; leave it out, or make the model with it'],
  ['an image for a model without conditions', plain, { lowRes: { image } }, 'ConfigError', 'unet: conditions.lowRes: expected no conditions'],
  ['a vector in place of a class', labelled, { label: wave([2, 4], 1) as Tensor<[2, Dim]> }, 'ShapeError', `unet: conditions.label: expected ${LABEL}, got`],
  ['an image with another number of channels', model, { lowRes: { image: x } }, 'ShapeError', 'got { image: float32 [2, 4, 4, 1] }; the last extent of lowRes is 2'],
  ['an image with another batch size', model, { lowRes: { image: wave([3, 4, 4, 2], 1) as typeof image } }, 'ShapeError', 'got { image: float32 [3, 4, 4, 2] }'],
  ['a noise level, if the model takes none', model, { lowRes: { image, t } }, 'ConfigError', 'expected an image without t: the model takes no noise level'],
  ['no noise level, if the model takes one', noisy, { lowRes: { image } }, 'ConfigError', 'expected an image with t, its noise level, got { image: float32 [2, 4, 4, 2] }; give t: 0 for an image without noise'],
] as const)('%s is refused', async (_, one, conditions, tag, message) => {
  const outcome = await outcomeOf(() => one.apply(waves(one), x, { t, conditions: conditions as ConditionValues<2> }))(); // or of another form
  expect(outcome).toMatchObject({ left: { _tag: tag } });
  expect(E.isLeft(outcome) && outcome.left.message).toContain(message);
}); // oxfmt-ignore

test('types: a model for noisefold/diffusion, with the same conditioning', () => {
  expectTypeOf(model).toExtend<DiffusionModel<UNetParams, [4, 4, 1]>>();
  expectTypeOf<Conditioning<'B'>>().toExtend<UNetConditioning<'B'>>();
  const wrong = (p: UNetParams, images: Tensor<['B', 4, 4, 1]>, steps: Tensor<['B'], 'int32'>) =>
    // @ts-expect-error an image of another batch size
    model.apply(p, images, { t: steps, conditions: { lowRes: { image: constantOf([], 3, 4, 4, 2) } } });
  expect(wrong).toBeTypeOf('function');
});
