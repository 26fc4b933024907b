import {
  argmax,
  ascribeLike,
  broadcastLike,
  concat,
  concatAll,
  type Dim,
  expandDims,
  gather,
  halve,
  meanPerSample,
  oneHot,
  pad,
  type Scalar,
  scaleBy,
  type Shape,
  slice,
  split,
  squeeze,
  stack,
  sum,
  type Tensor,
  tile,
  topK,
  transpose,
  variance,
} from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const x: Tensor<['B', 28, 28, 64]>;
declare const skip: Tensor<['B', 28, 28, 32]>;
declare const small: Tensor<['B', 14, 28, 32]>;
declare const film: Tensor<['B', '2*C']>;
declare const index: Tensor<['B'], 'int32'>;
declare const loss: Scalar;
declare const wide: Tensor<['B', Dim, Dim, Dim]>;

expectType<Tensor<['B', 64, 28, 28]>>()(transpose(x, 0, 3, 1, 2));
expectType<Tensor<['B', 28, 28, 1, 64]>>()(expandDims(x, 3));
expectType<Tensor<['B', 28, 28, 64, 1]>>()(expandDims(x, -1));
expectType<Tensor<[28, 28, 64]>>()(squeeze(x, 0));
expectType<Tensor<['B', 14, 28, 64]>>()(slice(x, 1, 7, 14));
expectType<Tensor<['B', 32, 28, 64]>>()(pad(x, 1, 2, 2));
expectType<Tensor<['B+1', 28, 28, 64]>>()(pad(x, 0, 1, 0));
expectType<Tensor<['2*B', 28, 28, 64]>>()(tile(x, 0, 2));
expectType<Tensor<['B', 28, 28, 64]>>()(broadcastLike(loss, x));
expectType<Tensor<['B', 28, 28, 64]>>()(F.pipe(wide, ascribeLike(x)));
expectType<readonly [Tensor<['B', 'C']>, Tensor<['B', 'C']>]>()(halve(film));
expectType<readonly [Tensor<['B', 28, 28, 16]>, Tensor<['B', 28, 28, 48]>]>()(split(x, [16, 48]));

expectType<Tensor<['B', 28, 28, 96]>>()(F.pipe(x, concat(skip)));
expectType<Tensor<['B', 28, 28, 128]>>()(concatAll([skip, x, skip]));
expectType<Tensor<['B', 56, 28, 64]>>()(concatAll([x, x], 1));
expectType<Tensor<[3, 'B', 28, 28, 64]>>()(stack([x, x, x]));
// @ts-expect-error Type '28' is not assignable to type '14'
F.pipe(x, concat(small));
// @ts-expect-error the other axes, or the dtypes, differ from those of the first tensor
concatAll([x, small]);
// @ts-expect-error Type '32' is not assignable to type '64'
stack([x, skip]);

expectType<Scalar>()(sum(x));
expectType<Tensor<['B', 64]>>()(sum(x, [1, 2]));
expectType<Tensor<['B', 28, 28]>>()(sum(x, -1));
expectType<Tensor<['B']>>()(meanPerSample(x));
expectType<Scalar>()(variance(x));
expectType<Tensor<['B', 28, 28], 'int32'>>()(argmax(x, -1));
expectType<Tensor<['B', 28, 28, 3]>>()(topK(x, 3).values);
expectType<Tensor<['B', 10]>>()(oneHot(index, 10));
expectType<Tensor<['B', 28, 28, 64]>>()(gather(x, index));

// an axis that is not there
// @ts-expect-error no axis 4 in a shape of rank 4
sum(x, 4);
// @ts-expect-error axis 1 has 28 elements, not 1
squeeze(x, 1);

// inside a function whose dims are parameters
export const weighted = <B extends Dim, I extends Shape>(
  weights: Tensor<[B]>,
  losses: Tensor<[B, ...I]>,
): Tensor<[B]> => meanPerSample(scaleBy(losses, weights));
export const joined = <B extends Dim, H extends Dim>(
  h: Tensor<[B, H, H, Dim]>,
  s: Tensor<[B, H, H, Dim]>,
): Tensor<[B, H, H, Dim]> => F.pipe(h, concat(s));
