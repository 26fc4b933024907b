/** Changes the beginnings and ends of steps to those of schedulers of diffusers. */
import { type Algorithm, type Level, pathOf, type SolverPlan, type Solver } from '../../diffusion/index.js';
import { DATA, pairsOf } from '../../diffusion/channels/level.js';
import type { Path } from '../../diffusion/paths/path.js';
import { traced } from '../../diffusion/solvers/algorithm.js';
import { planning } from '../../diffusion/solvers/plan.js';
import { E } from '../../internal/fp.js';

/** Tests if the timesteps of levels are the last ones of a grid. On any other grid, a solver takes its own way. */
const isTailOf = (grid: readonly number[], levels: readonly Level[]): boolean => {
  const timesteps = levels.slice(0, -1).map(({ t }) => t);
  return timesteps.every((t, i) => t === grid[grid.length - timesteps.length + i]);
};

/** Steps of ⌊T/n⌋, even if the next one begins elsewhere. The last one ends at the data, or at `last`. */
export const strided = (grid: readonly number[], T: number, last: 0 | null, algorithm: Algorithm): Solver =>
  planning((levels, noising) => {
    const stride = Math.floor(T / grid.length);
    const path = pathOf(noising);
    const { levelAt } = path;
    const end = last === null ? DATA : levelAt(last);
    const isOurs = isTailOf(grid, levels);
    const steps = pairsOf(levels).map(([from, next]) => {
      const strideEnd = from.t >= stride ? levelAt(from.t - stride) : end;
      return { from, to: isOurs ? strideEnd : next, algorithm };
    });
    return traced(path, steps);
  });

/** Changes the levels of a grid, or its last ones, before a solver plans its steps. */
export const withLevels =
  (grid: readonly number[], change: (level: Level, path: Path) => Level) =>
  (solver: Solver): Solver => ({
    ...solver,
    plan: (levels, noising) => {
      const path = pathOf(noising);
      return solver.plan(isTailOf(grid, levels) ? levels.map((level) => change(level, path)) : levels, noising);
    },
  });

/** Changes the plan of a solver on the grid of its scheduler, or on its last timesteps. */
const changing =
  (grid: readonly number[], change: (plan: SolverPlan) => SolverPlan) =>
  (solver: Solver): Solver => ({
    ...solver,
    plan: (levels, noising) =>
      E.map((plan: SolverPlan) => (isTailOf(grid, levels) ? change(plan) : plan))(solver.plan(levels, noising)),
  });

/** Replaces an element of a list. */
const replaced = <A>(list: readonly A[], at: number, change: (a: A) => A): readonly A[] =>
  list.map((a, i) => (i === at ? change(a) : a));

/** Begins with noise of the standard deviation √(1-ᾱ_T): diffusers begins at σ_T·ε, and noisefold at x_T = ε. */
export const fromSigma = (solver: Solver): Solver => ({ ...solver, start: ({ sigma }) => sigma });

/** The variance that diffusers takes for 0. */
const LEAST = Math.log(1e-20);

/** Adds the noise of DDPM's last step if it does not begin at t = 0; its β is 1-ᾱ_t. */
export const noisyToTheEnd = (grid: readonly number[]) =>
  changing(grid, (plan) =>
    replaced(plan, plan.length - 1, (step) => {
      const { sigma } = step.from;
      const learned = { low: LEAST, high: 2 * Math.log(sigma) };
      return { ...step, stages: step.stages.map((stage) => ({ ...stage, noise: sigma, learned })) };
    }),
  );
