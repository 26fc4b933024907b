/** Paths of any log-SNR, without a schedule. */
import { type Channel, type Leg, legsOf, type Solver } from 'noisefold/diffusion';
import { channelAt } from './flow.js';

/** A path with as many legs as are asked for, equal in λ. */
export interface Path {
  readonly legs: readonly Leg[];
  /** The λ at which each leg begins, and where the last one ends. */
  readonly lambdas: readonly number[];
  /** The noise levels that a step may name, the noisiest last. */
  readonly levels: readonly Channel[];
}

/** How many levels there are to a leg, for solvers that raise x_t to one in between. */
const BETWEEN = 4;

/** n legs from one λ to another, or what a solver makes of them. */
export const pathOf = ({ path = legsOf }: Solver, from: number, to: number, n: number): Path => {
  const step = Math.abs(to - from) / n;
  const count = n * BETWEEN + BETWEEN;
  const levels = Array.from({ length: count + 1 }, (_, t) =>
    channelAt(Math.max(from, to) - (t * step) / BETWEEN),
  );
  const falling = Array.from({ length: n + 1 }, (_, i) => (n - i) * BETWEEN);
  const legs = path({ marginals: levels }, falling);
  const rises = from > to;
  return {
    levels,
    lambdas: (rises ? [...falling].reverse() : falling).map((t) => Math.max(from, to) - (t * step) / BETWEEN),
    legs: rises ? legs.slice(1) : legs.slice(0, -1), // without the one that comes from the data, or goes on to it
  };
};
