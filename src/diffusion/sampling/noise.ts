import { type Key, normalLike, type Shape, type Tensor } from '../../dsl/index.js';

/** Draws the ε of a stochastic solver: of the shape of x, from a key. */
export type Noise = <S extends Shape>(x: Tensor<S>) => (key: Key) => Tensor<S>;

/**
 * Draws ε ~ N(0, I), in the shape of x.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program({ k: 'key' }, ({ k }) => gaussian(zeros(3))(k)), {})({ k: key(7) })) // → [1.331, 0.629, 0.497]
 */
export const gaussian: Noise = normalLike;
