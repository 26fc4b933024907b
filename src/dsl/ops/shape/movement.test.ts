import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { E, F } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { type AnyTensor, type Dim, dims, type Shape, type Tensor } from '../../graph/tensor.js';
import { addBias, addPerSample, mulPerSample, scaleBy, scaleChannels } from '../network/linear.js';
import { constantOf, ones, scalar, zeros } from '../constants.js';
import { concat, concatAll, stack, tile } from './joining.js';
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
import { flip, halve, pad, slice, split } from './slicing.js';

const grid = (): Tensor<[2, 3]> => constantOf([1, 2, 3, 4, 5, 6], 2, 3);

describe('movements', () => {
  test.each<[string, () => AnyTensor, readonly number[]]>([
    ['reshape', () => reshape(grid(), 3, 2), [3, 2]],
    ['reshape with −1', () => reshape(grid(), -1, 2), [3, 2]],
    ['reshape to −1 only', () => reshape(grid(), -1), [6]],
    ['transpose', () => transpose(grid(), 1, 0), [3, 2]],
    ['expandDims', () => expandDims(grid(), 1), [2, 1, 3]],
    ['expandDims at the end', () => expandDims(grid(), -1), [2, 3, 1]],
    ['squeeze', () => squeeze(ones(1, 3), 0), [3]],
    ['broadcastTo', () => broadcastTo(grid(), 4, 2, 3), [4, 2, 3]],
    ['broadcastLike', () => broadcastLike(scalar(1), zeros(5, 2)), [5, 2]],
    ['slice', () => slice(grid(), 1, -2, 2), [2, 2]],
    ['pad', () => pad(grid(), 0, 1, 2), [5, 3]],
    ['flip', () => flip(grid(), 0, 1), [2, 3]],
    ['concat', () => concat(grid(), grid()), [2, 6]],
    ['concatAll', () => concatAll([grid(), ones(1, 3)], 0), [3, 3]],
    ['stack', () => stack([grid(), grid(), grid()], 1), [2, 3, 3]],
    ['tile', () => tile(grid(), 1, 2), [2, 6]],
  ])('%s', (_, build, shape) => {
    expect(dims(build())).toEqual(shape);
  });

  test.each<[string, () => Tensor<Shape>, readonly number[]]>([
    ['transpose', () => transpose(grid(), 1, 0), [1, 4, 2, 5, 3, 6]],
    ['slice', () => slice(grid(), 1, -2, 2), [2, 3, 5, 6]],
    ['slice with a stride', () => slice(grid(), 1, 0, 2, 2), [1, 3, 4, 6]],
    ['pad', () => pad(grid(), 1, 1, 0, 9), [9, 1, 2, 3, 9, 4, 5, 6]],
    ['flip', () => flip(grid(), -1), [3, 2, 1, 6, 5, 4]],
    ['concat appends y to x', () => concat(grid(), zeros(2, 1)), [1, 2, 3, 0, 4, 5, 6, 0]],
    ['stack on the last axis', () => stack([grid(), zeros(2, 3)], -1), [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]],
    ['tile repeats the whole axis', () => tile(grid(), 1, 2), [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
    ['the second half', () => halve(grid(), 0)[1], [4, 5, 6]],
    ['the second part', () => split(grid(), [1, 2])[1], [2, 3, 5, 6]],
  ])('%s', async (_, build, numbers) => {
    expect(await numbersOf(build)).toEqual(numbers);
  });

  test('concatenating the parts gives the whole', async () => {
    expect(await numbersOf(() => concatAll(split(grid(), [2, 1])))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each<[string, () => unknown]>([
    ['reshape to another size', () => reshape(grid(), 4 as number, 2)],
    ['reshape with two −1', () => reshape(grid(), -1, -1 as number)],
    ['reshape with −1 and a wrong extent', () => reshape(grid(), -1, 4 as number)],
    ['squeeze of a longer axis', () => squeeze(grid(), 0 as number)],
    ['broadcastTo a shape that does not fit', () => broadcastTo(grid(), 3 as number, 2 as number)],
    ['halve an odd axis', () => halve(grid(), 1 as number)],
    ['split into other sizes', () => split(grid(), [1 as number, 1])],
    ['slice over the end', () => slice(grid(), 1, 2 as number, 2)],
    ['concat of other rows', () => concatAll([grid(), zeros(1, 3) as Tensor<Shape> as Tensor<[2, 3]>])],
    ['broadcastTo −1', () => broadcastTo(grid(), -1 as number, 3)],
    ['broadcastTo a fraction of an axis', () => broadcastTo(scalar(1), 1.5 as number)],
    ['reshape to negative extents', () => reshape(grid(), -2 as number, -3 as number)],
    ['slice half an element', () => slice(grid(), 0, 0, 0.5 as number)],
    ['slice from between two elements', () => slice(grid(), 1, 0.5 as number, 2)],
    ['slice by a stride of one and a half', () => slice(grid(), 1, 0, 2, 1.5)],
    ['tile one and a half times', () => tile(grid(), 0, 1.5 as number)],
    ['an invalid axis', () => expandDims(grid(), 5 as number)],
    ['ascribe another shape', () => ascribe(grid(), 'B', 4 as number)],
    ['ascribe one symbol to two extents', () => ascribe(grid(), 'B', 'B')],
    ['ascribe a wrong half', () => ascribe(grid(), 'H', 'H/2')],
    ['ascribe a half that comes after its whole', () => ascribe(ones(5, 2), 'H', 'H/2')],
    ['ascribe a wrong sum', () => ascribe(ones(5, 2, 2), 'C+D', 'C', 'D')],
    ['ascribeLike another shape', () => ascribeLike(grid(), zeros(3 as number, 2 as number))],
  ])('rejects %s', (_, build) => {
    expect(attempt(build)).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });

  test('ascribe accepts shapes that fit', () => {
    expect(dims(ascribe(grid(), 'B', 'C'))).toEqual([2, 3]);
    expect(dims(ascribe(ones(2, 4), 'H/2', 'H'))).toEqual([2, 4]);
  });
});

describe('broadcasts by name', () => {
  const image = (): Tensor<[2, 1, 2, 2]> => ones(2, 1, 2, 2);
  test.each<[string, () => Tensor<Shape>, readonly number[]]>([
    ['addBias', () => addBias(image(), constantOf([1, 2], 2)), [2, 3, 2, 3, 2, 3, 2, 3]],
    ['scaleChannels', () => scaleChannels(image(), constantOf([1, 2], 2)), [1, 2, 1, 2, 1, 2, 1, 2]],
    ['addPerSample', () => addPerSample(image(), constantOf([1, 2, 3, 4], 2, 2)), [2, 3, 2, 3, 4, 5, 4, 5]],
    ['addPerSample after addBias', () => addPerSample(addBias(image(), constantOf([10, 20], 2)), constantOf([1, 2, 3, 4], 2, 2)), [12, 23, 12, 23, 14, 25, 14, 25]],
    ['mulPerSample', () => mulPerSample(image(), constantOf([1, 2, 3, 4], 2, 2)), [1, 2, 1, 2, 3, 4, 3, 4]],
    ['scaleBy', () => scaleBy(image(), constantOf([1, 2], 2)), [1, 1, 1, 1, 2, 2, 2, 2]],
    ['addBias to a matrix', () => addBias(grid(), constantOf([1, 2, 3], 3)), [2, 4, 6, 5, 7, 9]],
    ['scaleBy of a vector', () => scaleBy(ones(2), constantOf([1, 2], 2)), [1, 2]],
  ])('%s', async (_, build, numbers) => {
    expect(await numbersOf(build)).toEqual(numbers);
  }); // oxfmt-ignore

  // 1 + 2⁶⁰ would be rounded
  test('addPerSample adds a bias to its vector, which saves an addition of images', async () => {
    const sum = () => addPerSample(addBias(ones(1, 1, 2, 1), constantOf([2 ** 60], 1)), constantOf([-(2 ** 60)], 1, 1));
    expect(await numbersOf(sum)).toEqual([1, 1]);
  });

  // the types are wide, so only tracing detects these
  test.each<[string, () => unknown]>([
    ['one bias for all channels', () => F.pipe(image(), addBias(ones(1) as Tensor<[Dim]>))],
    ['one scale for all channels', () => F.pipe(image(), scaleChannels(ones(1) as Tensor<[Dim]>))],
    ['one vector for all samples', () => F.pipe(image(), addPerSample(ones(1, 2) as Tensor<[Dim, 2]>))],
    ['one vector after a bias', () => F.pipe(addBias(image(), ones(2)), addPerSample(ones(1, 2) as Tensor<[Dim, 2]>))],
    ['one number for each sample', () => F.pipe(image(), mulPerSample(ones(2, 1) as Tensor<[2, Dim]>))],
    ['one factor for all samples', () => scaleBy(image(), ones(1) as Tensor<[Dim]> as never)],
  ])('do not repeat an axis of 1: %s', (_, build) => {
    expect(attempt(build)).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});
