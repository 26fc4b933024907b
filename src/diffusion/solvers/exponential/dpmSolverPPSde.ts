import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import {
  anyEta,
  sigmaRatioInNoise,
  noiseFactor,
  orderOf,
  pairRule,
  type SolverFrom,
  withOptions,
} from '../solverOptions.js';
import { solverOf } from '../algorithm.js';
import { dpmMultistep } from './dpmSolverPP.js';
import { lowering, multistepFields } from './multistep.js';

const options = /* @__PURE__ */ schema('dpmSolverPPSde', {
  /** 1, which is ancestral sampling, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** η ≥ 0: 0 follows the flow, 1 is the reverse SDE; 1 if left out. */
  eta: optional(anyEta('0 is deterministic, 1 is usual'), 1),
  /** The rule for two predictions: 'midpoint' if left out, or 'heun', which integrates the line through both. */
  rule: pairRule,
  /** The standard deviation of the noise; 1 if left out. */
  sNoise: noiseFactor,
  ...multistepFields,
}).rule(sigmaRatioInNoise);

interface SdeOptions extends OptionsOf<typeof options> {}

/**
 * SDE-DPM-Solver++ (Lu et al. 2022), the stochastic variant of DPM-Solver++: of order 1, which is ancestral sampling, of
 * order 2 (SDE-2M), or with three predictions as `sample_dpmpp_3m_sde` of k-diffusion, which halves the term with φ₃ and has
 * no published order. No noise at the last step, which ends at the data. With ε̂ it is SDE-DPM-Solver (`sde-dpmsolver` of diffusers).
 *
 * @param options - `order`: 1, 2 or 3; 2 if left out. For any other, the sampler returns a `ConfigError`. `eta`: η ≥ 0, 1 if left
 *   out. `rule`: 'midpoint' if left out, or 'heun', for steps with two predictions; order 3 begins with 'heun'. `sNoise`: the
 *   standard deviation of the noise. `space`: the prediction that it integrates, 'x0' if left out, or 'epsilon'. `lowerOrderFinal`: true for
 *   lower orders in the last steps, false if left out. `maxSigmaRatio`: in ε̂, the most by which σ may fall in a step of order above 1; 100 if
 *   left out, Infinity as in published code
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: dpmSolverPPSde() }))
 * result.memory // → 1
 */
export const dpmSolverPPSde: SolverFrom<SdeOptions> = withOptions(options, ({ rule, lowerOrderFinal, ...settings }) =>
  solverOf(
    dpmMultistep({
      ...settings,
      rule: settings.order === 3 ? 'heun' : rule,
      phi3: 1 / 2,
      orderAt: lowering(lowerOrderFinal),
    }),
  ),
);
