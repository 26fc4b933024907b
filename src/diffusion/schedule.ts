import { fail, type NoisefoldError } from '../dsl/errors.js';
import { E, type either, F } from '../internal/fp.js';
import type { Channel } from './channel.js';

/**
 * A variance-preserving noise schedule: how much noise each of T steps adds. Tables in float64, indexed
 * by the timestep t = 0…T-1 (the papers' 1…T).
 */
export interface Schedule {
  /** The number of timesteps. */
  readonly T: number;
  /** β_t: the variance that step t adds. */
  readonly betas: Float64Array;
  /** α_t = 1 - β_t. */
  readonly alphas: Float64Array;
  /** ᾱ_t = α_0·…·α_t: the variance of the signal left at t. */
  readonly alphaBars: Float64Array;
  /** The steps as channels, q(x_t|x_{t-1}) = N(√α_t·x_{t-1}, β_t): DDPM (Ho et al. 2020), eq. 2. */
  readonly channels: readonly Channel[];
}

const timestepCount = (where: string, T: number): either.Either<NoisefoldError, number> =>
  Number.isSafeInteger(T) && T >= 1
    ? E.right(T)
    : fail('ConfigError', {
        where,
        expected: 'a whole number of timesteps, T ≥ 1',
        actual: `${T}`,
        hint: '1000 is usual',
      });

/**
 * A schedule from its betas, in the order of the timesteps. Each is in (0, 1); the last may be 1, which
 * leaves no signal (zero terminal SNR). Anything else is a `ConfigError`.
 *
 * @example
 * pipe(scheduleFromBetas([0.5, 0.25]), E.map(({ alphaBars }) => alphaBars)) // → E.right([0.5, 0.375])
 * pipe(scheduleFromBetas([0.5, -1]), E.mapLeft(({ actual }) => actual)) // → E.left('-1 at t = 1')
 */
export const scheduleFromBetas = (betas: ArrayLike<number>): either.Either<NoisefoldError, Schedule> => {
  const T = betas.length;
  const table = Float64Array.from(betas);
  const wrong = table.findIndex((beta, t) => !(beta > 0 && (beta < 1 || (beta === 1 && t === T - 1))));
  if (T === 0 || wrong !== -1)
    return fail('ConfigError', {
      where: 'scheduleFromBetas',
      expected: T === 0 ? 'at least one beta' : 'betas between 0 and 1 (the last may be 1)',
      actual: T === 0 ? 'none' : `${table[wrong]} at t = ${wrong}`,
      hint: 'a beta is the variance that one step adds; more steps need smaller betas',
    });
  const alphas = table.map((beta) => 1 - beta);
  let alphaBar = 1;
  return E.right({
    T,
    betas: table,
    alphas,
    alphaBars: alphas.map((alpha) => (alphaBar *= alpha)),
    channels: Array.from(table, (beta, t) => ({ scale: Math.sqrt(alphas[t]!), variance: beta })),
  });
};

/**
 * The linear schedule of DDPM (Ho et al. 2020, section 4): β from 1e-4 to 0.02 at T = 1000, rescaled with
 * T so that the whole process adds the same noise. T ≥ 20, or the last β would pass 1: `ConfigError`.
 *
 * @example
 * pipe(linear(1000), E.map(({ betas }) => [betas[0], betas[999]])) // → E.right([0.0001, 0.02])
 * pipe(linear(10), E.mapLeft(({ expected }) => expected)) // → E.left('T ≥ 20')
 */
export const linear = (T: number): either.Either<NoisefoldError, Schedule> =>
  T < 20
    ? fail('ConfigError', {
        where: 'linear',
        expected: 'T ≥ 20',
        actual: `${T}`,
        hint: 'fewer steps need betas above 1: use cosine, or respace a longer process',
      })
    : F.pipe(
        timestepCount('linear', T),
        E.flatMap(() => {
          const first = (1000 / T) * 1e-4;
          const last = (1000 / T) * 0.02;
          const increment = (last - first) / (T - 1);
          return scheduleFromBetas(
            Float64Array.from({ length: T }, (_, t) => (t === T - 1 ? last : t * increment + first)),
          );
        }),
      );

/** ᾱ at a fraction of the process, but for a factor; the offset 0.008 keeps the first steps from vanishing. */
const cosineAlphaBar = (fraction: number): number => {
  const root = Math.cos((((fraction + 0.008) / 1.008) * Math.PI) / 2);
  return root * root;
};

/** The largest β of {@link cosine}: the last steps would otherwise be singular. */
const MAX_BETA = 0.999;

/**
 * The cosine schedule of Improved DDPM (Nichol & Dhariwal 2021, eq. 17): ᾱ falls as a squared cosine,
 * slowly at both ends; β is at most 0.999. A T that is no whole number ≥ 1 is a `ConfigError`.
 *
 * @example
 * pipe(cosine(4), E.map(({ alphaBars }) => alphaBars)) // → E.right([0.847, 0.494, 0.144, 0.0001])
 */
export const cosine = (T: number): either.Either<NoisefoldError, Schedule> =>
  F.pipe(
    timestepCount('cosine', T),
    E.flatMap(() =>
      scheduleFromBetas(
        Float64Array.from({ length: T }, (_, t) =>
          Math.min(1 - cosineAlphaBar((t + 1) / T) / cosineAlphaBar(t / T), MAX_BETA),
        ),
      ),
    ),
  );
