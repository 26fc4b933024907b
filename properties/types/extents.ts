/**
 * Invalid extents in every operation that takes an extent: the type of the argument becomes a message.
 * `src/dsl/ops/extents.test.ts` tests that these are all operations with an extent, and tests the same when tracing.
 */
import {
  type AnyTensor,
  ascribe,
  bernoulli,
  broadcastTo,
  compile,
  constantOf,
  conv2d,
  convTranspose2d,
  cumprod,
  cumsum,
  type Dim,
  evaluate,
  flip,
  fullOf,
  iota,
  type Key,
  key,
  normal,
  oneHot,
  ones,
  pad,
  permutation,
  program,
  type Program,
  randint,
  reshape,
  resizeBilinear,
  resizeNearest,
  roll,
  scatterAdd,
  type Shape,
  slice,
  split,
  sum,
  type Tensor,
  tile,
  topK,
  transpose,
  uniform,
  zeros,
} from '../../src/dsl/index.js';
import { expectType } from './expect.js';

declare const either: 64 | 128;
declare const anything: ReturnType<typeof JSON.parse>;
declare const wide: Tensor<Shape>;
declare const image: Tensor<[1, 2, 4, 1]>;
declare const x: Tensor<[2, 4]>;
declare const index: Tensor<[2], 'int32'>;
declare const k: Key;
declare const n: number;
declare const traced: <I>(given: Program<I, unknown>) => I;
declare const count: 8 | 16;
declare const axis: 0 | 1;
declare const pixels: Tensor<[1, 8, 8, 4]>;
declare const six: Tensor<[1, 8, 8, 6]>;
declare const words: string;
declare const symbol: 'B' | 'C';
declare const pattern: `B${number}`;

// an extent that is only known at run time is wide
expectType<Tensor<[Dim, 4]>>()(zeros(n, 4));
expectType<Tensor<[4, Dim]>>()(fullOf(1, 4, n));
expectType<Tensor<[Dim, 4]>>()(reshape(wide, n, 4));
expectType<Tensor<[Dim, 4]>>()(broadcastTo(wide, n, 4));
expectType<Tensor<[2, Dim]>>()(slice(x, 1, 0, n));
expectType<Tensor<[Dim, 4]>>()(pad(x, 0, n, 1));
expectType<readonly [Tensor<[2, 1]>, Tensor<[2, Dim]>]>()(split(x, [1, n]));
expectType<Tensor<[Dim, 4]>>()(tile(x, 0, n));
expectType<Tensor<[2, Dim]>>()(topK(x, n).values);
expectType<Tensor<[2, Dim]>>()(oneHot(index, n));
expectType<Tensor<[Dim, 4]>>()(scatterAdd(x, index, n));
expectType<Tensor<[1, 8, Dim, 1]>>()(resizeNearest(image, 8, n));
expectType<Tensor<[Dim, 3]>>()(normal(k, n, 3));
expectType<Tensor<[Dim], 'int32'>>()(permutation(k, n));
expectType<Tensor<['B', Dim]>>()(ascribe(wide, 'B', words));

// a union
// @ts-expect-error an extent must not be a union
ascribe(wide, either);
// @ts-expect-error an extent must not be a union
bernoulli(k, 0.5, either);
// @ts-expect-error an extent must not be a union
broadcastTo(x, either);
// @ts-expect-error an extent must not be a union
constantOf([1], either);
// @ts-expect-error an extent must not be a union
fullOf(1, either);
// @ts-expect-error an extent must not be a union
iota(either);
// @ts-expect-error an extent must not be a union
normal(either);
// @ts-expect-error an extent must not be a union
oneHot(either);
// @ts-expect-error an extent must not be a union
ones(either);
// @ts-expect-error an extent must not be a union
pad(0, either, 0);
// @ts-expect-error an extent must not be a union
permutation(either);
// @ts-expect-error an extent must not be a union
randint(k, 0, 9, either);
// @ts-expect-error an extent must not be a union
reshape(x, either);
// @ts-expect-error an extent must not be a union
resizeBilinear(either, 2);
// @ts-expect-error an extent must not be a union
resizeNearest(2, either);
// @ts-expect-error an extent must not be a union
scatterAdd(index, either);
// @ts-expect-error an extent must not be a union
slice(0, 0, either);
// @ts-expect-error an extent must not be a union
split([either, 1]);
// @ts-expect-error an extent must not be a union
tile(0, either);
// @ts-expect-error an extent must not be a union
topK(either);
// @ts-expect-error an extent must not be a union
uniform(either);
// @ts-expect-error an extent must not be a union
zeros(either);

