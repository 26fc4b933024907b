import { exponentialWeights, flowStep } from './exponentialIntegrator.js';
import { hasLength } from './stepLimits.js';
import { halfLogSNR } from '../schedules/channel.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg } from '../grids/leg.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { integrating, orderOf, type SolverFrom, withOptions } from './solverOptions.js';

/** The first leg of each leg's step. `order` legs make a step; a leg without a length in λ is a step by itself. */
const beginningsOf = (legs: readonly Leg[], order: number): readonly number[] =>
  legs.reduce<readonly number[]>((begun, leg, i) => {
    const current = begun.at(-1);
    const goesOn = current !== undefined && i - current < order && hasLength(leg) && hasLength(legs[i - 1]!);
    return [...begun, goesOn ? current : i];
  }, []);

/**
 * The coefficients of singlestep DPM-Solver++, for each leg of a path. A stage starts at the beginning of its step. Its x
 * there is a combination of x_t and the predictions since.
 *
 * @param halves - true for φ₁/2 in every second stage, as in diffusers; by default only in those of order 2
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const legs = legsOf(process, [900, 600, 300])
 * dpmSolverPPSinglestepRows(2)(legs).map(({ x0 }) => x0.length) // → [1, 2, 1]
 */
export const dpmSolverPPSinglestepRows =
  (order: number, halves = false) =>
  (legs: readonly Leg[]): readonly StepCoefficients[] => {
    const beginnings = beginningsOf(legs, order);
    /** x at the end of leg i from x at the beginning of its step; the newest prediction is first. */
    const fromBeginning = (i: number): StepCoefficients => {
      const { from } = legs[beginnings[i]!]!;
      const { to } = legs[i]!;
      const stages = i - beginnings[i]!;
      const { x, x0 } = flowStep(from, to);
      if (stages === 0) return { x, x0: [x0], noise: 0 };
      const h = halfLogSNR(to) - halfLogSNR(from);
      const [constant = 0, slope = 0] = exponentialWeights(h, 2);
      const r = (halfLogSNR(legs[i]!.from) - halfLogSNR(from)) / h;
      // two stages: φ₁/2, as in the paper's Algorithm 1; three stages: φ₂, as in its code
      const newest = (to.alpha * (order === 2 || (halves && stages === 1) ? constant / 2 : slope)) / r;
      return { x, x0: [newest, ...Array<number>(stages - 1).fill(0), x0 - newest], noise: 0 };
    };
    return legs.map((_, i) => {
      const whole = fromBeginning(i);
      if (i === beginnings[i]) return whole;
      const before = fromBeginning(i - 1);
      const x = whole.x / before.x;
      return { x, x0: whole.x0.map((weight, k) => weight - (k === 0 ? 0 : x * before.x0[k - 1]!)), noise: 0 };
    });
  };

const options = schema('dpmSolverPPSinglestep', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
});

interface SinglestepOptions extends OptionsOf<typeof options> {}

/**
 * Singlestep DPM-Solver++ (Lu et al. 2022, Algorithm 1: 2S; order 3 is `singlestep_dpm_solver_third_update` of its code,
 * 3S). A step covers `order` legs of the grid, with an evaluation at each; the timesteps inside a step are the paper's s. So
 * a grid costs the same with any order. For order 3 the legs of a step should be equal in λ, which gives r₁ = 1/3 and
 * r₂ = 2/3. The last leg, which ends at the data, is a step by itself.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(20), solver: dpmSolverPPSinglestep({ order: 3 }) }))
 * made.memory // → 2
 */
export const dpmSolverPPSinglestep: SolverFrom<SinglestepOptions> = withOptions(options, ({ order }) =>
  integrating((legs) => linearIntegrator(dpmSolverPPSinglestepRows(order)(legs))),
);
