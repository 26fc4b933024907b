import { add, type Dim, scaleBy, type Shape, type Tensor } from '../../dsl/index.js';
import type { Gaussian } from '../channels/gaussians.js';
import type { DiscreteNoising } from './discreteNoising.js';
import { entriesAt } from '../channels/entries.js';

/** The √β̃_0 of a process of one timestep. The inverse of its square fits float32. */
const LEAST = 1e-10;

/**
 * log β̃_t in float64: the clipped log variance of guided-diffusion. t = 0, where β̃ is 0, has the value of t = 1; for a
 * process of one timestep it is log 10⁻²⁰.
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * clippedLogVariances(noising) // → [-1.402, -1.402]
 */
export const clippedLogVariances = ({ posteriors }: Pick<DiscreteNoising, 'posteriors'>): Float64Array => {
  const smallest = posteriors[1]?.sigma ?? LEAST;
  return Float64Array.from(posteriors, ({ sigma }, t) => 2 * Math.log(t === 0 ? smallest : sigma));
};

/**
 * q(x_{t-1}|x_t, x_0) = N(μ̃_t, β̃_t): DDPM (Ho et al. 2020), eq. 6 and 7,
 *
 * - μ̃_t = √ᾱ_{t-1}·β_t/(1-ᾱ_t)·x_0 + √α_t·(1-ᾱ_{t-1})/(1-ᾱ_t)·x_t
 * - β̃_t = (1-ᾱ_{t-1})/(1-ᾱ_t)·β_t
 *
 * with `logVariance` log β̃_t, clipped as in {@link clippedLogVariances}. The coefficients come from {@link posteriorOf};
 * this function gathers them for a batch.
 *
 * - `x0`, `xt`: `[B, ...I]`
 * - `t`: `[B]` from 0; at t = 0 the posterior is x_0 itself
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const posterior = qPosterior(noising)(iota(2))(ones(2, 1), zeros(2, 1))
 * posterior.mean // → [[1], [0.547]]
 * posterior.variance // → [0, 0.246]
 */
export const qPosterior = (noising: DiscreteNoising) => {
  const ofX0 = entriesAt(noising.posteriors.map(({ x0 }) => x0));
  const ofXt = entriesAt(noising.posteriors.map(({ xt }) => xt));
  const variances = entriesAt(noising.posteriors.map(({ sigma }) => sigma ** 2));
  const logVariances = entriesAt(clippedLogVariances(noising));
  return <B extends Dim>(t: Tensor<[B], 'int32'>) =>
    <I extends Shape>(x0: Tensor<[NoInfer<B>, ...I]>, xt: NoInfer<Tensor<[B, ...I]>>): Gaussian<B, I> => ({
      mean: add(scaleBy(x0, ofX0(t)), scaleBy(xt, ofXt(t))),
      variance: variances(t),
      logVariance: logVariances(t),
    });
};
