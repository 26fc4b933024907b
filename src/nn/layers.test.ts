import { describe, expect, expectTypeOf, test } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance } from '../../properties/diffusion/run.js';
import {
  type Affine,
  concatAll,
  constantOf,
  type Dim,
  dims,
  fork,
  grad,
  type Key,
  leafSpec,
  linear,
  ones,
  reshape,
  type Shape,
  sum,
  type Tensor,
  zeros,
} from '../dsl/index.js';
import { reachable } from '../dsl/node.js';
import { nodeOf } from '../dsl/tensor.js';
import { E } from '../internal/fp.js';
import { convLayer } from './conv.js';
import { dropout } from './dropout.js';
import { classEmbedding, sinusoidTable, timeEmbedding } from './embedding.js';
import { groupNormLayer } from './groupNorm.js';
import { allZeros, fanInNormal, fanInUniform, normalOf } from './initializers.js';
import { collect, parameter } from './layer.js';
import { linearLayer } from './linear.js';
import { residualBlock } from './residualBlock.js';
import { downsampleLayer, upsampleLayer } from './sampling.js';

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const meanSquare = (xs: readonly number[]): number => mean(xs.map((x) => x * x));

describe('initializers', () => {
  const n = 64 * 256;
  // of n draws, the mean square of a normal variable is off by √(2/n), relatively; five of these is never
  const approx = 5 * Math.sqrt(2 / n);

  test.each([
    ['fanInNormal', fanInNormal(), 1 / 64],
    ['fanInNormal of another scale', fanInNormal(2), 2 / 64],
    ['fanInUniform', fanInUniform(), 1 / 64],
    ['fanInUniform as PyTorch has it', fanInUniform(1 / 3), 1 / 192],
    ['fanInNormal of two axes of outputs', fanInNormal(1, { outputs: 2 }), 1],
    ['normalOf', normalOf(0.5), 0.25],
  ])('%s has the variance that it says, about zero', async (_, initializer, variance) => {
    const drawn = await numbersOf(initializer([64, 256]));
    expect(Math.abs(meanSquare(drawn) / variance - 1)).toBeLessThan(approx);
    expect(Math.abs(mean(drawn))).toBeLessThan(5 * Math.sqrt(variance / n));
  });

  test('fan-in counts the taps of a kernel', async () => {
    const drawn = await numbersOf(fanInNormal()([3, 3, 8, 256]));
    expect(Math.abs(meanSquare(drawn) * 72 - 1)).toBeLessThan(5 * Math.sqrt(2 / (72 * 256)));
  });

  test('fanInUniform stays within its bounds, and comes near them', async () => {
    const drawn = await numbersOf(fanInUniform(1 / 3)([64, 256]));
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(1 / 8);
    expect(Math.max(...drawn)).toBeGreaterThan(0.99 / 8);
    expect(Math.min(...drawn)).toBeLessThan(-0.99 / 8);
  });
});

describe('collect', () => {
  const layers = {
    a: linearLayer({ inputs: 2, outputs: 3 }),
    more: [linearLayer({ inputs: 2, outputs: 3 })],
  } as const;

  test('the parameters of a tree of layers are the tree of their parameters', () => {
    const { params, init } = collect(layers);
    expect(params.leaves.map(({ path, shape }) => [path, shape])).toEqual([
      ['a.w', [2, 3]],
      ['a.b', [3]],
      ['more.0.w', [2, 3]],
      ['more.0.b', [3]],
    ]);
    expectTypeOf(init).returns.toExtend<{
      readonly a: Affine<2, 3>;
      readonly more: readonly [Affine<2, 3>];
    }>();
  });

  test('a layer begins the same, whatever stands beside it, and equal layers begin differently', async () => {
    const alone = await numbersOf((k) => collect({ a: layers.a }).init(k).a.w);
    const beside = await numbersOf((k) => collect(layers).init(k).a.w);
    expect(beside).toEqual(alone);
    expect(await numbersOf((k) => collect(layers).init(k).more[0].w)).not.toEqual(alone);
  });

  test('a layer that is absent has no parameters', () => {
    expect(
      collect({ a: undefined, b: parameter(allZeros, 2) }).params.leaves.map(({ path }) => path),
    ).toEqual(['b']);
  });
});

