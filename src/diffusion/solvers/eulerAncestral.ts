import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { sigmaOf } from '../schedules/channel.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg } from '../grids/leg.js';
import { etaOf, integrating, type SolverFrom, withOptions } from './solverOptions.js';

/**
 * The coefficients of one step: in units of σ, Euler from σ_t down to σ_down, and noise of σ_up back to σ_s.
 * @example
 * const process = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const legs = legsOf(process, [1, 0])
 * eulerAncestralStep(1)(legs[0]!) // → { x: 0.422, x0: [0.547], noise: 0.496 }
 */
export const eulerAncestralStep =
  (eta: number) =>
  ({ from, to }: Leg): StepCoefficients => {
    const [sigma, next] = [sigmaOf(from), sigmaOf(to)];
    const up = Math.min(next, eta * next * Math.sqrt(Math.max(0, 1 - (next / sigma) ** 2)));
    const down = Math.sqrt(next ** 2 - up ** 2);
    // (σ_down/σ_t)·(a_s/a_t), in a form that is finite for a_t = 0
    const x = (down * to.alpha) / from.sigma;
    return { x, x0: [to.alpha - x * from.alpha], noise: to.alpha * up };
  };

const options = schema('eulerAncestral', {
  /** η from 0, which is Euler, to 1; 1 if left out. */
  eta: optional(etaOf('0 is deterministic, 1 is usual'), 1),
});

interface EulerAncestralOptions extends OptionsOf<typeof options> {}

/**
 * Euler ancestral (`sample_euler_ancestral` of k-diffusion): an Euler step to a lower noise level than the next, then noise
 * up to the next. For a variance-preserving process it is DDIM with the same η.
 *
 * @param options - `eta`: from 0, which is Euler, to 1; 1 if left out. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(2), solver: eulerAncestral() }))
 * made.stochastic // → true
 */
export const eulerAncestral: SolverFrom<EulerAncestralOptions> = withOptions(options, ({ eta }) =>
  integrating((legs) => linearIntegrator(legs.map(eulerAncestralStep(eta)))),
);
