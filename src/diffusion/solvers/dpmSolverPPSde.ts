import { halfLogSNR, posteriorOf } from '../schedules/channel.js';
import { reachOf } from './stepLimits.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg } from '../grids/leg.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { integrating, orderOf, type SolverFrom, withOptions } from './solverOptions.js';

/**
 * The coefficients of SDE-DPM-Solver++, for each leg of a path.
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const legs = legsOf(process, [900, 600, 300])
 * dpmSolverPPSdeRows(2)(legs).map(({ x0 }) => x0.length) // → [1, 2, 1]
 */
export const dpmSolverPPSdeRows =
  (order: number) =>
  (legs: readonly Leg[]): readonly StepCoefficients[] =>
    legs.map(({ from, to, between }, i) => {
      // s_s/s_t·e^{-h}, α_s·(1 - e^{-2h}) and s_s·√(1 - e^{-2h}) are q(x_s|x_t, x̂₀)
      const { xt, x0, sigma: noise } = posteriorOf(to, between, from);
      if (reachOf(legs, i, order) === 1) return { x: xt, x0: [x0], noise };
      const h = halfLogSNR(to) - halfLogSNR(from);
      const half = (x0 / 2 / (halfLogSNR(from) - halfLogSNR(legs[i - 1]!.from))) * h;
      return { x: xt, x0: [x0 + half, -half], noise };
    });

const options = schema('dpmSolverPPSde', {
  /** 1, which is ancestral sampling, or 2; 2 if left out. */
  order: optional(orderOf(1, 2), 2),
});

interface SdeOptions extends OptionsOf<typeof options> {}

/**
 * SDE-DPM-Solver++ (Lu et al. 2022), the stochastic variant of DPM-Solver++: of order 1, which is ancestral sampling, or of
 * order 2 (SDE-2M). No noise at the last step, which ends at the data.
 *
 * @param options - `order`: 1 or 2; 2 if left out. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(20), solver: dpmSolverPPSde() }))
 * made.memory // → 1
 */
export const dpmSolverPPSde: SolverFrom<SdeOptions> = withOptions(options, ({ order }) =>
  integrating((legs) => linearIntegrator(dpmSolverPPSdeRows(order)(legs))),
);
