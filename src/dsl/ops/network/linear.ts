/**
 * Products of matrices, and the broadcasts that networks need, by name. They type-check inside generic functions too. The
 * broadcasts raise `ShapeError` unless the named extents are equal: an axis of extent 1 is not repeated.
 */
import { dataFirst, dual } from '../../../internal/dual.js';
import { named, showShape } from '../../../internal/errors.js';
import type { Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { wrongShape } from '../../primitives/checks.js';
import { add, broadcast, dot, mul, repeatedBy, reshape, termsOf } from '../../primitives/index.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import type { Fits } from '../../types/checked.js';
import type { ExtentMismatch } from '../../types/mismatch.js';
import { withFields } from '../operand.js';

/** Combines x with `y`. `y` has only the given axes of x, and is repeated along the others. */
const combined =
  (op: string, combine: (x: Node, y: Node) => Node, ...axes: readonly number[]) =>
  (x: AnyTensor, y: AnyTensor): AnyTensor => {
    const [{ shape }, operand] = [nodeOf(x), nodeOf(y)];
    const own = axes.map((axis) => shape.at(axis) ?? 'none');
    const [expected, actual] = [`${showShape(own)}, for ${showShape(shape)}`, showShape(operand.shape)];
    if (actual !== showShape(own))
      wrongShape(op, operand, expected, actual, 'broadcasting is explicit: use broadcastTo for other shapes');
    const positions = axes.map((axis) => (axis < 0 ? axis + shape.length : axis));
    const aligned = reshape(operand, shape.map((d, axis) => (positions.includes(axis) ? d : 1))); // oxfmt-ignore
    return tensor(combine(nodeOf(x), broadcast(aligned, shape)));
  };

/** Makes the data-first and the pipeable form of {@link combined}; `y` is the parameter. */
const combining = <F extends object>(op: string, combine: (x: Node, y: Node) => Node, ...axes: readonly number[]): F =>
  dual(op, 2, combined(op, combine, ...axes));

interface PerChannel {
  <C extends Dim>(y: Tensor<[C]>): <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, C]>;
  <R extends Shape, C extends Dim, E extends Dim>(
    x: Tensor<[...R, C]>,
    y: Fits<E, C, Tensor<[E]>, ExtentMismatch<C, E, 'axis 0 of the second operand', 'the channels of the first'>>,
  ): Tensor<[...R, C]>;
}

