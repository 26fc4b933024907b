/** Continuous noising processes: flow matching, EDM, and the schedules of DDPM with infinitely many steps. */
import {
  add,
  and,
  atan,
  cast,
  clip,
  type Dim,
  div,
  type Elementwise,
  exp,
  expm1,
  fullLike,
  greaterEqual,
  type Grads,
  jvp,
  less,
  lessEqual,
  log1p,
  mul,
  neg,
  onesLike,
  normalLike,
  onHost,
  reciprocal,
  sigmoid,
  sin,
  sqrt,
  square,
  sub,
  type Tensor,
  uniformLike,
  where,
  zerosLike,
} from '../../dsl/index.js';
import { aboveZero, amount, finite, functionOf, refined } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { attempt, fail, type NoisefoldError, raise } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Channel, identity, preservesVariance, sigmaOf } from './channel.js';
import type { Level } from './level.js';
import { EDM_RANGE, karras } from './spacedSigmas.js';
import type { ContinuousNoising, NoiseLevel, TimeType, Usual } from './path.js';

/** A path of noise levels as functions of time, and what identifies it in files. */
interface Curves extends Pick<ContinuousNoising, 'name' | 'time'>, Partial<Pick<ContinuousNoising, 'usual'>> {
  readonly options?: ContinuousNoising['options'];
  readonly alpha: Elementwise;
  readonly sigma: Elementwise;
  /** The time with a noise σ/α; found by bisection if left out. */
  readonly timeOf?: Elementwise;
}

/** The derivative of a function of each element. */
const slopeOf =
  (f: Elementwise): Elementwise =>
  (t) =>
    // the tangent of a float32 tensor has its type, which the compiler does not compute for a generic shape
    jvp(f)(t, onesLike(t) as unknown as Grads<typeof t>).tangent;

/** The number of bisections in a program: float32 has 24 bits. */
const BISECTIONS = 30;

/** The time in [0, 1] where a rising function has a value, in a program. */
const bisected =
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

/** The same on the host, to the last bit. */
const bisectedOnHost =
  (f: (t: number) => number) =>
  (value: number): number => {
    let [low, high] = [0, 1];
    for (;;) {
      const middle = (low + high) / 2;
      if (middle === low || middle === high) return high;
      if (f(middle) < value) low = middle;
      else high = middle;
    }
  };

/** The distance of drawn times to the ends of a path, where the log-SNR is infinite. */
const EDGE = 2 ** -20;

/** Times of [0, 1], moved inside of the ends of the path. */
const insideOf = <B extends Dim>(times: Tensor<[B]>): Tensor<[B]> => clip(times, EDGE, 1 - EDGE);

/** Equal steps of [0, 1], and uniform times. */
const even: Usual = {
  grid: (steps) => Array.from({ length: steps }, (_, i) => 1 - i / steps),
  times: (like) => (key) => insideOf(uniformLike(key, like)),
};

/** The noising process of curves, which are not checked. */
const along = ({ name, options = {}, time, usual = even, alpha, sigma, timeOf }: Curves): ContinuousNoising => {
  const last = time === 'unit' ? 1 : Infinity;
  const rates = { alpha: slopeOf(alpha), sigma: slopeOf(sigma) };
  const onHostOf = (curves: { readonly alpha: Elementwise; readonly sigma: Elementwise }) => {
    const [a, s] = [onHost(curves.alpha), onHost(curves.sigma)];
    return (t: number): Channel => ({ alpha: a(t) + 0, sigma: s(t) }); // -0, a signal of 0, would make σ/α -∞
  };
  const [channelAt, ratesAt] = [onHostOf({ alpha, sigma }), onHostOf(rates)];
  const levelAt = (t: number): Level => {
    if (!(t >= 0 && t <= last))
      raise('ConfigError', {
        where: 'levelAt: t',
        expected: `a time from 0 to ${last}`,
        actual: String(t),
        hint: 'the data are at 0',
      });
    const level = { ...(t === 0 ? identity : channelAt(t)), t };
    const slopes = ratesAt(t);
    return Number.isFinite(slopes.alpha) && Number.isFinite(slopes.sigma) ? { ...level, rates: slopes } : level;
  };
  const timeOnHost = timeOf ? onHost(timeOf) : bisectedOnHost((t) => sigmaOf(channelAt(t)));
  // beyond the end of the path, its last level
  const timeWithin = (noise: number): number => {
    return noise === Infinity ? last : Math.min(last, timeOnHost(noise));
  };
  const isEven = [0.25, 0.5, 0.75].every((t) => preservesVariance(channelAt(t)));
  const timesOfSigmas = timeOf ?? bisected((t) => div(sigma(t), alpha(t)));
  return {
    name,
    options,
    time,
    usual,
    last,
    levelAt,
    levelOfSigma: (noise) => levelAt(timeWithin(noise)),
    levels: <B extends Dim>(times: Tensor<[B], TimeType>): NoiseLevel<B> => {
      const asked = cast(times, 'float32');
      const isInside = and(greaterEqual(asked, 0), lessEqual(asked, last));
      const t = where(isInside, asked, fullLike(asked, NaN)) as Tensor<[B]>;
      const level = { alpha: alpha(t), sigma: sigma(t) };
      return {
        ...level,
        ...(isEven ? {} : { norm: sqrt(add(square(level.alpha), square(level.sigma))) }),
        rates: { alpha: rates.alpha(t), sigma: rates.sigma(t) },
      };
    },
    timesOfSigmas: <B extends Dim>(noise: Tensor<[B]>): Tensor<[B]> =>
      time === 'unit' ? insideOf(timesOfSigmas(noise)) : timesOfSigmas(noise),
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
        ? { isWhole: false, count: 1000, at: ({ t }) => 1000 * t, of: (t) => mul(cast(t, 'float32'), 1000) }
        : { isWhole: false, count: Infinity, at: ({ t }) => t, of: (t) => cast(t, 'float32') },
  };
};

