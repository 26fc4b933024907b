import { beforeAll, describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import {
  concatAll,
  constantOf,
  type Dim,
  fillSpec,
  grad,
  type Key,
  mul,
  reshape,
  type Shape,
  sum,
  type Tensor,
  tensorsOf,
  valueAndGrad,
  type TreeSpec,
} from '../../dsl/index.js';
import { attentionPool } from './attentionPool.js';
import { encoderClassifier, type ClassifierParams } from './encoderClassifier.js';
import { downsampleBlock, upsampleBlock } from './residualBlock.js';
import { doubled, halved } from './resampling.js';
import { unet, type UNetParams } from './unet.js';
import type { UNetConfig } from './unetConfig.js';

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const wave = (shape: readonly number[], k: number): Tensor<Shape> =>
  constantOf(
    Float64Array.from({ length: size(shape) }, (_, i) => 0.4 * Math.sin(0.7 * i + 1.3 * k + 0.5)),
    ...shape,
  );
const waves = <P>(params: TreeSpec<P>): P =>
  fillSpec(params, ({ path, shape }) => wave(shape as readonly number[], path.length)); // extents are numbers

const base = {
  image: [8, 8, 2],
  base: 8,
  multipliers: [1, 2],
  blocks: 1,
  attention: [4],
  heads: 2,
  groups: 2,
} as const satisfies UNetConfig;
const x = wave([2, 8, 8, 2], 1) as Tensor<[2, 8, 8, 2]>;
const t = constantOf(Int32Array.of(3, 500), 2) as Tensor<[2], 'int32'>;

const options: readonly (readonly [string, Partial<UNetConfig<[8, 8, 2]>>])[] = [
  ['residual resampling', { resample: 'residual', adaptiveGroupNorm: true }],
  ['projected resampling by a binomial filter, rescaled', { resample: 'projected', filter: 'binomial', rescale: Math.SQRT1_2 }],
  ['pools', { resample: 'pool', padding: 'end', middle: 'residual' }],
  ['a residual encoder', { encoder: 'residual', filter: 'binomial', middle: 'unnormalized', upAttention: 'last', upHeads: 1 }],
]; // oxfmt-ignore

describe.each(options)('a U-Net with %s', (_, more) => {
  const model = right(unet({ ...base, ...more, dropout: 0.3 }));
  const recomputed = right(unet({ ...base, ...more, dropout: 0.3, recompute: true }));
  const loss = (network: typeof model, p: UNetParams, images: typeof x, dropout: Key) =>
    sum(mul(network.apply(p, images, { t, dropout }), wave([2, 8, 8, 2], 7) as typeof x));

  /** The loss, and the gradients of the parameters and of the images. */
  const numbers = (network: typeof model) =>
    numbersOf((key) => {
      const both = { params: waves(network.params), x };
      const { value, grad: slopes } = valueAndGrad((p: typeof both) => loss(network, p.params, p.x, key))(both);
      const flat = tensorsOf(slopes).map(({ leaf }) => reshape(leaf as Tensor<Shape>, -1)); // all are float32
      return concatAll([reshape(value, 1), ...flat] as never, 0) as Tensor<[Dim]>;
    });

  let stored: readonly number[];
  beforeAll(async () => {
    stored = await numbers(model);
  });

  test('gives the same results and gradients when it recomputes', async () => {
    const again = await numbers(recomputed);
    expect(stored.some((n) => n !== 0)).toBe(true);
    expect(relativeDistance(again, stored)).toBeLessThan(1e-12);
  });

  test('uses all of its parameters', () => {
    let next = 1;
    const unused = model.params.leaves.filter(({ shape }) => {
      const own = stored.slice(next, (next += size(shape as readonly number[])));
      return own.every((slope) => slope === 0);
    });
    expect(unused.map(({ path }) => path)).toEqual([]);
  });
});

test('the condition of a fractional time lies between those of its neighbours', async () => {
  const model = right(unet(base));
  const at = (time: number) => numbersOf(() => model.apply(waves(model.params), x, { t: constantOf([time, time], 2) }));
  const [before, between, after] = [await at(100), await at(100.5), await at(101)];
  expect(relativeDistance(before, between)).toBeGreaterThan(0);
  expect(relativeDistance(between, after)).toBeLessThan(relativeDistance(before, after));
});

test('a network of continuous time has no number of timesteps', () => {
  expect('timesteps' in right(unet({ ...base, timesteps: 'continuous' }))).toBe(false);
});

describe('resampling', () => {
  const row = constantOf([1, 2, 3, 4], 1, 2, 2, 1) as Tensor<[1, 2, 2, 1]>;

  test('box: means when halving, nearest pixels when doubling', async () => {
    expect(await numbersOf(() => halved(row, 'box'))).toEqual([2.5]);
    expect(await numbersOf(() => doubled(row, 'box'))).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });

  test('binomial: [1, 3, 3, 1] along each axis, padded with zeros', async () => {
    const wide = constantOf([0, 8, 0, 0], 1, 1, 4, 1); // in one row, the weights [1, 3] of the sum 8 are inside the image
    expect(await numbersOf(() => halved(concatAll([wide, wide], 1) as Tensor<[1, 2, 4, 1]>, 'binomial'))).toEqual([2.25, 0.75]); // oxfmt-ignore
    const spread = await numbersOf(() =>
      doubled(constantOf([16, 0, 0, 0], 1, 2, 2, 1) as Tensor<[1, 2, 2, 1]>, 'binomial'),
    );
    expect(spread.slice(0, 4)).toEqual([9, 9, 3, 0]); // 4·16·[3, 3, 1]·3 / 64
  });

  test('a block keeps the channels and halves or doubles the size', async () => {
    const options = { inputs: 4, outputs: 6, embedding: 3, groups: 2 } as const;
    const images = wave([2, 4, 4, 4], 1) as Tensor<[2, 4, 4, 4]>;
    const embedding = wave([2, 3], 2) as Tensor<[2, 3]>;
    const [down, up] = [downsampleBlock(options), upsampleBlock(options)];
    const first: Tensor<[2, 2, 2, 6]> = down.apply(waves(down.params))(images, { embedding });
    const second: Tensor<[2, 8, 8, 6]> = up.apply(waves(up.params))(images, { embedding });
    expect((await numbersOf(() => first)).length).toBe(2 * 2 * 2 * 6);
    expect((await numbersOf(() => second)).length).toBe(2 * 8 * 8 * 6);
  });
});

describe('the classifier of ADM', () => {
  const config = { ...base, classes: 3, resample: 'residual', timesteps: 1000 } as const;

  test.each(['attention', 'adaptive', 'spatial', 'normalizedSpatial'] as const)(
    '%s pool: one number for each class, which depends on all parameters',
    async (pool) => {
      const model = right(encoderClassifier({ ...config, pool, hidden: 8 }));
      const loss = (p: ClassifierParams): Tensor<[]> =>
        sum(mul(model.apply(p, x, t), wave([2, 3], 3) as Tensor<[2, Dim]>));
      expect((await numbersOf(() => model.apply(waves(model.params), x, t))).length).toBe(6);
      const sums = await numbersOf(() => {
        const slopes = tensorsOf(grad(loss)(waves(model.params)));
        return concatAll(slopes.map(({ leaf }) => reshape(sum(mul(leaf as Tensor<Shape>, leaf as Tensor<Shape>)), 1)) as never, 0) as Tensor<[Dim]>; // oxfmt-ignore
      });
      const unused = model.params.leaves.filter((_, i) => sums[i] === 0).map(({ path }) => path);
      expect(unused).toEqual([]);
    },
  );

  test('refuses images of another size', async () => {
    const model = right(encoderClassifier(config));
    const images = wave([2, 4, 4, 2], 1) as Tensor<[2, 4, 4, 2]>;
    const outcome = await outcomeOf(() => model.apply(waves(model.params), images as never, t))();
    expect(outcome).toMatchObject({ left: { _tag: 'ShapeError', where: 'encoderClassifier' } });
  });

  test.each([
    [{ classes: 0 }, 'encoderClassifier.classes: expected a number of classes ≥ 1, or classes by name, got 0'],
    [{ pool: 'max' }, "encoderClassifier.pool: expected 'attention', 'adaptive', 'spatial' or 'normalizedSpatial', got \"max\""],
    [{ middle: 'residual', heads: 5, attention: [] }, 'encoderClassifier.heads: expected heads that share the 16 channels at resolution 4 evenly, got 5'],
    [{ pool: 'normalizedSpatial', hidden: 9 }, 'encoderClassifier.groups: expected a divisor of all channels: hidden 9, got 2, which does not divide 9'],
    [{ learnedVariance: 'range' }, 'encoderClassifier.learnedVariance: expected one of the fields image, base,'],
  ])('refuses %j', (more, message) => {
    const result = encoderClassifier({ ...config, ...(more as object) });
    expect(result).toMatchObject({ left: { _tag: 'ConfigError', message: expect.stringContaining(message) } });
  }); // oxfmt-ignore

  test('the positions of an attention pool begin with the deviation 1/√C, as in CLIP', async () => {
    const pool = attentionPool({ pixels: 99, inputs: 64, outputs: 1, heads: 1 });
    const positions = await numbersOf((k) => pool.init(k).positions);
    const variance = positions.reduce((sum, value) => sum + value ** 2, 0) / positions.length;
    // the sum of n squares of normals has the mean n and the deviation √(2n); five of them
    expect(positions).toHaveLength(6400);
    expect(Math.abs(64 * variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 6400));
  });

  test('an attention pool attends from the mean to all pixels', async () => {
    const pool = attentionPool({ pixels: 2, inputs: 2, outputs: 1, heads: 1 });
    const identity = {
      w: constantOf([1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1], 2, 6),
      b: constantOf([0, 0, 0, 0, 0, 0], 6),
    };
    const params = {
      positions: constantOf([0, 0, 0, 0, 0, 0], 3, 2),
      qkv: identity,
      output: { w: constantOf([1, 10], 2, 1), b: constantOf([0], 1) },
    };
    const tokens = [
      [2, 1],
      [1, 0],
      [3, 2],
    ] as const; // the mean, and the pixels; oxfmt-ignore
    const scores = tokens.map(([a, b]) => Math.exp((2 * a + b) / Math.SQRT2));
    const total = scores.reduce((a, b) => a + b);
    const expected = tokens.reduce((y, [a, b], i) => y + ((a + 10 * b) * scores[i]!) / total, 0);
    const [value] = await numbersOf(() => pool.apply(params)(constantOf([1, 0, 3, 2], 1, 1, 2, 2)));
    expect(value).toBeCloseTo(expected, 10);
  });
});
