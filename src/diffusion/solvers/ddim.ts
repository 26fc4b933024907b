import { add, mul, sub } from '../../dsl/index.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { posteriorOf } from '../schedules/channel.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg } from '../grids/leg.js';
import { entryAt } from '../process/table.js';
import type { Integrator } from './solver.js';
import { etaOf, integrating, type SolverFrom, withOptions } from './solverOptions.js';

/**
 * The coefficients of one DDIM step. Since ε̂ is (x_t - √ᾱ_t·x̂₀)/√(1-ᾱ_t), the step is a combination of x_t and x̂₀.
 * @example
 * const process = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const legs = legsOf(process, [1, 0])
 * const steps = legs.map(ddimStep(0))
 * steps[0] // → { x: 0.75, x0: [0.35], noise: 0 }
 * steps[1] // → { x: 0, x0: [1], noise: 0 }
 */
export const ddimStep =
  (eta: number) =>
  ({ from, to, between }: Leg): StepCoefficients => {
    const noise = eta * posteriorOf(to, between, from).sigma; // eq. 16
    const x = Math.sqrt(Math.max(0, to.sigma ** 2 - noise ** 2)) / from.sigma;
    return { x, x0: [to.alpha - x * from.alpha], noise };
  };

/** DDIM's steps with the ε̂ of the prediction: they add √(1-ᾱ_s-σ²)·(ε̂ - ε̂ of the corrected x̂₀) to the usual ones. */
const keepingEpsilon = (legs: readonly Leg[], eta: number): Integrator => {
  const rows = legs.map(ddimStep(eta));
  const derived = linearIntegrator(rows);
  // ε̂ = (x_t - √ᾱ_t·x̂₀)/√(1-ᾱ_t), so ε̂ moves by √ᾱ_t/√(1-ᾱ_t) times the correction of x̂₀
  const ofCorrection = entryAt(legs.map(({ from }, i) => rows[i]!.x * from.alpha));
  return {
    ...derived,
    step: (state, moment) => {
      const { index, t, predict, uncorrected = predict } = moment;
      const { state: next, x0 } = derived.step(state, moment);
      const correction = sub(predict(state.x, t), uncorrected(state.x, t));
      return { state: { ...next, x: add(next.x, mul(correction, ofCorrection(index))) }, x0 };
    },
  };
};

const options = schema('ddim', {
  /** η from 0 to 1; 0 if left out. */
  eta: optional(etaOf('0 is deterministic, 1 is ancestral sampling'), 0),
  /** True for the ε̂ of the guided x̂₀ before its correction, such as a clip; false if left out. */
  keepEpsilon: optional(t.boolean, false),
});

interface DdimOptions extends OptionsOf<typeof options> {}

/**
 * DDIM (Song et al. 2021, eq. 12): x_s = √ᾱ_s·x̂₀ + √(1-ᾱ_s-σ²)·ε̂ + σ·ε, where σ² is η² times the variance of
 * q(x_s|x_t, x_0). η = 0 is deterministic; η = 1 is ancestral sampling. ε̂ is computed from the corrected x̂₀, as in
 * guided-diffusion, or kept, as in diffusers' `DDIMScheduler` without `use_clipped_model_output`.
 *
 * @param options - `eta`: η from 0 to 1, 0 if left out. For any other, the sampler returns a `ConfigError`. `keepEpsilon`: true for
 *   the ε̂ = (x_t - √ᾱ_t·x̂₀)/√(1-ᾱ_t) of the guided x̂₀ before its correction, such as a clip; false if left out
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(2), solver: ddim({ eta: 0.5 }) }))
 * made.stochastic // → true
 */
export const ddim: SolverFrom<DdimOptions> = withOptions(options, ({ eta, keepEpsilon }) =>
  integrating((legs) => (keepEpsilon ? keepingEpsilon(legs, eta) : linearIntegrator(legs.map(ddimStep(eta))))),
);
