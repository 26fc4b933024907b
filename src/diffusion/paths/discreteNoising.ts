import { show } from '../../internal/decode.js';
import { isObject } from '../../internal/parts.js';
import { isEither } from '../../internal/either.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { type Channel, identity, type Posterior, posteriorOf } from '../channels/channel.js';
import { type Measure, MINUS_LOG_ALPHA } from '../schedules/noiseLevel.js';
import { marginalsOf, type Schedule } from '../schedules/schedule.js';

/**
 * The noising process of a schedule: its distributions, and the timesteps that a denoiser gets. Tables in float64, indexed by t =
 * 0…T-1.
 */
export interface DiscreteNoising {
  readonly schedule: Schedule;
  /** The timestep that the denoiser gets at t: t itself, or for a respaced process the timestep of the original one. */
  readonly timesteps: Int32Array;
  /** The process from which this one was respaced. */
  readonly origin?: DiscreteNoising;
  /** The measure of noise that is linear in t between two timesteps: log(σ/α) if left out. See {@link linearInLogAlpha}. */
  readonly between?: Measure;
  /** q(x_t|x_0) = N(√ᾱ_t·x_0, 1 - ᾱ_t): DDPM (Ho et al. 2020), eq. 4. */
  readonly marginals: readonly Channel[];
  /** q(x_{t-1}|x_t, x_0) = N(μ̃_t, β̃_t): DDPM, eq. 6 and 7. At t = 0 it is x_0 itself. */
  readonly posteriors: readonly Posterior[];
}

/** A process that is respaced from another process. */
export const respacedFrom =
  (noising: DiscreteNoising) =>
  (respaced: DiscreteNoising): DiscreteNoising => ({
    ...respaced,
    origin: noising.origin ?? noising,
    ...(noising.between && { between: noising.between }),
  });

/**
 * Makes log α linear in t between two timesteps, as in DPM-Solver (Lu et al. 2022, `NoiseScheduleVP` of its code), in place of
 * log(σ/α), as in k-diffusion. Levels at timesteps do not change. This changes grids of noise levels, churn and solvers that
 * evaluate between timesteps: a network gets another fractional timestep for the same noise.
 * @example
 * const noising = linearInLogAlpha(unwrap(ddpm(scheduleFromBetas([0.5, 0.75]))))
 * const [between] = levelsOf(noising, [0.5])
 * between!.alpha // → Math.sqrt(0.25)
 * pathOf(noising).levelOfSigma(Math.sqrt(3)).t // → 0.5
 */
export const linearInLogAlpha = (noising: DiscreteNoising): DiscreteNoising => ({
  ...noising,
  between: MINUS_LOG_ALPHA,
});

/**
 * The process of a schedule: its marginals q(x_t|x_0) and posteriors q(x_{t-1}|x_t, x_0).
 *
 * @param timesteps - the timestep that the denoiser gets at each t; t itself if left out
 * @example
 * const noising = noisingOf(unwrap(scheduleFromBetas([0.36, 0.4375])))
 * noising.marginals[1] // → { alpha: 0.6, sigma: 0.8 }
 */
export const noisingOf = (schedule: Schedule, timesteps?: Int32Array): DiscreteNoising => {
  const marginals = marginalsOf(schedule);
  return {
    schedule,
    timesteps: timesteps ?? Int32Array.from(marginals, (_, t) => t),
    marginals,
    posteriors: schedule.channels.map((step, t) => posteriorOf(marginals[t - 1] ?? identity, step, marginals[t])),
  };
};

const noSchedule = (value: unknown): either.Either<NoisefoldError, never> =>
  fail('ConfigError', {
    where: 'ddpm',
    expected: 'the Either that a schedule returns',
    actual: show(value),
    hint: 'write ddpm(linear(1000)); for a schedule taken out of its Either, noisingOf(schedule)',
  });

/** The check of the value in the Either, which may be anything. */
const ofSchedule = (schedule: Schedule): either.Either<NoisefoldError, DiscreteNoising> =>
  isObject(schedule) && 'alphaBars' in schedule ? E.right(noisingOf(schedule)) : noSchedule(schedule);

/**
 * The process of DDPM (Ho et al. 2020) from the `Either` that the schedules return.
 * @example
 * const noising = unwrap(ddpm(linear(1000)))
 * noising.marginals[999]!.alpha // → 0.00635
 * const wrong = ddpm(linear(10))
 * isLeft(wrong) && wrong.left.expected // → 'T ≥ 20'
 */
export const ddpm = (
  schedule: either.Either<NoisefoldError, Schedule>,
): either.Either<NoisefoldError, DiscreteNoising> =>
  isEither(schedule) ? E.flatMap(ofSchedule)(schedule) : noSchedule(schedule);
