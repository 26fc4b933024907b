/** Processes whose noise levels σ = √((1 - ᾱ)/ᾱ) are given, and lie between timesteps. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import type { Channel } from '../schedules/channel.js';
import { timestepOfSigma } from '../schedules/noiseLevel.js';
import { type Process, processOfMarginals } from '../process/process.js';
import { scheduleOfAlphaBars } from '../schedules/schedule.js';
import { fallingSigmas } from './sigmaGrid.js';

/** A noise level σ with what a process holds of it. */
interface Level {
  readonly sigma: number;
  readonly alphaBar: number;
  /** q(x_t|x_0). */
  readonly marginal: Channel;
}

/** x_t keeps its variance, with the noise σ beside the data: a = 1/√(1 + σ²). Without signal if σ is ∞. */
const levelOfSigma = (sigma: number): Level => ({
  sigma,
  alphaBar: 1 / (1 + sigma ** 2),
  marginal: { scale: 1 / Math.hypot(1, sigma), variance: 1 / (1 + sigma ** -2) },
});

/** The process of noise levels that rise. */
const processOfLevels = (levels: readonly Level[], timesteps?: Int32Array): either.Either<NoisefoldError, Process> => {
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
        hint: 'the first is the least, that of t = 0; karrasSigmas gives them falling',
      });
};

/**
 * The process of noise levels σ_t, rising from t = 0: √ᾱ_t = 1/√(1 + σ_t²), exactly these. The last may be ∞. Levels
 * that are not above 0, or do not rise (in ᾱ, of which a σ below 10⁻⁸ leaves 1), are a `ConfigError`.
 *
 * @param timesteps - what the denoiser sees at each t; t itself unless said otherwise
 * @example
 * const process = processOfSigmas([0.75, 2, Infinity])
 * pipe(process, E.map(({ marginals }) => marginals[0])) // → E.right({ scale: 0.8, variance: 0.36 })
 * pipe(processOfSigmas([2, 0.75]), E.mapLeft(({ actual }) => actual)) // → E.left('[2, 0.75]')
 */
export const processOfSigmas = (
  sigmas: ArrayLike<number>,
  timesteps?: Int32Array,
): either.Either<NoisefoldError, Process> => processOfLevels(Array.from(sigmas, levelOfSigma), timesteps);

/** The timestep of a denoiser that is nearest to a place between those of a process. */
const networkTimestepAt =
  ({ timesteps }: Pick<Process, 'timesteps'>) =>
  (t: number): number => {
    const [before, after] = [timesteps[Math.floor(t)]!, timesteps[Math.ceil(t)]!];
    return Math.round(before + (t % 1) * (after - before));
  };

/** The noise level σ in a process: its own to the bit, where it has one of this σ. */
const levelAt =
  ({ schedule, marginals }: Process) =>
  (sigma: number): Level => {
    const own = schedule.sigmas.indexOf(sigma);
    return own === -1 ? levelOfSigma(sigma) : { sigma, alphaBar: schedule.alphaBars[own]!, marginal: marginals[own]! };
  };

/**
 * The process that visits only the noise levels σ, falling, such as those of {@link karrasSigmas}: exactly these,
 * wherever they lie between its timesteps. Its denoiser, which knows whole timesteps only, is asked by the nearest, as
 * DPM-Solver of diffusers does with `use_karras_sigmas`: its samples are theirs, but no better than those on the whole
 * timesteps of {@link atSigmas}, of which the denoiser knows the noise. At σ of the process itself it is {@link respace}.
 * Sample over each of its timesteps. σ that do not fall, or that the process does not come through, are a `ConfigError`.
 * @example
 * const made = pipe(ddpm(linear(1000)), E.flatMap(respaceAtSigmas([80, 5, 1])))
 * pipe(made, E.map(({ schedule }) => sigmas(schedule))) // → E.right([1, 5, 80])
 * pipe(made, E.map(({ timesteps }) => timesteps)) // → E.right([258, 565, 930])
 */
export const respaceAtSigmas =
  (sigmas: ArrayLike<number>) =>
  (process: Process): either.Either<NoisefoldError, Process> =>
    F.pipe(
      fallingSigmas('respaceAtSigmas', sigmas, process.schedule),
      E.map((falling) => [...falling].reverse()),
      E.flatMap((rising) =>
        processOfLevels(
          rising.map(levelAt(process)),
          Int32Array.from(rising.map(timestepOfSigma(process.schedule)), networkTimestepAt(process)),
        ),
      ),
    );
