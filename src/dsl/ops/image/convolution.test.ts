import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { type Dim, dims, type Tensor } from '../../graph/tensor.js';
import { mul } from '../elementwise/binary.js';
import { constantOf, ones } from '../constants.js';
import { conv2d, depthwiseConv2d } from './convolution.js';
import { convTranspose2d, type TransposedConvolution } from './transposedConvolution.js';
import { sum } from '../reduction/reduction.js';
import { concatAll } from '../shape/joining.js';
import { slice } from '../shape/slicing.js';

const numbers = (count: number, seed: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => ((i * 7 + seed) % 11) / 4 - 1);
const filled = (seed: number, ...shape: readonly number[]): Tensor<[Dim, Dim, Dim, Dim]> =>
  constantOf(
    numbers(shape.reduce((a, b) => a * b, 1), seed),
    ...(shape as [number, number, number, number]),
  ); // oxfmt-ignore

/** The definition, without padding: each pixel adds its multiple of the kernel to the result. */
const spread = (image: readonly number[], kernel: readonly number[], stride: number): readonly number[] => {
  const out = Array.from({ length: 5 * 5 * 2 }, () => 0); // (2 − 1)·2 + 3
  for (let h = 0; h < 2; h++)
    for (let w = 0; w < 2; w++)
      for (let kh = 0; kh < 3; kh++)
        for (let kw = 0; kw < 3; kw++)
          for (let d = 0; d < 2; d++)
            for (let c = 0; c < 3; c++)
              out[((h * stride + kh) * 5 + (w * stride + kw)) * 2 + d]! +=
                image[(h * 2 + w) * 3 + c]! * kernel[((kh * 3 + kw) * 2 + d) * 3 + c]!;
  return out;
};

describe('convTranspose2d', () => {
  test('adds a multiple of the kernel for each pixel', async () => {
    const [image, kernel] = [numbers(12, 1), numbers(54, 2)];
    await expectOperation(
      (x: Tensor<[1, 2, 2, 3]>, k: Tensor<[3, 3, 2, 3]>) =>
        convTranspose2d(x, k, { strides: [2, 2], padding: 'valid' }),
      [floats(image, 1, 2, 2, 3), floats(kernel, 3, 3, 2, 3)],
      spread(image, kernel, 2),
    );
  });

  test.each<[string, readonly [number, number], readonly [number, number], TransposedConvolution]>([
    ['stride 1', [5, 4], [3, 3], {}],
    ['stride 2', [6, 4], [3, 3], { strides: [2, 2] }],
    ['an even kernel', [6, 4], [4, 2], { strides: [2, 2] }],
    ['a kernel smaller than the stride', [6, 3], [1, 2], { strides: [2, 3] }],
    ['valid', [7, 5], [3, 3], { strides: [2, 2], padding: 'valid' }],
    ['valid padding that leaves out the last row and column', [8, 6], [3, 3], { strides: [2, 2], padding: 'valid', outputPadding: [1, 1] }],
    ['in groups', [6, 4], [3, 3], { strides: [2, 2], groups: 2 }],
    ['depthwise with two output channels for each channel', [5, 4], [3, 2], { groups: 4 }],
    ['dilated', [6, 7], [3, 2], { strides: [1, 2], dilation: [2, 3], padding: [[1, 2], [0, 3]] }],
  ])('⟨conv(x), y⟩ = ⟨x, convTranspose2d(y)⟩: %s', async (_, size, window, options) => {
    const { strides, padding, dilation, groups } = { strides: [1, 1], padding: 'same', dilation: [1, 1], groups: 1, ...options } as const;
    const kernel = () => filled(3, ...window, 2, 8);
    const x = () => filled(1, 2, ...size, 2 * groups);
    const forward = () => conv2d(x(), kernel(), { strides, padding, dilation, groups });
    const y = () => filled(2, ...dims(forward()));
    const back = () => convTranspose2d(y(), kernel(), options);
    expect(dims(back())).toEqual(dims(x()));
    const [one] = await numbersOf(() => sum(mul(forward(), y())));
    const [other] = await numbersOf(() => sum(mul(back(), x())));
    expect(other).toBeCloseTo(one!, 10);
  }); // oxfmt-ignore

  test('rejects an output padding of a whole stride, and a wrong number of channels', () => {
    const image = ones(1, 4, 4, 3) as Tensor<[1, Dim, Dim, Dim]>;
    const wide = { strides: [2, 2], padding: 'valid', outputPadding: [2, 0] } as const;
    expect(attempt(() => convTranspose2d(ones(1, 4, 4, 3), ones(3, 3, 2, 3), wide))).toMatchObject(
      E.left({ _tag: 'ConfigError', where: 'convTranspose2d' }),
    );
    const turned = ones(3, 3, 3, 2) as Tensor<[Dim, Dim, Dim, Dim]>;
    for (const wrong of [() => convTranspose2d(image, turned), () => convTranspose2d(image, turned, { groups: 3 })])
      expect(attempt(wrong)).toMatchObject(E.left({ _tag: 'ShapeError', where: 'convTranspose2d' }));
  });
});

describe('depthwiseConv2d', () => {
  test('convolves each channel separately', async () => {
    const channel = (x: Tensor<[2, 4, 3, 2]>, k: Tensor<[3, 3, 1, 2]>, c: number) =>
      conv2d(slice(x, 3, c, 1), slice(k, 3, c, 1));
    const [image, kernel] = [numbers(48, 1), numbers(18, 2)];
    const expected = await numbersOf(() => {
      const [x, k] = [constantOf(image, 2, 4, 3, 2), constantOf(kernel, 3, 3, 1, 2)];
      return concatAll([channel(x, k, 0), channel(x, k, 1)]);
    });
    await expectOperation(
      (x: Tensor<[2, 4, 3, 2]>, k: Tensor<[3, 3, 1, 2]>) => depthwiseConv2d(x, k),
      [floats(image, 2, 4, 3, 2), floats(kernel, 3, 3, 1, 2)],
      expected,
    );
  });
});
