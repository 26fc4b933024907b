import { hinted, positive, refined } from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { numbers } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { type Channel, channelOfSigma, lostSNR, sigmaOf } from '../channels/channel.js';

/**
 * A variance-preserving noise schedule: the noise that each of T steps adds. Tables in float64, indexed by the timestep
 * t = 0…T-1 (the papers' 1…T).
 */
export interface Schedule {
  /** The number of timesteps. */
  readonly T: number;
  /** β_t: the variance that step t adds. */
  readonly betas: Float64Array;
  /** α_t = 1 - β_t. */
  readonly alphas: Float64Array;
  /** ᾱ_t = α_0·…·α_t: the variance of the signal left at t. Falls; only the last may be 0. */
  readonly alphaBars: Float64Array;
  /**
   * σ_t = √((1 - ᾱ_t)/ᾱ_t), the noise level for data of scale 1 (EDM, Karras et al. 2022). A schedule made from σ stores exactly
   * these σ, because σ computed from an ᾱ near 1 loses digits. Rises; only the last may be ∞.
   */
  readonly sigmas: Float64Array;
  /** The steps as channels, q(x_t|x_{t-1}) = N(√α_t·x_{t-1}, β_t): DDPM (Ho et al. 2020), eq. 2. */
  readonly channels: readonly Channel[];
}

/** The tables of a schedule. */
type Tables = Pick<Schedule, 'betas' | 'alphas' | 'alphaBars' | 'sigmas'>;

/** q(x_t|x_0) from ᾱ_t. σ² = 1 - ᾱ as in guided-diffusion; the product of the steps gives σ with other last digits. */
const marginalOf = (alphaBar: number): Channel => ({ alpha: Math.sqrt(alphaBar), sigma: Math.sqrt(1 - alphaBar) });

/** σ from ᾱ. The ratio (1 - ᾱ)/ᾱ may overflow; the ratio of the roots does not. */
export const sigmaOfAlphaBar = (alphaBar: number): number => sigmaOf(marginalOf(alphaBar));

/** q(x_t|x_0) at each timestep: from ᾱ, or from σ where σ does not follow from ᾱ. */
export const marginalsOf = ({ alphaBars, sigmas }: Pick<Schedule, 'alphaBars' | 'sigmas'>): readonly Channel[] =>
  Array.from(alphaBars, (alphaBar, t) =>
    sigmaOfAlphaBar(alphaBar) === sigmas[t] ? marginalOf(alphaBar) : channelOfSigma(sigmas[t]!),
  );

/** A schedule from tables. Returns a `ConfigError` if their ᾱ is invalid. */
export const checkedTables = (where: string, tables: Tables): either.Either<NoisefoldError, Schedule> => {
  const { betas, alphaBars, sigmas } = tables;
  const T = betas.length;
  // a check of ᾱ also checks β, rounding and underflow: ᾱ falls if β > 0, and stays above 0 if β < 1; ᾱ near 1 may round, so check σ too
  const wrong = alphaBars.findIndex((left, t) => {
    const isNoisier = left < (alphaBars[t - 1] ?? 1) || sigmas[t]! > (sigmas[t - 1] ?? 0);
    return !(isNoisier && (left > 0 || (left === 0 && t === T - 1)));
  });
  return T > 0 && wrong === -1
    ? E.right(scheduleOf(tables))
    : fail('ConfigError', {
        where,
        expected: T === 0 ? 'at least one beta' : 'betas between 0 and 1 (the last may be 1) that leave some signal',
        actual: T === 0 ? 'none' : `${betas[wrong]} at t = ${wrong}, where ᾱ becomes ${alphaBars[wrong]}`,
        hint: 'a beta is the variance that one step adds; more steps need smaller betas',
      });
};

const scheduleOf = (tables: Tables): Schedule => ({
  T: tables.betas.length,
  ...tables,
  channels: Array.from(tables.betas, (beta, t) => ({ alpha: Math.sqrt(tables.alphas[t]!), sigma: Math.sqrt(beta) })),
});

/** {@link scheduleFromBetas} with the name of the constructor for errors. */
export const checkedBetas = (where: string, values: ArrayLike<number>): either.Either<NoisefoldError, Schedule> =>
  E.flatMap((known: ArrayLike<number>) => {
    const betas = Float64Array.from(known);
    const alphas = betas.map((beta) => 1 - beta);
    let alphaBar = 1;
    const alphaBars = alphas.map((alpha) => (alphaBar *= alpha));
    return checkedTables(where, { betas, alphas, alphaBars, sigmas: alphaBars.map(sigmaOfAlphaBar) });
  })(argument(where, numbers).decode(values));

/** A schedule from valid noise levels; ᾱ and σ stay exactly the same. Its β are the variances of q(x_t|x_{t-1}). */
export const scheduleOfLevels = (
  alphaBars: Float64Array,
  sigmas: Float64Array = alphaBars.map(sigmaOfAlphaBar),
): Schedule => {
  const steps = marginalsOf({ alphaBars, sigmas }).map(
    ({ sigma }, t) => sigma * Math.sqrt(lostSNR(sigmas[t - 1] ?? 0, sigmas[t]!)),
  );
  return scheduleOf({
    betas: Float64Array.from(steps, (sigma) => sigma ** 2), // √β gives exactly the σ of the steps
    alphas: alphaBars.map((alphaBar, t) => alphaBar / (alphaBars[t - 1] ?? 1)),
    alphaBars,
    sigmas,
  });
};

/**
 * A schedule from its betas, in the order of the timesteps. Each is in (0, 1); the last may be 1, which leaves no signal
 * (zero terminal SNR). Returns a `ConfigError` for other betas, and if ᾱ underflows to 0 before the last timestep.
 * @example
 * unwrap(scheduleFromBetas([0.5, 0.25])).alphaBars // → [0.5, 0.375]
 * const wrong = scheduleFromBetas([0.5, -1])
 * isLeft(wrong) && wrong.left.actual // → '-1 at t = 1, where ᾱ becomes 1'
 */
export const scheduleFromBetas = (betas: ArrayLike<number>): either.Either<NoisefoldError, Schedule> =>
  checkedBetas('scheduleFromBetas', betas);

/** The largest T; a larger T is an error. */
const MOST = 1e6;
const count = hinted(
  refined(positive, `a whole number of timesteps, from 1 to ${MOST}`, (T) => T <= MOST),
  '1000 is usual',
);

/** Checks a number of timesteps: a whole number from 1 to {@link MOST}. `where` names the constructor in the `ConfigError`. */
export const timestepCount = (where: string, T: number): either.Either<NoisefoldError, number> =>
  argument(where, count).decode(T);

/** Checks options and a number of steps. */
export const withCount = <A>(
  where: string,
  steps: number,
  options: either.Either<NoisefoldError, A>,
): either.Either<NoisefoldError, { readonly options: A; readonly count: number }> =>
  E.flatMap((known: A) => E.map((count: number) => ({ options: known, count }))(timestepCount(where, steps)))(options);
