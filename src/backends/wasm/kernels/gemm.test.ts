import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { gemm, type GemmProblem, gemmScratchElements, type MatrixStrides } from './gemm.js';
import type { KernelForm } from './functions.js';
import { arena, denseStrides, describeKernels, numbers, placesOf, relativeError } from './testing.js';

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
  seed: fc.integer({ min: 0, max: 1000 }),
});
type Shapes = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

/** Runs a product. Returns all of C's memory, and its expected content from float64. */
const runProduct = (form: KernelForm, { batch, m, n, k, orderA, orderB, gap, seed }: Shapes) => {
  const extentsA = { batch, row: m, column: k };
  const extentsB = { batch, row: k, column: n };
  const valuesA = numbers(seed, sizeOf(orderA, extentsA, gap));
  const valuesB = numbers(seed + 1, sizeOf(orderB, extentsB, gap));
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
  };
  const expected = before.slice();
  const sizes = before.map(Math.abs);
  const [strideA, strideB] = [problem.a.column, problem.b.row];
  for (let image = 0; image < batch; image += 1)
    for (let i = 0; i < m; i += 1)
      for (let j = 0; j < n; j += 1) {
        const a = image * problem.a.batch[0]! + i * problem.a.row;
        const b = image * problem.b.batch[0]! + j * problem.b.column;
        let sum = 0;
        let size = 0;
        for (let p = 0; p < k; p += 1) {
          const term = valuesA[a + p * strideA]! * valuesB[b + p * strideB]!;
          sum += term;
          size += Math.abs(term);
        }
        const place = image * m * rowC + i * rowC + j;
        expected[place] = sum;
        sizes[place] = size;
      }
  const { put, reserve, read, run } = arena();
  const c = put(before);
  const places = { a: put(valuesA), b: put(valuesB), c, scratch: reserve(gemmScratchElements(problem)) };
  run(gemm(problem, placesOf(places)), form);
  return { actual: read(c, before.length), expected, sizes };
};

describeKernels('gemm', (form) => {
  test.prop([shapes], { numRuns: 200 })('agrees with float64 and writes nothing else', (shape) => {
    const { actual, expected, sizes } = runProduct(form, shape);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  const dense = { orderA: ['batch', 'row', 'column'], orderB: ['batch', 'row', 'column'] } as const;
  const transposed = { orderA: ['batch', 'column', 'row'], orderB: ['batch', 'column', 'row'] } as const;
  const rest = { batch: 1, gap: 1, seed: 5 };

  test.each([
    ['more rows than a block', { m: 1030, n: 9, k: 20, ...dense }],
    ['a sum longer than one pass', { m: 13, n: 12, k: 1101, ...dense }],
    ['both, transposed', { m: 301, n: 12, k: 514, ...transposed }],
    ['many columns', { m: 130, n: 300, k: 70, ...dense }],
  ])('%s', (_, shape) => {
    const { actual, expected, sizes } = runProduct(form, { ...rest, ...shape });
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test.each([3, 40])('a batch of %i products', (batch) => {
    const { actual, expected, sizes } = runProduct(form, { ...rest, batch, m: 33, n: 20, k: 30, ...transposed });
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test('shares an operand with batch stride 0; a batch may have several axes', () => {
    const { put, reserve, read, run } = arena();
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
    const places = {
      a: put([1, 2, 3, 4]),
      b: put([10, 20, 30, 40]),
      c,
      scratch: reserve(gemmScratchElements(problem)),
    };
    run(gemm(problem, placesOf(places)), form);
    expect([...read(c, 4)]).toEqual([50, 110, 110, 250]);
  });
});
