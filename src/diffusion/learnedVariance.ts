import { add, exp, mul, type Shape, sub, type Tensor } from '../dsl/index.js';
import type { LearnedVariance } from './denoiser.js';

/**
 * log σ² from what a denoiser said of it: itself, or the place between two log-variances, `low` at -1 and `high` at 1
 * (Improved DDPM, Nichol & Dhariwal 2021, eq. 15); all of one shape.
 */
export const saidLogVariance =
  (as: LearnedVariance<never, Shape>['as']) =>
  <S extends Shape>(said: Tensor<S>, range: () => { readonly low: Tensor<S>; readonly high: Tensor<S> }): Tensor<S> => {
    if (as === 'logVariance') return said;
    const { low, high } = range();
    const place = mul(add(said, 1), 0.5);
    return add(low, mul(sub(high, low), place));
  };

/** σ of log σ². */
export const deviationOf = <S extends Shape>(logVariance: Tensor<S>): Tensor<S> => exp(mul(logVariance, 0.5));
