import { describe, expect, test } from 'vitest';
import { right } from '../../../../properties/diffusion/run.js';
import type { Capabilities } from '../../plan/backend.js';
import {
  add, ascribe, concatAll, flip, matmul, mul, program, reshape, slice, sum, type Tensor,
} from '../../index.js'; // oxfmt-ignore
import { offsetOf, type Plan } from '../../plan/plan.js';
import { plan } from '../planning.js';

const FUSING: Capabilities = { fuses: true, composites: [], alignment: 16, scratchElements: () => 0 };

type Square = Tensor<[8, 8]>;
type Squares = { readonly x: Square; readonly y: Square };

const planOf = (f: (given: Squares) => Tensor<[128]>, donate: readonly ('x' | 'y')[] = []): Plan =>
  right(plan(program({ x: '8 8', y: '8 8' }, f), {}, FUSING, donate)).plan;

/** The kinds of the calls, and the offsets of buffers that are parts of others. */
const summaryOf = ({ calls, buffers }: Plan) => ({
  calls: calls.map(({ kind }) => kind).join(' '),
  parts: buffers.flatMap(({ partOf, storage }) => (partOf && storage.kind === 'arena' ? [partOf.offset] : [])),
  ofInputs: buffers.flatMap(({ partOf, storage }) => (partOf && storage.kind === 'input' ? [storage] : [])),
});

const flat = (x: Square) => reshape(x, 64);
/** Reads all elements, so that x itself is not an output. */
const scaled = (x: Tensor<[128]>): Tensor<[128]> => mul(x, sum(x));
const both = (a: Tensor<[64]>, b: Tensor<[64]>): Tensor<[128]> => ascribe(concatAll([a, b], 0), 128);

describe('a concatenation', () => {
  test('computes its operands in place', () => {
    const planned = planOf(({ x, y }) => scaled(both(flat(matmul(y, x)), flat(matmul(x, y)))));
    expect(summaryOf(planned)).toMatchObject({ calls: 'anchor anchor region region', parts: [0, 64] });
    for (const { partOf, storage } of planned.buffers)
      if (partOf !== undefined)
        expect(offsetOf(storage)).toBe(offsetOf(planned.buffers[partOf.buffer]!.storage) + partOf.offset);
  });

  test('copies an operand with another use', () => {
    const planned = planOf(({ x, y }) => {
      const [xy, yx] = [flat(matmul(y, x)), flat(matmul(x, y))];
      return add(scaled(both(xy, yx)), both(xy, xy));
    });
    expect(summaryOf(planned).parts).toEqual([64]);
  });

  test('copies an operand with another order of elements', () => {
    const planned = planOf(({ x, y }) => scaled(both(flat(flip(matmul(y, x), 0) as Square), flat(matmul(x, y)))));
    expect(summaryOf(planned).parts).toEqual([64]);
  });

  test('copies an operand that ends at an unaligned offset', () => {
    const planned = planOf(({ x, y }) => {
      const column = reshape(slice(flat(x), 0, 0, 9), 9, 1);
      const nine = reshape(matmul(column, reshape(sum(y), 1, 1)), 9);
      const rest = reshape(slice(flat(x), 0, 9, 55), 55);
      return scaled(ascribe(concatAll([flat(matmul(y, x)), nine, rest], 0), 128));
    });
    expect(summaryOf(planned).parts).toEqual([0]);
  });

  test('copies an operand that begins at an unaligned offset', () => {
    const planned = planOf(({ x, y }) => {
      const row = reshape(slice(x, 0, 0, 1), 8);
      const rest = reshape(slice(x, 0, 1, 7), 56);
      return scaled(ascribe(concatAll([row, flat(matmul(x, y)), rest], 0), 128));
    });
    expect(summaryOf(planned).parts).toEqual([]);
  });
});

describe('a slice of an input', () => {
  const halves = (x: Square) => [0, 4].map((start) => slice(x, 0, start, 4)) as readonly Tensor<[4, 8]>[];

  test('is read as an input at an offset', () => {
    const planned = planOf(({ x, y }) => {
      const [top, bottom] = halves(y) as [Tensor<[4, 8]>, Tensor<[4, 8]>];
      return reshape(concatAll([matmul(top, x), matmul(bottom, x), y], 0), 128);
    });
    expect(planned.inputs.map(({ path }) => path)).toEqual(['x', 'y']);
    expect(summaryOf(planned).ofInputs).toEqual([
      { kind: 'input', input: 1, offset: 0 },
      { kind: 'input', input: 1, offset: 32 },
    ]);
  });
});

describe('a slice of a concatenation', () => {
  const rows = (start: number, size: number) =>
    planOf(({ x, y }) => {
      const joined = concatAll([matmul(x, y), y, matmul(y, x)], 0) as Tensor<[24, 8]>;
      const some = slice(joined, 0, start, size) as Tensor<[8, 8]>;
      return ascribe(concatAll([flat(some), flat(some)], 0), 128);
    });

  test.each([
    [0, 8, 1],
    [8, 8, 0],
    [16, 8, 1],
    [12, 8, 2], // crosses operands: all are computed
  ])('from row %d of %d rows computes the operands that it reads', (start, size, products) => {
    expect(rows(start, size).calls.filter(({ kind }) => kind === 'anchor')).toHaveLength(products);
  });
});