interface PerSample {
  <B extends Dim, C extends Dim>(
    y: Tensor<[B, C]>,
  ): <H extends Dim, W extends Dim>(x: Tensor<[NoInfer<B>, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, E extends Dim, F extends Dim>(
    x: Tensor<[B, H, W, C]>,
    y: Fits<
      E,
      B,
      Fits<F, C, Tensor<[E, F]>, ExtentMismatch<C, F, 'axis 1 of the second operand', 'the channels of the first'>>,
      ExtentMismatch<B, E, 'axis 0 of the second operand', 'the batch of the first'>
    >,
  ): Tensor<[B, H, W, C]>;
}

/**
 * Adds one number to each channel: `x: [..., C]` and `bias: [C]`.
 * @example addBias(zeros(2, 3), constantOf([1, 2, 3], 3)) // → [[1, 2, 3], [1, 2, 3]]
 */
export const addBias: PerChannel = combining('addBias', add, -1);

/**
 * Multiplies each channel by one number: `x: [..., C]` and `scale: [C]`.
 * @example scaleChannels(ones(2, 3), constantOf([1, 2, 3], 3)) // → [[1, 2, 3], [1, 2, 3]]
 */
export const scaleChannels: PerChannel = combining('scaleChannels', mul, -1);

/** x + y, or h + (y + b) if x is h + b with a bias b: y and b are small, so this saves an addition of images. */
const addedToBias = (x: Node, y: Node): Node => {
  const [h, bias] = termsOf(x);
  if (h === undefined || bias === undefined) return add(x, y);
  const [b, each] = [repeatedBy(bias), repeatedBy(y)];
  const [[B = 1], C] = [each.shape, each.shape.at(-1)];
  if (b.shape.at(-1) !== C || sizeOf(b.shape) !== C) return add(x, y);
  const sum = add(reshape(each, [B, C]), broadcast(reshape(b, [1, C]), [B, C]));
  return add(h, broadcast(reshape(sum, each.shape), x.shape));
};

/**
 * Adds one vector to each sample, at every pixel: `x: [B, H, W, C]` and `y: [B, C]`.
 * @example addPerSample(zeros(2, 1, 2, 1), constantOf([1, 2], 2, 1)) // → [[[[1], [1]]], [[[2], [2]]]]
 */
export const addPerSample: PerSample = combining('addPerSample', addedToBias, 0, -1);

/**
 * Multiplies each sample by one vector, at every pixel: `x: [B, H, W, C]` and `y: [B, C]`.
 * @example mulPerSample(ones(2, 1, 2, 1), constantOf([1, 2], 2, 1)) // → [[[[1], [1]]], [[[2], [2]]]]
 */
export const mulPerSample: PerSample = combining('mulPerSample', mul, 0, -1);

/**
 * Multiplies each sample by its number: `x: [B, ...]` and `s: [B]`.
 * @example
 * const [x0, noise] = [ones(2, 3), fullOf(10, 2, 3)]
 * const [signal, sigma] = [constantOf([1, 0.6], 2), constantOf([0, 0.8], 2)] // √ᾱ_t and √(1 − ᾱ_t)
 * add(scaleBy(x0, signal), scaleBy(noise, sigma)) // → [[1, 1, 1], [8.6, 8.6, 8.6]]
 */
export const scaleBy: <B extends Dim, R extends Shape, E extends Dim>(
  x: Tensor<[B, ...R]>,
  s: Fits<E, B, Tensor<[E]>, ExtentMismatch<B, E, 'axis 0 of the second operand', 'the batch of the first'>>,
) => Tensor<[B, ...R]> = dataFirst('scaleBy', 2, combined('scaleBy', mul, 0));

/** Makes both forms of an operation whose second operand is a parameter. Errors in its body have its name. */
/* @__NO_SIDE_EFFECTS__ */
const withParameter = <F extends object, P>(op: string, body: (x: AnyTensor, parameter: P) => AnyTensor): F =>
  dual(op, 2, (x: AnyTensor, parameter: P) => named(op, () => body(x, parameter)));

/**
 * x·w along the last axis: `x: [..., K]` and `w: [K, N]` → `[..., N]`.
 * @example
 * matmul(zeros(8, 7, 7, 64), zeros(64, 128)) // : Tensor<[8, 7, 7, 128]>
 * matmul(constantOf([1, 2, 3, 4], 2, 2), ones(2, 1)) // → [[3], [7]]
 */
export const matmul: {
  <K extends Dim, N extends Dim>(
    w: Tensor<[K, N]>,
  ): <R extends Shape>(x: Tensor<[...R, NoInfer<K>]>) => Tensor<[...R, N]>;
  <R extends Shape, K extends Dim, L extends Dim, N extends Dim>(
    x: Tensor<[...R, K]>,
    w: Fits<L, K, Tensor<[L, N]>, ExtentMismatch<K, L, 'axis 0 of the second operand', 'the last axis of the first'>>,
  ): Tensor<[...R, N]>;
} = withParameter('matmul', (x, w: AnyTensor) => {
  const [X, W] = [nodeOf(x), nodeOf(w)];
  const rows = X.shape.slice(0, -1); // the leading axes of x are the rows of one matrix
  const matrix = reshape(X, [sizeOf(rows), X.shape.at(-1) ?? 1]);
  return tensor(reshape(dot(matrix, W), [...rows, ...W.shape.slice(1)]));
});

/** The parameters of an affine map. */
export interface Affine<K extends Dim, N extends Dim> {
  readonly w: Tensor<[K, N]>;
  readonly b: Tensor<[NoInfer<N>]>;
}

/**
 * x·w + b along the last axis: `x: [..., K]` → `[..., N]`.
 * @example affine(ones(1, 2), { w: ones(2, 3), b: constantOf([0, 1, 2], 3) }) // → [[2, 3, 4]]
 */
export const affine: {
  <K extends Dim, N extends Dim>(
    params: Affine<K, N>,
  ): <R extends Shape>(x: Tensor<[...R, NoInfer<K>]>) => Tensor<[...R, N]>;
  <R extends Shape, K extends Dim, N extends Dim>(
    x: Tensor<[...R, K]>,
    params: Affine<NoInfer<K>, N>,
  ): Tensor<[...R, N]>;
} = withParameter('affine', (x, params: Affine<Dim, Dim>) => {
  const { w, b } = withFields('affine', params, ['w', 'b']);
  return addBias(matmul(x as Tensor<[...Shape, Dim]>, w), b); // matmul compares the extents
});

/**
 * a·b for each matrix of a batch: `a: [..., M, K]` and `b: [..., K, N]` → `[..., M, N]`. The leading axes are equal.
 * @example
 * batchedMatmul(zeros(8, 4, 49, 49), zeros(8, 4, 49, 16)) // : Tensor<[8, 4, 49, 16]>
 * batchedMatmul(constantOf([1, 2], 2, 1, 1), constantOf([10, 100], 2, 1, 1)) // → [[[10]], [[200]]]
 */
export const batchedMatmul: {
  <R extends Shape, K extends Dim, N extends Dim>(
    b: Tensor<[...R, K, N]>,
  ): <M extends Dim>(a: Tensor<[...R, M, NoInfer<K>]>) => Tensor<[...R, M, N]>;
  <R extends Shape, M extends Dim, K extends Dim, L extends Dim, N extends Dim>(
    a: Tensor<[...R, M, K]>,
    b: Fits<
      L,
      K,
      Tensor<[...R, L, N]>,
      ExtentMismatch<K, L, 'the rows of the second operand', 'the columns of the first'>
    >,
  ): Tensor<[...R, M, N]>;
} = withParameter('batchedMatmul', (a, b: AnyTensor) => tensor(dot(nodeOf(a), nodeOf(b))));
