import { show } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import { ofShapeOf } from '../denoisers/sameShape.js';
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

/** Checks a draw of noise, which may be a user's own: it raises a `ConfigError` unless it draws a tensor of the shape of x. */
export const checkedNoise =
  (noise: Noise): Noise =>
  (x) => {
    const draw: unknown = noise(x);
    const about = {
      where: 'sampler.noise',
      expected: 'a draw of noise, (x) => (key) => noise of the shape of x',
      hint: 'give gaussian, or your own of this form',
    };
    return typeof draw === 'function'
      ? (key) => ofShapeOf(x, draw(key), { tag: 'ConfigError', ...about })
      : raise('ConfigError', { actual: `one that returns ${show(draw)}`, ...about });
  };
