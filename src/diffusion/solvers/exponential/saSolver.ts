import { amount, functionOf, hinted, oneOf } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { sigmaOf } from '../../levels/channel.js';
import { orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { multistep } from './multistep.js';

const options = schema('saSolver', {
  /** The number of predictions of the predictor, 1 to 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** The number of predictions of the corrector, with that at the end of the step, 2 or 3; 2 if left out. 0 for none. */
  corrector: optional(
    hinted(t.union([t.literal(0), t.literal(2), t.literal(3)], '0, 2 or 3'), '2 is usual, 0 is the predictor alone'),
    2,
  ),
  /** τ, the amount of noise: 0 follows the flow, 1 is the reverse SDE; 1 if left out. Or a function of σ/α. */
  tau: optional(
    t.union([amount, functionOf<(sigma: number) => number>('a function of σ')], 'τ ≥ 0, or a function of σ'),
    1,
  ),
  /** The rule for two predictions: 'exact' if left out, the integral of the line through both, or 'half', as in published code. */
  rule: optional(oneOf('exact', 'half'), 'exact'),
});

interface SaSolverOptions extends OptionsOf<typeof options> {}

/**
 * SA-Solver (Xue et al. 2023, Algorithm 1): Adams' method for the SDE with noise τ(t), in x̂₀ and λ. A predictor through the
 * last `order` predictions, eq. 14, and a corrector that also uses the one at the end of the step, eq. 17, with the same noise.
 * One evaluation a step. τ is taken where a step begins.
 *
 * @param options - `order`: 1, 2 or 3; 2 if left out. `corrector`: 2 or 3 predictions, or 0 for none; 2 if left out. `tau`: a
 *   number ≥ 0, 1 if left out, or a function of σ/α. `rule`: 'exact' if left out. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const solver = saSolver({ tau: (sigma) => (sigma > 0.05 && sigma < 1 ? 1 : 0) })
 * unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver })).stochastic // → true
 */
export const saSolver: SolverFrom<SaSolverOptions> = withOptions(options, ({ order, corrector, tau, rule }) =>
  multistep({
    order,
    corrector,
    pair: rule === 'half' ? 'bh1' : 'exact',
    eta: (from) => (typeof tau === 'function' ? tau(sigmaOf(from)) : tau) ** 2,
  }),
);
