import { oneOf } from '../../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { fallsInNoise, orderOf, pairRule, type SolverFrom, withOptions } from '../solverOptions.js';
import { lowering, multistep, multistepFields, pairOf } from './multistep.js';

const options = /* @__PURE__ */ schema('dpmSolverPP', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** The rule for two predictions: 'midpoint' if left out, or 'heun', which integrates the line through both. */
  rule: pairRule,
  /** The term of order 3 with φ₃: 'exact' if left out, or 'half' of it, as in the code of DPM-Solver and of diffusers. */
  phi3: optional(oneOf('exact', 'half'), 'exact'),
  ...multistepFields,
}).rule(fallsInNoise);

interface DpmSolverPPOptions extends OptionsOf<typeof options> {}

/**
 * Multistep DPM-Solver++ (Lu et al. 2022): one evaluation a step, with x̂₀ as a polynomial in λ through the last `order`
 * predictions. Order 2 is Algorithm 2 of the paper (2M). Order 3 integrates the parabola exactly, as in the expansion of the
 * paper's Proposition 4.1. Half of its term with φ₃ is `multistep_dpm_solver_third_update` of the code of DPM-Solver and of diffusers,
 * which converges with order 2. The first steps and the last, which ends at the data, have lower order. With ε̂ it is multistep
 * DPM-Solver (Lu et al. 2022a), for samples without guidance; there a step over which σ falls more than `maxFall` has order 1 too.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. `rule`: 'midpoint' if left out, or 'heun' (`taylor` in its code),
 *   for steps with two predictions. `phi3`: 'exact' if left out, or 'half'. `space`: the prediction that it integrates, 'x0' if left
 *   out, or 'epsilon'. `lowerFinal`: true for lower orders in the last steps, such as those of a run that does not end at the data
 *   (`lower_order_final`); false if left out. `maxFall`: in ε̂, the most by which σ may fall in a step of order above 1; 100 if left
 *   out, Infinity as in published code. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: dpmSolverPP({ order: 3 }) }))
 * result.memory // → 2
 */
export const dpmSolverPP: SolverFrom<DpmSolverPPOptions> = withOptions(
  options,
  ({ order, rule, phi3, space, lowerFinal, maxFall }) =>
    multistep({
      order,
      space,
      pair: pairOf(rule),
      phi3: phi3 === 'half' ? 1 / 2 : 1,
      ...lowering(lowerFinal),
      maxFall,
    }),
);
