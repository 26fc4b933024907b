import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { E, F } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { type AnyTensor, dims, type Shape, type Tensor } from '../../graph/tensor.js';
import { constantOf, ones, zeros } from '../constants.js';
import {
  ascribe,
  ascribeLike,
  broadcastLike,
  broadcastTo,
  expandDims,
  reshape,
  squeeze,
  transpose,
} from './reshape.js';

const grid = (): Tensor<[2, 3]> => constantOf([1, 2, 3, 4, 5, 6], 2, 3);
const row = (): Tensor<[1, 3]> => constantOf([1, 2, 3], 1, 3);
/** Widens the type of a tensor. */
const anything = (...shape: readonly number[]): Tensor<Shape> => zeros(...shape);

describe('both forms are equal', () => {
  test.each<[string, Tensor<Shape>, Tensor<Shape>]>([
    ['reshape', reshape(grid(), 3, 2), F.pipe(grid(), reshape(3, 2))],
    ['reshape to a scalar', reshape(ones(1)), F.pipe(ones(1), reshape())],
    ['transpose', transpose(grid(), 1, 0), F.pipe(grid(), transpose(1, 0))],
    ['broadcastTo', broadcastTo(row(), 2, 3), F.pipe(row(), broadcastTo(2, 3))],
    ['broadcastLike', broadcastLike(row(), grid()), F.pipe(row(), broadcastLike(grid()))],
    ['expandDims', expandDims(grid(), 0), F.pipe(grid(), expandDims(0))],
    ['squeeze', squeeze(row(), 0), F.pipe(row(), squeeze(0))],
    ['ascribe', ascribe(anything(2, 4), 'B', 4), F.pipe(anything(2, 4), ascribe('B', 4))],
    ['ascribeLike', ascribeLike(anything(2, 3), grid()), F.pipe(anything(2, 3), ascribeLike(grid()))],
  ])('%s', async (_, first, piped) => {
    expect(dims(first)).toEqual(dims(piped));
    expect(await numbersOf(() => first)).toEqual(await numbersOf(() => piped));
  });
});

describe('symbols in reshape stand for axes at the front and at the end', () => {
  const x = ones(8, 28, 28, 3) as Tensor<Shape> as Tensor<['B', 28, 28, 'C']>;
  test.each<[string, AnyTensor, readonly number[]]>([
    ['at the front', reshape(x, 'B', 784, 3), [8, 784, 3]],
    ['at the end', reshape(x, -1, 'C'), [6272, 3]],
    ['at both', reshape(x, 'B', -1, 'C'), [8, 784, 3]],
    ['at both ends, in pipe', F.pipe(x, reshape('B', 2, -1, 'C')), [8, 2, 392, 3]],
  ])('%s', (_, reshaped, shape) => {
    expect(dims(reshaped)).toEqual(shape);
  });

  test.each<[string, () => unknown]>([
    ['a symbol between numbers', () => reshape(anything(2, 3, 4), ...([6, 'C', 1] as const as unknown as [6, 4, 1]))],
    ['a symbol of no axis', () => reshape(anything(6), ...(['B', 'C'] as const as unknown as [6, 4]))],
    ['symbols and too few elements', () => reshape(anything(2, 3), ...(['B', 4] as const as unknown as [6, 4]))],
  ])('rejects %s', (_, build) => {
    expect(attempt(build)).toMatchObject(E.left({ _tag: 'ShapeError', where: 'reshape' }));
  }); // oxfmt-ignore
});

test('rejects a partially applied operation as a tensor', () => {
  const given = attempt(() => reshape(expandDims(1) as unknown as Tensor<[2]>, 2));
  expect(E.isLeft(given) && given.left.message).toContain('expected a tensor, got the function expandDims(…)');
});
