import { bernoulliLike, div, type Key, type Shape, type Tensor, where } from '../../dsl/index.js';
import { dual } from '../../dsl/dual.js';
import { requirement } from '../requirement.js';

/** Raises `ConfigError` for a rate of dropout outside [0, 1). */
export const requireRate = requirement(
  'a rate in [0, 1)',
  (n) => n >= 0 && n < 1,
  'give the fraction that is dropped, such as 0.1',
);

/** See {@link dropout}. */
interface Dropout {
  (rate: number, key: Key): <S extends Shape>(x: Tensor<S>) => Tensor<S>;
  <S extends Shape>(x: Tensor<S>, rate: number, key: Key): Tensor<S>;
}

/**
 * Sets each element to zero with probability `rate`, and divides the others by 1 − rate, so that the mean stays. A rate of
 * 0 uses no randomness. Raises `ConfigError` for a rate outside [0, 1). Srivastava et al. 2014, scaled during training.
 * @example
 * await pipe(
 *   compile(program({ k: 'key' }, ({ k }) => dropout(ones(6), 0.5, k)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([0, 0, 0, 2, 2, 2])
 */
export const dropout: Dropout = dual('dropout', 3, (x: Tensor<Shape>, rate: number, key: Key) => {
  requireRate('dropout', rate);
  if (rate === 0) return x;
  const keep = 1 - rate;
  return where(bernoulliLike(key, keep, x), div(x, keep), 0);
});
