import { t } from '../../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import {
  anyEta,
  sigmaRatioInNoise,
  noiseFactor,
  orderOf,
  pairRule,
  spaceFields,
  type SolverFrom,
  withOptions,
} from '../solverOptions.js';
import { singlestep, singlestepRules } from './singlestep.js';

const options = /* @__PURE__ */ schema('dpmSolverPPSinglestep', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** The rule for the predictions of a step: 'midpoint' if left out, or 'heun', which integrates the polynomial through all. */
  rule: pairRule,
  /**
   * For order 3: true to replace a last step of three timesteps by a step of two and a step of one, as in DPM-Solver-fast; false if
   * left out.
   */
  lowerOrderFinal: optional(t.boolean, false),
  /** η ≥ 0: 0 follows the flow, 1 is the reverse SDE; 0 if left out. */
  eta: optional(anyEta('0 is deterministic, 1 is the SDE'), 0),
  /** The standard deviation of the noise; 1 if left out. */
  sNoise: noiseFactor,
  ...spaceFields,
}).rule(sigmaRatioInNoise);

interface SinglestepOptions extends OptionsOf<typeof options> {}

/**
 * Singlestep DPM-Solver++ (Lu et al. 2022, Algorithm 1: 2S; order 3 is `singlestep_dpm_solver_third_update` of its code, 3S). A
 * step covers `order` timesteps of the grid, with an evaluation at each; the timesteps inside a step are the paper's s. So the
 * number of evaluations on a grid is the same for any order. For order 3 the parts of a step should be equal in λ, which gives r₁ =
 * 1/3 and r₂ = 2/3. The last part, which ends at the data, is a step by itself. Where fewer than `order` timesteps are left, a step
 * covers those, with the order of their number. With ε̂ it is singlestep DPM-Solver at the timesteps of the grid, as in the code of
 * Lu et al. 2022a; {@link dpmSolver} evaluates between the timesteps, evenly in λ. In ε̂ a step covers only timesteps over which σ
 * falls by `maxSigmaRatio` at most. With η, noise follows every evaluation, as in `sde-dpmsolver++` of diffusers' singlestep.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. `rule`: 'midpoint' if left out, or 'heun' (`taylor` in its code).
 *   `lowerOrderFinal`: true to end order 3 as DPM-Solver-fast, false if left out. `eta`: 0, the default, or more. `sNoise`: the standard
 *   deviation of the noise, 1 if left out. `space`: the prediction that it integrates, 'x0' if left
 *   out, or 'epsilon'. `maxSigmaRatio`: in ε̂, the most by which σ may fall in a step of order above 1; 100 if left out, Infinity as in
 *   published code. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: dpmSolverPPSinglestep({ order: 3 }) }))
 * result.steps // → 20
 */
export const dpmSolverPPSinglestep: SolverFrom<SinglestepOptions> = withOptions(options, ({ rule, ...settings }) =>
  singlestep({ ...settings, ...singlestepRules(rule) }),
);
