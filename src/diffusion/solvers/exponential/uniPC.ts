import { oneOf } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { everywhere, orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { multistep } from './multistep.js';

/**
 * B(h) of UniPC: h, or e^h - 1, with -h for predictions of x̂₀. 'exact' is UniPC_v, the varying coefficients, which integrate the
 * polynomial exactly: where a step uses two predictions, the others take half of B(h).
 */
export type UniPCVariant = 'bh1' | 'bh2' | 'exact';

const options = schema('uniPC', {
  /** 1, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** B(h), or 'exact' for varying coefficients; 'bh2' if left out. */
  variant: optional(oneOf('bh1', 'bh2', 'exact'), 'bh2'),
  /** The prediction that it integrates: 'x0' if left out, or 'epsilon'. */
  space: optional(oneOf('x0', 'epsilon'), 'x0'),
  /** False for UniP, the predictor alone; true if left out. */
  corrector: optional(t.boolean, true),
  /** True for lower orders in the last steps, down to 1 in the last; false if left out. */
  lowerFinal: optional(t.boolean, false),
  /** In ε̂, true for the order in every step but the last; false, for order 1 where σ falls more than 100-fold, if left out. */
  throughout: everywhere,
});

interface UniPCOptions extends OptionsOf<typeof options> {}

/**
 * UniPC (Zhao et al. 2023, Algorithms 1 and 2, for x̂₀ or ε̂): a predictor through the last `order` predictions, and a corrector
 * that also uses the next one, once it is evaluated. One evaluation a step; the order is one more than the predictor's. The
 * last step, which ends at the data, is x̂₀ itself, without a corrector.
 *
 * @param options - `order`: 1, 2 or 3; 2 if left out. For any other, the sampler returns a `ConfigError`. `variant`: B(h), 'bh2'
 *   if left out, or 'exact' (UniPC_v; the corrector of `vary_coeff` in its code leaves terms out). `space`: the prediction that it
 *   integrates, 'x0' if left out. `corrector`: false for the predictor alone, UniP. `lowerFinal`: true for lower orders in the last
 *   steps. `throughout`: in ε̂, true for the order of every step but the last
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: uniPC({ order: 3, variant: 'bh1' }) }))
 * made.memory // → 3
 */
export const uniPC: SolverFrom<UniPCOptions> = withOptions(
  options,
  ({ order, variant, space, corrector, lowerFinal, throughout }) =>
    multistep({
      order,
      pair: variant,
      space,
      throughout,
      corrector: corrector ? order + 1 : 0,
      ...(lowerFinal && { orderAt: (left) => left }),
    }),
);
