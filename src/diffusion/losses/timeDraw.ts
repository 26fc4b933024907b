import {
  add,
  ascribeLike,
  cast,
  concat,
  type Dim,
  dims,
  floor,
  fullLike,
  type Key,
  mod,
  neg,
  onesLike,
  randint,
  randintLike,
  type Shape,
  slice,
  sub,
  table,
  type Tensor,
  uniform,
  uniformLike,
} from '../../dsl/index.js';
import { withName } from '../../internal/dual.js';
import { raise } from '../../internal/errors.js';
import { F } from '../../internal/fp.js';
import { perSample } from '../channels/batch.js';
import { isDiscrete, type Noising } from '../paths/noising.js';
import type { TimeType } from '../paths/path.js';

/**
 * Draws the times of a batch, `[B]`: int32 in 0…T-1 for the timesteps of a schedule, else float32. Uses only the size of the batch.
 */
export interface TimeDraw {
  (noising: Noising): <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) => (key: Key) => Tensor<[B], TimeType>;
  /** The density of the time of a sample on a path, or the probability of a timestep; left out if it is not known. */
  readonly density?: TimeDensity;
}

/** p(t) at times of a noising, `[B]` to `[B]`. */
export type TimeDensity = (noising: Noising) => <B extends Dim>(t: Tensor<[B], TimeType>) => Tensor<[B]>;

/** Adds its density to a draw of times. */
/* @__NO_SIDE_EFFECTS__ */
export const withDensity = (density: TimeDensity, draw: TimeDraw): TimeDraw => Object.assign(draw, { density });

/** 1/T for the timesteps of a schedule, and 1 on a continuous path, where `timesAt` raises for one of σ. */
const uniformDensity: TimeDensity = (noising) => (t) => {
  const times = cast(t, 'float32');
  return isDiscrete(noising) ? fullLike(times, 1 / noising.schedule.T) : onesLike(noising.timesAt(times));
};

/**
 * The density p(t) of the time of a sample that a draw gives, or on a schedule the probability of a timestep. On a continuous path,
 * a loss with the weight 1/p(t) has the mean of uniform times; on a schedule, T times that mean. Raises `ConfigError` for a draw of
 * unknown density: give your own draw a field `density`.
 * @example
 * const density = densityOf(logitNormalTimes(), rectifiedFlow())
 * density(constantOf([0.5, 0.9], 2)) // → [4 / Math.sqrt(2 * Math.PI), Math.exp(-(Math.log(9) ** 2) / 2) / 0.09 / Math.sqrt(2 * Math.PI)]
 */
export const densityOf = (draw: TimeDraw, noising: Noising): ReturnType<TimeDensity> =>
  (
    draw.density ??
    raise('ConfigError', {
      where: 'densityOf: draw',
      expected: 'a draw of times whose density is known',
      actual: draw.name === '' ? 'a function without `density`' : `${draw.name} without \`density\``,
      hint: 'call the function that makes it, such as logitNormalTimes(), or add the density: Object.assign(draw, { density })',
    })
  )(noising);

/**
 * Draws t uniformly for each sample of a batch, `[B]`: of {0, …, T-1}, or of [0, 1] on a continuous path. Raises `ConfigError` for
 * a path of σ.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => uniformTimes(noising)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [674, 369, 607, 408]
 */
export const uniformTimes: TimeDraw = /* @__PURE__ */ withDensity(
  uniformDensity,
  withName<TimeDraw>('uniformTimes', (noising) => (batch) => {
    if (isDiscrete(noising)) return randintLike(0, noising.schedule.T, perSample(batch));
    return (key) => noising.timesAt(uniformLike(key, perSample(batch)));
  }),
);

/** A uniform number, and equal steps from it, (u + i/B) mod 1: `[B]` like a tensor. */
export const strata = <B extends Dim>(like: Tensor<[B]>): ((key: Key) => Tensor<[B]>) => {
  const [B] = dims(like);
  const offsets = Float64Array.from({ length: B }, (_, i) => i / B);
  return (key) => {
    const x = add(ascribeLike(table(offsets), like), uniform(key));
    return sub(x, floor(x)); // exact, as x mod 1 is
  };
};

/**
 * Stratified times: one uniform draw u for a batch, and equal steps from it, t_i = (u + ⌊i·T/B⌋) mod T, or (u + i/B) mod 1 on a
 * continuous path. Each t_i is uniform, so the loss has the same mean as with {@link uniformTimes}. It has less variance, because
 * a batch covers all noise levels evenly (Kingma et al. 2021, appendix I.1).
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => stratifiedTimes(noising)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [674, 924, 174, 424]
 */
export const stratifiedTimes: TimeDraw = /* @__PURE__ */ withDensity(
  uniformDensity,
  withName<TimeDraw>('stratifiedTimes', (noising) => (batch) => {
    const [B] = dims(batch);
    if (isDiscrete(noising)) {
      const { T } = noising.schedule;
      const offsets = table(Int32Array.from({ length: B }, (_, i) => Math.floor((i * T) / B)));
      return (key) => mod(add(ascribeLike(offsets, perSample(batch)), randint(key, 0, T)), T);
    }
    return (key) => noising.timesAt(strata(perSample(batch))(key));
  }),
);

/**
 * Antithetic times, in pairs t and T-1-t, or t and 1 - t on a continuous path: draws half of a batch uniformly, `[⌈B/2⌉]`, and
 * mirrors it for the other half (without a mirror for the last of an odd batch). Each t is uniform, and a trend of the loss along
 * the noise levels cancels within pairs. As in the published code of DDIM (Song et al. 2021).
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => antitheticTimes(noising)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [674, 369, 325, 630]
 */
export const antitheticTimes: TimeDraw = /* @__PURE__ */ withDensity(
  uniformDensity,
  withName<TimeDraw>('antitheticTimes', (noising) => (batch) => {
    const [B] = dims(batch);
    const half = Math.ceil(B / 2);
    if (isDiscrete(noising)) {
      const { T } = noising.schedule;
      return (key) => {
        const first: Tensor<[Dim], 'int32'> = randint(key, 0, T, half);
        const pairs: Tensor<[Dim], 'int32'> = F.pipe(first, concat(add(neg(first), T - 1) as typeof first));
        return F.pipe(pairs, slice(0, 0, B), ascribeLike(perSample(batch)));
      };
    }
    return (key) => {
      const first: Tensor<[Dim]> = uniform(key, half);
      const pairs: Tensor<[Dim]> = F.pipe(first, concat(sub(1, first) as typeof first));
      return noising.timesAt(F.pipe(pairs, slice(0, 0, B), ascribeLike(perSample(batch))));
    };
  }),
);

/**
 * The usual draw of times: uniform, and on the path of `edm()` log-normal (Karras et al. 2022).
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => usualTimes(edm())(zeros(2))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [1.488, 0.641]
 */
export const usualTimes: TimeDraw = /* @__PURE__ */ withDensity(
  (noising) => (t) => (isDiscrete(noising) ? uniformDensity(noising)(t) : noising.usual.density(cast(t, 'float32'))),
  withName<TimeDraw>(
    'usualTimes',
    (noising) => (batch) =>
      isDiscrete(noising) ? uniformTimes(noising)(batch) : noising.usual.times(perSample(batch)),
  ),
);
