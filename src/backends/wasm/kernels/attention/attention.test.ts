import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import type { MatrixStrides } from '../gemm.js';
import type { KernelForm } from '../functions.js';
import { arena, denseStrides, describeKernels, numbers, placesOf, relativeError } from '../testing.js';
import { attention, attentionScratchElements } from './attention.js';
import { attentionGradient, attentionGradientScratchElements } from './gradient.js';
import { range } from '../../assembler/numbers.js';

interface Extents {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
}

/** Orders of the axes batch, tokens, heads and depth in memory, outermost first. */
const ORDERS = ['bthd', 'bhtd', 'bhdt', 'dthb'] as const;

interface Case extends Extents {
  readonly orders: readonly (typeof ORDERS)[number][];
  readonly gap: number;
  readonly seed: number;
  /** The magnitude of the scores; large scores make the weights of most keys 0. */
  readonly size: number;
}

const small: fc.Arbitrary<Case> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  heads: fc.integer({ min: 1, max: 4 }),
  queries: fc.integer({ min: 1, max: 29 }),
  keys: fc.integer({ min: 1, max: 29 }),
  depth: fc.integer({ min: 1, max: 21 }),
  orders: fc.array(fc.constantFrom(...ORDERS), { minLength: 4, maxLength: 4 }),
  gap: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 0, max: 1000 }),
  size: fc.constantFrom(0.3, 3, 60),
});

/** The elements of an operand, and the strides of a batch of heads of matrices, for an order of the axes in memory. */
const layoutOf = (order: string, { batch, heads, depth }: Extents, tokens: number, gap: number) => {
  const extents: Readonly<Record<string, number>> = { b: batch, h: heads, t: tokens, d: depth };
  const axes = [...order];
  const padded = axes.map((axis, place) => extents[axis]! + (place === axes.length - 1 ? gap : 0));
  const strides = denseStrides(padded);
  const of = (axis: string): number => strides[order.indexOf(axis)]!;
  return {
    elements: padded.reduce((a, b) => a * b, 1),
    strides: { batch: [of('b'), of('h')], row: of('t'), column: of('d') },
  };
};

type Matrix = readonly (readonly number[])[];

/** The matrix of a head, in float64. */
const matrixOf = (
  values: ArrayLike<number>,
  s: MatrixStrides,
  b: number,
  h: number,
  rows: number,
  columns: number,
): Matrix =>
  range(rows).map((r) =>
    range(columns).map((c) => values[b * s.batch[0]! + h * s.batch[1]! + r * s.row + c * s.column]!),
  );

const transposed = (x: Matrix): Matrix => x[0]!.map((_, c) => x.map((row) => row[c]!));
const times = (x: Matrix, y: Matrix): Matrix => {
  const columns = transposed(y);
  return x.map((row) =>
    columns.map((column) => {
      let sum = 0;
      for (let i = 0; i < row.length; i++) sum += row[i]! * column[i]!;
      return sum;
    }),
  );
};
const softmax = (row: readonly number[]): readonly number[] => {
  const most = Math.max(...row);
  const e = row.map((s) => Math.exp(s - most));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / sum);
};

