/**
 * Operators with optional arguments as the function of `map`. The compiler accepts them, because an overload matches:
 * the index may be an axis. The call raises `ConfigError` (see `dual.test.ts`).
 */
import { exp, mean, type Shape, softmax, sub, type Tensor } from '../../src/dsl/index.js';
import { expectType } from './expect.js';

declare const xs: readonly Tensor<[2, 3]>[];

expectType<Tensor<[]>[]>()(xs.map(mean));
expectType<Tensor<Shape>[]>()(xs.map(softmax));
expectType<Tensor<[2, 3]>[]>()(xs.map(exp));
expectType<Tensor<[2, 3]>[]>()(xs.map((x) => sub(x, 1)));
expectType<Tensor<[2, 3]>[]>()(xs.map(softmax()));
expectType<Tensor<[]>[]>()(xs.map((x) => mean(x)));
