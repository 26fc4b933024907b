import { type OptionsOf, schema } from '../../internal/schema.js';
import { solverOf } from './algorithm.js';
import { ancestralFields, ancestrally, type SolverFrom, withOptions } from './solverOptions.js';
import { ddimStep } from './steps.js';

const options = schema('eulerAncestral', ancestralFields);

interface EulerAncestralOptions extends OptionsOf<typeof options> {}

/**
 * Euler ancestral (`sample_euler_ancestral` of k-diffusion): an Euler step to a noise level below the next level, then new noise up
 * to the next level. It equals DDIM with the same η.
 *
 * @param options - `eta`: η ≥ 0, where 0 is Euler; 1 if left out. `sNoise`: the standard deviation of the noise, 1 if left out. For
 * others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(2), solver: eulerAncestral() }))
 * result.stochastic // → true
 */
export const eulerAncestral: SolverFrom<EulerAncestralOptions> = withOptions(options, (settings) =>
  solverOf(
    ancestrally(
      settings,
      () =>
        ({ x, D }, from, down) =>
          ddimStep(x, D(x, from).x0, from, down),
    ),
  ),
);
