/** Processes with given noise levels σ = √((1 - ᾱ)/ᾱ), which may lie between timesteps. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { type Channel, channelOfSigma } from '../levels/channel.js';
import { timestepOfSigma } from '../levels/noiseLevel.js';
import { type DiscreteNoising, noisingOfMarginals, respacedFrom } from '../levels/discreteNoising.js';
import { entryBetween } from '../levels/table.js';
import { scheduleOfAlphaBars } from '../levels/schedule.js';
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
const noisingOfLevels = (
  levels: readonly Entry[],
  timesteps?: Int32Array,
): either.Either<NoisefoldError, DiscreteNoising> => {
  const sigmas = Float64Array.from(levels, ({ sigma }) => sigma);
  const alphaBars = Float64Array.from(levels, ({ alphaBar }) => alphaBar);
  const rises = alphaBars.every((alphaBar, t) => sigmas[t]! > 0 && alphaBar < (alphaBars[t - 1] ?? 1));
  return rises && levels.length > 0
    ? E.right(
        noisingOfMarginals(
          scheduleOfAlphaBars(alphaBars, sigmas),
          levels.map(({ marginal }) => marginal),
          timesteps,
        ),
      )
    : fail('ConfigError', {
        where: 'noisingOfSigmas',
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
 * const noising = unwrap(noisingOfSigmas([0.75, 2, Infinity]))
 * noising.marginals[0] // → { alpha: 0.8, sigma: 0.6 }
 * const wrong = noisingOfSigmas([2, 0.75])
 * isLeft(wrong) && wrong.left.actual // → '[2, 0.75]'
 */
export const noisingOfSigmas = decoding(
  'noisingOfSigmas',
  { sigmas: numbers },
  (sigmas: ArrayLike<number>, timesteps?: Int32Array): either.Either<NoisefoldError, DiscreteNoising> =>
    noisingOfLevels(Array.from(sigmas, entryOf), timesteps),
);

/** The entry of σ: exactly that of the process, if it has one with this σ. */
const entryIn =
  ({ schedule, marginals }: DiscreteNoising) =>
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
 * const noising = unwrap(ddpm(linear(1000)))
 * const made = unwrap(respaceAtSigmas([80, 5, 1])(noising))
 * sigmas(made.schedule) // → [1, 5, 80]
 * made.timesteps // → [258, 565, 930]
 */
export const respaceAtSigmas =
  (sigmas: ArrayLike<number>) =>
  (noising: DiscreteNoising): either.Either<NoisefoldError, DiscreteNoising> =>
    F.pipe(
      fallingSigmas('respaceAtSigmas', sigmas, noising.schedule),
      E.map((falling) => [...falling].reverse()),
      E.flatMap((rising) =>
        noisingOfLevels(
          rising.map(entryIn(noising)),
          Int32Array.from(rising.map(timestepOfSigma(noising.schedule)), (t) =>
            Math.round(entryBetween(noising.timesteps, t)),
          ),
        ),
      ),
      E.map(respacedFrom(noising)),
    );
