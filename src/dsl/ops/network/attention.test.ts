import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersOf, relativeDistance } from '../../../../properties/diffusion/run.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { reference } from '../../../backends/reference/index.js';
import { tfjs } from '../../../backends/tfjs/index.js';
import { wasm } from '../../../backends/wasm/index.js';
import {
  attention, compile, concatAll, constantOf, type Dim, dims, grad, mul, program, reshape, type Scalar, type Shape, square, sub, sum, type Tensor, using, vmap, zeros,
} from '../../index.js'; // oxfmt-ignore

type Numbers = readonly number[];
type Image = Tensor<[number, number, number, number]>;
type Keys = Tensor<[1, 7, 8]>;
type Tokens = Tensor<[Dim, Dim, Dim]>;

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
}; // oxfmt-ignore

const wave = (length: number, phase: number): Numbers =>
  Array.from({ length }, (_, i) => Math.fround(1.5 * Math.sin(1.7 * i + phase)));

describe('attention and its gradient equal the formula for each head', () => {
  const cases: readonly (readonly [string, readonly number[], readonly number[], number])[] = [
    ['of an image', [2, 2, 3, 4], [2, 2, 3, 4], 2],
    ['of tokens', [2, 5, 6], [2, 5, 6], 3],
    ['of tokens to fewer tokens', [2, 5, 4], [2, 3, 4], 2],
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
        const values = await numbersOf(() => attention(constantOf(q, B, N, C), context(k), context(v), { heads }));
        plainly(q, k, v, [B, N, M, C, heads]).forEach((x, i) => expect(values[i]).toBeCloseTo(x, 10));
      }),
      { numRuns: 30 },
    );
  });
});

