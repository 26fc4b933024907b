import { bernoulliLike, type Key, mul, select, type Shape, type Tensor } from '../dsl/index.js';
import { requirement } from './requirement.js';

const requireRate = requirement(
  'a rate in [0, 1)',
  (n) => n >= 0 && n < 1,
  'give the fraction that is dropped, such as 0.1',
);

/**
 * Sets each element to zero with probability `rate`, and divides the others by 1 − rate, so that the mean
 * stays. A rate of 0 uses no randomness. Raises `ConfigError` for a rate outside [0, 1). Srivastava et al.
 * 2014, scaled while training.
 *
 * @example
 * await pipe(
 *   compile(program({ k: 'key' }, ({ k }) => pipe(ones(6), dropout(0.5, k))), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([0, 0, 0, 2, 2, 2])
 */
export const dropout =
  (rate: number, key: Key) =>
  <S extends Shape>(x: Tensor<S>): Tensor<S> => {
    requireRate('dropout', rate);
    if (rate === 0) return x;
    return select(bernoulliLike(1 - rate, x)(key), 0)(mul(1 / (1 - rate))(x));
  };