// any
// @ts-expect-error 'any' is not assignable to
ascribe(wide, anything);
// @ts-expect-error 'any' is not assignable to
bernoulli(k, 0.5, anything);
// @ts-expect-error 'any' is not assignable to
broadcastTo(x, anything);
// @ts-expect-error 'any' is not assignable to
constantOf([1], anything);
// @ts-expect-error 'any' is not assignable to
fullOf(1, anything);
// @ts-expect-error 'any' is not assignable to
iota(anything);
// @ts-expect-error 'any' is not assignable to
normal(k, anything);
// @ts-expect-error 'any' is not assignable to
oneHot(anything);
// @ts-expect-error 'any' is not assignable to
ones(anything);
// @ts-expect-error 'any' is not assignable to
pad(0, anything, 0);
// @ts-expect-error 'any' is not assignable to
permutation(anything);
// @ts-expect-error 'any' is not assignable to
randint(k, 0, 9, anything);
// @ts-expect-error 'any' is not assignable to
reshape(zeros(2), anything);
// @ts-expect-error 'any' is not assignable to
resizeBilinear(anything, 2);
// @ts-expect-error 'any' is not assignable to
resizeNearest(2, anything);
// @ts-expect-error 'any' is not assignable to
scatterAdd(index, anything);
// @ts-expect-error 'any' is not assignable to
slice(0, 0, anything);
// @ts-expect-error 'any' is not assignable to
split([anything, 1]);
// @ts-expect-error 'any' is not assignable to
tile(0, anything);
// @ts-expect-error 'any' is not assignable to
topK(anything);
// @ts-expect-error 'any' is not assignable to
uniform(k, anything);
// @ts-expect-error 'any' is not assignable to
zeros(anything);

// a negative number
// @ts-expect-error -2 is negative
ascribe(wide, -2);
// @ts-expect-error -2 is negative
bernoulli(k, 0.5, -2);
// @ts-expect-error -2 is negative
broadcastTo(x, -2);
// @ts-expect-error -2 is negative
constantOf([1], -2);
// @ts-expect-error -2 is negative
fullOf(1, -2);
// @ts-expect-error -2 is negative
iota(-2);
// @ts-expect-error -2 is negative
normal(-2);
// @ts-expect-error -2 is negative
oneHot(-2);
// @ts-expect-error -2 is negative
ones(-2);
// @ts-expect-error -2 is negative
pad(0, -2, 0);
// @ts-expect-error -2 is negative
permutation(-2);
// @ts-expect-error -2 is negative
randint(k, 0, 9, -2);
// @ts-expect-error -2 is negative
reshape(x, -2);
// @ts-expect-error -2 is negative
resizeBilinear(-2, 2);
// @ts-expect-error -2 is negative
resizeNearest(2, -2);
// @ts-expect-error -2 is negative
scatterAdd(index, -2);
// @ts-expect-error -2 is negative
slice(0, 0, -2);
// @ts-expect-error -2 is negative
split([-2, 1]);
// @ts-expect-error -2 is negative
tile(0, -2);
// @ts-expect-error -2 is negative
topK(-2);
// @ts-expect-error -2 is negative
uniform(-2);
// @ts-expect-error -2 is negative
zeros(-2);

// a fraction
// @ts-expect-error 1.5 is not an integer
ascribe(wide, 1.5);
// @ts-expect-error 1.5 is not an integer
bernoulli(k, 0.5, 1.5);
// @ts-expect-error 1.5 is not an integer
broadcastTo(x, 1.5);
// @ts-expect-error 1.5 is not an integer
constantOf([1], 1.5);
// @ts-expect-error 1.5 is not an integer
fullOf(1, 1.5);
// @ts-expect-error 1.5 is not an integer
iota(1.5);
// @ts-expect-error 1.5 is not an integer
normal(1.5);
// @ts-expect-error 1.5 is not an integer
oneHot(1.5);
// @ts-expect-error 1.5 is not an integer
ones(1.5);
// @ts-expect-error 1.5 is not an integer
pad(0, 1.5, 0);
// @ts-expect-error 1.5 is not an integer
permutation(1.5);
// @ts-expect-error 1.5 is not an integer
randint(k, 0, 9, 1.5);
// @ts-expect-error 1.5 is not an integer
reshape(x, 1.5);
// @ts-expect-error 1.5 is not an integer
resizeBilinear(1.5, 2);
// @ts-expect-error 1.5 is not an integer
resizeNearest(2, 1.5);
// @ts-expect-error 1.5 is not an integer
scatterAdd(index, 1.5);
// @ts-expect-error 1.5 is not an integer
slice(0, 0, 1.5);
// @ts-expect-error 1.5 is not an integer
split([1.5, 1]);
// @ts-expect-error 1.5 is not an integer
tile(0, 1.5);
// @ts-expect-error 1.5 is not an integer
topK(1.5);
// @ts-expect-error 1.5 is not an integer
uniform(1.5);
// @ts-expect-error 1.5 is not an integer
zeros(1.5);

