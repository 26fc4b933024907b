import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/index.js';
import {
  concatAll,
  constantOf,
  type Dim,
  grad,
  ones,
  reshape,
  type Shape,
  square,
  sum,
  type Tensor,
  tensorsOf,
  zeros,
} from '../../dsl/index.js';
import { attentionLayer } from './attention.js';

describe('attentionLayer', () => {
  test('is the mean of the values by the softmax of q·k/√d in each head, projected', async () => {
    // two heads of one channel: scores ln 3 and 0 in the first, equal ones in the second
    const { apply } = attentionLayer({ channels: 2, tokens: 1, heads: 2 });
    const params = {
      q: constantOf([1, 0, 0, 0], 2, 2),
      k: constantOf([Math.log(3), 1], 1, 2),
      v: constantOf([1, 1], 1, 2),
      output: { w: constantOf([1, 10, 0, 100], 2, 2), b: constantOf([0, 5], 2) },
    };
    const [x, tokens] = [constantOf([1, 1], 1, 1, 1, 2), constantOf([1, 0], 1, 2, 1)];
    const values = await numbersOf(() => apply(params)(x, tokens)); // a = [3/4, 1/2]
    [0.75, 0.75 * 10 + 0.5 * 100 + 5].forEach((y, i) => expect(values[i]).toBeCloseTo(y, 12));
  });

  test.each([
    ['reference', reference()],
    ['wasm', wasm()],
  ])('has the same bits, and the same gradients, for any numbers in masked tokens: %s', async (_, backend) => {
    const extent = fc.integer({ min: 1, max: 4 });
    const someCase = fc.tuple(extent, extent, extent, extent, extent).chain(([B, N, M, C, D]) =>
      fc.record({
        extents: fc.constant([B, N, M, C, D] as const),
        isToken: fc.array(fc.boolean(), { minLength: B * M, maxLength: B * M }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        someCase,
        fc.constantFrom(NaN, Infinity, 1e38),
        async ({ extents: [B, N, M, C, D], isToken }, other) => {
          const { init, apply } = attentionLayer({ channels: C, tokens: D, heads: 1 });
          const mask = () => constantOf(Uint8Array.from(isToken, Number), B, M);
          const wave = (i: number): number => Math.sin(1.7 * i + 1);
          /** The result, and all gradients, with another number in the masked tokens. */
          const outcomeWith = (number?: number) =>
            numbersOf((k) => {
              const numbers = Array.from({ length: B * M * D }, (__, i) => (isToken[Math.floor(i / D)] ? wave(i) : (number ?? wave(i)))); // oxfmt-ignore
              const operands = { params: init(k), x: constantOf(Array.from({ length: B * N * C }, (__, i) => wave(i)), B, N, C), tokens: constantOf(numbers, B, M, D) }; // oxfmt-ignore
              const of = (p: typeof operands) => apply(p.params)(p.x, p.tokens, mask());
              const gradients = tensorsOf(grad((p: typeof operands) => sum(square(of(p))))(operands));
              const all = [of(operands), ...gradients.map(({ leaf }) => leaf as Tensor<Shape>)]; // all are float32
              return concatAll(all.map((y) => reshape(y, -1)) as [Tensor<[Dim]>], 0);
            }, backend);
          const outcome = await outcomeWith();
          expect(await outcomeWith(other)).toEqual(outcome);
          const isEmpty = (i: number): boolean => !isToken.slice(Math.floor(i / (N * C)) * M).slice(0, M).includes(true); // oxfmt-ignore
          const unused = outcome.filter((__, i) => i < B * N * C && isEmpty(i));
          expect(unused.map(Math.abs)).toEqual(unused.map(() => 0));
        },
      ),
      { numRuns: 8 },
    );
  });

  const { apply } = attentionLayer({ channels: 2, tokens: 3, heads: 2 });
  const bound = apply({ q: ones(2, 2), k: ones(3, 2), v: ones(3, 2), output: { w: ones(2, 2), b: ones(2) } });
  const [x, tokens] = [zeros(1, 4, 2), zeros(1, 5, 3)];
  test.each<[string, () => Tensor<Shape>, string]>([
    ['queries of other channels', () => bound(zeros(1, 4, 3) as never, tokens), 'attentionLayer: expected a tensor of 2 channels, got [1, 4, 3]'],
    ['tokens of other channels', () => bound(x, zeros(1, 5, 2) as never), 'attentionLayer: tokens: expected a tensor of 3 channels, got [1, 5, 2]'],
    ['no tokens', () => bound(x, undefined as never), 'attentionLayer: tokens: expected a tensor, got nothing'],
    ['a mask of another length', () => bound(x, tokens, constantOf(Uint8Array.of(1, 1), 1, 2) as never), 'attentionLayer: mask: expected a boolean for each of [1, 5, 3], bool [1, 5], got bool [1, 2]'],
    ['a mask of numbers', () => bound(x, tokens, zeros(1, 5) as never), 'attentionLayer: mask: expected a boolean for each of [1, 5, 3], bool [1, 5], got float32 [1, 5]'],
  ])('refuses %s', async (_, build, message) => {
    expect(await outcomeOf(build)()).toMatchObject({ left: { _tag: 'ShapeError', message: expect.stringContaining(message) } });
  }); // oxfmt-ignore
});
