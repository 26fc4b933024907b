import { hinted } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { isData, pairsOf } from '../channels/level.js';
import { pathOf } from '../paths/noising.js';
import { reverseVariance } from '../likelihood/reverseVariance.js';
import { stepsAlong, stepVariances } from '../likelihood/stepVariances.js';
import { type Algorithm, plus, times, traced } from './algorithm.js';
import { planning } from './plan.js';
import { type SolverFrom, withOptions } from './solverOptions.js';
import { ancestralLevel, ddimStep, forwardSigma } from './steps.js';

const options = schema('ancestral', {
  /** σ_t² for a denoiser that does not learn it; the posterior's β̃_t if left out. */
  variance: optional(
    hinted(reverseVariance, "'posterior' is usual; not used if the denoiser learns its variance"),
    'posterior',
  ),
});

interface AncestralOptions extends OptionsOf<typeof options> {}

/**
 * Ancestral sampling: Algorithm 2 of DDPM (Ho et al. 2020), x_{t-1} = μ̃(x_t, x̂₀) + σ_t·z, without noise at the last step.
 * μ̃ is the mean of q(x_{t-1}|x_t, x_0) (eq. 7); with the x̂₀ of a noise prediction it is (x_t - β_t/√(1-ᾱ_t)·ε̂)/√α_t, the
 * algorithm's line 4. If the denoiser learns its variance, σ_t is learned: between √β̃ and √β of the step, which may skip
 * timesteps (Improved DDPM, Nichol & Dhariwal 2021, section 4). Guidance on the mean moves μ̃ by Σ of the step: see
 * {@link meanGuided}.
 *
 * @param options - `variance`: σ_t² for a denoiser that does not learn it, the posterior's β̃_t if left out
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: 3, solver: ancestral({ variance: 'beta' }) }))
 * result.timesteps // → [999, 666, 332]
 */
export const ancestral: SolverFrom<AncestralOptions> = withOptions(options, ({ variance }) =>
  planning((levels, noising) => {
    const variances = stepVariances(stepsAlong(levels), variance);
    const steps = pairsOf(levels).map(([from, to], i, { length }) => {
      const fromData = length - 1 - i;
      const [low, sigmaSquared] = [variances.low[fromData]!, variances.sigmaSquared[fromData]!];
      const learned = { low, high: low + variances.spread[fromData]! };
      const { down, up } = ancestralLevel(from, to, 1); // μ̃ and √β̃
      const sigma = isData(to) ? 0 : variance === 'posterior' ? up : forwardSigma(from, to);
      const algorithm: Algorithm = ({ x, D, gradient, noise }) => {
        const mean = ddimStep(x, D(x, from).x0, from, down);
        return plus(mean, times(sigmaSquared, gradient), times(sigma, noise(learned))); // line 4
      };
      return { from, to, algorithm };
    });
    return traced(pathOf(noising), steps);
  }),
);
