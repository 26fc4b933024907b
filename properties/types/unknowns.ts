/**
 * Values with partly known types: a brand, a list of axes, an optional member. Their types claim nothing that may be
 * wrong.
 */
import {
  concatAll,
  type Dim,
  halve,
  pad,
  scalar,
  type Shape,
  split,
  stack,
  sum,
  type Tensor,
  zeros,
} from '../../src/dsl/index.js';
import { expectType } from './expect.js';

// a branded number is wide
declare const channels: number & { readonly channels: true };
expectType<Tensor<[8, Dim]>>()(zeros(8, channels));
expectType<Tensor<[Dim]>>()(pad(zeros(3), 0, channels, channels));

// each of several lists of axes, or of several shapes, has its own result; a list of unknown length keeps nothing
declare const someAxes: readonly [0] | readonly [0, 1];
declare const axes: readonly 0[];
expectType<Tensor<[4] | []>>()(sum(zeros(3, 4), someAxes));
expectType<Tensor<Shape>>()(sum(zeros(3, 4), axes));
declare const ranks: Tensor<[2] | [3, 4]>;
expectType<Tensor<[] | [3]>>()(sum(ranks, -1));

// an axis or a dtype that may be `undefined` is an error
declare const config: { readonly axis?: 0; readonly dtype?: 'int32' };
// @ts-expect-error Type 'undefined' is not assignable to type 'number'
halve(zeros(2), config.axis);
// @ts-expect-error Type 'undefined' is not assignable to type 'number'
concatAll([zeros(1, 2), zeros(1, 2)], config.axis);
// @ts-expect-error Type 'undefined' is not assignable to type 'number'
stack([zeros(2), zeros(2)], config.axis);
// @ts-expect-error Type 'undefined' is not assignable to type 'number'
split(zeros(2), [1, 1], config.axis);
// @ts-expect-error Type 'undefined' is not assignable to type '"float32" | "int32" | "bool"'
scalar(1, config.dtype);
