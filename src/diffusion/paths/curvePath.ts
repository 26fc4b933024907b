/** Continuous noising processes from curves α(t) and σ(t). */
import {
  add,
  and,
  cast,
  clip,
  type Dim,
  div,
  type Elementwise,
  fullLike,
  greaterEqual,
  jvp,
  less,
  lessEqual,
  mul,
  onesLike,
  onHost,
  sqrt,
  square,
  type Tensor,
  uniformLike,
  where,
  zerosLike,
} from '../../dsl/index.js';
import { asTangent } from '../../dsl/transforms/grads.js';
import { raise } from '../../internal/errors.js';
import { bisected } from '../../internal/numerics/bisected.js';
import { type Channel, identity, preservesVariance, sigmaOf } from '../channels/channel.js';
import { type Level, requireTime } from '../channels/level.js';
import type { ContinuousNoising, NoiseLevel, TimeType, Usual } from './path.js';

/** The curves of a path, with the name and the options that identify it in files. */
export interface Curves extends Pick<ContinuousNoising, 'name' | 'time'>, Partial<Pick<ContinuousNoising, 'usual'>> {
  readonly options?: ContinuousNoising['options'];
  readonly alpha: Elementwise;
  readonly sigma: Elementwise;
  /** The time at a noise σ/α; computed by bisection if left out. */
  readonly timeOf?: Elementwise;
  /** The factor of times in [0, 1] for the network; 1000 if left out. */
  readonly timeScale?: number;
}

/** The derivative of a function of each element. */
export const slopeOf =
  (f: Elementwise): Elementwise =>
  (t) =>
    jvp(f)(t, asTangent(onesLike(t) as typeof t)).tangent;

/** The number of bisections in a program: enough for float64. */
const BISECTIONS = 53;

/** The time in [0, 1] at which a rising function reaches a value, in a program. */
export const bisectedInProgram =
  (f: Elementwise): Elementwise =>
  (values) => {
    let [low, high] = [zerosLike(values), onesLike(values)];
    for (let i = 0; i < BISECTIONS; i++) {
      const middle = mul(add(low, high), 0.5);
      const isBelow = less(f(middle), values);
      [low, high] = [where(isBelow, middle, low), where(isBelow, high, middle)] as [typeof low, typeof high];
    }
    return mul(add(low, high), 0.5);
  };

/** A level with exactly this σ/α: recomputes α where σ/α is large, because α has lost digits there, and else σ. */
const withRatio = (level: Level, ratio: number): Level =>
  ratio > 1 ? { ...level, alpha: level.sigma / ratio } : { ...level, sigma: level.alpha * ratio };

/** The least distance of drawn times from the ends of a path, where the log-SNR is infinite. */
const EDGE = 2 ** -20;

/** Times of [0, 1], moved inside of the ends of the path. */
const insideOf = <B extends Dim>(times: Tensor<[B]>): Tensor<[B]> => clip(times, EDGE, 1 - EDGE);

/** Times at which α² + σ² = 1 is tested. */
const CHECKS = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100);

/** Equal steps of [0, 1], and uniform times. */
const even: Usual = {
  grid: (steps) => Array.from({ length: steps }, (_, i) => 1 - i / steps),
  times: (like) => (key) => insideOf(uniformLike(key, like)),
  density: (t) => onesLike(t),
};

/** The noising process of curves. Does not check the curves. */
export const along = ({
  name,
  options = {},
  time,
  usual = even,
  alpha,
  sigma,
  timeOf,
  timeScale: scale = 1000,
}: Curves): ContinuousNoising => {
  const last = time === 'unit' ? 1 : Infinity;
  const rates = { alpha: slopeOf(alpha), sigma: slopeOf(sigma) };
  const onHostOf = (curves: { readonly alpha: Elementwise; readonly sigma: Elementwise }) => {
    const [a, s] = [onHost(curves.alpha), onHost(curves.sigma)];
    return (t: number): Channel => ({ alpha: a(t) + 0, sigma: s(t) }); // -0, a signal of 0, would make σ/α -∞
  };
  const [channelAt, ratesAt] = [onHostOf({ alpha, sigma }), onHostOf(rates)];
  const levelAt = (t: number): Level => {
    requireTime(t, last);
    const level = { ...(t === 0 ? identity : channelAt(t)), t };
    const slopes = ratesAt(t);
    return Number.isFinite(slopes.alpha) && Number.isFinite(slopes.sigma) ? { ...level, rates: slopes } : level;
  };
  const timeOnHost = timeOf ? onHost(timeOf) : bisected((t) => sigmaOf(channelAt(t)));
  const most = sigmaOf(channelAt(last));
  const hasUnitVariance = CHECKS.every((t) => preservesVariance(channelAt(t)));
  const timesOfSigmas = timeOf ?? bisectedInProgram((t) => div(sigma(t), alpha(t)));
  return {
    name,
    options,
    time,
    usual,
    last,
    levelAt,
    // a σ beyond the end of the path has its last level
    levelOfSigma: (noise) =>
      noise >= most ? levelAt(last) : withRatio(levelAt(Math.min(last, timeOnHost(noise))), noise),
    levels: <B extends Dim>(times: Tensor<[B], TimeType>): NoiseLevel<B> => {
      const asked = cast(times, 'float32');
      const isInside = and(greaterEqual(asked, 0), lessEqual(asked, last));
      const t = where(isInside, asked, fullLike(asked, NaN)) as Tensor<[B]>;
      const level = { alpha: alpha(t), sigma: sigma(t) };
      return {
        ...level,
        ...(hasUnitVariance ? {} : { norm: sqrt(add(square(level.alpha), square(level.sigma))) }),
        rates: { alpha: rates.alpha(t), sigma: rates.sigma(t) },
      };
    },
    timesOfSigmas: <B extends Dim>(noise: Tensor<[B]>): Tensor<[B]> =>
      time === 'unit' ? clip(timesOfSigmas(noise), 0, 1) : timesOfSigmas(noise),
    inside: (times) => (time === 'unit' ? insideOf(times) : times),
    timesAt: (fraction) =>
      time === 'unit'
        ? insideOf(fraction)
        : raise('ConfigError', {
            where: 'times',
            expected: 'a noising with an end, such as rectifiedFlow()',
            actual: 'a path of σ, which has none',
            hint: 'draw its times by logNormalTimes()',
          }),
    clock:
      time === 'unit'
        ? {
            isWhole: false,
            count: Math.ceil(scale),
            at: ({ t }) => scale * t,
            of: (t) => mul(cast(t, 'float32'), scale),
          }
        : { isWhole: false, count: Infinity, at: ({ t }) => t, of: (t) => cast(t, 'float32') },
  };
};
