/** The broadcasts that a network needs, by name. Each is sound inside a function whose dims are parameters. */
import { add, mul, reshape } from '../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { spread } from './operand.js';

/**
 * Adds one number a channel: `bias: [C]` to `x: [..., C]`.
 *
 * @example
 * pipe(zeros(2, 3), addBias(constantOf([1, 2, 3], 3))) // → [[1, 2, 3], [1, 2, 3]]
 */
export const addBias =
  <C extends Dim>(bias: Tensor<[C]>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>): Tensor<[...R, C]> =>
    tensor(add(nodeOf(x), spread(nodeOf(bias), nodeOf(x).shape)));

/**
 * Multiplies by one number a channel: `scale: [C]` and `x: [..., C]`.
 *
 * @example
 * pipe(ones(2, 3), scaleChannels(constantOf([1, 2, 3], 3))) // → [[1, 2, 3], [1, 2, 3]]
 */
export const scaleChannels =
  <C extends Dim>(scale: Tensor<[C]>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>): Tensor<[...R, C]> =>
    tensor(mul(nodeOf(x), spread(nodeOf(scale), nodeOf(x).shape)));

/** `[B, C]` over the pixels of `[B, H, W, C]`. */
const overPixels = (e: Tensor<Shape>, x: Tensor<Shape>): Parameters<typeof tensor>[0] => {
  const { shape } = nodeOf(e);
  return spread(reshape(nodeOf(e), [shape[0]!, 1, 1, ...shape.slice(1)]), nodeOf(x).shape);
};

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
    tensor(add(nodeOf(x), overPixels(e, x)));

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
    tensor(mul(nodeOf(x), overPixels(e, x)));

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
  <R extends Shape>(x: Tensor<[NoInfer<B>, ...R]>): Tensor<[B, ...R]> => {
    const n = nodeOf(x);
    const perSample = reshape(nodeOf(s), [...nodeOf(s).shape, ...n.shape.slice(1).map(() => 1)]);
    return tensor(mul(n, spread(perSample, n.shape)));
  };
