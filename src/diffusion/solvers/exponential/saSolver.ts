import { amount, functionOf, hinted, oneOf } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { sigmaOf } from '../../channels/channel.js';
import { sigmaRatioInNoise, orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { solverOf } from '../algorithm.js';
import { correctorFields, lowering, multistepFields, predictorCorrector } from './multistep.js';

const options = /* @__PURE__ */ schema('saSolver', {
  /** The number of predictions of the predictor, 1 to 4; 2 if left out. */
  order: optional(orderOf(1, 2, 3, 4), 2),
  /**
   * The number of predictions of the corrector, including the prediction at the end of the step, 2 to 4; 2 if left out. 0 for no
   * corrector.
   */
  corrector: optional(
    hinted(
      t.union([t.literal(0), t.literal(2), t.literal(3), t.literal(4)], '0, 2, 3 or 4'),
      '2 is usual, 0 is the predictor alone',
    ),
    2,
  ),
  /**
   * τ, the amount of noise: 0 follows the flow, 1 is the reverse SDE; 1 if left out. Or a function of σ/α at the beginning and at
   * the end of a step.
   */
  tau: optional(
    t.union(
      [amount, functionOf<(sigma: number, end: number) => number>('a function of σ')],
      'τ ≥ 0, or a function of σ',
    ),
    1,
  ),
  /** The rule for two x̂₀: 'exact' if left out, the integral of the line through both, or 'half', as in the few steps of its code. */
  rule: optional(oneOf('exact', 'half'), 'exact'),
  /** True to evaluate and correct x at the end of a run that ends with noise; false if left out. */
  correctsEnd: optional(t.boolean, false),
  ...correctorFields,
  ...multistepFields,
}).rule(sigmaRatioInNoise);

interface SaSolverOptions extends OptionsOf<typeof options> {}

/**
 * SA-Solver (Xue et al. 2023, Algorithm 1): Adams' method for the SDE with noise τ(t), in x̂₀ or ε̂ and λ. A predictor through the
 * last `order` predictions, eq. 14, and a corrector that also uses the one at the end of the step, eq. 17, with the same noise. One
 * evaluation a step. In ε̂ with noise or a corrector it diverges on coarse grids. A function τ gets σ/α at the beginning of a step,
 * and as a second number σ/α at its end, where the paper's code evaluates τ.
 *
 * @param options - `order`: 1 to 4; 2 if left out. `corrector`: 2 to 4 predictions, or 0 for none; 2 if left out. `tau`: a number ≥ 0,
 *   1 if left out, or a function of σ/α. `rule`: 'exact' if left out. `correctsEnd`: true to evaluate the end of a run with `toData: false`
 *   or {@link denoiseToZero} too, and to correct it, as the many steps of its code; false if left out. `disableCorrector`: the steps whose
 *   end is not corrected, none if left out. `space`: 'x0' if left out, or 'epsilon'. `lowerOrderFinal`: true for lower orders in the last
 *   steps, false if left out. `maxSigmaRatio`: in ε̂, the most by which σ may fall in a step of order above 1; 100 if left out, Infinity as in
 *   published code. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const solver = saSolver({ tau: (sigma) => (sigma > 0.05 && sigma < 1 ? 1 : 0) })
 * unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver })).stochastic // → true
 */
export const saSolver: SolverFrom<SaSolverOptions> = withOptions(
  options,
  ({ tau, rule, lowerOrderFinal, ...settings }) =>
    solverOf(
      predictorCorrector({
        ...settings,
        pair: rule === 'half' && settings.space === 'x0' ? 'bh1' : 'exact',
        orderAt: lowering(lowerOrderFinal),
        eta: (from, to) => (typeof tau === 'function' ? tau(sigmaOf(from), sigmaOf(to)) : tau) ** 2,
      }),
    ),
);
