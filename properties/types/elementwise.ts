import {
  add,
  cast,
  type Dim,
  div,
  exp,
  isFinite,
  less,
  mul,
  neg,
  type Scalar,
  type Shape,
  sub,
  type Tensor,
  where,
} from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const x: Tensor<['B', 28, 28, 64]>;
declare const other: Tensor<['B', 28, 28, 128]>;
declare const wide: Tensor<['B', Dim, Dim, Dim]>;
declare const loss: Scalar;
declare const steps: Tensor<['B'], 'int32'>;

expectType<Tensor<['B', 28, 28, 64]>>()(F.pipe(x, add(1), exp, mul(loss), sub(x), neg));
expectType<Tensor<['B', 28, 28, 64], 'bool'>>()(F.pipe(x, less(0)));
expectType<Tensor<['B'], 'int32'>>()(F.pipe(steps, add(1)));
expectType<Tensor<['B']>>()(F.pipe(steps, cast('float32')));
expectType<Scalar>()(F.pipe(loss, add(loss), div(2)));
expectType<Tensor<['B', 28, 28, 64]>>()(where(isFinite(loss), x, x));
expectType<Tensor<['B', 28, 28, 64]>>()(where(less(x, 0), x, 0));

// a narrow tensor flows into a wide place
expectType<Tensor<['B', Dim, Dim, Dim]>>()(F.pipe(x, add(wide)));
// @ts-expect-error Type 'Dim' is not assignable to type '28'
F.pipe(wide, add(x));

// @ts-expect-error Type '128' is not assignable to type '64'
add(x, other);
// @ts-expect-error Type '64' is not assignable to type '128'
F.pipe(x, add(other));
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
F.pipe(steps, add(loss));
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
div(steps, 2);
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
exp(steps);
// @ts-expect-error Type '64' is not assignable to type '128'
where(less(other, 0), x, 0);

// inside a function whose dims are parameters
export const residual = <B extends Dim, I extends Shape>(
  h: Tensor<[B, ...I]>,
  skip: Tensor<[B, ...I]>,
): Tensor<[B, ...I]> => where(isFinite(loss), F.pipe(h, add(skip), mul(Math.SQRT1_2)), skip);
