import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { E, F } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { type Dim, dims, type Shape, type Tensor } from '../../graph/tensor.js';
import { logSoftmax, softmax } from '../elementwise/activation.js';
import { constantOf, iota, ones, zeros } from '../constants.js';
import { conv2d, type Convolution, downsample } from '../image/convolution.js';
import { averagePool } from '../image/pooling.js';
import { upsample } from '../image/resize.js';
import { gather } from '../indexing/indexing.js';
import { affine, batchedMatmul, matmul } from './linear.js';
import { groupNorm, layerNorm } from './normalization.js';
import { sum } from '../reduction/reduction.js';
import { reshape, transpose } from '../shape/reshape.js';
import { cast, exp } from '../elementwise/unary.js';

/** 0, 1, 2, … as an image of one channel. */
const counting = <const H extends number, const W extends number>(H: H, W: W): Tensor<Shape> =>
  reshape(cast(iota((H * W) as number), 'float32'), 1, H as number, W as number, 1);
const image = (): Tensor<[1, 4, 4, 1]> => counting(4, 4) as Tensor<[1, 4, 4, 1]>;

describe('convolutions', () => {
  test('conv2d with ones sums the neighbours, with zero padding', async () => {
    const sums = await numbersOf(() => conv2d(ones(1, 3, 3, 1), ones(3, 3, 1, 1)));
    expect(sums).toEqual([4, 6, 4, 6, 9, 6, 4, 6, 4]);
  });

  test('conv2d keeps the size for kernels of any size', () => {
    for (const size of [1, 2, 3, 4, 5]) expect(dims(conv2d(image(), ones(size, size, 1, 7)))).toEqual([1, 4, 4, 7]);
  });

  test('downsample with a kernel of the centre takes every second pixel', async () => {
    const centre = () => constantOf([0, 0, 0, 0, 1, 0, 0, 0, 0], 3, 3, 1, 1);
    expect(await numbersOf(() => downsample(image(), centre()))).toEqual([0, 2, 8, 10]);
  });

  test('downsample and averagePool reject an odd size', () => {
    const odd = zeros(1, 7 as number, 8, 1);
    expect(attempt(() => downsample(odd, ones(3, 3, 1, 1)))).toMatchObject(E.left({ _tag: 'ShapeError' }));
    expect(attempt(() => averagePool(odd))).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });

  test('averagePool takes the mean of each square', async () => {
    expect(await numbersOf(() => averagePool(image()))).toEqual([2.5, 4.5, 10.5, 12.5]);
  });

  test('upsample repeats each pixel; averagePool undoes it', async () => {
    const small = () => constantOf([1, 2, 3, 4], 1, 2, 2, 1);
    expect(await numbersOf(() => upsample(small()))).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    expect(await numbersOf(() => averagePool(upsample(small())))).toEqual([1, 2, 3, 4]);
  });

  test.each([
    ['same', {}, [1, 4, 4, 2]],
    ['valid', { padding: 'valid' }, [1, 2, 2, 2]],
    ['stride 2', { strides: [2, 2] }, [1, 2, 2, 2]],
    ['dilation 2, same', { dilation: [2, 2] }, [1, 4, 4, 2]],
    ['explicit padding', { padding: [[1, 0], [0, 2]] }, [1, 3, 4, 2]], // oxfmt-ignore
  ] as const)('convolution: %s', (_, options: Convolution, shape) => {
    expect(dims(conv2d(image(), ones(3, 3, 1, 2), options))).toEqual(shape);
  });

  test.each([
    ['a fractional stride', { strides: [1.5, 1] }],
    ['no stride', { strides: [0, 1] }],
    ['a negative dilation', { dilation: [-1, 1] }],
    ['half a pixel of padding', { padding: [[0.5, 0], [0, 0]] }], // oxfmt-ignore
    ['no groups', { groups: 0 }],
  ] as const)('convolution rejects %s', (_, options: Convolution) => {
    expect(attempt(() => conv2d(image(), ones(3, 3, 1, 2), options))).toMatchObject(
      E.left({ _tag: 'ConfigError', where: 'conv2d' }),
    );
  });

  test('errors name a kernel with wrong channels, and hint at the order of axes', () => {
    const color = () => ones(1, 4, 4, 3);
    const wide = (kernel: Tensor<[Dim, Dim, Dim, Dim]>): Tensor<[Dim, Dim, Dim, Dim]> => kernel;
    expect(attempt(() => F.pipe(color(), conv2d(wide(ones(3, 3, 2, 8)), {})))).toMatchObject(
      E.left({
        _tag: 'ShapeError',
        expected: 'an image of 2 channels, for a kernel [3, 3, 2, 8]',
        hint: 'the kernel is [height, width, channels in, channels out]',
      }),
    );
    const turned = attempt(() => F.pipe(color(), conv2d(wide(ones(8, 3, 5, 5)), {})));
    expect(turned).toMatchObject(
      E.left({ _tag: 'ShapeError', hint: expect.stringContaining('transpose(2, 3, 1, 0)') }),
    );
    expect(dims(conv2d(color(), transpose(ones(8, 3, 5, 5), 2, 3, 1, 0), {}))).toEqual([1, 4, 4, 8]);
  });

  test('rejects operands of another dtype', () => {
    const whole = iota(4) as Tensor<[Dim], 'int32'> as unknown as Tensor<[1, 2, 2, 1]>; // a wrong type
    expect(attempt(() => conv2d(whole, ones(1, 1, 1, 1)))).toMatchObject(E.left({ _tag: 'DTypeError' }));
    expect(attempt(() => matmul(iota(4) as unknown as Tensor<[4]>, ones(4, 1)))).toMatchObject(
      E.left({ _tag: 'DTypeError' }),
    );
    expect(attempt(() => gather(ones(3), zeros(2) as unknown as Tensor<[2], 'int32'>))).toMatchObject(
      E.left({ _tag: 'DTypeError' }),
    );
  });

  test('a depthwise convolution keeps the channels separate', async () => {
    const two = () => constantOf([1, 10, 2, 20], 1, 1, 2, 2);
    expect(await numbersOf(() => conv2d(two(), ones(1, 1, 1, 2), { groups: 2 }))).toEqual([1, 10, 2, 20]);
  });
});