/**
 * Rectified flow, x_t = (1 - t)·x₀ + t·ε for t of [0, 1], whose velocity is ε - x₀ (Liu et al. 2023; Lipman et al. 2023; SD3,
 * Esser et al. 2024, eq. 13). A network without preconditioning gets 1000·t, as in SD3.
 * @example
 * const [noisy] = levelsOf(rectifiedFlow(), [0.25])
 * noisy // → { alpha: 0.75, sigma: 0.25, t: 0.25, rates: { alpha: -1, sigma: 1 } }
 */
export const rectifiedFlow = (): ContinuousNoising =>
  along({
    name: 'rectifiedFlow',
    time: 'unit',
    alpha: (t) => sub(1, t),
    sigma: (t) => t,
    timeOf: (sigma) => div(sigma, add(sigma, 1)),
  });

/**
 * The trigonometric path, α = cos(πt/2) and σ = sin(πt/2) for t of [0, 1] (Albergo & Vanden-Eijnden 2023; the continuous cosine
 * schedule of Kingma et al. 2021 and of Simple Diffusion). It preserves the variance; its velocity is π/2 times v.
 * @example
 * const [noisy] = levelsOf(trigonometric(), [0.5])
 * noisy!.alpha // → Math.SQRT1_2
 */
export const trigonometric = (): ContinuousNoising =>
  along({
    name: 'trigonometric',
    time: 'unit',
    alpha: (t) => sin(mul(sub(1, t), Math.PI / 2)), // the cosine of πt/2, and 0 at t = 1
    sigma: (t) => sin(mul(t, Math.PI / 2)),
    timeOf: (sigma) => mul(atan(sigma), 2 / Math.PI),
  });

const cosineOptions = schema('continuousCosine', {
  /** s, which keeps the noise near the data from being too small; 0.008 if left out. */
  offset: optional(amount, 0.008),
});

interface CosineOptions extends OptionsOf<typeof cosineOptions> {}

/**
 * The cosine schedule of Improved DDPM (Nichol & Dhariwal 2021, eq. 17) for t of [0, 1]: √ᾱ = cos(ω(t))/cos(ω(0)) with the angle
 * ω(t) = (t + s)/(1 + s)·π/2. Raises `ConfigError` for a negative s. {@link cosine} has it in T steps.
 * @example
 * const [noisy] = levelsOf(continuousCosine(), [0.5])
 * noisy!.alpha ** 2 // → 0.4938
 */
export const continuousCosine = <G = unknown>(
  options?: Exact<G, keyof CosineOptions> & CosineOptions,
): ContinuousNoising => {
  const { offset } = cosineOptions.demand(options);
  const scale = Math.PI / 2 / (1 + offset);
  const first = offset * scale; // ω(0)
  return along({
    name: 'continuousCosine',
    options: { offset },
    time: 'unit',
    // cos ω(t) as the sine of π/2 - ω(t), which keeps its digits near the noise, and is 0 at t = 1
    alpha: (t) => mul(sin(mul(sub(1, t), scale)), 1 / Math.cos(first)),
    // cos²ω(0) - cos²ω(t) as a product, which keeps its digits near the data
    sigma: (t) => mul(sqrt(mul(sin(mul(t, scale)), sin(add(mul(t, scale), 2 * first)))), 1 / Math.cos(first)),
  });
};

