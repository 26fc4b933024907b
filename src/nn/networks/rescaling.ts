/** The factor of residual sums. */
import { mul, type Shape, type Tensor } from '../../dsl/index.js';
import { finite } from '../../internal/decode.js';
import { requirement } from '../../internal/requirement.js';

/** Raises `ConfigError` for a factor that is not finite. */
export const requireFactor = requirement('a finite factor', finite.is, 'Math.SQRT1_2 keeps the variance of a sum');

/** x·factor. */
export const scaled = <S extends Shape>(x: Tensor<S>, factor: number): Tensor<S> => (factor === 1 ? x : mul(x, factor));
