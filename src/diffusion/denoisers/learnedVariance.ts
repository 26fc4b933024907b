import { add, exp, mul, type Shape, type Tensor } from '../../dsl/index.js';
import type { LearnedVariance } from './denoiser.js';

/**
 * log σ² from the variance output of a denoiser: the output itself, or the interpolation from log β̃ at -1 to log β at 1 (Improved
 * DDPM, Nichol & Dhariwal 2021, eq. 15). `low` is log β̃, `spread` is log β - log β̃; all have the same shape.
 */
export const learnedLogVariance =
  (as: LearnedVariance<never, Shape>['as']) =>
  <S extends Shape>(
    output: Tensor<S>,
    range: () => { readonly low: Tensor<S>; readonly spread: Tensor<S> },
  ): Tensor<S> => {
    if (as === 'logVariance') return output;
    const { low, spread } = range();
    return add(low, mul(spread, mul(add(output, 1), 0.5)));
  };

/** σ from log σ². */
export const standardDeviation = <S extends Shape>(logVariance: Tensor<S>): Tensor<S> => exp(mul(logVariance, 0.5));
