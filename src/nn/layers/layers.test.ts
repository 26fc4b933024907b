import { describe, expect, expectTypeOf, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { constantOf, type Dim, dims, fork, grad, type Key, leafSpec, ones, sum, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { fanInNormal, fanInUniform, normalOf } from './initializers.js';
import { gegluLayer } from './geglu.js';
import {
  convLayer,
  downsampleLayer,
  dropout,
  groupNormLayer,
  layerNormLayer,
  linearLayer,
  upsampleLayer,
} from './layers.js';

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const meanSquare = (xs: readonly number[]): number => mean(xs.map((x) => x * x));

describe('initializers', () => {
  const n = 64 * 256;
  // the mean square of n normal draws has the relative standard error √(2/n); five of these practically never occur
  const approx = 5 * Math.sqrt(2 / n);

  test.each([
    ['fanInNormal', fanInNormal(), 1 / 64],
    ['fanInNormal of another scale', fanInNormal(2), 2 / 64],
    ['fanInUniform', fanInUniform(), 1 / 64],
    ['fanInUniform as in PyTorch', fanInUniform(1 / 3), 1 / 192],
    ['fanInNormal of two axes of outputs', fanInNormal(1, { outputs: 2 }), 1],
    ['normalOf', normalOf(0.5), 0.25],
  ])('%s has the stated variance and mean zero', async (_, initializer, variance) => {
    const weights = await numbersOf((k) => initializer(k, 64, 256));
    expect(Math.abs(meanSquare(weights) / variance - 1)).toBeLessThan(approx);
    expect(Math.abs(mean(weights))).toBeLessThan(5 * Math.sqrt(variance / n));
  });

  test('fan-in counts the taps of a kernel', async () => {
    const weights = await numbersOf((k) => fanInNormal()(k, 3, 3, 8, 256));
    expect(Math.abs(meanSquare(weights) * 72 - 1)).toBeLessThan(5 * Math.sqrt(2 / (72 * 256)));
  });

  test('fanInUniform stays within its bounds and gets close to them', async () => {
    const weights = await numbersOf((k) => fanInUniform(1 / 3)(k, 64, 256));
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(1 / 8);
    expect(Math.max(...weights)).toBeGreaterThan(0.99 / 8);
    expect(Math.min(...weights)).toBeLessThan(-0.99 / 8);
  });
});

describe('layers have the right input and output shapes', () => {
  const x = constantOf(new Float64Array(2 * 8 * 6 * 4), 2, 8, 6, 4);
  const begin = <P>(layer: { readonly init: (key: Key) => P }, k: Key): P => layer.init(k);

  test('in types and when traced', async () => {
    await numbersOf((k) => {
      const keys = fork(k, 'linear', 'conv', 'norm', 'down', 'up');
      const linear = linearLayer({ inputs: 4, outputs: 5 });
      const y1 = linear.apply(begin(linear, keys.linear))(x);
      expectTypeOf(y1).toEqualTypeOf<Tensor<[2, 8, 6, 5]>>();
      const conv = convLayer({ inputs: 4, outputs: 5 });
      const y2 = conv.apply(begin(conv, keys.conv))(x);
      expectTypeOf(y2).toEqualTypeOf<Tensor<[2, 8, 6, 5]>>();
      const norm = groupNormLayer({ channels: 4, groups: 2 });
      const y3 = norm.apply(begin(norm, keys.norm))(x);
      expectTypeOf(y3).toEqualTypeOf<Tensor<[2, 8, 6, 4]>>();
      const down = downsampleLayer({ channels: 4 });
      const y4 = down.apply(begin(down, keys.down))(x);
      expectTypeOf(y4).toEqualTypeOf<Tensor<[2, 4, 3, 4]>>();
      const up = upsampleLayer({ channels: 4 });
      const y5 = up.apply(begin(up, keys.up))(x);
      expectTypeOf(y5).toEqualTypeOf<Tensor<[2, 16, 12, 4]>>();
      expect([y1, y2, y3, y4, y5].map(dims)).toEqual([
        [2, 8, 6, 5],
        [2, 8, 6, 5],
        [2, 8, 6, 4],
        [2, 4, 3, 4],
        [2, 16, 12, 4],
      ]);
      return sum(y1);
    });
  });

  test('a wrong number of channels is a type error', async () => {
    const conv = convLayer({ inputs: 3, outputs: 5 });
    // @ts-expect-error 4 channels are not 3
    const outcome = await outcomeOf((k) => conv.apply(conv.init(k))(x))();
    expect(outcome).toMatchObject({ left: { _tag: 'ShapeError' } });
  });

  test('another number of channels than that of the layer names the layer', async () => {
    const linear = linearLayer({ inputs: 3, outputs: 5 });
    const norm = groupNormLayer({ channels: 3, groups: 1 });
    // @ts-expect-error 4 channels are not 3
    const ofLinear = await outcomeOf((k) => linear.apply(linear.init(k))(x))();
    // @ts-expect-error 4 channels are not 3
    const ofNorm = await outcomeOf((k) => norm.apply(norm.init(k))(x))();
    const about = { _tag: 'ShapeError', expected: 'a tensor of 3 channels', actual: '[2, 8, 6, 4]' };
    expect(ofLinear).toMatchObject({ left: { ...about, where: expect.stringMatching(/^linearLayer/) } });
    expect(ofNorm).toMatchObject({ left: { ...about, where: expect.stringMatching(/^groupNormLayer/) } });
  });

  test('wide extents stay wide', () => {
    const channels: number = 4;
    const conv = convLayer({ inputs: channels, outputs: channels });
    expectTypeOf(conv.init).returns.toEqualTypeOf<{
      readonly kernel: Tensor<[Dim, Dim, Dim, Dim]>;
      readonly bias: Tensor<[Dim]>;
    }>();
    expect(conv.params.leaves).toEqual([
      { ...leafSpec([3, 3, 4, 4]), path: 'kernel' },
      { ...leafSpec([4]), path: 'bias' },
    ]);
  });
});

test('layerNormLayer standardizes the channels of each token, then scales and shifts them', async () => {
  const { apply } = layerNormLayer({ channels: 2, epsilon: 3 });
  const params = { gamma: constantOf([10, 100], 2), beta: constantOf([0, 1], 2) };
  const y = await numbersOf(() => apply(params)(constantOf([1, 3, 7, 5], 1, 2, 2))); // (x - mean)/√(1 + 3) = ±1/2
  expect(y).toEqual([-5, 51, 5, -49]);
});

test('gegluLayer multiplies the first half by GELU of the second', async () => {
  const { apply } = gegluLayer({ channels: 1, hidden: 2 });
  const params = {
    input: { w: constantOf([1, 2, 0, 0], 1, 4), b: constantOf([0, 0, 1, -1], 4) },
    output: { w: constantOf([1, 1], 2, 1), b: constantOf([10], 1) },
  };
  const [y] = await numbersOf(() => apply(params)(constantOf([3], 1, 1)));
  const phi = 0.841344746068543; // Φ(1)
  expect(y).toBeCloseTo(3 * phi - 6 * (1 - phi) + 10, 6); // erf of the reference has 7 digits
});

describe('dropout', () => {
  const n = 10_000;
  const x = ones(n);

  test('keeps the mean, and drops the stated fraction', async () => {
    const y = await numbersOf((k) => dropout(x, 0.25, k));
    expect(new Set(y)).toEqual(new Set([0, 1 / 0.75]));
    // five standard deviations of the mean of n draws
    expect(Math.abs(mean(y) - 1)).toBeLessThan((5 * Math.sqrt(0.25 / 0.75)) / Math.sqrt(n));
  });

  test('the gradient passes exactly where the activation passed', async () => {
    const forward = await numbersOf((k) => dropout(x, 0.25, k));
    expect(await numbersOf((k) => grad((p: Tensor<[10000]>) => sum(dropout(p, 0.25, k)))(x))).toEqual(forward);
  });

  test('a dropped element is zero, even if it was infinite', async () => {
    const y = await numbersOf((k) => dropout(constantOf(new Float64Array(100).fill(Infinity), 100), 0.5, k));
    expect(new Set(y)).toEqual(new Set([0, Infinity]));
  });

  test('a rate of 0 is the identity', async () => {
    const y = constantOf([1, 2], 2);
    await numbersOf((k) => {
      expect(dropout(y, 0, k)).toBe(y);
      return y;
    });
  });

  test.each([-0.1, 1, Number.NaN])('%d is refused as a rate', async (rate) => {
    const outcome = await outcomeOf((k) => dropout(x, rate, k))();
    expect(E.isLeft(outcome) && outcome.left.message).toBe(
      `dropout: expected a rate in [0, 1), got ${rate}; give the fraction that is dropped, such as 0.1`,
    );
  });
});