// a number that is too large
// @ts-expect-error 1e+21 is more than can be counted
ascribe(wide, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
bernoulli(k, 0.5, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
broadcastTo(x, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
constantOf([1], 1e21);
// @ts-expect-error 1e+21 is more than can be counted
fullOf(1, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
iota(1e21);
// @ts-expect-error 1e+21 is more than can be counted
normal(1e21);
// @ts-expect-error 1e+21 is more than can be counted
oneHot(1e21);
// @ts-expect-error 1e+21 is more than can be counted
ones(1e21);
// @ts-expect-error 1e+21 is more than can be counted
pad(0, 1e21, 0);
// @ts-expect-error 1e+21 is more than can be counted
permutation(1e21);
// @ts-expect-error 1e+21 is more than can be counted
randint(k, 0, 9, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
reshape(x, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
resizeBilinear(1e21, 2);
// @ts-expect-error 1e+21 is more than can be counted
resizeNearest(2, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
scatterAdd(index, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
slice(0, 0, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
split([1e21, 1]);
// @ts-expect-error 1e+21 is more than can be counted
tile(0, 1e21);
// @ts-expect-error 1e+21 is more than can be counted
topK(1e21);
// @ts-expect-error 1e+21 is more than can be counted
uniform(1e21);
// @ts-expect-error 1e+21 is more than can be counted
zeros(1e21);

// a symbol is not a number
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
zeros('B');
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
normal(k, 'B');

// @ts-expect-error Argument of type 'any' is not assignable to parameter of type 'never'
program(anything, (given) => given);

// a symbol is one word
// @ts-expect-error an extent must not be a union
ascribe(x, symbol);
// @ts-expect-error an extent must not be a pattern
ascribe(x, pattern);
// @ts-expect-error 'x.y' is not an extent
ascribe(x, 'x.y');
// @ts-expect-error 'H-1' is not an extent
ascribe(x, 'H-1');
// @ts-expect-error '1e3' is not an extent
ascribe(x, '1e3');
// @ts-expect-error 'B C' is not an extent
ascribe(x, 'B C');
// @ts-expect-error '' is not an extent
ascribe(x, '');
// @ts-expect-error 'Größe' is not an extent
program('B Größe', (given) => given);

// a spec of words that are not all known has any shape
expectType<AnyTensor>()(traced(program(`B ${words}` as const, (given) => given)));

// the extents of a program
const square = program('B 28', (given) => given);
// @ts-expect-error '8 | 16' is not assignable to type '"an extent must not be a union"'
compile(square, { B: count });
// @ts-expect-error "-1 is negative"
compile(square, { B: -1 });
// @ts-expect-error "1.5 is not an integer"
evaluate(square, { B: 1.5 });
// @ts-expect-error Type 'any' is not assignable to type 'never'
compile(square, { B: anything });
// @ts-expect-error Property 'B' is missing
compile(square, {});

// axes
expectType<Tensor<[2, 3, 4, 5, 6, 7]>>()(sum(zeros(1, 2, 3, 4, 5, 6, 7), -7));
expectType<Tensor<[2] | [4]>>()(sum(x, axis));
// @ts-expect-error an axis must not be a union
expectType<Tensor<[2, 4]>>()(cumsum(x, axis));
// @ts-expect-error no axis 2 in a shape of rank 2
expectType<Tensor<[2, 4]>>()(cumsum(x, 2));
// @ts-expect-error no axis -3 in a shape of rank 2
expectType<Tensor<[2, 4]>>()(cumprod(x, -3));
// @ts-expect-error no axis 2 in a shape of rank 2
expectType<Tensor<[2, 4]>>()(roll(x, 2, 1));
// @ts-expect-error no axis 2 in a shape of rank 2
expectType<Tensor<[2, 4]>>()(flip(x, 0, 2));
// @ts-expect-error a permutation names each axis once
expectType<Tensor<[2, 2]>>()(transpose(x, 0, 0));
// @ts-expect-error a permutation names each axis once
expectType<Tensor<[2]>>()(transpose(x, 0));

// a draw needs a key of a program
// @ts-expect-error a key of the host: draw inside a program, from a key that it takes
normal(key(7), 3);

// the channels of a convolution with groups
declare const kernel: Tensor<[3, 3, 2, 6]>;
expectType<Tensor<[1, 8, 8, 6]>>()(conv2d(pixels, kernel, { groups: 2 }));
// @ts-expect-error axis 2 of the kernel must be 4, the channels of the image; it is 2
conv2d(pixels, kernel, { strides: [2, 2] });
expectType<Tensor<[1, 8, 8, 2]>>()(convTranspose2d(six, kernel));
expectType<Tensor<[1, 8, 8, 4]>>()(convTranspose2d(six, kernel, { groups: 2 }));
