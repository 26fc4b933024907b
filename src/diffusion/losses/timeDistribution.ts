import {
  add,
  atan,
  cast,
  clip,
  cos,
  type Dim,
  div,
  type Elementwise,
  exp,
  type Key,
  log,
  log1p,
  mul,
  neg,
  normalLike,
  onHost,
  reciprocal,
  sigmoid,
  sin,
  square,
  sub,
  table,
  tan,
  type Tensor,
  uniformLike,
} from '../../dsl/index.js';
import { aboveZero, finite, hinted, refined } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import {
  argument,
  type Fields,
  type Filled,
  optional,
  type OptionsOf,
  type Schema,
  schema,
} from '../../internal/schema.js';
import { logSigmaRate } from '../denoisers/atLevel.js';
import { bisectedInProgram, slopeOf } from '../paths/curvePath.js';
import { perSample } from '../channels/batch.js';
import { logSNR } from '../channels/channel.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { normalCdf, normalDensity } from '../channels/gaussians.js';
import { isDiscrete, withoutEnds } from '../paths/noising.js';
import { entriesAt } from '../channels/entries.js';
import { timeShift } from '../schedules/timeShift.js';
import { withName } from '../../internal/dual.js';
import { DRAW, requireCalled } from './requireCalled.js';
import { densityOf, type TimeDensity, type TimeDraw, withDensity } from './timeDraw.js';
import { cellAmong } from './timestepsBy.js';

/** Names a draw by its function and options, which identify it in snapshots. */
const named = (name: string, options: object, draw: TimeDraw): TimeDraw => {
  const text = Object.entries(options).map(([field, value]) => `${field} ${value}`).join(' and '); // oxfmt-ignore
  return withName(`${name} of ${text}`, draw);
};

/** Checks the options of a draw, then makes it. */
const withOptions = <F extends Fields>(
  options: Schema<F>,
  name: string,
  settings: unknown,
  drawBy: (options: Filled<F>) => TimeDraw,
): TimeDraw => {
  requireCalled(DRAW, `${name}()`, settings);
  const known = options.demand(settings);
  return named(name, known, drawBy(known));
};

/** The probabilities of the cells between rising borders, from a distribution function, in float64. */
const massesOf = (borders: Float64Array, cdf: Elementwise): Float64Array => {
  const ends = [0, ...Array.from(borders, onHost(cdf)), 1];
  return Float64Array.from({ length: borders.length + 1 }, (_, t) => ends[t + 1]! - ends[t]!);
};

const logNormal = schema('logNormalTimes', {
  /** The mean of ln σ; -1.2 if left out. */
  mean: optional(hinted(finite, 'the paper uses -1.2'), -1.2),
  /** Its standard deviation, above 0; 1.2 if left out. */
  deviation: optional(hinted(aboveZero, 'the paper uses 1.2'), 1.2),
});

/** The distribution of ln σ in training, N(mean, deviation²). */
interface LogNormal extends OptionsOf<typeof logNormal> {}

/**
 * Draws the times with a log-normal σ, ln σ ~ N(mean, deviation²), where σ is the noise σ/α: EDM (Karras et al. 2022), section 5.
 * On a discrete path it draws the timestep with the nearest ln σ, and for a σ out of range the nearest end. Raises `ConfigError`
 * for a mean that is not finite and for a deviation ≤ 0.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => logNormalTimes()(noising)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [619, 357, 312, 97]
 */
