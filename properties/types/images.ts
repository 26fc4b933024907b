import {
  averagePooling,
  conv2d,
  convTranspose2d,
  depthwiseConv2d,
  type Dim,
  maxPool,
  maxPooling,
  resizeBilinear,
  resizeNearest,
  type Tensor,
} from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const x: Tensor<['B', 'H', 28, 64]>;
declare const up: Tensor<[4, 4, 32, 64]>;
declare const turned: Tensor<[4, 4, 64, 32]>;
declare const depthwise: Tensor<[3, 3, 1, 64]>;
declare const dense: Tensor<[3, 3, 64, 64]>;
declare const depthwise32: Tensor<[3, 3, 1, 32]>;
declare const matrix: Tensor<['B', 64]>;
declare const odd: Tensor<['B', 7, 28, 64]>;
declare const n: number;

expectType<Tensor<['B', '2*H', 56, 32]>>()(F.pipe(x, convTranspose2d(up, { strides: [2, 2] })));
expectType<Tensor<['B', 'H', 28, 64]>>()(F.pipe(x, depthwiseConv2d(depthwise)));
expectType<Tensor<['B', 'H/2', 14, 64]>>()(F.pipe(x, maxPool));
expectType<Tensor<['B', 'H', 28, 64]>>()(F.pipe(x, conv2d(dense, { dilation: [n, n] }))); // 'same' keeps the size
expectType<Tensor<['B', Dim, 13, 64]>>()(F.pipe(x, maxPooling({ window: [3, 3], strides: [2, 2] })));
expectType<Tensor<['B', Dim, 9, 64]>>()(F.pipe(x, averagePooling({ window: [3, 3] })));
expectType<Tensor<['B', 'H', 28, 64]>>()(F.pipe(x, maxPooling({ window: [3, 3], strides: [1, 1], padding: 'same' })));
// @ts-expect-error the height is 7, which is odd
maxPool(odd);
expectType<Tensor<['B', 32, 16, 64]>>()(F.pipe(x, resizeNearest(32, 16)));
expectType<Tensor<['B', Dim, 16, 64]>>()(F.pipe(x, resizeBilinear(n, 16)));

// @ts-expect-error Type '64' is not assignable to type '32'
F.pipe(x, convTranspose2d(turned));
// @ts-expect-error axis 3 of the kernel must be 64, the channels of the image; it is 32
depthwiseConv2d(x, depthwise32);
// @ts-expect-error Type '64' is not assignable to type '1'
depthwiseConv2d(dense);
// @ts-expect-error Source has 2 element(s) but target requires 4
F.pipe(matrix, maxPooling({ window: [2, 2] }));
// @ts-expect-error Type '[number]' is not assignable to type 'Pair'
averagePooling({ window: [2] });
// @ts-expect-error Argument of type '-1' is not assignable to parameter of type '"-1 is negative"'
resizeNearest(-1, 4);

// inside a function whose extents are parameters
export const half =
  <C extends Dim>(kernel: Tensor<[3, 3, 1, C]>) =>
  <B extends Dim, H extends Dim, W extends Dim>(image: Tensor<[B, H, W, C]>): Tensor<[B, 16, 16, C]> =>
    F.pipe(image, depthwiseConv2d(kernel), maxPooling({ window: [3, 3] }), resizeBilinear(16, 16));