describe('matrix products', () => {
  const w = (): Tensor<[2, 3]> => constantOf([1, 2, 3, 4, 5, 6], 2, 3);

  test('matmul acts on the last axis, with any leading axes', async () => {
    expect(await numbersOf(() => matmul(ones(1, 2), w()))).toEqual([5, 7, 9]);
    expect(await numbersOf(() => matmul(ones(2), w()))).toEqual([5, 7, 9]);
    expect(dims(matmul(ones(4, 5, 6, 2), w()))).toEqual([4, 5, 6, 3]);
  });

  test('affine adds b', async () => {
    expect(await numbersOf(() => affine(ones(1, 2), { w: w(), b: constantOf([10, 20, 30], 3) }))).toEqual([15, 27, 39]);
  });

  test('batchedMatmul is matmul in each batch', async () => {
    const a = () => constantOf([1, 2, 3, 4], 2, 1, 2);
    const b = () => constantOf([1, 0, 0, 1, 0, 1, 1, 0], 2, 2, 2);
    expect(await numbersOf(() => batchedMatmul(a(), b()))).toEqual([1, 2, 4, 3]);
  });
});

describe('softmax', () => {
  test('sums to 1 without overflow', async () => {
    const values = await numbersOf(() => softmax(constantOf([1000, 1001], 2)));
    expect(values[0]! + values[1]!).toBeCloseTo(1, 12);
    expect(values[1]! / values[0]!).toBeCloseTo(Math.E, 10);
  });

  test('accepts any axis; the default is the last', async () => {
    const x = () => constantOf([0, 1, 2, Math.log(3), 5, 9], 2, 3);
    const columns = await numbersOf(() => softmax(x(), 0)); // each of [a, b] is [1, e^(b − a)] / (1 + e^(b − a))
    [0.25, 1 / (1 + Math.exp(4)), 1 / (1 + Math.exp(7)), 0.75].forEach((value, i) =>
      expect(columns[i]).toBeCloseTo(value, 12),
    );
    expect(await numbersOf(() => softmax(x(), 1))).toEqual(await numbersOf(() => softmax(x())));
    const total = await numbersOf(() => sum(softmax(x()), 1));
    total.forEach((value) => expect(value).toBeCloseTo(1, 12));
    const logarithms = await numbersOf(() => exp(logSoftmax(x(), 0)));
    logarithms.forEach((value, i) => expect(value).toBeCloseTo(columns[i]!, 12));
  });

  test('logSoftmax is its logarithm', async () => {
    const x = () => constantOf([1, 2, 4, 8], 2, 2);
    const [a, b] = [await numbersOf(() => softmax(x())), await numbersOf(() => exp(logSoftmax(x())))];
    a.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 12));
  });
});

describe('normalization', () => {
  const unit = { gamma: ones(4), beta: zeros(4) };
  const x = (): Tensor<[1, 1, 2, 4]> => constantOf([1, 2, 30, 40, 3, 4, 50, 60], 1, 1, 2, 4);

  test('groupNorm gives each group mean 0 and variance 1', async () => {
    const values = await numbersOf(() => groupNorm(x(), unit, { groups: 2, epsilon: 0 }));
    const first = [values[0]!, values[1]!, values[4]!, values[5]!]; // 1, 2, 3, 4 standardized
    first.forEach((value, i) => expect(value).toBeCloseTo((i - 1.5) / Math.sqrt(1.25), 10));
  });

  test('layerNorm normalizes the last axis only', async () => {
    const values = await numbersOf(() => layerNorm(x(), unit, { epsilon: 0 }));
    expect(values.slice(0, 4).reduce((a, b) => a + b, 0)).toBeCloseTo(0, 10);
    expect(values.slice(0, 4).reduce((a, b) => a + b * b, 0)).toBeCloseTo(4, 10);
  });

  test('then scales and shifts', async () => {
    const params = { gamma: zeros(4), beta: constantOf([1, 2, 3, 4], 4) };
    expect(await numbersOf(() => groupNorm(x(), params, { groups: 4 }))).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  });

  test('the groups divide the channels', () => {
    expect(attempt(() => groupNorm(x(), unit, { groups: 3 as number }))).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});
