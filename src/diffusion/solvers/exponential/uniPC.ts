import { oneOf } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { sigmaRatioInNoise, orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { solverOf } from '../algorithm.js';
import { correctorFields, lowering, multistepFields, predictorCorrector } from './multistep.js';

/**
 * The coefficients of UniPC. 'bh1' and 'bh2' have B(h) = h and e^h - 1, with -h for predictions of x̂₀; a step with two predictions
 * takes half of B(h) there. 'exact' is UniPC_v: it integrates the polynomial through the predictions exactly.
 */
export type UniPCVariant = 'bh1' | 'bh2' | 'exact';

const options = /* @__PURE__ */ schema('uniPC', {
  /** 1, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** B(h), or 'exact' for varying coefficients; 'bh2' if left out. */
  variant: optional(oneOf('bh1', 'bh2', 'exact'), 'bh2'),
  /** False for UniP, the predictor alone; true if left out. */
  corrector: optional(t.boolean, true),
  ...correctorFields,
  ...multistepFields,
}).rule(sigmaRatioInNoise);

interface UniPCOptions extends OptionsOf<typeof options> {}

/**
 * UniPC (Zhao et al. 2023, Algorithms 1 and 2, for x̂₀ or ε̂): a predictor through the last `order` predictions, and a corrector
 * that also uses the prediction at the end of the step, after its evaluation. With h = λ_s - λ_t and the predictions x̂₀ᵏ at λ_t +
 * r_k·h, where the corrector adds r_k = 1,
 *
 *     x_s = σ_s/σ_t·x_t + α_s·(1 - e^{-h})·x̂₀ - α_s·B(h)·Σ_k ρ_k/r_k·(x̂₀ᵏ - x̂₀).
 *
 * A polynomial through all predictions determines B(h)·ρ_k. With one k, ρ is ½ instead, where B(h) is -h ('bh1') or e^{-h} - 1
 * ('bh2'); 'exact' takes the polynomial there too.
 * One evaluation a step; the order is one more than the predictor's. The last step, which ends at the data, is x̂₀ itself, without a
 * corrector.
 *
 * @param options - `order`: 1, 2 or 3; 2 if left out. For any other, the sampler returns a `ConfigError`. `variant`: B(h), 'bh2'
 *   if left out, or 'exact' (UniPC_v; the corrector of `vary_coeff` in its code leaves terms out). `space`: the prediction that it
 *   integrates, 'x0' if left out, or 'epsilon'. `corrector`: false for the predictor alone, UniP; true if left out. `disableCorrector`: the
 *   steps whose end is not corrected, none if left out; the first ones for strong guidance. `lowerOrderFinal`: true for lower orders in the
 *   last steps, false if left out. `maxSigmaRatio`: in ε̂, the most by which σ may fall in a step of order above 1; 100 if left out, Infinity as
 *   in published code
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: uniPC({ order: 3, variant: 'bh1' }) }))
 * result.memory // → 3
 */
export const uniPC: SolverFrom<UniPCOptions> = withOptions(
  options,
  ({ variant, corrector, lowerOrderFinal, ...settings }) =>
    solverOf(
      predictorCorrector({
        ...settings,
        pair: variant,
        corrector: corrector ? settings.order + 1 : 0,
        orderAt: lowering(lowerOrderFinal),
      }),
    ),
);
