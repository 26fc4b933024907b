/** Processes with given noise levels σ = √((1 - ᾱ)/ᾱ), which may lie between timesteps. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { type Channel, channelOfSigma } from '../schedules/channel.js';
import { timestepOfSigma } from '../schedules/noiseLevel.js';
import { type Process, processOfMarginals, respacedFrom } from '../process/process.js';
import { entryBetween } from '../process/table.js';
import { scheduleOfAlphaBars } from '../schedules/schedule.js';
import { fallingSigmas } from './sigmaGrid.js';
import { decoding } from '../../internal/takes.js';
import { numbers } from '../../internal/parts.js';

/** σ of a timestep, with its ᾱ and marginal. */
interface Entry {
  readonly sigma: number;
  readonly alphaBar: number;
  /** q(x_t|x_0). */
  readonly marginal: Channel;
}

const entryOf = (sigma: number): Entry => ({
  sigma,
  alphaBar: 1 / (1 + sigma ** 2),
  marginal: channelOfSigma(sigma),
});

/** The process of noise levels that rise. */
const processOfLevels = (levels: readonly Entry[], timesteps?: Int32Array): either.Either<NoisefoldError, Process> => {
  const sigmas = Float64Array.from(levels, ({ sigma }) => sigma);
  const alphaBars = Float64Array.from(levels, ({ alphaBar }) => alphaBar);
  const rises = alphaBars.every((alphaBar, t) => sigmas[t]! > 0 && alphaBar < (alphaBars[t - 1] ?? 1));
  return rises && levels.length > 0
    ? E.right(
        processOfMarginals(
          scheduleOfAlphaBars(alphaBars, sigmas),
          levels.map(({ marginal }) => marginal),
          timesteps,
        ),
      )
    : fail('ConfigError', {
        where: 'processOfSigmas',
        expected: 'noise levels above 0 that rise with t',
        actual: `[${sigmas.join(', ')}]`,
        hint: 'the first is the least, at t = 0; karrasSigmas returns them falling',
      });
};

/**
 * The process with exactly the noise levels σ_t, rising from t = 0: √ᾱ_t = 1/√(1 + σ_t²). The last may be ∞. Returns a
 * `ConfigError` for levels that are not above 0 or do not rise. They must also differ in ᾱ, which rounds to 1 for σ < 10⁻⁸.
 *
 * @param timesteps - the timestep that the denoiser gets at each t; t itself if left out
 * @example
 * const process = unwrap(processOfSigmas([0.75, 2, Infinity]))
 * process.marginals[0] // → { alpha: 0.8, sigma: 0.6 }
 * const wrong = processOfSigmas([2, 0.75])
 * isLeft(wrong) && wrong.left.actual // → '[2, 0.75]'
 */
export const processOfSigmas = decoding(
  'processOfSigmas',
  { sigmas: numbers },
  (sigmas: ArrayLike<number>, timesteps?: Int32Array): either.Either<NoisefoldError, Process> =>
    processOfLevels(Array.from(sigmas, entryOf), timesteps),
);

/** The entry of σ: exactly that of the process, if it has one with this σ. */
const entryIn =
  ({ schedule, marginals }: Process) =>
  (sigma: number): Entry => {
    const own = schedule.sigmas.indexOf(sigma);
    return own === -1 ? entryOf(sigma) : { sigma, alphaBar: schedule.alphaBars[own]!, marginal: marginals[own]! };
  };

/**
 * Respaces a process to exactly the falling noise levels σ, such as those of {@link karrasSigmas}, which may lie between its
 * timesteps. The denoiser gets the nearest whole one, as in DPM-Solver of diffusers with `use_karras_sigmas`;
 * {@link atSigmas} gives it the fractional timestep of σ. For σ of the process itself it is {@link respace}. Sample with
 * {@link everyStep}. Returns a `ConfigError` if σ do not fall or leave the range of the process.
 * @example
 * const process = unwrap(ddpm(linear(1000)))
 * const made = unwrap(respaceAtSigmas([80, 5, 1])(process))
 * sigmas(made.schedule) // → [1, 5, 80]
 * made.timesteps // → [258, 565, 930]
 */
export const respaceAtSigmas =
  (sigmas: ArrayLike<number>) =>
  (process: Process): either.Either<NoisefoldError, Process> =>
    F.pipe(
      fallingSigmas('respaceAtSigmas', sigmas, process.schedule),
      E.map((falling) => [...falling].reverse()),
      E.flatMap((rising) =>
        processOfLevels(
          rising.map(entryIn(process)),
          Int32Array.from(rising.map(timestepOfSigma(process.schedule)), (t) =>
            Math.round(entryBetween(process.timesteps, t)),
          ),
        ),
      ),
      E.map(respacedFrom(process)),
    );
