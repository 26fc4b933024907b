/** Images whose size changes: literal strides, halves and doubles, and extents at compilation. */
import { group, right, wrong } from './program.js';

export const convolutions = group('convolutions', {
  // wrong
  'a kernel of other channels': wrong`
    conv2d(zeros(8, 28, 28, 64), «zeros(3, 3, 32, 64)»)
  `,
  'a kernel of other channels in a pipe': wrong`
    pipe(zeros(8, 28, 28, 64), «conv2d(zeros(3, 3, 32, 64))», silu)
  `,
  'a kernel of other channels at the end of a pipe': wrong`
    pipe(zeros(8, 28, 28, 3), conv2d(zeros(3, 3, 3, 64)), silu, «conv2d(zeros(3, 3, 32, 64))»)
  `,
  'a kernel with its axes in the order of PyTorch': wrong`
    conv2d(zeros(8, 28, 28, 3), «zeros(64, 3, 3, 3, 1)»)
  `,
  'a kernel of groups that does not fit': wrong`
    conv2d(zeros(8, 28, 28, 64), «zeros(3, 3, 64, 64)», { groups: 4 })
  `,
  'a kernel whose outputs are no multiple of the groups': wrong`
    conv2d(zeros(8, 28, 28, 64), «zeros(3, 3, 16, 30)», { groups: 4 })
  `,
  'a depthwise kernel of other channels': wrong`
    depthwiseConv2d(zeros(8, 28, 28, 64), «zeros(3, 3, 1, 32)»)
  `,
  'a transposed kernel with its channels swapped': wrong`
    convTranspose2d(zeros(8, 14, 14, 64), «zeros(4, 4, 64, 32)», { strides: [2, 2] })
  `,
  'images of half the size and of the full size': wrong`
    const x = zeros(8, 28, 28, 3);
    concat(x, «conv2d(x, zeros(3, 3, 3, 8), { strides: [2, 2] })»);
  `,
  'patches of seven pixels a side and of eight': wrong`
    const patches = conv2d(zeros(8, 28, 28, 1), zeros(4, 4, 1, 64), { strides: [4, 4], padding: 'valid' });
    add(patches, «zeros(8, 8, 8, 64)»);
  `,
  'an odd image of half the size, rounded down': wrong`
    const half = conv2d(zeros(8, 15, 15, 3), zeros(3, 3, 3, 8), { strides: [2, 2] });
    add(half, «zeros(8, 7, 7, 8)»);
  `,
  'a valid convolution that is taken for one that keeps the size': wrong`
    const x = zeros(8, 28, 28, 8);
    add(x, «conv2d(x, zeros(3, 3, 8, 8), { padding: 'valid' })»);
  `,
  'a valid convolution in a generic function': wrong`
    const residual = <B extends Dim>(x: Tensor<[B, 28, 28, 8]>) =>
      add(x, «conv2d(x, zeros(5, 5, 8, 8), { padding: 'valid' })»);
  `,
  'the positions of another number of patches': wrong`
    const embedded = (x: Tensor<[8, 28, 28, 1]>, position: Tensor<[8, 64, 32]>) => {
      const patches = conv2d(x, zeros(4, 4, 1, 32), { strides: [4, 4], padding: 'valid' });
      return add(rearrange(patches, 'b h w c -> b (h w) c'), «position»);
    };
  `,
  'a head for another number of pixels': wrong`
    const head = (x: Tensor<[8, 28, 28, 1]>) => {
      const h = averagePool(averagePool(conv2d(x, zeros(3, 3, 1, 8))));
      return matmul(reshape(h, 8, -1), «zeros(400, 10)»);
    };
  `,
  'a skip connection of twice the size': wrong`
    const skip = (x: Tensor<[8, 28, 28, 8]>) => concat(x, «upsample(x)»);
  `,
  'an image doubled once too often': wrong`
    program('B H W 8', (x) => add(x, «upsample(upsample(averagePool(x)))»))
  `,
  'a quarter of an image and a half': wrong`
    program('B H W 8', (x) => concat(averagePool(x), «averagePool(averagePool(x))»))
  `,
  'a bias of the inputs': wrong`
    addBias(conv2d(zeros(8, 28, 28, 3), zeros(3, 3, 3, 64)), «zeros(3)»)
  `,
  'a pool by windows that is taken for one that keeps the size': wrong`
    const x = zeros(8, 28, 28, 8);
    sub(x, «averagePooling(x, { window: [2, 2] })»);
  `,
  'a resized image of another size': wrong`
    add(resizeNearest(zeros(8, 14, 14, 3), 28, 28), «zeros(8, 28, 20, 3)»)
  `,
  'a stride of an option that is a pair': wrong`
    conv2d(zeros(8, 28, 28, 3), zeros(3, 3, 3, 8), { «strides: 2» })
  `,

  // right
  'half the size, by strides': right`
    const y: Tensor<[8, 14, 14, 32]> = conv2d(zeros(8, 28, 28, 1), zeros(3, 3, 1, 32), { strides: [2, 2] });
  `,
  'half of an odd size, rounded up': right`
    const y: Tensor<[8, 8, 8, 32]> = conv2d(zeros(8, 15, 15, 1), zeros(3, 3, 1, 32), { strides: [2, 2] });
  `,
  'patches of four pixels': right`
    const y: Tensor<[8, 7, 7, 64]> =
      conv2d(zeros(8, 28, 28, 1), zeros(4, 4, 1, 64), { strides: [4, 4], padding: 'valid' });
  `,
  'patches of four pixels in a function of any batch': right`
    const patches = <B extends Dim>(x: Tensor<[B, 28, 28, 1]>): Tensor<[B, 7, 7, 64]> =>
      conv2d(x, zeros(4, 4, 1, 64), { strides: [4, 4], padding: 'valid' });
    const y: Tensor<[3, 49, 64]> = rearrange(patches(zeros(3, 28, 28, 1)), 'b h w c -> b (h w) c');
  `,
  'a valid convolution': right`
    const y: Tensor<[8, 24, 26, 32]> = conv2d(zeros(8, 28, 28, 1), zeros(5, 3, 1, 32), { padding: 'valid' });
  `,
  'a convolution with an option that keeps the size': right`
    const y: Tensor<[8, 28, 28, 32]> = conv2d(zeros(8, 28, 28, 1), zeros(3, 3, 1, 32), { padding: 'same' });
  `,
  'a kernel of groups': right`
    conv2d(zeros(8, 28, 28, 64), zeros(3, 3, 16, 32), { groups: 4 })
  `,
  'strides that are known at run time': right`
    const n = Number('2');
    const y: Tensor<[8, Dim, Dim, 8]> = conv2d(zeros(8, 28, 28, 3), zeros(3, 3, 3, 8), { strides: [n, n] });
  `,
  'twice the size, by a transposed convolution': right`
    const y: Tensor<[8, 28, 28, 32]> = convTranspose2d(zeros(8, 14, 14, 64), zeros(4, 4, 32, 64), { strides: [2, 2] });
  `,
  'a symbol that is halved and doubled': right`
    program('B H W 8', (x): Tensor<['B', 'H', 'W', 8]> => add(x, upsample(averagePool(x))))
  `,
  'a symbol that is halved twice and doubled twice': right`
    program('B H W 8', (x): Tensor<['B', 'H', 'W', 8]> => {
      const quarter: Tensor<['B', '(H/2)/2', '(W/2)/2', 8]> = averagePool(averagePool(x));
      return add(x, upsample(upsample(quarter)));
    })
  `,
  'the sums of channels in either order': right`
    program({ x: 'B C', y: 'B D' }, ({ x, y }): Tensor<['B', 'C+D']> => add(concat(x, y), concat(y, x)))
  `,
  'pools by windows': right`
    averagePooling(zeros(8, 28, 28, 3), { window: [4, 4] })
  `,
  'an image of wide size and a skip connection': right`
    const block = (x: Tensor<[8, Dim, Dim, 16]>): Tensor<[8, Dim, Dim, 32]> => concat(x, upsample(averagePool(x)));
    block(zeros(8, Number('28'), Number('28'), 16));
  `,
});
