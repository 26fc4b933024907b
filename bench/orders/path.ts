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

/**
 * n legs from one λ to another, or what a solver makes of them; a walk towards noise has the legs that a rising grid
 * has.
 */
export const pathOf = ({ path = legsOf }: Solver, from: number, to: number, n: number): Path => {
  const step = Math.abs(to - from) / n;
  const count = n * BETWEEN + BETWEEN;
  const levels = Array.from({ length: count + 1 }, (_, t) =>
    channelAt(Math.max(from, to) - (t * step) / BETWEEN),
  );
  const timesteps = Array.from({ length: n + 1 }, (_, i) => (from < to ? n - i : i) * BETWEEN);
  return {
    levels,
    lambdas: timesteps.map((t) => Math.max(from, to) - (t * step) / BETWEEN),
    // without the one that goes on to the data
    legs: (from < to ? path : legsOf)({ marginals: levels }, timesteps).slice(0, -1),
  };
};
