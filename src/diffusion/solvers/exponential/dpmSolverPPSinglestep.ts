import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { type Level, pairsOf } from '../../levels/level.js';
import { exponentialWeights } from './exponentialIntegrator.js';
import { type SolverPlan, planning, type Solver, type Stage } from '../plan.js';
import { orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { flowStep, hasLength, holdX0, lengthOf } from '../steps.js';

/** A step over some levels, with a stage at each but the last. Every stage starts where the step begins. */
const stagesOf = (levels: readonly Level[], order: number, halves: boolean): readonly Stage[] =>
  pairsOf(levels).map(([at, to], i): Stage => {
    const from = levels[0]!;
    if (i === 0) return holdX0(from, to);
    const { x: start, x0 } = flowStep(from, to);
    const h = lengthOf(from, to);
    const [constant = 0, slope = 0] = exponentialWeights(h, 2);
    const r = lengthOf(from, at) / h;
    // two stages: φ₁/2, as in the paper's Algorithm 1; three stages: φ₂, as in its code
    const newest = (to.alpha * (order === 2 || (halves && i === 1) ? constant / 2 : slope)) / r;
    return { at, start, x0: newest, memory: [...Array<number>(i - 1).fill(0), x0 - newest] };
  });

/** Cuts levels into steps of up to `order` pairs. A pair without a length in λ is a step by itself. */
const cut = (levels: readonly Level[], order: number): readonly (readonly Level[])[] => {
  const steps: Level[][] = [];
  for (const [from, to] of pairsOf(levels)) {
    const step = steps.at(-1);
    if (step && step.length <= order && hasLength(from, to) && hasLength(step.at(-2)!, from)) step.push(to);
    else steps.push([from, to]);
  }
  return steps;
};

/** {@link dpmSolverPPSinglestep}; `halves` for φ₁/2 in every second stage, as in diffusers, and not only in those of order 2. */
export const dpmSolverPPSinglestepOf = (order: number, halves = false): Solver =>
  planning((levels): SolverPlan =>
    cut(levels, order).map((step) => ({
      from: step[0]!,
      to: step.at(-1)!,
      stages: stagesOf(step, order, halves),
    })),
  );

const options = schema('dpmSolverPPSinglestep', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
});

interface SinglestepOptions extends OptionsOf<typeof options> {}

/**
 * Singlestep DPM-Solver++ (Lu et al. 2022, Algorithm 1: 2S; order 3 is `singlestep_dpm_solver_third_update` of its code,
 * 3S). A step covers `order` timesteps of the grid, with an evaluation at each; the timesteps inside a step are the paper's
 * s. So a grid costs the same with any order. For order 3 the parts of a step should be equal in λ, which gives r₁ = 1/3 and
 * r₂ = 2/3. The last part, which ends at the data, is a step by itself.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: dpmSolverPPSinglestep({ order: 3 }) }))
 * made.steps // → 20
 */
export const dpmSolverPPSinglestep: SolverFrom<SinglestepOptions> = withOptions(options, ({ order }) =>
  dpmSolverPPSinglestepOf(order),
);
