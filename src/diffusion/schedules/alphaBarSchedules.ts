/** Schedules from ᾱ as a function of the fraction of the process, from 0 at the data to 1 at the noise. */
import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { aboveZero, finite, hinted, oneOf, refined } from '../../internal/decode.js';
import { E, type either, F } from '../../internal/fp.js';
import {
  argument,
  type Fields,
  type Filled,
  optional,
  type OptionsOf,
  type Schema,
  schema,
} from '../../internal/schema.js';
import { callback } from '../../internal/parts.js';
import { checkedBetas, type Schedule, timestepCount } from './schedule.js';

/** ᾱ at a fraction of the process, 0…1. A constant factor cancels. */
export type AlphaBar = (fraction: number) => number;

const MAX_BETA = 0.999;

/** The largest β of every schedule here. */
const maxBeta = hinted(
  refined(finite, 'a largest β in (0, 1]', (beta) => beta > 0 && beta <= 1),
  '0.999 is usual; 1 leaves no signal at the end, if ᾱ reaches 0',
);
const alphaBarFields = {
  /** The largest β, at most 1. 0.999 if left out, because a step that leaves no signal is singular. */
  maxBeta: optional(maxBeta, MAX_BETA),
};

/** Options of the schedules from ᾱ. */
export interface AlphaBarOptions extends OptionsOf<typeof alphaBarFields> {}

/** ᾱ at the T + 1 ends of the steps: in (0, 1] and falling. The last may be 0. */
const valuesOf = (
  { where, hint }: Named,
  alphaBar: AlphaBar,
  T: number,
): either.Either<NoisefoldError, Float64Array> => {
  const values = Float64Array.from({ length: T + 1 }, (_, i) => alphaBar(i / T));
  const wrong = values.findIndex(
    (value, i) => !(value > 0 || (value === 0 && i === T)) || !(i === 0 ? value <= 1 : value < values[i - 1]!),
  );
  return wrong === -1
    ? E.right(values)
    : fail('ConfigError', {
        where,
        expected: 'ᾱ in (0, 1] that falls at every step (to 0 only at the last)',
        actual: `${values[wrong]} at ${wrong}/${T}${wrong === 0 ? '' : `, after ${values[wrong - 1]}`}`,
        hint,
      });
};

/** The name of a schedule in errors, and the hint for an ᾱ that does not fall. */
interface Named {
  readonly where: string;
  readonly hint: string;
}

const byAlphaBar = (
  named: Named,
  alphaBar: AlphaBar,
  T: number,
  most = MAX_BETA,
): either.Either<NoisefoldError, Schedule> =>
  F.pipe(
    timestepCount(named.where, T),
    E.flatMap(() => valuesOf(named, alphaBar, T)),
    E.flatMap((values) =>
      checkedBetas(
        named.where,
        values.subarray(1).map((value, t) => Math.min(1 - value / values[t]!, most)),
      ),
    ),
  );

const largestBeta = argument('scheduleFromAlphaBar', maxBeta);
const alphaBarOf = argument(
  'scheduleFromAlphaBar: alphaBar',
  callback('a function of the fraction of the process', 'write (u) => …'),
);

/**
 * A schedule of T steps from a function ᾱ of the fraction of the process, on [0, 1]:
 * β_t = 1 - ᾱ((t+1)/T)/ᾱ(t/T), at most `largest` (Improved DDPM, Nichol & Dhariwal 2021, section 3.2). Returns a
 * `ConfigError` if ᾱ leaves (0, 1], except for a 0 at the end, or does not fall at every step.
 *
 * @param largest - the largest β, 0.999 if left out
 * @example
 * const square = unwrap(scheduleFromAlphaBar((fraction) => 1 - fraction ** 2, 4))
 * square.alphaBars // → [0.9375, 0.75, 0.4375, 0.0004]
 * const wrong = scheduleFromAlphaBar(() => 0.5, 4)
 * isLeft(wrong) && wrong.left.actual // → '0.5 at 1/4, after 0.5'
 */
