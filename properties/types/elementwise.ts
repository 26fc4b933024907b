import {
  add,
  and,
  cast,
  clip,
  type Dim,
  div,
  exp,
  gelu,
  isFinite,
  less,
  mul,
  neg,
  or,
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

expectType<Tensor<['B', 28, 28, 64]>>()(neg(sub(mul(exp(add(x, 1)), loss), x)));
expectType<Tensor<['B', 28, 28, 64], 'bool'>>()(less(x, 0));
expectType<Tensor<['B'], 'int32'>>()(add(steps, 1));
expectType<Tensor<['B']>>()(F.pipe(steps, cast('float32')));
expectType<Scalar>()(div(add(loss, loss), 2));
expectType<Tensor<['B', 28, 28, 64]>>()(where(isFinite(loss), x, x));
expectType<Tensor<['B', 28, 28, 64]>>()(where(less(x, 0), x, 0));
expectType<Tensor<['B', 28, 28, 64]>>()(gelu(x, { approximate: 'tanh' }));

// @ts-expect-error '"fast"' is not assignable to type '"tanh" | "none" | undefined'
gelu(x, { approximate: 'fast' });

// @ts-expect-error 'approx' is not an option: did you mean 'approximate'?
gelu(x, { approx: 'tanh' });

// a narrow tensor flows into a wide place
expectType<Tensor<['B', Dim, Dim, Dim]>>()(add(wide, x));

// @ts-expect-error axis 3 is 64 in the first operand, but 128 in the second operand
add(x, other);
// @ts-expect-error Argument of type 'Scalar' is not assignable
add(steps, loss);
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
div(steps, 2);
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
exp(steps);
// @ts-expect-error axis 3 is 128 in the condition, but 64 in `yes`
where(less(other, 0), x, 0);

declare const flag: Tensor<[], 'bool'>;
declare const rate: Scalar;

// a scalar stands on either side
expectType<Tensor<['B', 28, 28, 64]>>()(where(less(x, 0), x, rate));
expectType<Tensor<['B', 28, 28, 64]>>()(where(less(x, 0), rate, x));
expectType<Tensor<['B', 28, 28, 64]>>()(where(flag, rate, x));
expectType<Tensor<['B', 28, 28, 64]>>()(where(less(x, 0), rate, x));
expectType<Tensor<['B', 28, 28, 64]>>()(where(less(x, 0), x, rate));
expectType<Tensor<['B', 28, 28, 64], 'bool'>>()(and(less(x, 0), flag));
expectType<Tensor<['B', 28, 28, 64], 'bool'>>()(or(flag, less(x, 0)));
expectType<Tensor<['B', 28, 28, 64], 'bool'>>()(and(less(x, 0), flag));
expectType<Tensor<['B', 28, 28, 64]>>()(clip(x, rate, 1));
expectType<Tensor<['B', 28, 28, 64]>>()(F.pipe(x, clip(0, rate)));
expectType<Tensor<['B'], 'int32'>>()(F.pipe(steps, clip(0, 1)));
// @ts-expect-error axis 3 is 64 in the first operand, but 128 in the second operand
and(less(x, 0), less(other, 0));
// @ts-expect-error is not assignable to
where(less(steps, 0), rate, steps);

// inside a function whose dims are parameters
export const residual = <B extends Dim, I extends Shape>(
  h: Tensor<[B, ...I]>,
  skip: Tensor<[B, ...I]>,
): Tensor<[B, ...I]> => where(isFinite(loss), mul(add(h, skip), Math.SQRT1_2), skip);
