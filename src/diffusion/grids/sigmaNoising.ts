/** Processes from noise levels σ = √((1 - ᾱ)/ᾱ), which may lie between timesteps. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { listedNumbers } from '../../internal/listed.js';
import { E, type either, F } from '../../internal/fp.js';
import { type DiscreteNoising, noisingOf, respacedFrom } from '../paths/discreteNoising.js';
import { pathOf } from '../paths/noising.js';
import { entryBetween } from '../channels/entries.js';
import { scheduleOfLevels } from '../schedules/schedule.js';
import { fallingSigmas } from './sigmaGrid.js';
import { numbers } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { discretePart } from '../parts.js';

const alphaBarOf = (sigma: number): number => 1 / (1 + sigma ** 2);

/** The least σ. The variances of steps from a smaller σ would underflow. */
const LEAST = 1e-100;

/** The process of rising noise levels and their ᾱ. */
const noisingOfLevels = (
  levels: ArrayLike<number>,
  toAlphaBar: (sigma: number) => number,
  timesteps?: Int32Array,
): either.Either<NoisefoldError, DiscreteNoising> => {
  const sigmas = Float64Array.from(levels);
  const rises = sigmas.every((sigma, t) => sigma >= LEAST && sigma > (sigmas[t - 1] ?? 0));
  return rises && sigmas.length > 0
    ? E.right(noisingOf(scheduleOfLevels(sigmas.map(toAlphaBar), sigmas), timesteps))
    : fail('ConfigError', {
        where: 'noisingOfSigmas',
        expected: `noise levels of at least ${LEAST} that rise with t`,
        actual: listedNumbers(sigmas),
        hint: 'the first is the least, at t = 0; karrasSigmas returns them falling',
      });
};

/**
 * The process with exactly the noise levels σ_t, rising from t = 0: √ᾱ_t = 1/√(1 + σ_t²). The last may be ∞. Returns a
 * `ConfigError` for levels that do not rise, or of less than 10⁻¹⁰⁰. Steps and posteriors follow from σ, and keep their digits
 * where ᾱ rounds to 1.
 *
 * @param timesteps - the timestep that the denoiser gets at each t; t itself if left out
 * @example
 * const noising = unwrap(noisingOfSigmas([0.75, 2, Infinity]))
 * noising.marginals[0] // → { alpha: 0.8, sigma: 0.6 }
 * const wrong = noisingOfSigmas([2, 0.75])
 * isLeft(wrong) && wrong.left.actual // → '[2, 0.75]'
 */
export const noisingOfSigmas = (
  sigmas: ArrayLike<number>,
  timesteps?: Int32Array,
): either.Either<NoisefoldError, DiscreteNoising> =>
  E.flatMap((known: ArrayLike<number>) => noisingOfLevels(known, alphaBarOf, timesteps))(
    argument('noisingOfSigmas: sigmas', numbers).decode(sigmas),
  );

/** ᾱ of σ: exactly that of the process, if it has this σ. */
const alphaBarIn =
  ({ schedule: { sigmas, alphaBars } }: DiscreteNoising) =>
  (sigma: number): number =>
    alphaBars[sigmas.indexOf(sigma)] ?? alphaBarOf(sigma);

/**
 * Respaces a process to exactly the falling noise levels σ, such as those of {@link karrasSigmas}, which may lie between its
 * timesteps. The denoiser gets the nearest whole timestep, as in DPM-Solver of diffusers with `use_karras_sigmas`; with
 * {@link atSigmas} it gets the fractional timestep of σ. For σ of the process itself it is {@link respace}. Sample with
 * {@link everyStep}. Returns a `ConfigError` if σ do not fall or leave the range of the process.
 * @example
 * const noising = unwrap(ddpm(linear(1000)))
 * const visits = unwrap(respaceAtSigmas([80, 5, 1])(noising))
 * sigmas(visits.schedule) // → [1, 5, 80]
 * visits.timesteps // → [258, 565, 930]
 */
export const respaceAtSigmas =
  (sigmas: ArrayLike<number>) =>
  (noising: DiscreteNoising): either.Either<NoisefoldError, DiscreteNoising> =>
    F.pipe(
      argument('respaceAtSigmas: noising', discretePart).decode(noising),
      E.flatMap(() => argument('respaceAtSigmas', numbers).decode(sigmas)),
      E.flatMap((levels) => fallingSigmas('respaceAtSigmas', levels, noising.schedule)),
      E.flatMap((falling) => {
        const { levelOfSigma } = pathOf(noising);
        const rising = [...falling].reverse();
        const timesteps = rising.map((sigma) => Math.round(entryBetween(noising.timesteps, levelOfSigma(sigma).t)));
        return noisingOfLevels(rising, alphaBarIn(noising), Int32Array.from(timesteps));
      }),
      E.map(respacedFrom(noising)),
    );
