/** PNDM as `PNDMScheduler` of diffusers takes its steps. */
import {
  type Channel,
  type Form,
  type Level,
  move,
  pathOf,
  plus,
  pndm,
  type Solver,
  times,
} from '../../diffusion/index.js';
import { DATA } from '../../diffusion/channels/level.js';
import { type PlannedStep, traced } from '../../diffusion/solvers/algorithm.js';
import { ADAMS_BASHFORTH } from '../../diffusion/solvers/pndm.js';
import { weighted } from '../../diffusion/solvers/steps.js';
import { E } from '../../internal/fp.js';

/** x_s from the mean of ε̂ or v̂: PNDM, eq. 9, in v̂ with ε̂ = α·v̂ + σ·x_t at the beginning of the step. */
const transfer = (x: Form, mean: Form, from: Channel, to: Channel, averages: 'epsilon' | 'v'): Form =>
  averages === 'epsilon'
    ? move(x, mean, from, to)
    : plus(
        times(from.alpha * to.alpha + from.sigma * to.sigma, x),
        times(from.alpha * to.sigma - to.alpha * from.sigma, mean),
      );

/**
 * The pseudo numerical methods of Liu et al. (2022) as diffusers takes them: the mean of the outputs of the network, which may
 * be v̂; an evaluation more in the first step, or four in each of the first three; and an end at `last`. A step is ⌊T/n⌋ long, even if
 * the next one begins elsewhere.
 */
export const pndmScheduler = (
  grid: readonly number[],
  T: number,
  last: 0 | null,
  { averages, skipsPrk }: { readonly averages: 'epsilon' | 'v'; readonly skipsPrk: boolean },
): Solver => {
  const otherwise = pndm({ start: skipsPrk ? 'fewer' : 'rungeKutta' });
  const stride = Math.floor(T / grid.length);
  const half = Math.floor(stride / 2);

  const stepsOn = (levelAt: (t: number) => Level): readonly PlannedStep[] => {
    const levelOf = (t: number): Level => (t >= 0 ? levelAt(t) : last === null ? DATA : levelAt(last));
    const step = (x: Form, mean: Form, from: number, to: number): Form =>
      transfer(x, mean, levelOf(from), levelOf(to), averages);

    /** Eq. 12, with the outputs of earlier steps. */
    const plain = (t: number): PlannedStep => ({
      from: levelOf(t),
      to: levelOf(t - stride),
      algorithm: ({ x, D, past }) => {
        const outputs = [D(x, levelOf(t)), ...past].slice(0, 4).map((one) => one[averages]);
        return step(x, weighted(ADAMS_BASHFORTH[outputs.length - 1]!, outputs), t, t - stride);
      },
    });
    /** The improved Euler method. */
    const improved = (first: number, second: number): PlannedStep => ({
      from: levelOf(first),
      to: levelOf(second),
      algorithm: ({ x, D }) => {
        const e1 = D(x, levelOf(first))[averages];
        const e2 = D(step(x, e1, first, first - stride), levelOf(second))[averages];
        return step(x, times(1 / 2, plus(e1, e2)), second + stride, second);
      },
    });
    /** Eq. 13. */
    const rungeKutta = (begin: number, end: number): PlannedStep => ({
      from: levelOf(begin),
      to: levelOf(end),
      algorithm: ({ x, D }) => {
        const at = (next: Form, t: number): Form => D(next, levelOf(t))[averages];
        const e1 = at(x, begin);
        const e2 = at(step(x, e1, begin, begin - half), end + half);
        const e3 = at(step(x, e2, begin, end + half), end + half);
        const e4 = at(step(x, e3, begin, end), end);
        return step(x, weighted([1 / 6, 1 / 3, 1 / 3, 1 / 6], [e1, e2, e3, e4]), begin, end);
      },
    });
    const [first, second] = grid as readonly [number, ...number[]];
    if (!skipsPrk) return [...[0, 1, 2].map((i) => rungeKutta(grid[i]!, grid[i + 1]!)), ...grid.slice(3).map(plain)];
    return second === undefined ? [plain(first)] : [improved(first, second), ...grid.slice(1).map(plain)];
  };

  return {
    plan: (levels, noising) => {
      if (levels.length !== grid.length + 1 || grid.some((t, i) => t !== levels[i]!.t))
        return otherwise.plan(levels, noising);
      const path = pathOf(noising);
      return E.right(traced(path, stepsOn(path.levelAt)));
    },
  };
};
