import { amount } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { raise } from '../../internal/errors.js';
import { isSameSigma, roundedTimestepOfSigma } from '../schedules/noiseLevel.js';
import { demanding } from '../../internal/takes.js';
import { type Channel, channelOfSigma, identity, sigmaOf } from '../schedules/channel.js';
import type { Levels } from '../process/process.js';
import { processWith } from '../parts.js';

/**
 * A noise level of a process: x_t = α·x₀ + σ·ε at timestep t, where the denoiser is evaluated. t may lie between two
 * timesteps; it is -1 for the data.
 */
export interface Level extends Channel {
  readonly t: number;
}

/** The level of the data, without noise. */
export const DATA: Level = { ...identity, t: -1 };

/** Tests if a level has no noise. */
export const isData = ({ sigma }: Channel): boolean => sigma === 0;

/**
 * The level at a timestep of a process; -1 is the data. Between two timesteps log(σ/α) is linear in t, as in k-diffusion;
 * next to a level without signal it has none either.
 */
export const levelAt = ({ marginals }: Levels, t: number): Level => {
  if (t < 0) return DATA;
  const before = Math.floor(t);
  if (t === before) return { ...marginals[t]!, t };
  const [low, high] = [Math.log(sigmaOf(marginals[before]!)), Math.log(sigmaOf(marginals[before + 1]!))];
  return { ...channelOfSigma(Math.exp(low + (t - before) * (high - low))), t };
};

/**
 * The level of a process with noise σ, in units of α: exactly this σ, and the timestep, which may be fractional, where the
 * process has it. Beyond its last timestep the denoiser gets that one.
 */
export const levelOfSigma = ({ marginals }: Levels): ((sigma: number) => Level) => {
  const timestepOf = roundedTimestepOfSigma({ sigmas: Float64Array.from(marginals, sigmaOf) });
  return (sigma) => {
    const t = timestepOf(sigma);
    const own = marginals[t]; // undefined between two timesteps
    return own && isSameSigma(sigmaOf(own), sigma) ? { ...own, t } : { ...channelOfSigma(sigma), t };
  };
};

/**
 * The levels of falling timesteps, and at the end the data: the way of a sampler.
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const levels = levelsOf(process, [999, 500, 0])
 * levels.map(({ t }) => t) // → [999, 500, 0, -1]
 * const [between] = levelsOf(unwrap(ddpm(scheduleFromBetas([0.5, 0.6]))), [0.5])
 * between!.sigma / between!.alpha // → Math.sqrt(2)
 */
export const levelsOf = demanding(
  'levelsOf',
  { process: processWith('marginals'), timesteps: t.readonlyArray(amount, 'timesteps, such as [9, 4]') },
  (process: Levels, timesteps: readonly number[]): readonly Level[] => {
    const last = process.marginals.length - 1;
    const beyond = timesteps.find((at) => at > last);
    if (beyond !== undefined)
      raise('ConfigError', {
        where: 'levelsOf: timesteps',
        expected: `timesteps from 0 to ${last}`,
        actual: String(beyond),
        hint: 'the timesteps of a process of T levels are 0…T-1',
      });
    return [...timesteps.map((at) => levelAt(process, at)), DATA];
  },
);

/** Each level of a list with the next. */
export const pairsOf = (levels: readonly Level[]): readonly (readonly [from: Level, to: Level])[] =>
  levels.slice(1).map((to, i) => [levels[i]!, to] as const);