export const scheduleFromAlphaBar = (
  alphaBar: AlphaBar,
  T: number,
  largest: number = MAX_BETA,
): either.Either<NoisefoldError, Schedule> =>
  F.pipe(
    alphaBarOf.decode(alphaBar),
    E.flatMap(() => largestBeta.decode(largest)),
    E.flatMap((most) =>
      byAlphaBar(
        {
          where: 'scheduleFromAlphaBar',
          hint: 'ᾱ is a function of the fraction of the process, from about 1 at 0 to about 0 at 1',
        },
        alphaBar,
        T,
        most,
      ),
    ),
  );

/** Makes a schedule of T steps from optional options `O`. */
export type ScheduleFrom<O> = <G = unknown>(
  T: number,
  options?: Exact<G, keyof O> & O,
) => either.Either<NoisefoldError, Schedule>;

/** Makes a schedule constructor from a function of its options to ᾱ. */
/* @__NO_SIDE_EFFECTS__ */
const scheduleBy =
  <Fs extends Fields & typeof alphaBarFields>(
    named: Named,
    options: Schema<Fs>,
    alphaBar: (options: Filled<Fs>) => AlphaBar,
  ): ScheduleFrom<OptionsOf<Fs>> =>
  (T, settings) =>
    F.pipe(
      options.decode(settings),
      E.flatMap((known) => byAlphaBar(named, alphaBar(known), T, known.maxBeta)),
    );

const cosineOptions = schema('cosine', alphaBarFields);

/**
 * The cosine schedule of Improved DDPM (Nichol & Dhariwal 2021, eq. 17): ᾱ is a squared cosine, which falls slowly at both
 * ends. An offset of 0.008 keeps the first steps from vanishing. Returns a `ConfigError` if T is not a whole number ≥ 1.
 * @example
 * unwrap(cosine(4)).alphaBars // → [0.847, 0.494, 0.144, 0.0001]
 * unwrap(cosine(4, { maxBeta: 0.5 })).betas // → [0.153, 0.417, 0.5, 0.5]
 */
export const cosine: ScheduleFrom<AlphaBarOptions> = scheduleBy(
  { where: 'cosine', hint: 'take fewer steps' },
  cosineOptions,
  () => (u) => Math.cos((((u + 0.008) / 1.008) * Math.PI) / 2) ** 2,
);

/** The rule of a sigmoid. */
export const startBeforeEnd = ({ start, end }: { readonly start: number; readonly end: number }) =>
  start < end
    ? null
    : ({
        field: 'start',
        expected: 'start < end',
        actual: `start = ${start}, end = ${end}`,
        hint: 'start -3 and end 3 are usual',
      } as const);

const sigmoidOptions = /* @__PURE__ */ schema('sigmoidAlphaBar', {
  ...alphaBarFields,
  /** x at the beginning of the process; -3 if left out. */
  start: optional(hinted(finite, '-3 is usual'), -3),
  /** x at its end, above `start`; 3 if left out. */
  end: optional(hinted(finite, '3 is usual'), 3),
  /** τ, above 0; 1 if left out. */
  tau: optional(hinted(aboveZero, '1 is usual'), 1),
}).rule(startBeforeEnd);

interface SigmoidOptions extends OptionsOf<typeof sigmoidOptions> {}

/**
 * The sigmoid schedule: ᾱ falls from 1 to 0 along a sigmoid, σ(x/τ) for x from `start` to `end` (Jabri et al. 2022; Chen
 * 2023; `sigmoid_schedule` of google-research/pix2seq). A range further to the right adds the noise earlier; a smaller τ
 * adds most of it near x = 0. See {@link sigmoidBetas} for betas along a sigmoid.
 *
 * @param options - `start` -3, `end` 3 and `tau` 1 if left out. start ≥ end and τ ≤ 0 are a `ConfigError`
 * @example unwrap(sigmoidAlphaBar(4)).alphaBars // → [0.851, 0.5, 0.149, 0.0001]
 */
