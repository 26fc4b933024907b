import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Algorithm, plus, solverOf, times } from './algorithm.js';
import { etaOf, type SolverFrom, withOptions } from './solverOptions.js';
import { ancestralLevel, slope } from './steps.js';

const ddimOptions = schema('ddim', {
  /** η from 0 to 1; 0 if left out. */
  eta: optional(etaOf('0 is deterministic, 1 is ancestral sampling'), 0),
  /** True to compute ε̂ from the guided x̂₀ before its correction, such as a clip; false if left out. */
  keepEpsilon: optional(t.boolean, false),
});

interface DdimOptions extends OptionsOf<typeof ddimOptions> {}

/** The step of {@link ddim}. */
export const ddimOf =
  ({ eta, keepEpsilon }: Required<DdimOptions>): Algorithm =>
  ({ x, D, noise }, from, to) => {
    const { x0, epsilon, uncorrected } = D(x, from);
    const { down, up } = ancestralLevel(from, to, eta); // √(1-ᾱ_s-σ²) and σ
    const direction = keepEpsilon ? slope(x, uncorrected, from) : epsilon;
    return plus(times(to.alpha, x0), times(down.sigma, direction), times(up, noise()));
  };

/**
 * DDIM (Song et al. 2021, eq. 12): x_s = √ᾱ_s·x̂₀ + √(1-ᾱ_s-σ²)·ε̂ + σ·ε, where σ² is η² times the variance of q(x_s|x_t, x_0). η =
 * 0 is deterministic; η = 1 is ancestral sampling. ε̂ follows from the corrected x̂₀, as in guided-diffusion, or with `keepEpsilon`
 * from x̂₀ before its correction, as in diffusers' `DDIMScheduler` without `use_clipped_model_output`.
 *
 * @param options - `eta`: η from 0 to 1, 0 if left out. For any other, the sampler returns a `ConfigError`. `keepEpsilon`: true for
 *   the ε̂ = (x_t - √ᾱ_t·x̂₀)/√(1-ᾱ_t) of the guided x̂₀ before its correction, such as a clip; false if left out
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(2), solver: ddim({ eta: 0.5 }) }))
 * result.stochastic // → true
 */
export const ddim: SolverFrom<DdimOptions> = withOptions(ddimOptions, (options) => solverOf(ddimOf(options)));