describe('on wasm, which stores no scores', () => {
  const context = (phase: number) => constantOf(wave(2 * 34 * 20, phase), 2, 34, 20);
  const given = () => ({ q: constantOf(wave(2 * 21 * 20, 1), 2, 21, 20), k: context(2), v: context(3) });
  type Given = ReturnType<typeof given>;
  const loss = ({ q, k, v }: Given): Scalar => sum(square(attention(q, k, v, { heads: 4 })));
  const together = ({ q, k, v }: Given) => concatAll([q, k, v], 1);

  test('the gradients are those of the reference', async () => {
    const gradients = () => together(grad(loss)(given()));
    const [actual, expected] = [await numbersOf(gradients, wasm()), await numbersOf(gradients)];
    expect(actual).toHaveLength(2 * (21 + 34 + 34) * 20);
    expect(relativeDistance(actual, expected)).toBeLessThan(1e-6);
  });

  test('the second derivatives are those of the reference', async () => {
    const curvature = () => together(grad((p: Given) => sum(square(together(grad(loss)(p)))))(given()));
    expect(relativeDistance(await numbersOf(curvature, wasm()), await numbersOf(curvature))).toBeLessThan(1e-5);
  });

  test('vmap is attention of each example', async () => {
    const mapped = () => {
      const { q, k } = given();
      const one = (p: { readonly x: Tensor<[21, 20]>; readonly y: Tensor<[34, 20]> }) => {
        const y = reshape(p.y, 1, 34, 20);
        return reshape(attention(reshape(p.x, 1, 21, 20), y, y, { heads: 4 }), 21, 20);
      };
      return sub(vmap(one)({ x: q, y: k }), attention(q, k, k, { heads: 4 }));
    };
    expect(await numbersOf(mapped, wasm())).toEqual(Array.from({ length: 2 * 21 * 20 }, () => 0));
  });

  test('scores do not overflow before they are scaled', async () => {
    const huge = () => constantOf([1.5e19, 1.5e19, 0, 0], 1, 1, 4);
    expect(await numbersOf(() => attention(huge(), huge(), huge(), { heads: 1 }), wasm())).toEqual(
      [1.5e19, 1.5e19, 0, 0].map(Math.fround),
    );
  });

  test.each([NaN, Infinity, -Infinity])(
    '%d in an operand gives NaN and infinity at the same elements as on the reference',
    async (value) => {
      for (const name of ['q', 'k', 'v', 'g'] as const) {
        const build = () => {
          const operand = (of: string, n: number, phase: number) =>
            wave(n, phase).map((x, i) => (of === name && i === 3 ? value : x));
          const q = constantOf(operand('q', 40, 1), 1, 5, 8);
          const [k, v] = (['k', 'v'] as const).map((of, i) => constantOf(operand(of, 56, 2 + i), 1, 7, 8)) as [
            Keys,
            Keys,
          ];
          const g = constantOf(operand('g', 40, 4), 1, 5, 8);
          const weighted = (p: { readonly q: typeof q; readonly k: Keys; readonly v: Keys }) =>
            sum(mul(attention(p.q, p.k, p.v, { heads: 2 }), g));
          const gradients = grad(weighted)({ q, k, v });
          return concatAll([attention(q, k, v, { heads: 2 }), gradients.q, gradients.k, gradients.v], 1);
        };
        const special = (numbers: readonly number[]) => numbers.map((x) => (Number.isFinite(x) ? 0 : x));
        expect(special(await numbersOf(build, wasm()))).toEqual(special(await numbersOf(build)));
      }
    },
  );

  test('plans hold no scores', async () => {
    const f = program({ q: '1 512 8', k: '1 512 8' }, ({ q, k }) =>
      grad((x: Tensor<[1, 512, 8]>) => sum(attention(x, k, k, { heads: 1 })))(q),
    );
    const result = await using(wasm())(compile(f, {}))();
    expect(E.isRight(result) && result.right.plan.arenaElements).toBeLessThan(200_000);
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
    ['heads that do not divide the channels', () => attention(x, x, x, { heads: 4 as number }), 'divides the 6 channels'],
    ['no heads', () => attention(x, x, x, { heads: 0 as number }), 'divides the 6 channels'],
    ['keys with other channels', () => attention(other([1, 2, 2, 6]), other([1, 7, 4]), other([1, 7, 4]), { heads: 2 }), 'k with the samples and channels of q'],
    ['keys of another batch', () => attention(other([1, 2, 2, 6]), other([2, 7, 6]), other([2, 7, 6]), { heads: 2 }), 'k with the samples and channels of q'],
    ['values of another length', () => attention(other([1, 2, 2, 6]), other([1, 7, 6]), other([1, 6, 6]), { heads: 2 }), 'v in the shape of k'],
    ['a matrix', () => attention(other([2, 6]), other([2, 6]), other([2, 6]), { heads: 2 }), 'q as tokens'],
  ])('rejects %s', (_, build, expected) => {
    const result = attempt(build);
    expect(result).toMatchObject(E.left({ _tag: 'ShapeError' }));
    expect(E.isLeft(result) && result.left.expected).toContain(expected);
  }); // oxfmt-ignore
});

