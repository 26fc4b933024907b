import {
  ascribe,
  broadcastTo,
  constantOf,
  type Dim,
  iota,
  normal,
  ones,
  reshape,
  type Shape,
  table,
  type Tensor,
  zeros,
} from '../../src/dsl/index.js';
import { expectType } from './expect.js';

declare const n: number;
declare const either: 64 | 128;
declare const anything: Tensor<Shape>;

expectType<Tensor<[8, 28, 28, 1]>>()(zeros(8, 28, 28, 1));
expectType<Tensor<[]>>()(ones());
expectType<Tensor<[Dim, 10]>>()(zeros(n, 10));
expectType<Tensor<[10], 'int32'>>()(iota(10));
expectType<Tensor<[2, 2]>>()(constantOf([1, 2, 3, 4], 2, 2));
expectType<Tensor<[3], 'int32'>>()(constantOf(Int32Array.of(1, 2, 3), 3));
expectType<Tensor<[Dim]>>()(table(new Float64Array(1000)));
expectType<Tensor<['B', 28, 'H/2', Dim]>>()(ascribe(anything, 'B', 28, 'H/2', n));
expectType<Tensor<[3, Dim, 5]>>()(reshape(anything, 3, -1, 5));
expectType<Tensor<[8, 10]>>()(broadcastTo(anything, 8, 10));

// @ts-expect-error Argument of type '64 | 128' is not assignable to parameter of type '"an extent must not be a union"'
zeros(8, either);
// @ts-expect-error Argument of type '-1' is not assignable to parameter of type '"-1 is negative"'
ones(8, -1);
// @ts-expect-error Argument of type '1.5' is not assignable to parameter of type '"1.5 is not an integer"'
zeros(1.5);
// @ts-expect-error Argument of type '-2' is not assignable to parameter of type '"-2 is negative"'
reshape(anything, 4, -2);
// @ts-expect-error Argument of type '64 | 128' is not assignable to parameter of type '"an extent must not be a union"'
ascribe(anything, 'B', either);
// @ts-expect-error Argument of type '64 | 128' is not assignable to parameter of type '"an extent must not be a union"'
normal(either, 8);
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
iota('10');
