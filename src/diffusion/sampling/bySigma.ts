/** Levels by their σ/α, for programs that choose them. */
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
  log,
  mul,
  reciprocal,
  sqrt,
  square,
  sub,
  sum,
  table,
  type Tensor,
} from '../../dsl/index.js';
import type { DiscreteNoising } from '../levels/discreteNoising.js';
import { isDiscrete, type Noising, pathOf } from '../levels/noising.js';
import type { Lookup, TimeType } from '../levels/path.js';

/** The time that a network gets at each σ/α: linear in ln σ between timesteps, and constant beyond the first and the last. */
const timestepOf = ({ schedule, timesteps }: DiscreteNoising): (<B extends Dim>(sigma: Tensor<[B]>) => Tensor<[B]>) => {
  const knots = Array.from(schedule.sigmas).filter(Number.isFinite);
  const widths = knots.slice(1).map((knot, k) => Math.log(knot / knots[k]!));
  const rises = knots.slice(1).map((_, k) => timesteps[k + 1]! - timesteps[k]!);
  const starts = knots.slice(0, -1).map(Math.log);
  return <B extends Dim>(sigma: Tensor<[B]>): Tensor<[B]> => {
    const [B] = dims(sigma) as readonly [number]; // traced: a number
    const across = (row: readonly number[]) => broadcastTo(table(row) as Tensor<[number]>, B, row.length);
    const logs = broadcastTo(expandDims(log(sigma), 1) as Tensor<[number, 1]>, B, starts.length);
    // the part of the way from each timestep to the next that lies below σ
    const parts = clip(div(sub(logs, across(starts)), across(widths)), 0, 1);
    return ascribeLike(add(sum(mul(parts, across(rises)), 1), timesteps[0]!), sigma);
  };
};

/** Levels of a noising whose time is their σ/α. */
export const bySigma = (noising: Noising): Lookup => {
  const { clock, levels, levelOfSigma } = pathOf(noising);
  const floats = <B extends Dim>(sigma: Tensor<[B], TimeType>): Tensor<[B]> => cast(sigma, 'float32');
  if (!isDiscrete(noising)) {
    const { timesOfSigmas } = noising;
    return {
      levelAt: levelOfSigma,
      levels: (sigma) => levels(timesOfSigmas(floats(sigma))),
      clock: { ...clock, of: (sigma) => clock.of(timesOfSigmas(floats(sigma))) },
    };
  }
  const timeOf = timestepOf(noising.origin ?? noising);
  return {
    levelAt: levelOfSigma,
    levels: (sigma) => {
      const alpha = reciprocal(sqrt(add(square(floats(sigma)), 1)));
      return { alpha, sigma: mul(alpha, floats(sigma)) };
    },
    clock: { ...clock, of: (sigma) => timeOf(floats(sigma)) },
  };
};
