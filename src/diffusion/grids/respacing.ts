import { fail, type NoisefoldError } from '../../internal/errors.js';
import { listedNumbers } from '../../internal/listed.js';
import { E, type either, F } from '../../internal/fp.js';
import { type Grid, gridOf } from './grid.js';
import { type DiscreteNoising, noisingOf, respacedFrom } from '../paths/discreteNoising.js';
import { argument } from '../../internal/schema.js';
import { discretePart } from '../parts.js';
import { scheduleOfLevels } from '../schedules/schedule.js';

const whole = (timesteps: readonly number[]): either.Either<NoisefoldError, readonly number[]> =>
  timesteps.every(Number.isInteger)
    ? E.right(timesteps)
    : fail('ConfigError', {
        where: 'respace',
        expected: 'a grid of whole timesteps',
        actual: listedNumbers(timesteps),
        hint: 'respaceAtSigmas makes a process of noise levels between timesteps',
      });

/** The process of some rising timesteps of a process, with exactly the same ᾱ, σ and marginals at these timesteps. */
const levelsOf = ({ schedule, timesteps }: DiscreteNoising, subset: readonly number[]): DiscreteNoising =>
  noisingOf(
    // not from β', which may round to 1
    scheduleOfLevels(
      Float64Array.from(subset, (t) => schedule.alphaBars[t]!),
      Float64Array.from(subset, (t) => schedule.sigmas[t]!),
    ),
    Int32Array.from(subset, (t) => timesteps[t]!),
  );

const noisings = argument('respace: noising', discretePart);

/**
 * Respaces a process: the process that visits only the timesteps of a grid, with the same marginals there, and
 * β' = 1 - ᾱ_t/ᾱ_s from one to the next (Improved DDPM, Nichol & Dhariwal 2021, section 4). Its denoiser still gets the
 * timesteps of the original process. Returns a `ConfigError` for an invalid grid.
 *
 * @param steps - a number of steps, which means {@link trailing}, or a grid. With few steps, a grid that includes t = 0,
 *   such as `spaced`, gives a far worse bound
 * @example
 * const noising = unwrap(ddpm(linear(1000)))
 * const short = unwrap(respace(spaced(3))(noising))
 * short.timesteps // → [0, 500, 999]
 */
export const respace =
  (steps: number | Grid): ((noising: DiscreteNoising) => either.Either<NoisefoldError, DiscreteNoising>) =>
  (noising) =>
    F.pipe(
      noisings.decode(noising),
      E.flatMap(() => gridOf(steps)(noising)),
      E.flatMap(whole),
      E.map((timesteps) => [...timesteps].reverse()),
      E.map((subset) => levelsOf(noising, subset)),
      E.map(respacedFrom(noising)),
    );