export const logNormalTimes = <G = unknown>(options?: Exact<G, keyof LogNormal> & LogNormal): TimeDraw =>
  withOptions(logNormal, 'logNormalTimes', options, ({ mean, deviation }) => {
    /** The borders between timesteps in ln σ, standardized by the mean and the deviation. */
    const bordersOf = ({ marginals }: DiscreteNoising): Float64Array => {
      const logSigmas = Float64Array.from(marginals, (marginal) => -0.5 * logSNR(marginal));
      return Float64Array.from(logSigmas.subarray(1), (later, t) => ((logSigmas[t]! + later) / 2 - mean) / deviation);
    };
    return withDensity(
      (noising) => {
        if (isDiscrete(noising))
          return (t) => entriesAt(massesOf(bordersOf(noising), normalCdf(0, 1)))(wholeTimesteps(t));
        return (t) => {
          const level = noising.levels(t);
          return mul(normalDensity(mean, deviation)(log(div(level.sigma, level.alpha))), logSigmaRate(level));
        };
      },
      (noising) => {
        if (isDiscrete(noising)) {
          const borders = bordersOf(noising);
          return (batch) => (key) => cellAmong(table(borders))(normalLike(key, perSample(batch)));
        }
        const sigmas = <B extends Dim>(like: Tensor<[B]>, key: Key) =>
          exp(add(mul(normalLike(key, like), deviation), mean));
        return (batch) => (key) => noising.inside(noising.timesOfSigmas(sigmas(perSample(batch), key)));
      },
    );
  });

/**
 * A draw of times as a fraction of the way to the noise: of [0, 1], or the timestep ⌊fraction·T⌋.
 *
 * @param cdf - the distribution function of the fraction
 * @param density - its derivative
 */
const byFraction = (
  fractionOf: <B extends Dim>(like: Tensor<[B]>) => (key: Key) => Tensor<[B]>,
  cdf: Elementwise,
  density: Elementwise = slopeOf(cdf),
): TimeDraw =>
  withDensity(
    (noising) => {
      if (!isDiscrete(noising)) return (t) => density(noising.timesAt(cast(t, 'float32')));
      const { T } = noising.schedule;
      const borders = Float64Array.from({ length: T - 1 }, (_, k) => (k + 1) / T);
      return (t) => entriesAt(massesOf(borders, cdf))(wholeTimesteps(t));
    },
    (noising) => (batch) => {
      const fraction = fractionOf(perSample(batch));
      if (!isDiscrete(noising)) return (key) => noising.timesAt(fraction(key));
      const { T } = noising.schedule;
      return (key) => clip(cast(mul(fraction(key), T), 'int32'), 0, T - 1);
    },
  );

const logitNormal = schema('logitNormalTimes', {
  /** The mean of logit t; 0 if left out. */
  mean: optional(hinted(finite, 'SD3 uses 0'), 0),
  /** Its standard deviation, above 0; 1 if left out. */
  deviation: optional(hinted(aboveZero, 'SD3 uses 1'), 1),
});

/** The distribution of logit t in training, N(mean, deviation²). */
interface LogitNormal extends OptionsOf<typeof logitNormal> {}

/**
 * Draws times with a normal logit, log(t/(1-t)) ~ N(mean, deviation²), so most lie in the middle of the path: SD3 (Esser et al.
 * 2024), eq. 19. For the timesteps of a schedule t is ⌊T·t⌋. Raises `ConfigError` for invalid options, and when it draws for a
 * path of σ.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => logitNormalTimes()(rectifiedFlow())(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [0.791, 0.652, 0.622, 0.379]
 */
export const logitNormalTimes = <G = unknown>(options?: Exact<G, keyof LogitNormal> & LogitNormal): TimeDraw =>
  withOptions(logitNormal, 'logitNormalTimes', options, ({ mean, deviation }) =>
    byFraction(
      (like) => (key) => sigmoid(add(mul(normalLike(key, like), deviation), mean)),
      (t) => normalCdf(mean, deviation)(sub(log(t), log1p(neg(t)))),
    ),
  );

const mode = schema('modeTimes', {
  /** s, from -1 to 2/(π - 2): above 0 it favours the middle, below 0 the ends; 1.29 if left out. */
  scale: optional(
    hinted(
      refined(finite, 'a scale from -1 to 1.75', (s) => s >= -1 && s <= 2 / (Math.PI - 2)),
      'SD3 uses 1.29',
    ),
    1.29,
  ),
});

