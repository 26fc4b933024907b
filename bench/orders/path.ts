/** Paths of any log-SNR, without a schedule. */
import { type Channel, type Leg, transition } from 'noisefold/diffusion';
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

/** n legs from one λ to another; a walk towards noise has the legs that a rising grid has. */
export const pathOf = (from: number, to: number, n: number): Path => {
  const step = Math.abs(to - from) / n;
  const count = n * BETWEEN + BETWEEN;
  const levels = Array.from({ length: count + 1 }, (_, t) =>
    channelAt(Math.max(from, to) - (t * step) / BETWEEN),
  );
  const timesteps = Array.from({ length: n + 1 }, (_, i) => (from < to ? n - i : i) * BETWEEN);
  return {
    levels,
    lambdas: timesteps.map((t) => Math.max(from, to) - (t * step) / BETWEEN),
    legs: timesteps.slice(0, -1).map((t, i) => {
      const next = timesteps[i + 1]!;
      return { t, next, from: levels[t]!, to: levels[next]!, between: transition(levels[next]!, levels[t]!) };
    }),
  };
};
