import type { ConditionValues } from '../../conditions/values.js';
import { type Dim, equal, neg, type Shape, type Tensor, where } from '../../dsl/index.js';
import { overElements } from '../channels/batch.js';
import type { BatchKeys } from '../channels/batchKeys.js';
import { bitsPerDimension } from './bitsPerDimension.js';
import { cdfFields, type CdfOptions, discretizedLogLikelihood } from './discretizedGaussian.js';
import { type DiagonalGaussian, gaussianKl } from '../channels/gaussians.js';
import { qPosterior } from '../paths/posterior.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import type { Exact } from '../../internal/exact.js';
import { schema } from '../../internal/schema.js';

/** The inputs of `boundAt` besides parameters and data. */
export interface BoundInputs<B extends Dim, I extends Shape> {
  /** The term, for the whole batch: a timestep, or on a continuous path the index of a level of the grid, 0 for the least noise. */
  readonly t: Tensor<[], 'int32'>;
  /**
   * The key of random numbers, for the batch or for each sample. Use a different key at each t. Required on a continuous path, and
   * for the noise unless `noise` is given.
   */
  readonly key?: BatchKeys;
  /** The noise ε of each sample, like x_0; drawn from the key if left out. */
  readonly noise?: Tensor<[B, ...I]>;
  /** The values of each sample, such as its class, by name, for a denoiser that is conditioned on them. */
  readonly conditions?: ConditionValues<B>;
}

/** The measurements at one t, for each sample. */
export interface Measured<B extends Dim> {
  /** The term of the bound, in bits per dimension. */
  readonly bits: Tensor<[B]>;
  /** The mean squared error of the corrected x̂₀. */
  readonly x0Error: Tensor<[B]>;
  /** The mean squared error of the ε̂ that follows from it. */
  readonly noiseError: Tensor<[B]>;
}

const optionsOf = schema('boundTerm', cdfFields);

/**
 * The term of the variational bound for each sample at its t, in bits per dimension (DDPM, Ho et al. 2020, eq. 5):
 * L_{t-1} = KL(q(x_{t-1}|x_t, x_0) ‖ p_θ(x_{t-1}|x_t)), and at t = 0, for bytes, L_0 = -log p_θ(x_0|x_1). The sum over all t
 * and L_T of {@link priorTerm} is an upper bound of the negative log-likelihood.
 *
 * - `t`: `[B]`; `x0`, `xt`: `[B, ...I]`, with x_0 as levels of bytes in [-1, 1]
 * - p_θ: from {@link reverseOf}, `[B, ...I]`
 *
 * @param options - `cdf` of L_0: see {@link discretizedLogLikelihood}
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const exact = { mean: fullOf(0.547, 1), logVariance: fullOf(-1.4018, 1) } // the posterior at x_t = 0, x_0 = 1
 * const t = constantOf(Int32Array.of(1), 1)
 * boundTerm(noising)(t, ones(1), zeros(1))(exact) // → [0]
 */
export const boundTerm = <G = unknown>(noising: DiscreteNoising, options?: Exact<G, keyof CdfOptions> & CdfOptions) => {
  const { cdf } = optionsOf.demand(options);
  const posterior = qPosterior(noising);
  return <B extends Dim, I extends Shape>(
    t: Tensor<[B], 'int32'>,
    x0: Tensor<[NoInfer<B>, ...I]>,
    xt: NoInfer<Tensor<[B, ...I]>>,
  ) =>
    (reverse: NoInfer<DiagonalGaussian<[B, ...I]>>): Tensor<[B]> => {
      const { mean, logVariance } = posterior(t)(x0, xt);
      const kl = gaussianKl({ mean, logVariance: overElements(mean)(logVariance) }, reverse);
      const decoded = neg(discretizedLogLikelihood(reverse, { cdf })(x0));
      return where(equal(t, 0), bitsPerDimension(decoded), bitsPerDimension(kl));
    };
};
