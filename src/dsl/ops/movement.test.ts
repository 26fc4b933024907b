import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { attempt } from '../errors.js';
import { type AnyTensor, ascribe, ascribeLike, type Dim, dims, type Shape, type Tensor } from '../tensor.js';
import { addBias, addPerSample, mulPerSample, scaleBy, scaleChannels } from './broadcast.js';
import { constantOf, ones, scalar, zeros } from './constants.js';
import { concat, concatAll, stack, tile } from './joining.js';
import { broadcastLike, broadcastTo, expandDims, reshape, squeeze, transpose } from './reshape.js';
import { flip, halve, pad, slice, split } from './slicing.js';

const grid = (): Tensor<[2, 3]> => constantOf([1, 2, 3, 4, 5, 6], 2, 3);

describe('other views of the same numbers', () => {
  test.each<[string, () => AnyTensor, readonly number[]]>([
    ['reshape', () => reshape(3, 2)(grid()), [3, 2]],
    ['reshape with what is left', () => reshape(-1, 2)(grid()), [3, 2]],
    ['reshape to nothing but the rest', () => reshape(-1)(grid()), [6]],
    ['transpose', () => transpose(1, 0)(grid()), [3, 2]],
    ['expandDims', () => expandDims(1)(grid()), [2, 1, 3]],
    ['expandDims at the end', () => expandDims(-1)(grid()), [2, 3, 1]],
    ['squeeze', () => squeeze(0)(ones(1, 3)), [3]],
    ['broadcastTo', () => broadcastTo(4, 2, 3)(grid()), [4, 2, 3]],
    ['broadcastLike', () => broadcastLike(zeros(5, 2))(scalar(1)), [5, 2]],
    ['slice', () => slice(1, -2, 2)(grid()), [2, 2]],
    ['pad', () => pad(0, 1, 2)(grid()), [5, 3]],
    ['flip', () => flip(0, 1)(grid()), [2, 3]],
    ['concat', () => concat(grid())(grid()), [2, 6]],
    ['concatAll', () => concatAll([grid(), ones(1, 3)], 0), [3, 3]],
    ['stack', () => stack([grid(), grid(), grid()], 1), [2, 3, 3]],
    ['tile', () => tile(1, 2)(grid()), [2, 6]],
  ])('%s', (_, build, shape) => {
    expect(dims(build())).toEqual(shape);
  });

  test.each<[string, () => Tensor<Shape>, readonly number[]]>([
    ['transpose', () => transpose(1, 0)(grid()), [1, 4, 2, 5, 3, 6]],
    ['slice', () => slice(1, -2, 2)(grid()), [2, 3, 5, 6]],
    ['slice with a stride', () => slice(1, 0, 2, 2)(grid()), [1, 3, 4, 6]],
    ['pad', () => pad(1, 1, 0, 9)(grid()), [9, 1, 2, 3, 9, 4, 5, 6]],
    ['flip', () => flip(-1)(grid()), [3, 2, 1, 6, 5, 4]],
    ['concat puts y behind x', () => concat(zeros(2, 1))(grid()), [1, 2, 3, 0, 4, 5, 6, 0]],
    ['stack on the last axis', () => stack([grid(), zeros(2, 3)], -1), [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]],
    ['tile repeats the whole', () => tile(1, 2)(grid()), [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
    ['the second half', () => halve(0)(grid())[1], [4, 5, 6]],
    ['the second part', () => split([1, 2])(grid())[1], [2, 3, 5, 6]],
  ])('%s', async (_, build, numbers) => {
    expect(await numbersOf(build)).toEqual(numbers);
  });

  test('concatenating the parts gives the whole', async () => {
    expect(await numbersOf(() => concatAll(split([2, 1])(grid())))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each<[string, () => unknown]>([
    ['reshape to another size', () => reshape(4, 2)(grid())],
    ['reshape with two rests', () => reshape(-1, -1)(grid())],
    ['reshape where nothing fits', () => reshape(-1, 4)(grid())],
    ['squeeze of a longer axis', () => squeeze(0)(grid())],
    ['broadcastTo a shape that does not fit', () => broadcastTo(3, 2)(grid())],
    ['halve an odd axis', () => halve(1)(grid())],
    ['split into other sizes', () => split([1, 1])(grid())],
    ['slice over the end', () => slice(1, 2, 2)(grid())],
    ['concat of other rows', () => concatAll([grid(), zeros(1, 3) as Tensor<Shape> as Tensor<[2, 3]>])],
    ['broadcastTo what is left', () => broadcastTo(-1 as number, 3)(grid())],
    ['broadcastTo a fraction of an axis', () => broadcastTo(1.5 as number)(scalar(1))],
    ['reshape to negative extents', () => reshape(-2 as number, -3 as number)(grid())],
    ['slice half an element', () => slice(0, 0, 0.5 as number)(grid())],
    ['slice from between two elements', () => slice(1, 0.5, 2)(grid())],
    ['slice by a stride of one and a half', () => slice(1, 0, 2, 1.5)(grid())],
    ['tile one and a half times', () => tile(0, 1.5 as number)(grid())],
    ['an axis that is not there', () => expandDims(5)(grid())],
    ['ascribe another shape', () => ascribe('B', 4)(grid())],
    ['ascribe one symbol to two extents', () => ascribe('B', 'B')(grid())],
    ['ascribe a half that is none', () => ascribe('H', 'H/2')(grid())],
    ['ascribe a half that comes after its whole', () => ascribe('H', 'H/2')(ones(5, 2))],
    ['ascribe a sum that its terms do not give', () => ascribe('C+D', 'C', 'D')(ones(5, 2, 2))],
    ['ascribeLike another shape', () => ascribeLike(zeros(3, 2))(grid())],
  ])('refuses: %s', (_, build) => {
    expect(attempt(build)).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });

  test('ascribe takes what fits', () => {
    expect(dims(ascribe('B', 'C')(grid()))).toEqual([2, 3]);
    expect(dims(ascribe('H/2', 'H')(ones(2, 4)))).toEqual([2, 4]);
  });
});

describe('broadcasts by name', () => {
  const image = (): Tensor<[2, 1, 2, 2]> => ones(2, 1, 2, 2);
  test.each<[string, () => Tensor<Shape>, readonly number[]]>([
    ['addBias', () => addBias(constantOf([1, 2], 2))(image()), [2, 3, 2, 3, 2, 3, 2, 3]],
    ['scaleChannels', () => scaleChannels(constantOf([1, 2], 2))(image()), [1, 2, 1, 2, 1, 2, 1, 2]],
    ['addPerSample', () => addPerSample(constantOf([1, 2, 3, 4], 2, 2))(image()), [2, 3, 2, 3, 4, 5, 4, 5]],
    ['mulPerSample', () => mulPerSample(constantOf([1, 2, 3, 4], 2, 2))(image()), [1, 2, 1, 2, 3, 4, 3, 4]],
    ['scaleBy', () => scaleBy(constantOf([1, 2], 2))(image()), [1, 1, 1, 1, 2, 2, 2, 2]],
    ['addBias to a matrix', () => addBias(constantOf([1, 2, 3], 3))(grid()), [2, 4, 6, 5, 7, 9]],
    ['scaleBy of a vector', () => scaleBy(constantOf([1, 2], 2))(ones(2)), [1, 2]],
  ])('%s', async (_, build, numbers) => {
    expect(await numbersOf(build)).toEqual(numbers);
  });

  // their types are claimed: where extents are wide, only the trace can tell
  test.each<[string, () => unknown]>([
    ['one bias for all channels', () => addBias(ones(1) as Tensor<[Dim]>)(image())],
    ['one scale for all channels', () => scaleChannels(ones(1) as Tensor<[Dim]>)(image())],
    ['one vector for all samples', () => addPerSample(ones(1, 2) as Tensor<[Dim, 2]>)(image())],
    ['one number for each sample', () => mulPerSample(ones(2, 1) as Tensor<[2, Dim]>)(image())],
    ['one factor for all samples', () => scaleBy(ones(1) as Tensor<[Dim]>)(image())],
  ])('do not repeat an axis of 1: %s', (_, build) => {
    expect(attempt(build)).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});
