/** The midpoint method of k-diffusion, and its ancestral form. */
import { type OptionsOf, schema } from '../../internal/schema.js';
import type { Channel } from '../channels/channel.js';
import { type Algorithm, solverOf } from './algorithm.js';
import { twoEvaluations } from './edm.js';
import { ancestralFields, ancestrally, fallFields, type SolverFrom, withOptions } from './solverOptions.js';
import { ddimStep, evaluatesAgain, levelBetween, move } from './steps.js';

/** Euler's step to the middle in ln σ, then the whole step with the slope there; one evaluation unless `again` is true. */
const midpoint =
  (again: boolean): Algorithm<Channel> =>
  ({ x, D, path }, from, to) => {
    const { x0 } = D(x, from);
    if (!again) return ddimStep(x, x0, from, to);
    const middle = levelBetween(path, from, to, 1 / 2);
    const half = ddimStep(x, x0, from, middle);
    return move(x, D(half, middle).epsilon, from, to);
  };

/**
 * The midpoint method in σ, with the middle at the mean of ln σ (DPM-Solver-2 of Karras et al. 2022, `sample_dpm_2` of
 * k-diffusion): two evaluations a step, and one in the last. Churn works as in {@link euler}.
 *
 * @param options - churn: none if left out. `maxSigmaRatio`: as in {@link heun}. If invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(4), solver: kdpm2({ churn: 0 }) }))
 * result.steps // → 7
 */
export const kdpm2 = twoEvaluations(
  'kdpm2',
  (maxSigmaRatio) => (parts, hat, to) => midpoint(evaluatesAgain(hat, to, maxSigmaRatio))(parts, hat, to),
);

const options = schema('kdpm2Ancestral', { ...ancestralFields, ...fallFields });

interface AncestralOptions extends OptionsOf<typeof options> {}

/**
 * {@link kdpm2} to a noise level below the next level, then new noise up to the next level (`sample_dpm_2_ancestral` of
 * k-diffusion, which leaves out noise where η above 1 leads to the data).
 *
 * @param options - `eta`: 0 or more, 1 if left out. `sNoise`: the standard deviation of the noise, 1 if left out. `maxSigmaRatio`: that
 *   of {@link heun}. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * unwrap(sampler({ noising, denoiser: white, grid: trailing(4), solver: kdpm2Ancestral({ eta: 0.5 }) })).stochastic // → true
 */
export const kdpm2Ancestral: SolverFrom<AncestralOptions> = withOptions(options, (settings) =>
  solverOf(ancestrally(settings, midpoint, (from, down) => down.sigma > 0 || from.alpha === 0)),
);