const linearOptions = /* @__PURE__ */ schema('continuousLinear', {
  /** β at the data, above 0; 0.1 if left out. */
  betaMin: optional(aboveZero, 0.1),
  /** β at the end; 20 if left out. */
  betaMax: optional(aboveZero, 20),
}).rule(({ betaMin, betaMax }) =>
  betaMin < betaMax
    ? null
    : {
        field: 'betaMin',
        expected: 'betaMin < betaMax',
        actual: `betaMin ${betaMin}, betaMax ${betaMax}`,
        hint: 'the paper uses 0.1 and 20',
      },
);

interface LinearOptions extends OptionsOf<typeof linearOptions> {}

/**
 * The variance-preserving SDE with β(t) = β_min + t·(β_max - β_min) for t of [0, 1] (Song et al. 2021, eq. 33): DDPM's linear
 * schedule in the limit of many steps. With B = ∫β, α = e^{-B/2} and σ² = 1 - e^{-B}. Raises `ConfigError` unless
 * 0 < β_min < β_max.
 * @example
 * const [noisy] = levelsOf(continuousLinear(), [1])
 * noisy!.alpha // → 0.006571
 */
export const continuousLinear = <G = unknown>(
  options?: Exact<G, keyof LinearOptions> & LinearOptions,
): ContinuousNoising => {
  const { betaMin, betaMax } = linearOptions.demand(options);
  const range = betaMax - betaMin;
  const integral: Elementwise = (t) => mul(t, add(mul(t, range / 2), betaMin)); // B
  return along({
    name: 'continuousLinear',
    options: { betaMin, betaMax },
    time: 'unit',
    alpha: (t) => exp(mul(integral(t), -0.5)),
    sigma: (t) => sqrt(neg(expm1(neg(integral(t))))),
    timeOf: (sigma) => {
      const B = log1p(square(sigma));
      return div(mul(B, 2), add(sqrt(add(mul(B, 2 * range), betaMin ** 2)), betaMin));
    },
  });
};

const sigmoidOptions = /* @__PURE__ */ schema('continuousSigmoid', {
  /** x at the data; -3 if left out. */
  start: optional(finite, -3),
  /** x at the end, above `start`; 3 if left out. */
  end: optional(finite, 3),
  /** τ, above 0; 1 if left out. */
  tau: optional(aboveZero, 1),
}).rule(({ start, end }) =>
  start < end
    ? null
    : {
        field: 'start',
        expected: 'start < end',
        actual: `start = ${start}, end = ${end}`,
        hint: 'start -3 and end 3 are usual',
      },
);

interface SigmoidOptions extends OptionsOf<typeof sigmoidOptions> {}

/**
 * The sigmoid schedule (Jabri et al. 2022) for t of [0, 1]: ᾱ falls from 1 to 0 along a sigmoid of x/τ, for x from `start` to
 * `end`. {@link sigmoidAlphaBar} has it in T steps. Raises `ConfigError` unless start < end and τ > 0.
 * @example
 * const [noisy] = levelsOf(continuousSigmoid(), [0.5])
 * noisy!.alpha ** 2 // → 0.5
 */
export const continuousSigmoid = <G = unknown>(
  options?: Exact<G, keyof SigmoidOptions> & SigmoidOptions,
): ContinuousNoising => {
  const { start, end, tau } = sigmoidOptions.demand(options);
  const [first, last] = [start / tau, end / tau];
  const onNumber = onHost((x) => sigmoid(x));
  const range = onNumber(last) - onNumber(first);
  const at: Elementwise = (t) => add(mul(t, last - first), first);
  // sigmoid(a) - sigmoid(b) = sigmoid(a)·sigmoid(-b)·(1 - e^{b-a}), without cancellation
  return along({
    name: 'continuousSigmoid',
    options: { start, end, tau },
    time: 'unit',
    alpha: (t) => {
      const fall = neg(expm1(neg(mul(sub(1, t), last - first))));
      return sqrt(mul(mul(sigmoid(neg(at(t))), fall), onNumber(last) / range));
    },
    sigma: (t) => {
      const rise = neg(expm1(neg(mul(t, last - first))));
      return sqrt(mul(mul(sigmoid(at(t)), rise), onNumber(-first) / range));
    },
  });
};

const edmOptions = schema('edm', {
  /** σ_data, the standard deviation of the data, for the weights of the loss; 0.5 if left out. */
  sigmaData: optional(aboveZero, 0.5),
});

interface EdmOptions extends OptionsOf<typeof edmOptions> {}

