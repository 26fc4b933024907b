/** Looks up levels by σ/α, for programs that choose their levels. */
import {
  add,
  ascribeLike,
  broadcastTo,
  cast,
  clip,
  type Dim,
  dims,
  div,
  expandDims,
  greater,
  mul,
  reciprocal,
  sqrt,
  square,
  sub,
  sum,
  table,
  type Tensor,
  where,
} from '../../dsl/index.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { LOG_SIGMA } from '../schedules/noiseLevel.js';
import { isDiscrete, type Noising, pathOf } from '../paths/noising.js';
import type { Lookup, NoiseLevel, TimeType } from '../paths/path.js';

/**
 * The time that a network gets at each σ/α, equal to that on the host. A σ/α beyond the first or last timestep gets the time of
 * that timestep.
 */
const timestepOf = ({
  origin,
  between = LOG_SIGMA,
  ...own
}: DiscreteNoising): (<B extends Dim>(sigma: Tensor<[B]>) => Tensor<[B]>) => {
  const { schedule, timesteps } = origin ?? own;
  const knots = Array.from(schedule.sigmas).filter(Number.isFinite).map(between.of);
  const starts = knots.slice(0, -1);
  const widths = starts.map((start, k) => knots[k + 1]! - start);
  const rises = starts.map((_, k) => timesteps[k + 1]! - timesteps[k]!);
  return <B extends Dim>(sigma: Tensor<[B]>): Tensor<[B]> => {
    const [B] = dims(sigma) as readonly [number]; // traced: a number
    const across = (row: readonly number[]) => broadcastTo(table(row) as Tensor<[number]>, B, row.length);
    const measures = broadcastTo(expandDims(between.inProgram(sigma), 1) as Tensor<[number, 1]>, B, starts.length);
    // the fraction of the interval from each timestep to the next that lies below σ
    const parts = clip(div(sub(measures, across(starts)), across(widths)), 0, 1);
    return ascribeLike(add(sum(mul(parts, across(rises)), 1), timesteps[0]!), sigma);
  };
};

/** A level with exactly this σ/α: recomputes α where σ/α is large, because α has lost digits there, and else σ. */
const withRatio = <B extends Dim>(level: NoiseLevel<B>, ratio: Tensor<[B]>): NoiseLevel<B> => {
  const isNoisy = greater(ratio, 1);
  return {
    ...level,
    alpha: where(isNoisy, div(level.sigma, ratio), level.alpha),
    sigma: where(isNoisy, level.sigma, mul(level.alpha, ratio)),
  };
};

/** Levels of a noising whose time is their σ/α. */
export const bySigma = (noising: Noising): Lookup => {
  const { clock, levels, levelOfSigma } = pathOf(noising);
  const floats = <B extends Dim>(sigma: Tensor<[B], TimeType>): Tensor<[B]> => cast(sigma, 'float32');
  if (!isDiscrete(noising)) {
    const timeOf = <B extends Dim>(sigma: Tensor<[B], TimeType>) => noising.timesOfSigmas(floats(sigma));
    return {
      levelAt: levelOfSigma,
      levels: (sigma) => withRatio(levels(timeOf(sigma)), floats(sigma)),
      clock: { ...clock, of: (sigma) => clock.of(timeOf(sigma)) },
    };
  }
  const timeOf = timestepOf(noising);
  return {
    levelAt: levelOfSigma,
    levels: (sigma) => {
      const alpha = reciprocal(sqrt(add(square(floats(sigma)), 1)));
      return { alpha, sigma: mul(alpha, floats(sigma)) };
    },
    clock: { ...clock, of: (sigma) => timeOf(floats(sigma)) },
  };
};
