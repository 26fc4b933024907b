/** The first steps of PNDM: four stages each, until there are enough ε̂ for the multistep method. */
import { add, mul } from '../../dsl/index.js';
import { hasSignal, isGradual, reachOf } from './stepLimits.js';
import { meanNoiseStep, noiseStep } from './noiseMultistep.js';
import { conversion } from '../denoiser/parameterization.js';
import { type Leg, legBetween, legsOf } from '../grids/leg.js';
import type { Integrator, Solver } from './solver.js';
import { column, entryAt } from '../process/table.js';

/**
 * A path with four stages for each of the first legs: to the midpoint, the midpoint again, to the end, the end again. Stages
 * two and four do not move in t; they improve x there. A leg without a timestep halfway, or over which σ falls too far, stays
 * plain, and so does the last one, to the data.
 */
export const stagesOf =
  (steps: number): NonNullable<Solver['path']> =>
  (process, timesteps) =>
    legsOf(process, timesteps).flatMap((leg, i) => {
      const { t, next, from, to } = leg;
      const isPlain = i >= steps || next === null || t - next < 2 || !isGradual(from, to, 'middle');
      if (isPlain) return [leg];
      const half = t - Math.floor((t - next) / 2); // as diffusers rounds
      return (
        [
          [t, half],
          [half, half],
          [half, next],
          [next, next],
        ] as const
      ).map(([a, b]) => legBetween(process, a, b));
    });

/** The weights of the stages' ε̂: the classical Runge-Kutta method. */
const STAGES = [1 / 6, 1 / 3, 1 / 3, 1 / 6];

/** The coefficients of x_s = x·x_t + x0·x̂₀ + begin·(x where the step began) + sum·Σ(weighted ε̂ of its stages) + Σ earlier·ε̂. */
interface Row {
  readonly x: number;
  readonly x0: number;
  readonly begin: number;
  readonly sum: number;
  readonly earlier: readonly number[];
  /** The stage in its step, from 0. */
  readonly stage: number;
}

/** The stage of each leg. The second stage of a step is the one that does not move in t; two more follow it. */
const stagesIn = (legs: readonly Leg[]): readonly number[] =>
  legs.reduce<readonly number[]>((stages, { t, next }) => {
    const before = stages.at(-1) ?? 3;
    const begins = before === 3 || (before === 0 && t !== next);
    return [...stages, begins ? 0 : before + 1];
  }, []);

const rowsOf = (legs: readonly Leg[], order: number, weights: (reach: number) => readonly number[]): readonly Row[] => {
  const stages = stagesIn(legs);
  const steps = legs.filter((_, i) => stages[i] === 0);
  return legs.map(({ from, to }, i): Row => {
    const stage = stages[i]!;
    const row = { x: 0, x0: 0, begin: 0, sum: 0, earlier: [], stage };
    if (stage > 0) {
      const move = noiseStep(legs[i - stage]!.from, to);
      if (stage === 3) return { ...row, begin: move.x, sum: move.noise };
      const toNoise = conversion('x0', 'epsilon')(from);
      return { ...row, x: move.noise * toNoise.x, x0: move.noise * toNoise.prediction, begin: move.x };
    }
    const isStaged = stages[i + 1] === 1;
    const step = steps.indexOf(legs[i]!);
    const mean = meanNoiseStep(from, to, isStaged ? [1] : weights(reachOf(steps, step, order, hasSignal)));
    const [own, ...earlier] = mean.x0;
    return { ...row, x: mean.x, x0: own!, earlier };
  });
};

/**
 * PNDM (Liu et al. 2022), Algorithm 2: the pseudo Runge-Kutta method of its eq. 13 on the first steps of a path of
 * {@link stagesOf}, the pseudo linear multistep method on the others. `weights` returns the weights of `reach` ε̂.
 */
export const pseudoRungeKutta = (
  legs: readonly Leg[],
  order: number,
  weights: (reach: number) => readonly number[],
): Integrator => {
  const rows = rowsOf(legs, order, weights);
  const by = (number: (row: Row) => number) => entryAt(column(rows, number));
  const [ofX, ofX0, ofBegin, ofSum] = [by((r) => r.x), by((r) => r.x0), by((r) => r.begin), by((r) => r.sum)];
  const ofEarlier = Array.from({ length: order - 1 }, (_, k) => by((r) => r.earlier[k] ?? 0));
  const beginsAt = by(({ stage }) => (stage === 0 ? 1 : 0));
  const goesOnAt = by(({ stage }) => (stage === 0 ? 0 : 1));
  const weightAt = by(({ stage }) => STAGES[stage]!);
  const toNoise = legs.map(({ from }) => conversion('x0', 'epsilon')(from));
  const noiseOfX = entryAt(column(toNoise, ({ x }) => x));
  const noiseOfX0 = entryAt(column(toNoise, ({ prediction }) => prediction));
  return {
    memory: 2 + ofEarlier.length,
    stochastic: false,
    step: ({ x, memory: [began, stages, ...earlier] }, { index, t, predict }) => {
      const x0 = predict(x, t);
      const noise = add(mul(x, noiseOfX(index)), mul(x0, noiseOfX0(index)));
      const [begins, goesOn] = [beginsAt(index), goesOnAt(index)];
      const begin = add(mul(x, begins), mul(began!, goesOn));
      const sum = add(mul(noise, weightAt(index)), mul(stages!, goesOn));
      const moved = add(add(mul(x, ofX(index)), mul(x0, ofX0(index))), mul(begin, ofBegin(index)));
      const kept = earlier.map((old, k) => add(mul([noise, ...earlier][k]!, begins), mul(old, goesOn)));
      return {
        state: {
          x: earlier.reduce(
            (total, old, k) => add(total, mul(old, ofEarlier[k]!(index))),
            add(moved, mul(sum, ofSum(index))),
          ),
          memory: [begin, sum, ...kept],
        },
        x0,
      };
    },
  };
};