/**
 * The noising process of EDM (Karras et al. 2022), x_σ = x₀ + σ·ε: its time is σ itself, which has no end, so the range belongs to
 * the grid and to the distribution of the times of training: σ from 80 to 0.002 with ρ = 7, and ln σ ~ N(-1.2, 1.2²) by default
 * (table 1). It is the variance-exploding process of Song et al. 2021 too. Networks need preconditioning: see
 * {@link preconditioned}. Raises `ConfigError` for σ_data ≤ 0.
 * @example
 * const [noisy] = levelsOf(edm(), [80])
 * noisy // → { alpha: 1, sigma: 80, t: 80, rates: { alpha: 0, sigma: 1 } }
 */
export const edm = <G = unknown>(options?: Exact<G, keyof EdmOptions> & EdmOptions): ContinuousNoising => {
  const { sigmaData } = edmOptions.demand(options);
  return along({
    name: 'edm',
    options: { sigmaData },
    time: 'sigma',
    usual: {
      grid: (steps) => Array.from(karras(steps, EDM_RANGE, 7)),
      times: (like) => (key) => exp(add(mul(normalLike(key, like), 1.2), -1.2)), // ln σ ~ N(-1.2, 1.2²)
      weight: ({ sigma }) => add(reciprocal(square(sigma)), 1 / sigmaData ** 2), // (σ² + σ_data²)/(σ·σ_data)²
    },
    alpha: (t) => onesLike(t),
    sigma: (t) => t,
    timeOf: (sigma) => sigma,
  });
};

const interpolantOf = schema('interpolant', {
  /** The name that identifies it in files. */
  name: refined(t.string, 'a name', (text) => text !== ''),
  /** α(t), which falls from 1 at t = 0: a function of each element of a tensor. */
  alpha: functionOf<Elementwise>('a function of times, such as (t) => sub(1, t)'),
  /** σ(t), which is 0 at t = 0. */
  sigma: functionOf<Elementwise>('a function of times, such as (t) => t'),
});

/** Your own path. */
export interface Interpolant extends Required<OptionsOf<typeof interpolantOf>> {}

/** The number of times at which an interpolant is checked. */
const CHECKS = 256;

/**
 * A noising process with your own α and σ over t of [0, 1], x_t = α(t)·x₀ + σ(t)·ε. They are functions of each element of a tensor,
 * such as `(t) => sub(1, square(t))`: one definition serves programs, the host in float64, and the derivatives. Returns a
 * `ConfigError` unless α(0) = 1, σ(0) = 0, and σ/α rises, which is tested at 256 times.
 * @example
 * const early = unwrap(interpolant({ name: 'early', alpha: (t) => square(sub(1, t)), sigma: (t) => t }))
 * levelsOf(early, [0.5])[0] // → { alpha: 0.25, sigma: 0.5, t: 0.5, rates: { alpha: -1, sigma: 1 } }
 * const wrong = interpolant({ name: 'flat', alpha: (t) => onesLike(t), sigma: (t) => mul(t, 0) })
 * isLeft(wrong) && wrong.left.actual // → '0 at t = 0.0039, after 0'
 */
export const interpolant = <G = unknown>(
  given: Exact<G, keyof Interpolant> & Interpolant,
): either.Either<NoisefoldError, ContinuousNoising> =>
  F.pipe(
    interpolantOf.decode<Interpolant>(given),
    E.bindTo('curves'),
    E.bind('made', ({ curves }) => attempt(() => along({ ...curves, time: 'unit' }))),
    E.flatMap(({ curves, made }) => {
      const wrong = (expected: string, actual: string) =>
        fail('ConfigError', {
          where: 'interpolant',
          expected,
          actual,
          hint: 'noise must rise from the data, at t = 0, to the end, at t = 1; rectifiedFlow has 1 - t and t',
        });
      const [alpha, sigma] = [onHost(curves.alpha)(0), onHost(curves.sigma)(0)];
      if (alpha !== 1 || sigma !== 0) return wrong('α = 1 and σ = 0 at t = 0', `α = ${alpha} and σ = ${sigma}`);
      const noises = Array.from({ length: CHECKS + 1 }, (_, i) => sigmaOf(made.levelAt(i / CHECKS)));
      const falls = noises.findIndex((noise, i) => i > 0 && !(noise > noises[i - 1]!));
      return falls === -1
        ? E.right(made)
        : wrong(
            'σ/α that rises with t',
            `${noises[falls]} at t = ${(falls / CHECKS).toFixed(4)}, after ${noises[falls - 1]}`,
          );
    }),
  );
