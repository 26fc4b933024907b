import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { gemmScratchElements } from './gemm.js';
import type { GemmProblem, MatrixStrides } from './gemm.js';
import { simdKernels } from './kernels.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { arena, denseStrides, describeKernels, numbers, relativeError } from './testing.js';

/** Tolerance for float32 sums of up to a few thousand products of numbers below 1. */
const approx = 1e-5;

type Axis = 'batch' | 'row' | 'column';

/**
 * Strides of a matrix with its axes in memory in `order`, outermost first, and a gap after each run of the innermost.
 */
const stridesInOrder = (
  order: readonly Axis[],
  extents: Readonly<Record<Axis, number>>,
  gap: number,
): MatrixStrides => {
  const padded = order.map((axis, place) => extents[axis] + (place === order.length - 1 ? gap : 0));
  const strides = denseStrides(padded);
  const of = (axis: Axis) => strides[order.indexOf(axis)] ?? 0;
  return { batch: [of('batch')], row: of('row'), column: of('column') };
};

const sizeOf = (order: readonly Axis[], extents: Readonly<Record<Axis, number>>, gap: number) =>
  order.reduce((size, axis, place) => size * (extents[axis] + (place === order.length - 1 ? gap : 0)), 1);

const operandOrder = fc.constantFrom<readonly Axis[]>(
  ['batch', 'row', 'column'],
  ['batch', 'column', 'row'],
  ['row', 'batch', 'column'],
  ['column', 'row', 'batch'],
);

const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  m: fc.integer({ min: 1, max: 21 }),
  n: fc.integer({ min: 1, max: 27 }),
  k: fc.integer({ min: 1, max: 35 }),
  orderA: operandOrder,
  orderB: operandOrder,
  gap: fc.integer({ min: 0, max: 3 }),
  hasBias: fc.boolean(),
  accumulate: fc.boolean(),
  seed: fc.integer({ min: 0, max: 1000 }),
});
type Shapes = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

/** Runs a product. Returns all of C's memory, and its expected content from float64. */
const run = (multiplyAdd: MultiplyAdd, { batch, m, n, k, orderA, orderB, gap, hasBias, accumulate, seed }: Shapes) => {
  const extentsA = { batch, row: m, column: k };
  const extentsB = { batch, row: k, column: n };
  const valuesA = numbers(seed, sizeOf(orderA, extentsA, gap));
  const valuesB = numbers(seed + 1, sizeOf(orderB, extentsB, gap));
  const bias = hasBias ? numbers(seed + 2, n) : undefined;
  const rowC = n + gap;
  const before = numbers(seed + 3, batch * m * rowC);
  const problem: GemmProblem = {
    m,
    n,
    k,
    batch: [batch],
    a: stridesInOrder(orderA, extentsA, gap),
    b: stridesInOrder(orderB, extentsB, gap),
    c: { batch: [m * rowC], row: rowC, column: 1 },
    accumulate,
  };
  const at = (strides: MatrixStrides, b: number, row: number, column: number) =>
    b * (strides.batch[0] ?? 0) + row * strides.row + column * strides.column;
  const expected = [...before];
  const sizes = before.map(Math.abs);
  for (let b = 0; b < batch; b += 1)
    for (let i = 0; i < m; i += 1)
      for (let j = 0; j < n; j += 1) {
        const place = at(problem.c, b, i, j);
        const terms = [bias?.[j] ?? 0, accumulate ? (before[place] ?? 0) : 0];
        for (let p = 0; p < k; p += 1)
          terms.push((valuesA[at(problem.a, b, i, p)] ?? 0) * (valuesB[at(problem.b, b, p, j)] ?? 0));
        expected[place] = terms.reduce((sum, term) => sum + term, 0);
        sizes[place] = terms.reduce((sum, term) => sum + Math.abs(term), 0);
      }
  const { memory, put, reserve, read } = arena();
  const c = put(before);
  simdKernels(memory, multiplyAdd).gemm(problem, {
    a: put(valuesA),
    b: put(valuesB),
    c,
    ...(bias === undefined ? {} : { bias: put(bias) }),
    scratch: reserve(gemmScratchElements(problem)),
  });
  return { actual: read(c, before.length), expected, sizes };
};

describeKernels('gemm', (multiplyAdd) => {
  test.prop([shapes], { numRuns: 200 })('agrees with float64 and writes nothing else', (shape) => {
    const { actual, expected, sizes } = run(multiplyAdd, shape);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  const dense = { orderA: ['batch', 'row', 'column'], orderB: ['batch', 'row', 'column'] } as const;
  const transposed = { orderA: ['batch', 'column', 'row'], orderB: ['batch', 'column', 'row'] } as const;
  const rest = { batch: 1, gap: 1, hasBias: true, accumulate: true, seed: 5 };

  test.each([
    ['more rows than a block', { m: 1030, n: 9, k: 20, ...dense }],
    ['a sum longer than one pass', { m: 13, n: 12, k: 1101, ...dense }],
    ['both, transposed', { m: 301, n: 12, k: 514, ...transposed }],
  ])('%s', (_, shape) => {
    const { actual, expected, sizes } = run(multiplyAdd, { ...rest, ...shape });
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test('shares an operand with batch stride 0; a batch may have several axes', () => {
    const { memory, put, reserve, read } = arena();
    const problem: GemmProblem = {
      m: 1,
      n: 1,
      k: 2,
      batch: [2, 2],
      a: { batch: [2, 0], row: 2, column: 1 },
      b: { batch: [0, 2], row: 1, column: 1 },
      c: { batch: [2, 1], row: 1, column: 1 },
    };
    const c = reserve(4);
    simdKernels(memory, multiplyAdd).gemm(problem, {
      a: put([1, 2, 3, 4]),
      b: put([10, 20, 30, 40]),
      c,
      scratch: reserve(gemmScratchElements(problem)),
    });
    expect(read(c, 4)).toEqual([50, 110, 110, 250]);
  });
});
