import { type Key, normalLike, type Shape, type Tensor } from '../dsl/index.js';

/** How a stochastic solver draws its ε: of the shape of x, from a key. */
export type Noise = <S extends Shape>(x: Tensor<S>) => (key: Key) => Tensor<S>;

/**
 * ε ~ N(0, I).
 *
 * @example
 * const noise = program({ x: 'B 28 28 1', k: 'key' }, ({ x, k }) => gaussian(x)(k))
 * type Noised = typeof noise
 */
export const gaussian: Noise = normalLike;
