/** Paths of arbitrary log-SNR, without a schedule. */
import { type Channel, type Leg, legsOf, type Solver } from 'noisefold/diffusion';
import { channelAt } from './flow.js';

/** A path with a given number of steps, equal in λ. */
export interface Path {
  readonly legs: readonly Leg[];
  /** The λ at which each step begins, and the last one ends. */
  readonly lambdas: readonly number[];
  /** The noise levels that a step may use, the noisiest last. */
  readonly levels: readonly Channel[];
}

/** The number of levels per step, for solvers that raise x_t to a level in between. */
const BETWEEN = 4;

/** n steps from one λ to another, adapted by a solver. */
export const pathOf = ({ path = legsOf }: Solver, from: number, to: number, n: number): Path => {
  const step = Math.abs(to - from) / n;
  const count = n * BETWEEN + BETWEEN;
  const levels = Array.from({ length: count + 1 }, (_, t) => channelAt(Math.max(from, to) - (t * step) / BETWEEN));
  const falling = Array.from({ length: n + 1 }, (_, i) => (n - i) * BETWEEN);
  const legs = path({ marginals: levels }, falling);
  const rises = from > to;
  return {
    levels,
    lambdas: (rises ? [...falling].reverse() : falling).map((t) => Math.max(from, to) - (t * step) / BETWEEN),
    legs: rises ? legs.slice(1) : legs.slice(0, -1), // without the step from or to the data
  };
};
