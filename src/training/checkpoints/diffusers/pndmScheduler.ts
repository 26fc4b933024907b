/** PNDM as `PNDMScheduler` of diffusers takes its steps. */
import {
  type Channel,
  type Level,
  pathOf,
  type SolverPlan,
  pndm,
  type Solver,
  type Stage,
} from '../../../diffusion/index.js';
import { DATA } from '../../../diffusion/levels/level.js';
import { ADAMS_BASHFORTH } from '../../../diffusion/solvers/pndm.js';
import { inX0 } from '../../../diffusion/solvers/steps.js';
import type { NoisefoldError } from '../../../internal/errors.js';
import { E, type either } from '../../../internal/fp.js';

/** One evaluation of the network. Its step goes from timestep `from` to `to`, or to the data. */
interface Visit {
  /** The timestep of the evaluation. */
  readonly t: number;
  readonly from: number;
  readonly to: number | null;
  /** True if a step begins here, and not at an earlier stage. */
  readonly begins: boolean;
  /** The weights of this output in the mean of its step, of the earlier stages, and of earlier steps, newest first. */
  readonly own: number;
  readonly sum: 0 | 1;
  readonly earlier: readonly number[];
  /** The weight of this output for later stages of its step. */
  readonly share: number;
}

/** PNDM (Liu et al. 2022), eq. 13. */
const RUNGE_KUTTA = [1 / 6, 1 / 3, 1 / 3, 1 / 6] as const;

const visit = (t: number, from: number, to: number | null): Visit => ({
  t, from, to, begins: true, own: 1, sum: 0, earlier: [], share: 0,
}); // oxfmt-ignore

/** The evaluations on falling timesteps. A step is ⌊T/n⌋ long, even if the next one begins elsewhere. */
const visitsOf = (grid: readonly number[], T: number, last: 0 | null, skipsPrk: boolean): readonly Visit[] => {
  const stride = Math.floor(T / grid.length);
  const half = Math.floor(stride / 2);
  const within = (t: number): number | null => (t >= 0 ? t : last);
  const plain = (known: number) => (t: number, i: number): Visit => {
    const [own = 1, ...earlier] = ADAMS_BASHFORTH[Math.min(i + known, 3)]!;
    return { ...visit(t, t, within(t - stride)), own, earlier };
  }; // oxfmt-ignore
  if (skipsPrk) {
    const [first, second] = grid as readonly [number, ...number[]];
    const begin = visit(first, first, within(first - stride));
    if (second === undefined) return [begin];
    // the improved Euler method
    const again = { ...visit(second, second + stride, second), begins: false, own: 1 / 2, sum: 1 } as const;
    return [{ ...begin, share: 1 / 2 }, again, ...grid.slice(1).map(plain(1))];
  }
  // eq. 13 on the first three steps
  const staged = [0, 1, 2].flatMap((i) => {
    const [begin, end] = [grid[i]!, grid[i + 1]!];
    return [begin, end + half, end + half, end].map((t, k): Visit => ({
      ...visit(t, begin, within(t - (k % 2 === 0 ? half : 0))),
      begins: k === 0,
      own: k === 3 ? 1 / 6 : 1,
      sum: k === 3 ? 1 : 0,
      share: RUNGE_KUTTA[k]!,
    }));
  });
  return [...staged, ...grid.slice(3).map(plain(3))];
};

/** x_s = x·x_t + mean·(the mean of ε̂ or v̂): PNDM, eq. 9, in v̂ with ε̂ = α·v̂ + σ·x_t at the beginning of the step. */
const transfer = (from: Channel, to: Channel, averages: 'epsilon' | 'v') =>
  averages === 'v'
    ? { x: from.alpha * to.alpha + from.sigma * to.sigma, mean: from.alpha * to.sigma - to.alpha * from.sigma }
    : { x: to.alpha / from.alpha, mean: to.sigma - (to.alpha / from.alpha) * from.sigma };

/**
 * The pseudo numerical methods of Liu et al. (2022) as diffusers takes them: the mean of the outputs of the network, which may
 * be v̂; an evaluation more in the first step, or four in each of the first three; and an end at `last`.
 */
export const pndmScheduler = (
  grid: readonly number[],
  T: number,
  last: 0 | null,
  { averages, skipsPrk }: { readonly averages: 'epsilon' | 'v'; readonly skipsPrk: boolean },
): Solver => {
  const otherwise = pndm({ start: skipsPrk ? 'fewer' : 'rungeKutta' });
  const visits = visitsOf(grid, T, last, skipsPrk);
  return {
    plan: (levels, noising): either.Either<NoisefoldError, SolverPlan> => {
      if (levels.length !== grid.length + 1 || grid.some((t, i) => t !== levels[i]!.t))
        return otherwise.plan(levels, noising);
      const { levelAt } = pathOf(noising);
      const level = (t: number | null) => (t === null ? DATA : levelAt(t));
      const steps: { from: Level; to: Level; stages: Stage[] }[] = [];
      /** The first visits of steps, newest first. */
      let firsts: readonly number[] = [];
      visits.forEach(({ t, from, to, begins, own, sum, earlier }, i) => {
        const { x, mean } = transfer(level(from), level(to), averages);
        const memory = Array<number>(i).fill(0);
        if (sum === 1) for (let j = firsts[0]!; j < i; j++) memory[i - j - 1] = mean * visits[j]!.share;
        earlier.forEach((weight, k) => (memory[i - firsts[k]! - 1] = mean * weight));
        const ours = inX0(level(t), averages, mean * own);
        const stage = {
          at: level(t),
          remembers: averages,
          ...(begins ? { x: x + ours.x } : { start: x, x: ours.x }),
          x0: ours.x0,
          memory,
        };
        if (begins) firsts = [i, ...firsts];
        if (begins) steps.push({ from: level(from), to: level(to), stages: [stage] });
        else steps.at(-1)!.stages.push(stage);
        steps.at(-1)!.to = level(to);
      });
      return E.right(steps);
    },
  };
};
