import { describe, expect, test } from 'vitest';
import { expectOperation, floats, integers } from '../../../../properties/expectOperation.js';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { type Dim, dims, type Shape, type Tensor } from '../../graph/tensor.js';
import { constantOf, iota, ones, scalar, zeros } from '../constants.js';
import { roll } from '../shape/slicing.js';
import { argsort, sort, take, takeAlong } from './indexing.js';

const xs = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
/** `xs` as [2, 3, 2]. */
const at = (i: number, j: number, k: number): number => xs[(i * 3 + j) * 2 + k]!;

describe('roll', () => {
  test.each([-7, -1, 0, 1, 2, 3, 10])('by %d', async (by) => {
    const source = (j: number): number => (((j - by) % 3) + 3) % 3;
    await expectOperation(
      (x: Tensor<[2, 3, 2]>) => roll(x, 1, by),
      [floats(xs, 2, 3, 2)],
      xs.map((_, n) => at(Math.floor(n / 6), source(Math.floor(n / 2) % 3), n % 2)),
    );
  });

  test('accepts an empty axis, and rejects fractions', () => {
    expect(dims(roll(zeros(0, 2), 0, 1))).toEqual([0, 2]);
    for (const wrong of [() => roll(ones(2, 2), 2 as number, 1), () => roll(ones(2, 2), 0, 0.5)])
      expect(attempt(wrong)).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});

describe('take', () => {
  test.each([0, 1, 2, -1])('along axis %d, clamped', async (axis) => {
    const along = axis < 0 ? axis + 3 : axis;
    const indices = [1, 0, 7, -2];
    const size = (a: number): number => (a === along ? 4 : [2, 3, 2][a]!);
    const range = (a: number): readonly number[] => [...Array.from({ length: size(a) }).keys()];
    const source = (a: number, i: number): number =>
      a === along ? Math.min([2, 3, 2][a]! - 1, Math.max(0, indices[i]!)) : i;
    const expected = range(0).flatMap((i) =>
      range(1).flatMap((j) => range(2).map((k) => at(source(0, i), source(1, j), source(2, k)))),
    );
    await expectOperation(
      (x: Tensor<[2, 3, 2]>, i: Tensor<[4], 'int32'>): Tensor<Shape> => take(x, axis as number, i),
      [floats(xs, 2, 3, 2), integers(indices)],
      expected,
    );
  });

  test('rejects an empty axis', () => {
    expect(attempt(() => take(zeros(2, 0), 1, iota(2)))).toMatchObject(E.left({ _tag: 'ShapeError' }));
    expect(attempt(() => take(scalar(1), 0 as number, iota(2)))).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});

describe('takeAlong', () => {
  test('takes from each row at its own clamped indices', async () => {
    const indices = [0, 1, 2, 2, -1, 9, 1, 1];
    const row = (n: number): number => Math.min(2, Math.max(0, indices[n]!));
    await expectOperation(
      (x: Tensor<[2, 3, 2]>, i: Tensor<[2, 2, 2], 'int32'>) => takeAlong(x, 1, i),
      [floats(xs, 2, 3, 2), integers(indices, 2, 2, 2)],
      indices.map((_, n) => at(Math.floor(n / 4), row(n), n % 2)),
    );
  });

  test('rejects another number of rows and another rank', () => {
    const wide = ones(3, 2) as Tensor<[Dim, Dim]>;
    const indices = constantOf(Int32Array.of(0, 0), 2, 1) as Tensor<[2, 1], 'int32'>;
    expect(attempt(() => takeAlong(wide as unknown as Tensor<[2, Dim]>, 1, indices))).toMatchObject(
      E.left({ _tag: 'ShapeError', where: 'takeAlong' }),
    );
    expect(attempt(() => takeAlong(wide as unknown as Tensor<[Dim]>, 0, iota(2)))).toMatchObject(
      E.left({ _tag: 'ShapeError', where: 'takeAlong' }),
    );
  });
});

describe('sort', () => {
  const rows = [3, -1, 2, 2.5, 0.5, -4, 7, 1];
  const sorted = (row: readonly number[]): readonly number[] => [...row].sort((a, b) => a - b);

  test('is ascending along the last axis', async () => {
    await expectOperation(
      (x: Tensor<[2, 4]>) => sort(x),
      [floats(rows, 2, 4)],
      [...sorted(rows.slice(0, 4)), ...sorted(rows.slice(4))],
    );
  });

  test('is stable', async () => {
    const [equals, places] = [
      [2, 1, 2, 1, 0],
      [4, 1, 3, 0, 2],
    ];
    await expectOperation((x: Tensor<[5]>) => argsort(x), [floats(equals)], places, {
      differentiable: false,
    });
    await expectOperation((x: Tensor<[5], 'int32'>) => argsort(x), [integers(equals)], places, {
      differentiable: false,
    });
  });

  test('puts NaN at the end', async () => {
    const row = [2, NaN, -Infinity, 1];
    const constant = { differentiable: false };
    await expectOperation((x: Tensor<[4]>) => sort(x), [floats(row)], [-Infinity, 1, 2, NaN], constant);
  });

  test('accepts the smallest int32', async () => {
    const extremes = () => constantOf(Int32Array.of(0, 2147483647, -2147483648, -1), 4);
    expect(await numbersOf(() => sort(extremes()))).toEqual([-2147483648, -1, 0, 2147483647]);
  });

  test('accepts an empty axis, and rejects a scalar', () => {
    expect(dims(sort(zeros(2, 0)))).toEqual([2, 0]);
    expect(dims(argsort(zeros(0, 2)))).toEqual([0, 2]);
    const one = scalar(1) as unknown as Tensor<[1]>;
    expect(attempt(() => sort(one))).toMatchObject(E.left({ _tag: 'ShapeError', where: 'sort' }));
  });
});
