import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { multistep, multistepFields, publishedRules } from './multistep.js';

const options = schema('dpmSolverPP', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  ...multistepFields,
});

interface DpmSolverPPOptions extends OptionsOf<typeof options> {}

/**
 * Multistep DPM-Solver++ (Lu et al. 2022): one evaluation a step, with x̂₀ as a polynomial in λ through the last `order`
 * predictions. Order 2 is Algorithm 2 of the paper (2M). Order 3 integrates the parabola exactly, as in the expansion of the
 * paper's Proposition 4.1; the published code of 3M has half of the term with φ₃, and converges with order 2: `curve: 'half'`. The
 * first steps and the last, which ends at the data, have lower order.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. `rule`: 'midpoint' if left out, or 'heun' (`taylor` in its code),
 *   for steps with two predictions. `curve`: 'exact' if left out. `lowerFinal`: true for lower orders in the last steps, such as those of
 *   a run that does not end at the data (`lower_order_final`). For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: dpmSolverPP({ order: 3 }) }))
 * made.memory // → 2
 */
export const dpmSolverPP: SolverFrom<DpmSolverPPOptions> = withOptions(options, ({ order, ...rules }) =>
  multistep({ order, ...publishedRules(rules) }),
);
