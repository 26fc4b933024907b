/** Paths of arbitrary log-SNR, without a schedule. */
import { levelsOf, type SolverPlan, type Solver } from 'noisefold/diffusion';
import { listed } from '../../properties/oracles/listed.js';
import { valueOf } from '../../properties/oracles/plans.js';
import { channelAt } from './flow.js';

/** A plan with a given number of steps, equal in λ. */
export interface Path {
  readonly plan: SolverPlan;
  /** The λ at which each step begins, and the last one ends. */
  readonly lambdas: readonly number[];
}

/** The number of levels per step, for solvers that raise x_t to a level in between. */
const BETWEEN = 4;

/** n steps from one λ to another, adapted by a solver. */
export const pathOf = (solver: Solver, from: number, to: number, n: number): Path => {
  const step = Math.abs(to - from) / n;
  const count = n * BETWEEN + BETWEEN;
  const levels = Array.from({ length: count + 1 }, (_, t) => channelAt(Math.max(from, to) - (t * step) / BETWEEN));
  const falling = Array.from({ length: n + 1 }, (_, i) => (n - i) * BETWEEN);
  const plan = valueOf(solver.plan(levelsOf(listed(levels), falling), listed(levels)));
  const rises = from > to;
  return {
    lambdas: (rises ? [...falling].reverse() : falling).map((t) => Math.max(from, to) - (t * step) / BETWEEN),
    plan: rises ? plan.slice(1) : plan.slice(0, -1), // without the step from or to the data
  };
};