describe('attention with a mask', () => {
  const extent = fc.integer({ min: 1, max: 4 });
  const someCase = fc.tuple(extent, extent, extent, extent, extent).chain(([B, N, M, d, heads]) =>
    fc.record({
      extents: fc.constant([B, N, M, d * heads, heads] as const),
      isKey: fc.array(fc.boolean(), { minLength: B * M, maxLength: B * M }),
    }),
  );
  const bits = (isKey: readonly boolean[]): Uint8Array => Uint8Array.from(isKey, Number);

  test('is that to the keys of the mask alone, and 0 without a key, with its gradients', async () => {
    await fc.assert(
      fc.asyncProperty(someCase, async ({ extents: [B, N, M, C, heads], isKey }) => {
        const [q, k, v] = [wave(B * N * C, 1), wave(B * M * C, 2), wave(B * M * C, 3)];
        const expected = Array.from({ length: B }, (_, b) => {
          const keysOf = (x: Numbers): Numbers =>
            x.filter((__, i) => Math.floor(i / (M * C)) === b && isKey[Math.floor(i / C)]);
          const keys = keysOf(k);
          return plainly(q.slice(b * N * C, (b + 1) * N * C), keys, keysOf(v), [1, N, keys.length / C, C, heads]);
        });
        await expectOperation(
          (a: Tokens, b: Tokens, c: Tokens) => attention(a, b, c, { heads, mask: constantOf(bits(isKey), B, M) }),
          [floats(q, B, N, C), floats(k, B, M, C), floats(v, B, M, C)],
          expected.flat(),
        );
      }),
      { numRuns: 15 },
    );
  });

  test.each([
    ['reference', reference()],
    ['wasm', wasm()],
    ['tfjs', tfjs('cpu')],
  ])('has the same bits, and the same gradients, for any numbers in masked keys: %s', async (_, backend) => {
    await fc.assert(
      fc.asyncProperty(
        someCase,
        fc.constantFrom(NaN, Infinity, 1e38),
        async ({ extents: [B, N, M, C, heads], isKey }, other) => {
          const of = (p: { readonly q: Tokens; readonly k: Tokens; readonly v: Tokens }) =>
            attention(p.q, p.k, p.v, { heads, mask: constantOf(bits(isKey), B, M) });
          /** The result, and the gradients of q, k and v, with another number in the masked keys. */
          const outcomeWith = (number?: number) => {
            const context = (phase: number) => {
              const numbers = wave(B * M * C, phase).map((x, i) => (isKey[Math.floor(i / C)] ? x : (number ?? x)));
              return constantOf(numbers, B, M, C);
            };
            return numbersOf(() => {
              const operands = { q: constantOf(wave(B * N * C, 1), B, N, C), k: context(2), v: context(3) };
              const { q, k, v } = grad((p: typeof operands) => sum(square(of(p))))(operands);
              return concatAll([of(operands), q, k, v], 1);
            }, backend);
          };
          const outcome = await outcomeWith();
          expect(await outcomeWith(other)).toEqual(outcome);
          const rows = 2 * (N + M); // of each sample: the result, then the gradients
          const unused = outcome.filter((_, i) => {
            const [b, row] = [Math.floor(i / (rows * C)), Math.floor(i / C) % rows];
            const keys = isKey.slice(b * M, (b + 1) * M);
            return row < 2 * N ? !keys.includes(true) : !keys[(row - 2 * N) % M];
          });
          expect(unused.map(Math.abs)).toEqual(unused.map(() => 0));
        },
      ),
      { numRuns: 12 },
    );
  });

  test.each([
    ['reference', reference()],
    ['wasm', wasm()],
  ])('a key of the lowest score outweighs a masked key: %s', async (_, backend) => {
    const [k, v] = [constantOf([-1.7e19, 1], 1, 2, 1), constantOf([5, 7], 1, 2, 1)]; // a score of -2.9e38
    const mask = constantOf(Uint8Array.of(1, 0), 1, 2);
    const build = () => attention(constantOf([1.7e19], 1, 1, 1), k, v, { heads: 1, mask });
    expect(await numbersOf(build, backend)).toEqual([5]);
  });

  const [q, k] = [zeros(1, 2, 4), zeros(1, 3, 4)];
  test.each<[string, () => unknown]>([
    ['of numbers', () => attention(q, k, k, { heads: 2, mask: zeros(1, 3) as never })],
    ['of the queries', () => attention(q, k, k, { heads: 2, mask: constantOf(Uint8Array.of(1, 1), 1, 2) as never })],
  ])('rejects a mask %s', (_, build) => {
    expect(attempt(build)).toMatchObject(
      E.left({
        _tag: 'ShapeError',
        where: 'attention: mask',
        expected: 'a boolean for each of [1, 3, 4], bool [1, 3]',
      }),
    );
  });
});
