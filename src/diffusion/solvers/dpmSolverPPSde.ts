import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { pairsOf } from '../levels/level.js';
import { planning } from './plan.js';
import { orderOf, type SolverFrom, withOptions } from './solverOptions.js';
import { ancestralLevel, flowStep, lengthOf, reachOf } from './steps.js';

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
 * const noising = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: dpmSolverPPSde() }))
 * made.memory // → 1
 */
export const dpmSolverPPSde: SolverFrom<SdeOptions> = withOptions(options, ({ order }) =>
  planning((levels) =>
    pairsOf(levels).map(([from, to], i) => {
      // σ_s/σ_t·e^{-h}, α_s·(1 - e^{-2h}) and σ_s·√(1 - e^{-2h}) are q(x_s|x_t, x̂₀)
      const { down, up } = ancestralLevel(from, to, 1);
      const { x, x0 } = flowStep(from, down);
      const stage = { at: from, x, noise: up };
      if (reachOf(levels, i, order) === 1) return { from, to, stages: [{ ...stage, x0 }] };
      const half = (x0 / 2) * (lengthOf(from, to) / lengthOf(levels[i - 1]!, from));
      return { from, to, stages: [{ ...stage, x0: x0 + half, memory: [-half] }] };
    }),
  ),
);