/** Runs both kernels. Returns their results and the expected ones, with the sizes of their terms, head by head. */
const run = (form: KernelForm, given: Case) => {
  const { batch, heads, queries, keys, depth, seed, size, gap } = given;
  const scale = 1 / Math.sqrt(depth);
  const [qs, ks, vs, ds] = [queries, keys, keys, queries].map((tokens, i) => layoutOf(given.orders[i]!, given, tokens, gap)) as [Layout, Layout, Layout, Layout]; // oxfmt-ignore
  const q = numbers(seed, qs.elements).map((x) => Math.fround(size * x));
  const k = numbers(seed + 1, ks.elements);
  const v = numbers(seed + 2, vs.elements);
  const dy = numbers(seed + 3, ds.elements);
  const row = heads * depth + gap;
  const result = (tokens: number): MatrixStrides => ({ batch: [tokens * row, depth], row, column: 1 });
  const common = { batch: [batch, heads], queries, keys, depth, scale, q: qs.strides, k: ks.strides, v: vs.strides };
  const forward = { ...common, y: result(queries) };
  const backward = { ...common, dy: ds.strides, gradients: result(queries + 2 * keys) };
  const { put, reserve, read, run: execute } = arena();
  const addresses = { q: put(q), k: put(k), v: put(v), dy: put(dy) };
  const [ofY, ofGradients] = [batch * queries * row, batch * (queries + 2 * keys) * row];
  const [y, gradients] = [reserve(ofY), reserve(ofGradients)];
  const scratch = reserve(attentionScratchElements(forward));
  const gradientScratch = reserve(attentionGradientScratchElements(backward));
  execute(attention(forward, placesOf({ ...addresses, y, scratch })), form);
  execute(attentionGradient(backward, placesOf({ ...addresses, gradients, scratch: gradientScratch })), form);
  const [yRead, gradientsRead] = [read(y, ofY), read(gradients, ofGradients)];
  const found = range(batch).flatMap((b) =>
    range(heads).map((h) => {
      const [Q, K, V, G] = [
        matrixOf(q, qs.strides, b, h, queries, depth),
        matrixOf(k, ks.strides, b, h, keys, depth),
        matrixOf(v, vs.strides, b, h, keys, depth),
        matrixOf(dy, ds.strides, b, h, queries, depth),
      ];
      const P = times(Q, transposed(K)).map((scores) => softmax(scores.map((s) => s * scale)));
      const dP = times(G, transposed(V));
      const dS = P.map((p, i) => {
        const dot = p.reduce((sum, x, j) => sum + x * dP[i]![j]!, 0);
        return p.map((x, j) => scale * x * (dP[i]![j]! - dot));
      });
      const expected = [...times(P, V), ...times(dS, K), ...times(transposed(dS), Q), ...times(transposed(P), G)];
      const actual = [
        ...matrixOf(yRead, forward.y, b, h, queries, depth),
        ...matrixOf(gradientsRead, backward.gradients, b, h, queries + 2 * keys, depth),
      ];
      return { expected: expected.flat(), actual: actual.flat(), largest: size };
    }),
  );
  const untouched = [yRead, gradientsRead].flatMap((values) => [...values.filter((_, i) => i % row >= row - gap)]);
  return { found, untouched };
};
type Layout = ReturnType<typeof layoutOf>;

const expectAgreement = (form: KernelForm, given: Case): void => {
  const { found, untouched } = run(form, given);
  // scores are rounded relative to their size, which the softmax makes an absolute error
  const tolerance = 1e-6 * (1 + given.size) * (1 + Math.log2(given.keys + given.queries));
  for (const { actual, expected, largest } of found)
    expect(relativeError(actual, expected, [Math.max(1, largest)])).toBeLessThan(tolerance);
  expect(untouched.every(Number.isNaN)).toBe(true);
};

const plain = { orders: ['bthd', 'bthd', 'bthd', 'bthd'], gap: 0, seed: 1, size: 3 } as const;

describeKernels('attention and its gradient', (form) => {
  test.prop([small])('agree with float64 for any strides, and write nothing else', (given) => {
    expectAgreement(form, given);
  });

  test('agree with float64 for one large head, whose blocks are divided', () => {
    expectAgreement(form, { ...plain, batch: 1, heads: 1, queries: 700, keys: 900, depth: 24 });
  });

  test('agree with float64 for many keys, in several passes', () => {
    expectAgreement(form, { ...plain, batch: 2, heads: 5, queries: 3, keys: 1300, depth: 7 });
  });

  test('are NaN exactly where an operand is NaN', () => {
    const { put, reserve, read, run: execute } = arena();
    const strides: MatrixStrides = { batch: [4], row: 2, column: 1 };
    const problem = {
      batch: [1],
      queries: 2,
      keys: 2,
      depth: 2,
      scale: 1,
      q: strides,
      k: strides,
      v: strides,
      y: strides,
    };
    const [q, k, v] = [put([NaN, 0, 1, 2]), put([1, 2, 3, 4]), put([5, 6, 7, 8])];
    const [y, scratch] = [reserve(4), reserve(attentionScratchElements(problem))];
    execute(attention(problem, placesOf({ q, k, v, y, scratch })), form);
    expect([...read(y, 4)].map(Number.isNaN)).toEqual([true, true, false, false]);
  });
});