export const sigmoidAlphaBar: ScheduleFrom<SigmoidOptions> = scheduleBy(
  { where: 'sigmoidAlphaBar', hint: 'start -3, end 3 and tau 1 are usual' },
  sigmoidOptions,
  ({ start, end, tau }) => {
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x / tau));
    const [first, last] = [sigmoid(start), sigmoid(end)];
    return (u) => (last - sigmoid(start + u * (end - start))) / (last - first);
  },
);

const laplaceOptions = schema('laplace', {
  ...alphaBarFields,
  /** The centre μ of the log-SNR; 0 if left out. */
  mu: optional(hinted(finite, '0 is usual'), 0),
  /** The width b, above 0; 0.5 if left out. */
  b: optional(hinted(aboveZero, '0.5 is usual'), 0.5),
  /**
   * 'paper' if left out; 'diffusers' for the ᾱ of diffusers: the square root of the paper's ᾱ, with 10⁻⁶ added to the argument of
   * the logarithm.
   */
  as: optional(oneOf('paper', 'diffusers'), 'paper'),
});

interface LaplaceOptions extends OptionsOf<typeof laplaceOptions> {}

/**
 * The Laplace schedule (Hang et al. 2024, "Improved Noise Schedule"): the log-SNR has a Laplace distribution over the timesteps, λ
 * = μ - b·sign(½ - t)·log(1 - 2|t - ½|), so most timesteps lie where signal and noise are about equal. ᾱ is SNR/(1 + SNR).
 * 'laplace' of diffusers uses the paper's α, the square root of this ᾱ, as ᾱ.
 *
 * @param options - the centre `mu` 0 and the width `b` 0.5 if left out; b ≤ 0 is a `ConfigError`. `as`: 'paper' if left out, or
 *   'diffusers'
 * @example
 * unwrap(laplace(4)).alphaBars // → [0.586, 0.5, 0.414, 0.0004]
 * unwrap(laplace(4, { as: 'diffusers' })).alphaBars // → [0.766, 0.707, 0.644, 0.0316]
 */
export const laplace: ScheduleFrom<LaplaceOptions> = scheduleBy(
  { where: 'laplace', hint: 'mu 0 and b 0.5 are usual' },
  laplaceOptions,
  ({ mu, b, as }) => {
    const added = as === 'diffusers' ? 1e-6 : 0;
    const logSNR = (t: number): number => mu - b * (t > 0.5 ? -1 : 1) * Math.log(1 - 2 * Math.abs(t - 0.5) + added);
    const alphaBar = (t: number): number => 1 / (1 + Math.exp(-logSNR(t)));
    return as === 'diffusers' ? (t) => Math.sqrt(alphaBar(t)) : alphaBar;
  },
);

const exponentialOptions = schema('exponential', {
  ...alphaBarFields,
  /** The rate, above 0; 12 if left out. */
  rate: optional(hinted(aboveZero, 'a rate of 12 is usual'), 12),
});

interface ExponentialOptions extends OptionsOf<typeof exponentialOptions> {}

/**
 * The exponential schedule ('exp' of diffusers): ᾱ falls exponentially to e^-rate, so every β is 1 - e^(-rate/T).
 *
 * @param options - `rate` 12 if left out; a rate ≤ 0 is a `ConfigError`
 * @example unwrap(exponential(3)).alphaBars // → [0.0183, 0.000335, 0.000006]
 */
export const exponential: ScheduleFrom<ExponentialOptions> = scheduleBy(
  { where: 'exponential', hint: 'a rate of 12 is usual' },
  exponentialOptions,
  ({ rate }) =>
    (u) =>
      Math.exp(-rate * u),
);
