import {
  argsort,
  atan2,
  cumprod,
  type Dim,
  elu,
  norm,
  rmsNorm,
  roll,
  type Scalar,
  type Shape,
  sort,
  take,
  takeAlong,
  type Tensor,
} from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const x: Tensor<['B', 28, 64]>;
declare const columns: Tensor<[3], 'int32'>;
declare const fractions: Tensor<[3]>;
declare const indices: Tensor<['B', 28, 5], 'int32'>;
declare const fewer: Tensor<['B', 14, 5], 'int32'>;
declare const gamma: Tensor<[64]>;
declare const gamma63: Tensor<[63]>;

expectType<Tensor<['B', 28, 64]>>()(F.pipe(atan2(elu(x), x), cumprod(-1), roll(1, 3), sort));
expectType<Tensor<['B', 28, 64], 'int32'>>()(argsort(x));
expectType<Tensor<['B', 28]>>()(norm(x, -1));
expectType<Scalar>()(norm(x));
expectType<Tensor<['B', 3, 64]>>()(F.pipe(x, take(1, columns)));
expectType<Tensor<['B', 28, 3]>>()(F.pipe(x, take(-1, columns)));
expectType<Tensor<['B', 28, 5]>>()(F.pipe(x, takeAlong(-1, indices)));
expectType<Tensor<['B', 28, 64], 'int32'>>()(F.pipe(argsort(x), takeAlong(-1, argsort(x))));
expectType<Tensor<['B', 28, 64]>>()(F.pipe(x, rmsNorm({ gamma })));

// @ts-expect-error Type '"float32"' is not assignable to type '"int32"'
take(1, fractions);
// @ts-expect-error Type '28' is not assignable to type '14'
takeAlong(x, 2, fewer);
// @ts-expect-error Type '28' is not assignable to type '14'
F.pipe(x, takeAlong(2, fewer));
// @ts-expect-error Type '64' is not assignable to type '63'
F.pipe(x, rmsNorm({ gamma: gamma63 }));
// @ts-expect-error no axis 3 in a shape of rank 3
take(x, 3, columns);

// inside a function whose dims are parameters
export const ranks = <B extends Dim, N extends Dim>(scores: Tensor<[B, N]>): Tensor<[B, N], 'int32'> =>
  F.pipe(scores, argsort, argsort);
export const lengths = <I extends Shape>(v: Tensor<[...I, 3]>): Tensor<[...I, 3]> => sort(v);
