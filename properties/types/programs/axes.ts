/** Axes: an axis is one of those of the tensor, counted from the front or from the end. */
import { group, right, wrong } from './program.js';

export const axes = group('axes', {
  // wrong
  'the sum over the third axis of a matrix': wrong`
    sum(zeros(8, 64), «2»)
  `,
  'the sum over the third axis of a matrix, in a pipe': wrong`
    pipe(zeros(8, 64), «sum(2)»)
  `,
  'the sum over an axis before the first': wrong`
    sum(zeros(8, 64), «-3»)
  `,
  'the sum over an axis of a scalar': wrong`
    sum(scalar(7), «0»)
  `,
  'the mean over axes counted from one': wrong`
    mean(zeros(8, 28, 28, 3), «[2, 3, 4]»)
  `,
  'the mean over axes counted from one, in a pipe': wrong`
    pipe(zeros(8, 28, 28, 3), «mean([2, 3, 4])», neg)
  `,
  'the maximum over the fourth axis of an image without channels': wrong`
    max(zeros(8, 28, 28), «3»)
  `,
  'the minimum over a missing axis in a program': wrong`
    program('B 28 28 3', (x) => min(x, «4»))
  `,
  'the product over an axis of a batch of scalars': wrong`
    program('B', (x) => prod(x, «1»))
  `,
  'the variance over a missing axis': wrong`
    const standardized = (x: Tensor<[8, 64]>) => sub(x, sum(variance(x, «2»)));
  `,
  'the norm over a missing axis': wrong`
    const clipped = (g: Tensor<[64]>) => norm(g, «1»);
  `,
  'the logarithm of a sum over a missing axis': wrong`
    logSumExp(zeros(8, 10), «-3»)
  `,
  'any of a missing axis': wrong`
    any(greater(zeros(8, 10), 0), «2»)
  `,
  'the class of logits along a missing axis': wrong`
    argmax(zeros(8, 10), «2»)
  `,
  'the class of logits in a pipe along a missing axis': wrong`
    pipe(zeros(8, 10), softmax(), «argmax(2)»)
  `,
  'a softmax along a missing axis': wrong`
    softmax(zeros(8, 10), «2»)
  `,
  'a softmax along a missing axis in a generic function': wrong`
    const probabilities = <B extends Dim>(logits: Tensor<[B, 10]>): Tensor<[B, 10]> => softmax(logits, «2»);
  `,
  'a softmax of scores in a pipe along a missing axis': wrong`
    pipe(mul(zeros(8, 4, 16, 16), 0.25), «softmax(4)»)
  `,
  'the logarithm of a softmax along a missing axis': wrong`
    const loss = <B extends Dim>(logits: Tensor<[B, 10]>) => neg(mean(logSoftmax(logits, «-3»)));
  `,
  'a missing axis squeezed': wrong`
    squeeze(zeros(8, 1), «2»)
  `,
  'an axis of two elements squeezed': wrong`
    squeeze(zeros(8, 2), «1»)
  `,
  'the batch of a layer squeezed': wrong`
    const score = (x: Tensor<[8, 64]>, w: Tensor<[64, 1]>): Tensor<[8]> => squeeze(matmul(x, w), «0»);
  `,
  'the last axis of several channels squeezed in a pipe': wrong`
    pipe(zeros(8, 28, 28, 3), «squeeze(-1)»)
  `,
  'an axis added far from the others': wrong`
    expandDims(zeros(8), «2»)
  `,
  'an axis added far before the others': wrong`
    expandDims(zeros(8), «-3»)
  `,
  'a cumulative sum along a missing axis': wrong`
    cumsum(zeros(8, 64), «2»)
  `,
  'a cumulative product along a missing axis in a pipe': wrong`
    pipe(zeros(1000), «cumprod(1)»)
  `,
  'a flip of two axes, one of them missing': wrong`
    flip(zeros(8, 64), 0, «2»)
  `,
  'a roll along a missing axis': wrong`
    roll(zeros(8, 64), «2», 1)
  `,
  'a slice of a missing axis': wrong`
    slice(zeros(8, 64), «2», 0, 1)
  `,
  'a slice of a missing axis in a pipe': wrong`
    pipe(zeros(8, 64), «slice(2, 0, 1)»)
  `,
  'a missing axis split': wrong`
    split(zeros(8, 64), [32, 32], «2»)
  `,
  'a missing axis halved': wrong`
    halve(zeros(8, 64), «2»)
  `,
  'rows taken along a missing axis': wrong`
    take(zeros(8, 64), «2», iota(3))
  `,
  'a missing axis padded': wrong`
    pad(zeros(8, 28), «2», 1, 1)
  `,
  'a missing axis tiled': wrong`
    tile(zeros(8, 28), «2», 2)
  `,
  'a transposition of a missing axis': wrong`
    transpose(zeros(8, 64), «0, 2»)
  `,
  'a transposition that names an axis twice': wrong`
    transpose(zeros(8, 64), «0, 0»)
  `,
  'a transposition that leaves out an axis': wrong`
    transpose(zeros(8, 28, 28, 3), «0, 3, 1»)
  `,
  'a transposition that leaves out an axis, in a pipe': wrong`
    pipe(zeros(8, 28, 28, 3), «transpose(0, 3, 1)», silu)
  `,
  'tensors concatenated along a missing axis': wrong`
    concatAll([zeros(8, 3), zeros(8, 4)], «2»)
  `,
  'tensors stacked along an axis beyond the last': wrong`
    stack([zeros(8, 3), zeros(8, 3)], «3»)
  `,

  // right
  'axes from the end': right`
    const y: Tensor<[8, 28]> = sum(zeros(8, 28, 28, 3), [-1, -2]);
  `,
  'the first axis from the end': right`
    const y: Tensor<[64]> = mean(zeros(8, 64), -2);
  `,
  'axes in a pipe': right`
    const y: Tensor<[8], 'int32'> = pipe(zeros(8, 28, 28, 10), mean([1, 2]), softmax(-1), argmax(1));
  `,
  'an axis that is known at run time': right`
    const y = sum(zeros(8, 64), Number('1'));
  `,
  'a tensor of unknown rank': right`
    const total = (x: Tensor<Shape>) => sum(softmax(x, 1), 1);
    total(zeros(2, 3));
  `,
  'any tensors of a batch': right`
    const perSample = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>): Tensor<[B]> => meanPerSample(square(x));
    const y: Tensor<[8]> = perSample(zeros(8, 28, 28, 3));
  `,
  'a softmax along each axis': right`
    const all: Tensor<[8, 4, 16]> = pipe(zeros(8, 4, 16), softmax(0), softmax(1), softmax(2), softmax(-3));
  `,
  'an axis of one element squeezed': right`
    const y: Tensor<[8, 3]> = pipe(zeros(8, 1, 3), squeeze(1));
  `,
  'a wide axis squeezed': right`
    squeeze(zeros(8, Number('1')), 1)
  `,
  'an axis added at the end': right`
    const y: Tensor<[8, 1]> = expandDims(zeros(8), -1);
  `,
  'a standardization along the last axis': right`
    const standardized = <B extends Dim>(x: Tensor<[B, 64]>): Tensor<[B, 64]> =>
      div(sub(x, broadcastLike(expandDims(mean(x, 1), 1), x)), 2);
  `,
  'an image with the channels first': right`
    const y: Tensor<[8, 3, 28, 20]> = transpose(zeros(8, 28, 20, 3), 0, 3, 1, 2);
  `,
  'a flip along an axis of a generic function': right`
    const mirrored = <B extends Dim>(x: Tensor<[B, 28, 28, 3]>): Tensor<[B, 28, 28, 3]> => flip(x, 2);
  `,
});
