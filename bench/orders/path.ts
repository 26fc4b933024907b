/** The paths of the table: steps equal in λ along them, and coordinates that are the same on all of them. */
import {
  type Channel,
  type ContinuousNoising,
  edm,
  type GaussianMixture,
  pathOf,
  rectifiedFlow,
  type Solver,
  type SolverPlan,
  trigonometric,
} from 'noisefold/diffusion';
import type { Backend, Shape } from 'noisefold/dsl';
import { valueOf } from '../../properties/oracles/plans.js';
import { type Batch, type Walk, walkOf } from '../../properties/oracles/solverWalk.js';

/** A path that preserves variance, one whose variance explodes, and a straight one. */
export const PATHS: readonly { readonly name: string; readonly noising: ContinuousNoising }[] = [
  { name: 'vp', noising: trigonometric() },
  { name: 'edm', noising: edm() },
  { name: 'flow', noising: rectifiedFlow() },
];

/** An interval of λ, half of the log-SNR. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A plan with a given number of steps, equal in λ. */
interface Way {
  readonly plan: SolverPlan;
  /** The λ at which each step begins, and the last one ends. */
  readonly lambdas: readonly number[];
}

/** n steps from one λ to another along a path, adapted by a solver. */
export const wayOf = (noising: ContinuousNoising, solver: Solver, { from, to }: Stretch, n: number): Way => {
  const lambdas = Array.from({ length: n + 1 }, (_, i) => from + (i * (to - from)) / n);
  const rises = from > to; // to more noise
  const { levelAt, levelOfSigma } = pathOf(noising);
  const falling = (rises ? lambdas.toReversed() : lambdas).map((lambda) => levelOfSigma(Math.exp(-lambda)));
  const plan = valueOf(solver.plan([...falling, levelAt(0)], noising));
  return { lambdas, plan: rises ? plan.slice(1) : plan.slice(0, -1) }; // without the step from or to the data
};

/**
 * A walk along any path with x_t divided by √(α² + σ²). These are the coordinates of a path that preserves variance, because
 * x_t/α depends on the path by σ/α only; so are those of the reference for the flow, and of the laws. What solvers remember
 * between steps, x̂₀ or ε̂, is the same on all paths.
 */
export const walkAlong = async (
  backend: Backend,
  plan: SolverPlan,
  mixture: GaussianMixture<Shape>,
  batch: number,
): Promise<Walk> => {
  const walk = await walkOf(backend, plan, mixture, batch);
  const scaled = (x: Batch, factor: number): Batch => x.map((xi) => xi * factor);
  const norm = ({ alpha, sigma }: Channel): number => Math.hypot(alpha, sigma);
  return {
    ...walk,
    step: async (index, { x, memory }, noise) => {
      const { from, to } = plan[index]!;
      const after = await walk.step(index, { x: scaled(x, norm(from)), memory }, noise);
      return { ...after, x: scaled(after.x, 1 / norm(to)) };
    },
  };
};
