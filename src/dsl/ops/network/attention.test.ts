import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E, F } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { dims, type Shape, type Tensor } from '../../graph/tensor.js';
import { attention } from './attention.js';
import { constantOf, zeros } from '../constants.js';

type Numbers = readonly number[];
type Image = Tensor<[number, number, number, number]>;

/** Equation 1 of Vaswani et al. for each query and head: `[B, N, C]` and `[B, M, C]`. */
const plainly = (q: Numbers, k: Numbers, v: Numbers, [B, N, M, C, heads]: readonly [number, number, number, number, number]): Numbers => {
  const d = C / heads;
  const result: number[] = Array.from({ length: B * N * C }, () => 0);
  for (let b = 0; b < B; b++)
    for (let n = 0; n < N; n++)
      for (let h = 0; h < heads; h++) {
        const at = (tokens: number, token: number, c: number): number => (b * tokens + token) * C + h * d + c;
        const scores = Array.from({ length: M }, (_, m) => {
          let score = 0;
          for (let c = 0; c < d; c++) score += q[at(N, n, c)]! * k[at(M, m, c)]!;
          return Math.exp(score / Math.sqrt(d));
        });
        const all = scores.reduce((a, b) => a + b, 0);
        for (let c = 0; c < d; c++)
          result[at(N, n, c)] = scores.reduce((sum, score, m) => sum + (score / all) * v[at(M, m, c)]!, 0);
      }
  return result;
}; // prettier-ignore

const wave = (length: number, phase: number): Numbers =>
  Array.from({ length }, (_, i) => Math.fround(1.5 * Math.sin(1.7 * i + phase)));

describe('attention and its gradient equal the formula for each head', () => {
  const cases: readonly (readonly [string, readonly number[], readonly number[], number])[] = [
    ['of an image', [2, 2, 3, 4], [2, 2, 3, 4], 2],
    ['of tokens', [2, 5, 6], [2, 5, 6], 3],
    ['of tokens to fewer', [2, 5, 4], [2, 3, 4], 2],
    ['of an image to tokens', [2, 2, 2, 4], [2, 3, 4], 1],
    ['of tokens to an image', [1, 3, 4], [1, 2, 2, 4], 4],
    ['to one token', [1, 3, 2], [1, 1, 2], 1],
  ];
  test.each(cases)('%s', async (_, ofQ, ofK, heads) => {
    const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
    const [q, k, v] = [wave(size(ofQ), 1), wave(size(ofK), 2), wave(size(ofK), 3)];
    const [B, C] = [ofQ[0]!, ofQ.at(-1)!];
    await expectOperation(
      // of the ranks of the case
      (a: Image, b: Image, c: Image) => attention(a, b, c, { heads }) as Tensor<Shape>,
      [floats(q, ...ofQ), floats(k, ...ofK), floats(v, ...ofK)],
      plainly(q, k, v, [B, size(ofQ) / (B * C), size(ofK) / (B * C), C, heads]),
    );
  });

  test('at random extents', async () => {
    const extent = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, extent, extent, async (B, N, M, d, heads) => {
        const C = d * heads;
        const [q, k, v] = [wave(B * N * C, 1), wave(B * M * C, 2), wave(B * M * C, 3)];
        const context = (x: Numbers) => constantOf(x, B, M, C);
        const values = await numbersOf(() =>
          F.pipe(constantOf(q, B, N, C), attention(context(k), context(v), { heads })),
        );
        plainly(q, k, v, [B, N, M, C, heads]).forEach((x, i) => expect(values[i]).toBeCloseTo(x, 10));
      }),
      { numRuns: 30 },
    );
  });
});

describe('attention', () => {
  test('is the mean of the values for equal keys', async () => {
    const v = () => constantOf([1, 2, 3, 4], 1, 2, 2);
    expect(await numbersOf(() => attention(v(), zeros(1, 2, 2), v(), { heads: 2 }))).toEqual([2, 3, 2, 3]);
  });

  test('has the shape of the queries', () => {
    const [image, text] = [zeros(1, 2, 2, 6), zeros(1, 7, 6)];
    expect(dims(attention(image, text, text, { heads: 3 }))).toEqual([1, 2, 2, 6]);
    expect(dims(attention(text, image, image, { heads: 3 }))).toEqual([1, 7, 6]);
  });

  const x = zeros(1, 2, 2, 6);
  const other = (shape: readonly number[]): Image => zeros(...shape) as Tensor<Shape> as Image;
  test.each<[string, () => unknown, string]>([
    ['heads that do not divide the channels', () => attention(x, x, x, { heads: 4 }), 'divides the 6 channels'],
    ['no heads', () => attention(x, x, x, { heads: 0 }), 'divides the 6 channels'],
    ['keys with other channels', () => attention(other([1, 2, 2, 6]), other([1, 7, 4]), other([1, 7, 4]), { heads: 2 }), 'k with the samples and channels of q'],
    ['keys of another batch', () => attention(other([1, 2, 2, 6]), other([2, 7, 6]), other([2, 7, 6]), { heads: 2 }), 'k with the samples and channels of q'],
    ['values of another length', () => attention(other([1, 2, 2, 6]), other([1, 7, 6]), other([1, 6, 6]), { heads: 2 }), 'v in the shape of k'],
    ['a matrix', () => attention(other([2, 6]), other([2, 6]), other([2, 6]), { heads: 2 }), 'q as tokens'],
  ])('rejects %s', (_, build, expected) => {
    const made = attempt(build);
    expect(made).toMatchObject(E.left({ _tag: 'ShapeError' }));
    expect(E.isLeft(made) && made.left.expected).toContain(expected);
  }); // prettier-ignore
});
