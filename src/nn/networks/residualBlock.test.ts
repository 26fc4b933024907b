import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import {
  affine,
  concatAll,
  constantOf,
  type Dim,
  fork,
  grad,
  type Key,
  ones,
  reshape,
  type Shape,
  sub,
  sum,
  type Tensor,
  zeros,
} from '../../dsl/index.js';
import { residualBlock } from './residualBlock.js';
import { unetBlock } from './unetBlock.js';

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
  /** The kernel of a convolution that returns its input. */
  const centre = constantOf(
    Float64Array.from({ length: 9 * 16 }, (_, i) => Number(i >= 64 && i < 80 && i % 5 === 4)),
    3,
    3,
    4,
    4,
  );

  test('is initially the identity, if the numbers of channels are equal', async () => {
    const block = residualBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain });
    expect(await numbersOf((k) => block.apply(block.init(k))(x, { embedding }))).toEqual(await numbersOf(() => x));
  });

  test('without an embedding is an error that names the field', async () => {
    const { init, apply } = residualBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain });
    const whole = unetBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain, heads: null });
    const calls: readonly (readonly [(k: Key) => unknown, actual: string])[] = [
      [(k) => apply(init(k))(x, undefined as never), 'nothing'],
      [(k) => apply(init(k))(x, {} as never), 'nothing'],
      [(k) => apply(init(k))(x, { key: k } as never), 'nothing'],
      [(k) => apply(init(k))(x, embedding as never), 'nothing'],
      [(k) => apply(init(k))(x, { embedding: [1, 2] } as never), 'an array of 2'],
      [(k) => apply(init(k))(x, { embedding: k } as never), 'key []'],
      [(k) => whole.apply(whole.init(k))(x, undefined as never), 'nothing'],
    ];
    for (const [call, actual] of calls)
      expect(await outcomeOf((k) => call(k) as Tensor<Shape>)()).toMatchObject({
        left: { _tag: 'ConfigError', where: 'residualBlock.embedding', expected: 'a tensor [B, 3]', actual },
      });
  });

  test('is initially its skip connection, if the numbers of channels differ', async () => {
    const block = residualBlock({ inputs: 4, outputs: 6, embedding: 3, ...plain });
    const [y, skip] = [
      await numbersOf((k) => block.apply(block.init(k))(x, { embedding })),
      await numbersOf((k) => affine(x as Tensor<[2, 3, 3, Dim]>, block.init(k).skip!)),
    ];
    expect(y).toEqual(skip);
  });

  test('the gradients of conv1’s bias and of the projection’s are the same', async () => {
    const block = residualBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain });
    const both = await numbersOf((k) => {
      const params = block.init(k);
      const begun = { ...params, conv2: { kernel: ones(3, 3, 4, 4), bias: zeros(4) } };
      const slopes = grad((p: typeof begun) => sum(block.apply(p)(x, { embedding }) as Tensor<Shape>))(begun);
      return concatAll([reshape(slopes.conv1.bias, -1), reshape(slopes.projection.b, -1)], 0);
    });
    expect(both.slice(0, 4)).toEqual(both.slice(4));
    expect(both.every((slope) => slope !== 0)).toBe(true);
  });

  test('drops elements after the SiLU: each is 0, or divided by the rate of those that stay', async () => {
    const dropout = 0.25;
    const block = residualBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain, dropout });
    /** The difference of the block from its input: with this kernel, the second convolution is the identity. */
    const addition = (drops: boolean) =>
      numbersOf((k) => {
        const { begin, drop } = fork(k, 'begin', 'drop');
        const params = { ...block.init(begin), conv2: { kernel: centre, bias: zeros(4) } };
        return sub(block.apply(params)(x, { embedding, key: drops ? drop : undefined }), x);
      });
    const [whole, some] = [await addition(false), await addition(true)];
    const stays = some.map((value) => value !== 0);
    expect(new Set(stays)).toEqual(new Set([true, false]));
    // a few roundings of numbers below 4, as the block adds x, |x| ≤ 1
    some.forEach((value, i) =>
      expect(Math.abs(value - (stays[i] ? whole[i]! / (1 - dropout) : 0))).toBeLessThan(8 * 2 ** -52),
    );
  });

  test('with adaptive group norm, the second norm of h is (1 + y_s)·GroupNorm(h) + y_b', async () => {
    const block = residualBlock({ inputs: 4, outputs: 4, embedding: 3, ...plain, adaptiveGroupNorm: true });
    const [ys, yb] = [
      [0.5, -1, 2, 0.25],
      [3, 0, -1, 0.5],
    ] as const;
    const y = await numbersOf((k) => {
      const params = block.init(k);
      // the first convolution is the identity and, at first, so is the affine part of both norms
      const conv = { kernel: centre, bias: zeros(4) };
      const projection = { w: zeros(3, 8), b: constantOf([...ys, ...yb], 8) };
      return block.apply({ ...params, conv1: conv, conv2: conv, projection })(x, { embedding });
    });
    const silu = (v: number): number => v / (1 + Math.exp(-v));
    /** `[2, 9, 4]`, each two channels of a sample standardized. */
    const standardized = (values: readonly number[]): readonly number[] =>
      values.map((v, i) => {
        const group = values.filter((_, j) => Math.floor(j / 36) === Math.floor(i / 36) && j % 4 < 2 === i % 4 < 2);
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
