/**
 * The broadcasts that networks need, by name. They type-check inside generic functions too. They raise `ShapeError` unless
 * the named extents are equal: an axis of extent 1 is not repeated.
 */
import { dual } from '../../dual.js';
import { raise, showShape } from '../../errors.js';
import { type Node, whereOf } from '../../graph/node.js';
import { add, broadcast, mul, reshape } from '../../primitives/index.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';

/** Repeats `n`, which has only the given axes of `x`, over the shape of `x`. */
const along = (op: string, n: Node, x: Node, ...axes: readonly number[]): Node => {
  if (n.shape.length !== axes.length || axes.some((axis, i) => x.shape.at(axis) !== n.shape[i]))
    raise('ShapeError', {
      where: whereOf(op, [n]),
      expected: `${showShape(axes.map((axis) => x.shape.at(axis) ?? 'none'))}, for ${showShape(x.shape)}`,
      actual: showShape(n.shape),
      hint: 'broadcasting is explicit: use broadcastTo for other shapes',
    });
  const kept = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  return broadcast(reshape(n, x.shape.map((d, axis) => (kept.includes(axis) ? d : 1))), x.shape); // prettier-ignore
};

/** Combines x with `n` repeated over its other axes. */
const combined = (op: string, combine: (x: Node, n: Node) => Node, axes: readonly number[]) =>
  ((x: AnyTensor, y: AnyTensor) => tensor(combine(nodeOf(x), along(op, nodeOf(y), nodeOf(x), ...axes)))) as (
    ...args: never[]
  ) => AnyTensor;

/** An operation with one number for each channel. */
interface PerChannel {
  <C extends Dim>(y: Tensor<[C]>): <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, C]>;
  <R extends Shape, C extends Dim>(x: Tensor<[...R, C]>, y: Tensor<[NoInfer<C>]>): Tensor<[...R, C]>;
}

/** An operation with one vector for each sample, at each pixel. */
interface PerSample {
  <B extends Dim, C extends Dim>(
    y: Tensor<[B, C]>,
  ): <H extends Dim, W extends Dim>(x: Tensor<[NoInfer<B>, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
    x: Tensor<[B, H, W, C]>,
    y: Tensor<[NoInfer<B>, NoInfer<C>]>,
  ): Tensor<[B, H, W, C]>;
}

/** An operation with one number for each sample. */
interface BySample {
  <B extends Dim>(y: Tensor<[B]>): <R extends Shape>(x: Tensor<[NoInfer<B>, ...R]>) => Tensor<[B, ...R]>;
  <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>, y: Tensor<[NoInfer<B>]>): Tensor<[B, ...R]>;
}

/**
 * Adds one number to each channel: `x: [..., C]` and `bias: [C]`.
 * @example addBias(zeros(2, 3), constantOf([1, 2, 3], 3)) // → [[1, 2, 3], [1, 2, 3]]
 */
export const addBias: PerChannel = dual('addBias', 2, combined('addBias', add, [-1]));

/**
 * Multiplies each channel by one number: `x: [..., C]` and `scale: [C]`.
 * @example scaleChannels(ones(2, 3), constantOf([1, 2, 3], 3)) // → [[1, 2, 3], [1, 2, 3]]
 */
export const scaleChannels: PerChannel = dual('scaleChannels', 2, combined('scaleChannels', mul, [-1]));

/**
 * Adds one vector to each sample, at every pixel: `x: [B, H, W, C]` and `y: [B, C]`.
 * @example
 * const embedding = constantOf([1, 2], 2, 1)
 * pipe(zeros(2, 1, 3, 1), addPerSample(embedding), reshape(2, 3)) // → [[1, 1, 1], [2, 2, 2]]
 */
export const addPerSample: PerSample = dual('addPerSample', 2, combined('addPerSample', add, [0, -1]));

/**
 * Multiplies each sample by one vector, at every pixel: `x: [B, H, W, C]` and `y: [B, C]`.
 * @example
 * const scale = constantOf([1, 2], 2, 1)
 * pipe(ones(2, 1, 3, 1), mulPerSample(scale), reshape(2, 3)) // → [[1, 1, 1], [2, 2, 2]]
 */
export const mulPerSample: PerSample = dual('mulPerSample', 2, combined('mulPerSample', mul, [0, -1]));

/**
 * Multiplies each sample by its number: `x: [B, ...]` and `s: [B]`.
 * @example
 * const [x0, noise] = [ones(2, 3), fullOf(10, 2, 3)]
 * const [signal, sigma] = [constantOf([1, 0.6], 2), constantOf([0, 0.8], 2)] // √ᾱ_t and √(1 − ᾱ_t)
 * add(scaleBy(x0, signal), scaleBy(noise, sigma)) // → [[1, 1, 1], [8.6, 8.6, 8.6]]
 */
export const scaleBy: BySample = dual('scaleBy', 2, combined('scaleBy', mul, [0]));