/** The scale of {@link modeTimes}. */
interface ModeOptions extends OptionsOf<typeof mode> {}

/**
 * Draws times with a mode in the middle of the path and heavy tails: t = 1 - u - s·(cos²(πu/2) - 1 + u) for uniform u. SD3 (Esser
 * et al. 2024), eq. 20. Raises `ConfigError` for a scale at which t is not monotone in u, and when it draws for a path of σ.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => modeTimes()(rectifiedFlow())(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [0.183, 0.396, 0.427, 0.572]
 */
export const modeTimes = <G = unknown>(options?: Exact<G, keyof ModeOptions> & ModeOptions): TimeDraw =>
  withOptions(mode, 'modeTimes', options, ({ scale }) => {
    /** t from 1 - u, with which it rises: cos²(πu/2) = sin²(π(1 - u)/2). */
    const timeOf: Elementwise = (left) => sub(left, mul(sub(square(sin(mul(left, Math.PI / 2))), left), scale));
    return byFraction(
      (like) => (key) => {
        const u = uniformLike(key, like);
        const left = sub(1, u);
        return sub(left, mul(sub(square(cos(mul(u, Math.PI / 2))), left), scale)) as typeof like;
      },
      bisectedInProgram(timeOf),
      (t) => reciprocal(slopeOf(timeOf)(bisectedInProgram(timeOf)(t))),
    );
  });

/**
 * Draws times whose log-SNR on the path of rectified flow has the distribution of the cosine schedule: t = 1 - 1/(tan(πu/2) + 1)
 * for uniform u. SD3 (Esser et al. 2024), section 3.1, CosMap.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => cosMapTimes(rectifiedFlow())(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [0.874, 0.694, 0.654, 0.347]
 */
export const cosMapTimes: TimeDraw = /* @__PURE__ */ withName(
  'cosMapTimes',
  /* @__PURE__ */ byFraction(
    (like) => (key) => {
      const u = uniformLike(key, like);
      return sub(1, reciprocal(add(tan(mul(u, Math.PI / 2)), 1))) as typeof like;
    },
    (t) => mul(atan(div(t, sub(1, t))), 2 / Math.PI),
  ),
);

const shiftOf = argument('shiftedTimes: shift', hinted(aboveZero, 'SD3 uses 3 at 1024×1024'));

/**
 * Shifts the times that another draw gives toward the noise, t ↦ s·t/(1 + (s - 1)·t): SD3 (Esser et al. 2024), eq. 23, where s is
 * the root of the ratio of the numbers of pixels. FLUX has s = e^μ. A shift is a map of times: the path stays.
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => shiftedTimes(3)(uniformTimes)(rectifiedFlow())(zeros(2))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [0.968, 0.893]
 */
export const shiftedTimes = (shift: number): ((draw: TimeDraw) => TimeDraw) => {
  const call = 'shiftedTimes(3)(uniformTimes)';
  requireCalled(DRAW, call, shift);
  const s = shiftOf.demand(shift);
  return (draw) => {
    requireCalled(DRAW, call, draw);
    const shifted: TimeDraw = (noising) => {
      if (isDiscrete(noising) || noising.time === 'sigma')
        return raise('ConfigError', withoutEnds('shiftedTimes', noising, 'take rectifiedFlow(), or another draw'));
      const times = draw(noising);
      // moved inside of the ends, because float32 would round some times to 1
      return (batch) => (key) => noising.timesAt(timeShift(s)(cast(times(batch)(key), 'float32')));
    };
    const back = timeShift(1 / s);
    const density: TimeDensity = (noising) => (t) => {
      const times = cast(t, 'float32');
      return mul(densityOf(draw, noising)(back(times)), slopeOf(back)(times));
    };
    return named(`shiftedTimes(${draw.name})`, { shift: s }, draw.density ? withDensity(density, shifted) : shifted);
  };
};
