import { fail } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';
import { isData } from '../channels/level.js';
import { solverPart } from '../parts.js';
import type { Solver, SolverStep } from './plan.js';

const solverOf = argument('denoiseToZero: solver', solverPart);

/**
 * Ends a run at the last level with noise, and then takes x̂₀ there: `denoise_to_zero` of the code of DPM-Solver and UniPC, and the
 * last step of Song et al. 2021. Without `denoiseToZero`, the last step of `solver` leads to the data: lower orders begin one step
 * later, and a corrector still corrects the last level with noise. The sampler returns a `ConfigError` for a grid that does not end
 * at the data.
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const solver = denoiseToZero(dpmSolverPP({ order: 3, lowerOrderFinal: true }))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: 5, solver }))
 * result.plan.map(({ stages }) => 1 + (stages[0]!.memory ?? []).length) // → [1, 2, 2, 1, 1]
 */
export const denoiseToZero = (solver: Solver): Solver => ({
  ...(solverOf.demand(solver) as Solver),
  plan: (levels, noising) => {
    const [end, data] = levels.slice(-2);
    if (!end || !data || !isData(data))
      return fail('ConfigError', {
        where: 'denoiseToZero',
        expected: 'a grid that ends at the data, after a level with noise',
        actual: `${levels.length} levels, with noise at the end`,
        hint: 'leave out toData: false, or denoiseToZero',
      });
    const last: SolverStep = { from: end, to: data, stages: [{ at: end, x0: 1 }] };
    return F.pipe(
      levels.length === 2 ? E.right([]) : solver.plan(levels.slice(0, -1), noising),
      E.map((plan) => [...plan, last]),
    );
  },
});
