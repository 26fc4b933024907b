/** PNDM as `PNDMScheduler` of diffusers takes its steps. */
import {
  type Channel,
  type Conversion,
  conversion,
  entryAt,
  identity,
  legsOf,
  pndm,
  type Solver,
} from '../../../diffusion/index.js';
import { legBetween } from '../../../diffusion/grids/leg.js';
import { add, mul } from '../../../dsl/index.js';
import { E } from '../../../internal/fp.js';

/** One evaluation of the network. Its step goes from timestep `from` to `to`, or to the data. */
interface Stage {
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

/** PNDM (Liu et al. 2022), eq. 12, and the methods with fewer outputs. */
const ADAMS = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]] as const;
const RUNGE_KUTTA = [1 / 6, 1 / 3, 1 / 3, 1 / 6] as const;

const stage = (t: number, from: number, to: number | null): Stage => ({
  t, from, to, begins: true, own: 1, sum: 0, earlier: [], share: 0,
}); // prettier-ignore

/** The evaluations on falling timesteps. A step is ⌊T/n⌋ long, even if the next one begins elsewhere. */
const stagesOf = (grid: readonly number[], T: number, last: 0 | null, skipsPrk: boolean): readonly Stage[] => {
  const stride = Math.floor(T / grid.length);
  const half = Math.floor(stride / 2);
  const within = (t: number): number | null => (t >= 0 ? t : last);
  const plain = (known: number) => (t: number, i: number): Stage => {
    const [own, ...earlier] = ADAMS[Math.min(i + known, 3)]!;
    return { ...stage(t, t, within(t - stride)), own, earlier };
  }; // prettier-ignore
  if (skipsPrk) {
    const [first, second] = grid as readonly [number, ...number[]];
    const begin = stage(first, first, within(first - stride));
    if (second === undefined) return [begin];
    // the improved Euler method
    const again = { ...stage(second, second + stride, second), begins: false, own: 1 / 2, sum: 1 } as const;
    return [{ ...begin, share: 1 / 2 }, again, ...grid.slice(1).map(plain(1))];
  }
  // eq. 13 on the first three steps
  const staged = [0, 1, 2].flatMap((i) => {
    const [begin, end] = [grid[i]!, grid[i + 1]!];
    return [begin, end + half, end + half, end].map((t, k): Stage => ({
      ...stage(t, begin, within(t - (k % 2 === 0 ? half : 0))),
      begins: k === 0,
      own: k === 3 ? 1 / 6 : 1,
      sum: k === 3 ? 1 : 0,
      share: RUNGE_KUTTA[k]!,
    }));
  });
  return [...staged, ...grid.slice(3).map(plain(3))];
};

/** x_s = x·x_t + mean·(the mean of ε̂ or v̂): PNDM, eq. 9, in v̂ with ε̂ = a·v̂ + s·x_t at the beginning of the step. */
const transfer = (from: Channel, to: Channel, averages: 'epsilon' | 'v') => {
  const [a, s, b, r] = [from.alpha, from.sigma, to.alpha, to.sigma];
  return averages === 'v' ? { x: a * b + s * r, mean: a * r - b * s } : { x: b / a, mean: r - (b / a) * s };
};

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
  const stages = stagesOf(grid, T, last, skipsPrk);
  const isOurs = (timesteps: readonly number[], ours: readonly number[]): boolean =>
    timesteps.length === ours.length && timesteps.every((t, i) => t === ours[i]);
  return {
    path: (process, timesteps) =>
      isOurs(timesteps, grid)
        ? stages.map(({ t, to }) => legBetween(process, t, to))
        : (otherwise.path ?? legsOf)(process, timesteps),
    integrate: (legs, levels) => {
      if (!isOurs(legs.map(({ t }) => t), stages.map(({ t }) => t))) return otherwise.integrate(legs, levels); // prettier-ignore
      const level = (t: number | null): Channel => (t === null ? identity : levels[t]!);
      const moves = stages.map(({ from, to }) => transfer(level(from), level(to), averages));
      const conversions: readonly Conversion[] = stages.map(({ t }) => conversion('x0', averages)(level(t)));
      const by = (number: (one: Stage, i: number) => number) => entryAt(stages.map(number));
      const [ofX, ofMean] = [by((_, i) => moves[i]!.x), by((_, i) => moves[i]!.mean)];
      const [outputOfX, outputOfX0] = [by((_, i) => conversions[i]!.x), by((_, i) => conversions[i]!.prediction)];
      const [ofOwn, ofSum, ofShare] = [by(({ own }) => own), by(({ sum }) => sum), by(({ share }) => share)];
      const ofEarlier = [0, 1, 2].map((k) => by(({ earlier }) => earlier[k] ?? 0));
      const [begins, goesOn] = [by((one) => (one.begins ? 1 : 0)), by((one) => (one.begins ? 0 : 1))];
      return E.right({
        memory: 2 + ofEarlier.length,
        stochastic: false,
        step: ({ x, memory: [started, stored, ...earlier] }, { index, t, predict }) => {
          const x0 = predict(x, t);
          const output = add(mul(x, outputOfX(index)), mul(x0, outputOfX0(index)));
          const start = add(mul(x, begins(index)), mul(started!, goesOn(index)));
          const inStep = add(mul(output, ofOwn(index)), mul(stored!, ofSum(index)));
          const mean = earlier.reduce((sum, old, k) => add(sum, mul(old, ofEarlier[k]!(index))), inStep);
          const outputs = earlier.map((old, k) =>
            add(mul([output, ...earlier][k]!, begins(index)), mul(old, goesOn(index))),
          );
          return {
            state: {
              x: add(mul(start, ofX(index)), mul(mean, ofMean(index))),
              memory: [start, add(mul(output, ofShare(index)), mul(stored!, goesOn(index))), ...outputs],
            },
            x0,
          };
        },
      });
    },
  };
};