describe('layers know the shapes that they take and give', () => {
  const x = constantOf(new Float64Array(2 * 8 * 6 * 4), 2, 8, 6, 4);
  const begun = <P>(layer: { readonly init: (key: Key) => P }, k: Key): P => layer.init(k);

  test('in types and when traced', async () => {
    await numbersOf((k) => {
      const keys = fork(k, 'linear', 'conv', 'norm', 'down', 'up');
      const linear = linearLayer({ inputs: 4, outputs: 5 });
      const y1 = linear.apply(begun(linear, keys.linear))(x);
      expectTypeOf(y1).toEqualTypeOf<Tensor<[2, 8, 6, 5]>>();
      const conv = convLayer({ inputs: 4, outputs: 5 });
      const y2 = conv.apply(begun(conv, keys.conv))(x);
      expectTypeOf(y2).toEqualTypeOf<Tensor<[2, 8, 6, 5]>>();
      const norm = groupNormLayer({ channels: 4, groups: 2 });
      const y3 = norm.apply(begun(norm, keys.norm))(x);
      expectTypeOf(y3).toEqualTypeOf<Tensor<[2, 8, 6, 4]>>();
      const down = downsampleLayer({ channels: 4 });
      const y4 = down.apply(begun(down, keys.down))(x);
      expectTypeOf(y4).toEqualTypeOf<Tensor<[2, 4, 3, 4]>>();
      const up = upsampleLayer({ channels: 4 });
      const y5 = up.apply(begun(up, keys.up))(x);
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

  test('a number of channels that is not theirs is a type error', async () => {
    const conv = convLayer({ inputs: 3, outputs: 5 });
    // @ts-expect-error 4 channels are not 3
    const outcome = await outcomeOf((k) => conv.apply(conv.init(k))(x))();
    expect(outcome).toMatchObject({ left: { _tag: 'ShapeError' } });
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

describe('dropout', () => {
  const n = 10_000;
  const x = ones(n);

  test('keeps the mean, and drops as many as it says', async () => {
    const y = await numbersOf((k) => dropout(0.25, k)(x));
    expect(new Set(y)).toEqual(new Set([0, 1 / 0.75]));
    // five standard deviations of the mean of n draws
    expect(Math.abs(mean(y) - 1)).toBeLessThan((5 * Math.sqrt(0.25 / 0.75)) / Math.sqrt(n));
  });

  test('the gradient goes where the activation went', async () => {
    const forward = await numbersOf((k) => dropout(0.25, k)(x));
    expect(await numbersOf((k) => grad((p: Tensor<[10000]>) => sum(dropout(0.25, k)(p)))(x))).toEqual(
      forward,
    );
  });

  test('what is dropped is zero, even if it was infinite', async () => {
    const y = await numbersOf((k) => dropout(0.5, k)(constantOf(new Float64Array(100).fill(Infinity), 100)));
    expect(new Set(y)).toEqual(new Set([0, Infinity]));
  });

  test('a rate of 0 is the identity', async () => {
    const y = constantOf([1, 2], 2);
    await numbersOf((k) => {
      expect(dropout(0, k)(y)).toBe(y);
      return y;
    });
  });

  test.each([-0.1, 1, Number.NaN])('%d is no rate', async (rate) => {
    const outcome = await outcomeOf((k) => dropout(rate, k)(x))();
    expect(E.isLeft(outcome) && outcome.left.message).toBe(
      `dropout: expected a rate in [0, 1), got ${rate}; give the fraction that is dropped, such as 0.1`,
    );
  });
});

describe('embeddings', () => {
  test('ddpm: sines, then cosines, of frequencies from 1 to 1/10000', () => {
    const table = sinusoidTable({ timesteps: 1000, size: 8, sinusoid: 'ddpm' });
    const frequencies = [1, 10000 ** (-1 / 3), 10000 ** (-2 / 3), 1 / 10000];
    const row = [...frequencies.map((f) => Math.sin(999 * f)), ...frequencies.map((f) => Math.cos(999 * f))];
    expect(relativeDistance([...table.slice(999 * 8)], row)).toBeLessThan(1e-12);
  });

  test('guided-diffusion: cosines, then sines, of frequencies from 1 on, without 1/10000', () => {
    const table = sinusoidTable({ timesteps: 1000, size: 8, sinusoid: 'guided-diffusion' });
    const frequencies = [1, 0.1, 0.01, 0.001];
    const row = [...frequencies.map((f) => Math.cos(999 * f)), ...frequencies.map((f) => Math.sin(999 * f))];
    expect(relativeDistance([...table.slice(999 * 8)], row)).toBeLessThan(1e-12);
  });

  test('the smallest one is a sine and a cosine', () => {
    expect(Array.from(sinusoidTable({ timesteps: 2, size: 2, sinusoid: 'ddpm' }))).toEqual([
      0,
      1,
      Math.sin(1),
      Math.cos(1),
    ]);
  });

  test('the table is one constant, however often the layer is applied', () => {
    const layer = timeEmbedding({ timesteps: 10, size: 4, outputs: 3, sinusoid: 'ddpm' });
    const params = { hidden: { w: ones(4, 3), b: zeros(3) }, output: { w: ones(3, 3), b: zeros(3) } };
    const t = constantOf(Int32Array.of(3), 1);
    const tables = reachable([layer.apply(params)(t), layer.apply(params)(t)].map(nodeOf)).filter(
      (n) => n.op === 'constant' && n.shape.join() === '10,4',
    );
    expect(tables.length).toBe(1);
  });

  test('a timestep alone decides on its vector', async () => {
    const layer = timeEmbedding({ timesteps: 10, size: 4, outputs: 3, sinusoid: 'ddpm' });
    const at = (...t: readonly number[]): Promise<readonly number[]> =>
      numbersOf((k) => layer.apply(layer.init(k))(constantOf(Int32Array.from(t), t.length)));
    const [three, seven] = [await at(3), await at(7)];
    expect(three).not.toEqual(seven);
    expect(await at(7, 3, 7)).toEqual([...seven, ...three, ...seven]);
  });

  test('a class is a row of the table; the number of classes is one more, for no class', async () => {
    const layer = classEmbedding({ classes: 2, outputs: 2 });
    const table = constantOf([1, 2, 3, 4, 5, 6], 3, 2);
    expect(layer.params.leaves[0]!.shape).toEqual([3, 2]);
    expect(await numbersOf(() => layer.apply({ table })(constantOf(Int32Array.of(2, 0), 2)))).toEqual([
      5, 6, 1, 2,
    ]);
  });
});

describe('a residual block', () => {
  const plain = { groups: 2, adaptiveGroupNorm: false, dropout: 0 };
  const x = constantOf(
    Float64Array.from({ length: 2 * 9 * 4 }, (_, i) => Math.sin(i)),
    2,
    3,
    3,
    4,
  );
  const embedding = constantOf([1, 2, 3, 4, 5, 6], 2, 3);

  test('begins as the identity, where the channels stay', async () => {
    const block = residualBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain });
    expect(await numbersOf((k) => block.apply(block.init(k))(embedding)(x))).toEqual(
      await numbersOf(() => x),
    );
  });

  test('begins as its skip, where they change', async () => {
    const block = residualBlock({ inputs: 4, outputs: 6, embedding: 3, ...plain });
    const [y, skip] = [
      await numbersOf((k) => block.apply(block.init(k))(embedding)(x)),
      await numbersOf((k) => linear(block.init(k).skip!)(x as Tensor<[2, 3, 3, Dim]>)),
    ];
    expect(y).toEqual(skip);
  });

  test('the gradients of conv1’s bias and of the projection’s are the same', async () => {
    const block = residualBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain });
    const both = await numbersOf((k) => {
      const params = block.init(k);
      const begun = { ...params, conv2: { kernel: ones(3, 3, 4, 4), bias: zeros(4) } };
      const slopes = grad((p: typeof begun) => sum(block.apply(p)(embedding)(x) as Tensor<Shape>))(begun);
      return concatAll([reshape(-1)(slopes.conv1.bias), reshape(-1)(slopes.projection.b)], 0);
    });
    expect(both.slice(0, 4)).toEqual(both.slice(4));
    expect(both.every((slope) => slope !== 0)).toBe(true);
  });

  test('with adaptive group norm, the second norm of h is (1 + y_s)·GroupNorm(h) + y_b', async () => {
    const block = residualBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain, adaptiveGroupNorm: true });
    const [ys, yb] = [
      [0.5, -1, 2, 0.25],
      [3, 0, -1, 0.5],
    ] as const;
    const centre = constantOf(
      Float64Array.from({ length: 9 * 16 }, (_, i) => Number(i >= 64 && i < 80 && i % 5 === 4)),
      3,
      3,
      4,
      4,
    );
    const y = await numbersOf((k) => {
      const params = block.init(k);
      // the first convolution is the identity and, at first, so is the affine part of both norms
      const conv = { kernel: centre, bias: zeros(4) };
      const projection = { w: zeros(3, 8), b: constantOf([...ys, ...yb], 8) };
      return block.apply({ ...params, conv1: conv, conv2: conv, projection })(embedding)(x);
    });
    const silu = (v: number): number => v / (1 + Math.exp(-v));
    /** `[2, 9, 4]`, each two channels of a sample standardized. */
    const standardized = (values: readonly number[]): readonly number[] =>
      values.map((v, i) => {
        const group = values.filter(
          (_, j) => Math.floor(j / 36) === Math.floor(i / 36) && j % 4 < 2 === i % 4 < 2,
        );
        const mean = group.reduce((a, b) => a + b) / group.length;
        const variance = group.reduce((sum, w) => sum + (w - mean) ** 2, 0) / group.length;
        return (v - mean) / Math.sqrt(variance + 1e-5);
      });
    const input = Array.from({ length: 72 }, (_, i) => Math.sin(i));
    const h = standardized(standardized(input).map(silu));
    const expected = input.map((v, i) => v + silu((1 + ys[i % 4]!) * h[i]! + yb[i % 4]!));
    y.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 10));
  });
});
