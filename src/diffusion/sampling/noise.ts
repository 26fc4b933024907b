import { type Key, normalLike, type Shape, type Tensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import type { BatchKeys } from '../levels/batchKeys.js';

/** Draws the ε of a stochastic solver: of the shape of x, from a key. */
export type Noise = <S extends Shape>(x: Tensor<S>) => (key: Key) => Tensor<S>;

/**
 * Draws ε ~ N(0, I), in the shape of x.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program({ k: 'key' }, ({ k }) => gaussian(zeros(3))(k)), {})({ k: key(7) })) // → [1.331, 0.629, 0.497]
 */
export const gaussian: Noise = normalLike;

/** The key of an evaluation that draws noise, or one for each sample. Raises `ConfigError` if it is missing. */
export const requiredKeys = (where: string, key: BatchKeys | undefined): BatchKeys =>
  key ??
  raise('ConfigError', {
    where,
    expected: 'a key for the noise of this step',
    actual: 'none',
    hint: 'give each step a different key: on the host, foldIn(i)(key) at step i',
  });
