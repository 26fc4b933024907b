/** Noise levels of a schedule, as log-SNR λ or as σ: from a timestep, which may be fractional, and back to a timestep. */
import { type Elementwise, log, log1p, mul, square } from '../../dsl/index.js';
import type { Schedule } from './schedule.js';

/** The part of a schedule that noise levels depend on. */
type Levels = Pick<Schedule, 'sigmas'>;

/** λ = log(ᾱ/(1 - ᾱ)) from σ. */
const logSNROfSigma = (sigma: number): number => 0 - 2 * Math.log(sigma); // 0, and not -0, at σ = 1

/**
 * σ_t = √((1 - ᾱ_t)/ᾱ_t) at each timestep: the noise level of EDM (Karras et al. 2022), for data of scale 1. Rises, and is ∞ where
 * no signal is left. A schedule made from σ returns exactly these σ.
 * @example sigmas(unwrap(scheduleFromBetas([0.5, 0.6, 1]))) // → [1, 2, Infinity]
 */
export const sigmas = ({ sigmas: levels }: Levels): Float64Array => levels.slice();

/**
 * λ_t = log(ᾱ_t/(1 - ᾱ_t)) at each timestep (Kingma et al. 2021, eq. 3). Falls, and is -∞ where no signal is left.
 * @example logSNRs(unwrap(scheduleFromBetas([0.5, 0.5, 1]))) // → [0, -1.099, -Infinity]
 */
export const logSNRs = ({ sigmas: levels }: Levels): Float64Array => levels.map(logSNROfSigma);

/**
 * σ at a timestep, which may be fractional: `t_to_sigma` of k-diffusion. Linear in log σ between whole timesteps, and
 * constant before 0 and after T-1.
 * @example
 * const at = sigmaAt(unwrap(scheduleFromBetas([0.5, 0.6])))
 * at(0) // → 1
 * at(0.5) // → 1.414
 * at(1) // → 2
 */
export const sigmaAt =
  ({ sigmas: levels }: Levels): ((t: number) => number) =>
  (t) => {
    const within = Math.min(Math.max(t, 0), levels.length - 1);
    const before = Math.floor(within);
    const part = within - before;
    if (part === 0) return levels[before]!;
    const [low, high] = [Math.log(levels[before]!), Math.log(levels[before + 1]!)];
    return Math.exp(low + part * (high - low));
  };

/**
 * λ at a timestep, which may be fractional. Linear between whole timesteps, and constant before 0 and after T-1.
 * @example
 * const at = logSNRAt(unwrap(scheduleFromBetas([0.5, 0.6])))
 * at(0) // → 0
 * at(0.5) // → -0.693
 * at(7) // → -1.386
 */
export const logSNRAt = (schedule: Levels): ((t: number) => number) => {
  const sigma = sigmaAt(schedule);
  return (t) => logSNROfSigma(sigma(t));
};

/** Tests if two σ are equal, up to the rounding of another order of their computation. */
export const isSameSigma = (a: number, b: number): boolean => a === b || Math.abs(a / b - 1) < 2 ** -44;

/** A function of the noise σ/α that rises, and is linear in t between two timesteps; and its inverse. */
export interface Measure {
  /** The value for σ/α, on the host in float64. */
  readonly of: (sigma: number) => number;
  /** The value for σ/α in a program. */
  readonly inProgram: Elementwise;
  /** The inverse: σ/α from the value, on the host. */
  readonly back: (value: number) => number;
}

/** log(σ/α), as in k-diffusion. */
export const LOG_SIGMA: Measure = { of: Math.log, inProgram: log, back: Math.exp };

/** -log α, as in DPM-Solver, for channels that preserve the variance: there σ/α = √(α⁻² - 1). */
export const MINUS_LOG_ALPHA: Measure = {
  of: (sigma) => Math.log1p(sigma ** 2) / 2,
  inProgram: (sigma) => mul(log1p(square(sigma)), 0.5),
  back: (value) => Math.sqrt(Math.expm1(2 * value)),
};

/** The fractional index of a number in a rising table: linear in `measure` between entries, and clamped to the ends. */
const indexIn =
  (levels: Float64Array, measure: (level: number) => number) =>
  (level: number): number => {
    const within = Math.min(Math.max(level, levels[0]!), levels.at(-1)!);
    const after = levels.findIndex((entry) => entry >= within);
    if (after === -1) return NaN; // `level` is NaN
    const [low, high] = [levels[after - 1]!, levels[after]!];
    return high === within ? after : after - 1 + (measure(within) - measure(low)) / (measure(high) - measure(low));
  };

/**
 * The timestep, which may be fractional, with noise level σ: `sigma_to_t` of k-diffusion, and the inverse of
 * {@link sigmaAt}. Clamped to 0…T-1.
 * @example
 * const of = timestepOfSigma(unwrap(scheduleFromBetas([0.5, 0.6])))
 * of(1) // → 0
 * of(1.414) // → 0.5
 * of(80) // → 1
 */
export const timestepOfSigma = ({ sigmas: levels }: Levels): ((sigma: number) => number) => {
  const place = indexIn(levels, Math.log);
  return (sigma) => (sigma >= 0 ? place(sigma) : NaN);
};

/**
 * {@link timestepOfSigma}, linear in another measure, and rounded to the whole timestep if σ equals the σ of that timestep up to
 * rounding.
 */
export const roundedTimestepOfSigma = ({ sigmas: levels }: Levels, { of }: Measure): ((sigma: number) => number) => {
  const place = indexIn(levels, of);
  return (sigma) => {
    const t = place(sigma);
    const nearest = Math.round(t);
    return isSameSigma(levels[nearest]!, sigma) ? nearest : t;
  };
};

/**
 * The timestep, which may be fractional, with log-SNR λ: the inverse of {@link logSNRAt}. Clamped to 0…T-1.
 * @example
 * const of = timestepOfLogSNR(unwrap(scheduleFromBetas([0.5, 0.6])))
 * of(0) // → 0
 * of(-0.693) // → 0.5
 * of(-5) // → 1
 */
export const timestepOfLogSNR = (schedule: Levels): ((logSNR: number) => number) => {
  const place = indexIn(
    logSNRs(schedule).map((logSNR) => -logSNR),
    (noise) => noise,
  );
  return (logSNR) => place(-logSNR);
};
