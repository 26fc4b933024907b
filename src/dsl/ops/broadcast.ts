/** The broadcasts that a network needs, by name. Each is sound inside a function whose dims are parameters. */
import { add, mul, reshape } from '../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { spread } from './operand.js';

/**
 * Adds one number a channel: `bias: [C]` to `x: [..., C]`.
 *
 * @example
 * pipe(x, convolve(p.kernel), addBias(p.bias))
 */
export const addBias =
  <C extends Dim>(bias: Tensor<[C]>) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>): Tensor<[...R, C]> =>
    tensor(add(nodeOf(x), spread(nodeOf(bias), nodeOf(x).shape)));

/** Multiplies by one number a channel: `scale: [C]` and `x: [..., C]`. */
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
 * pipe(h, addPerSample(linear(p.time)(embedding)))
 */
export const addPerSample =
  <B extends Dim, C extends Dim>(e: Tensor<[B, C]>) =>
  <H extends Dim, W extends Dim>(x: Tensor<[NoInfer<B>, H, W, NoInfer<C>]>): Tensor<[B, H, W, C]> =>
    tensor(add(nodeOf(x), overPixels(e, x)));

/** Multiplies by one vector a sample, at each pixel: `e: [B, C]` and `x: [B, H, W, C]`. */
export const mulPerSample =
  <B extends Dim, C extends Dim>(e: Tensor<[B, C]>) =>
  <H extends Dim, W extends Dim>(x: Tensor<[NoInfer<B>, H, W, NoInfer<C>]>): Tensor<[B, H, W, C]> =>
    tensor(mul(nodeOf(x), overPixels(e, x)));

/**
 * Multiplies each sample by its number: `s: [B]` and `x: [B, ...]`.
 *
 * @example
 * pipe(x0, scaleBy(signal), add(pipe(noise, scaleBy(sigma)))) // √ᾱ_t·x₀ + √(1−ᾱ_t)·ε
 */
export const scaleBy =
  <B extends Dim>(s: Tensor<[B]>) =>
  <R extends Shape>(x: Tensor<[NoInfer<B>, ...R]>): Tensor<[B, ...R]> => {
    const n = nodeOf(x);
    const perSample = reshape(nodeOf(s), [...nodeOf(s).shape, ...n.shape.slice(1).map(() => 1)]);
    return tensor(mul(n, spread(perSample, n.shape)));
  };
