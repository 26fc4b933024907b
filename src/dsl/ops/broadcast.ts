/**
 * The broadcasts that a network needs, by name. Each is sound inside a function whose dims are parameters, and
 * raises `ShapeError` unless the extents that it names are equal: an axis of 1 is not repeated.
 */
import { raise, showShape } from '../errors.js';
import { type Node, whereOf } from '../node.js';
import { add, broadcast, mul, reshape } from '../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

/** `n` repeated over `x`, of which it has the given axes and no other; their extents must be equal. */
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

/**
 * Adds one number a channel: `bias: [C]` to `x: [..., C]`.
 *
 * @example
 * pipe(zeros(2, 3), addBias(constantOf([1, 2, 3], 3))) // → [[1, 2, 3], [1, 2, 3]]
 */
export const addBias =
  <C extends Dim>(bias: Tensor<[C]>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>): Tensor<[...R, C]> =>
    tensor(add(nodeOf(x), along('addBias', nodeOf(bias), nodeOf(x), -1)));

/**
 * Multiplies by one number a channel: `scale: [C]` and `x: [..., C]`.
 *
 * @example
 * pipe(ones(2, 3), scaleChannels(constantOf([1, 2, 3], 3))) // → [[1, 2, 3], [1, 2, 3]]
 */
export const scaleChannels =
  <C extends Dim>(scale: Tensor<[C]>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>): Tensor<[...R, C]> =>
    tensor(mul(nodeOf(x), along('scaleChannels', nodeOf(scale), nodeOf(x), -1)));

/**
 * Adds one vector a sample, at each pixel: `e: [B, C]` to `x: [B, H, W, C]`.
 *
 * @example
 * const embedding = constantOf([1, 2], 2, 1)
 * pipe(zeros(2, 1, 3, 1), addPerSample(embedding), reshape(2, 3)) // → [[1, 1, 1], [2, 2, 2]]
 */
export const addPerSample =
  <B extends Dim, C extends Dim>(e: Tensor<[B, C]>) =>
  <H extends Dim, W extends Dim>(x: Tensor<[NoInfer<B>, H, W, NoInfer<C>]>): Tensor<[B, H, W, C]> =>
    tensor(add(nodeOf(x), along('addPerSample', nodeOf(e), nodeOf(x), 0, -1)));

/**
 * Multiplies by one vector a sample, at each pixel: `e: [B, C]` and `x: [B, H, W, C]`.
 *
 * @example
 * const scale = constantOf([1, 2], 2, 1)
 * pipe(ones(2, 1, 3, 1), mulPerSample(scale), reshape(2, 3)) // → [[1, 1, 1], [2, 2, 2]]
 */
export const mulPerSample =
  <B extends Dim, C extends Dim>(e: Tensor<[B, C]>) =>
  <H extends Dim, W extends Dim>(x: Tensor<[NoInfer<B>, H, W, NoInfer<C>]>): Tensor<[B, H, W, C]> =>
    tensor(mul(nodeOf(x), along('mulPerSample', nodeOf(e), nodeOf(x), 0, -1)));

/**
 * Multiplies each sample by its number: `s: [B]` and `x: [B, ...]`.
 *
 * @example
 * const [x0, noise] = [ones(2, 3), fullOf(10, 2, 3)]
 * const [signal, sigma] = [constantOf([1, 0.6], 2), constantOf([0, 0.8], 2)] // √ᾱ_t and √(1 − ᾱ_t)
 * pipe(x0, scaleBy(signal), add(pipe(noise, scaleBy(sigma)))) // → [[1, 1, 1], [8.6, 8.6, 8.6]]
 */
export const scaleBy =
  <B extends Dim>(s: Tensor<[B]>) =>
  <R extends Shape>(x: Tensor<[NoInfer<B>, ...R]>): Tensor<[B, ...R]> =>
    tensor(mul(nodeOf(x), along('scaleBy', nodeOf(s), nodeOf(x), 0)));
