import { cast, type Dim, dtypeOf, type Tensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import type { Level } from '../grids/level.js';
import { sigmaOf } from '../schedules/channel.js';
import { timestepOfSigma } from '../schedules/noiseLevel.js';
import type { Levels, Process } from '../process/process.js';
import { column, entriesAt, entryBetween } from '../process/table.js';

/** The noise level of each sample, `[B]` each: x_t = α·x₀ + σ·ε. */
export interface NoiseLevel<B extends Dim> {
  readonly alpha: Tensor<[B]>;
  readonly sigma: Tensor<[B]>;
}

/** The timestep that a network gets at each index: whole ones, or some between two. */
export interface NetworkTimesteps {
  readonly timesteps: Int32Array | Float64Array;
}

/** The greatest of some timesteps. A process may have more of them than a call has arguments. */
export const lastTimestep = (timesteps: Iterable<number>): number => {
  let last = 0;
  for (const t of timesteps) last = Math.max(last, t);
  return last;
};

/** Limits the timesteps of a denoiser to those that a process uses. Guidance checks its options against this limit. */
export const limitTimesteps =
  ({ timesteps }: NetworkTimesteps) =>
  <D extends { readonly timesteps?: number }>(denoiser: D): D => {
    const last = lastTimestep(timesteps);
    return { ...denoiser, timesteps: Math.min(denoiser.timesteps ?? Infinity, last + 1) };
  };

/** Maps timesteps 0…T-1 of a process to those of the network, `[B]`. They differ if the process is respaced. */
export const networkTimesteps = ({ timesteps }: NetworkTimesteps) => {
  const same = timesteps.every((timestep, t) => timestep === t);
  const networkAt = entriesAt(timesteps);
  return <B extends Dim>(t: Tensor<[B], 'int32'>): Tensor<[B], 'int32' | 'float32'> => (same ? t : networkAt(t));
};

/**
 * The timesteps that a network gets at some levels of a process. For a level between those of a respaced process, it is the
 * timestep of the original process with this noise.
 */
export const networkTimestepsOf = (
  { timesteps, marginals, origin }: Pick<Process, 'timesteps' | 'marginals' | 'origin'>,
  levels: readonly Level[],
): NetworkTimesteps['timesteps'] => {
  const originAt = origin && timestepOfSigma(origin.schedule);
  const numbers = levels.map((level) => {
    const sigma = sigmaOf(level);
    const isOwn = sigma === sigmaOf(marginals[Math.round(level.t)]!);
    return originAt && !isOwn ? entryBetween(origin.timesteps, originAt(sigma)) : entryBetween(timesteps, level.t);
  });
  return numbers.every(Number.isInteger) ? Int32Array.from(numbers) : Float64Array.from(numbers);
};

/** Looks up the noise levels of timesteps 0…T-1 of a process. */
export const noiseLevels = ({ marginals }: Levels) => {
  const [alphaAt, sigmaAt] = [
    entriesAt(column(marginals, ({ alpha }) => alpha)),
    entriesAt(column(marginals, ({ sigma }) => sigma)),
  ];
  return <B extends Dim>(t: Tensor<[B], 'int32'>): NoiseLevel<B> => ({ alpha: alphaAt(t), sigma: sigmaAt(t) });
};

/**
 * The time and the noise level of a conditioning, `[B]` each. Without a level they are those of its whole timesteps in a
 * process, and NaN for a timestep that the process does not have.
 */
export const placeIn = (process: Levels) => {
  const levelOf = noiseLevels(process);
  const timeAt = entriesAt(Float64Array.from(process.marginals, (_, t) => t));
  return <B extends Dim>({
    t,
    level,
  }: {
    readonly t: Tensor<[B], 'int32' | 'float32'>;
    readonly level?: NoiseLevel<B>;
  }) =>
    level === undefined
      ? { time: timeAt(wholeTimesteps(t)), level: levelOf(wholeTimesteps(t)) }
      : { time: cast(t, 'float32'), level };
};

/**
 * The timesteps of a conditioning as int32, for a denoiser that looks numbers up by its timestep. Raises `ConfigError` for
 * fractional ones, which samplers give between the timesteps of a process.
 * @example wholeTimesteps(iota(2)) // → [0, 1]
 */
export const wholeTimesteps = <B extends Dim>(t: Tensor<[B], 'int32' | 'float32'>): Tensor<[B], 'int32'> =>
  dtypeOf(t) === 'int32'
    ? (t as Tensor<[B], 'int32'>)
    : raise('ConfigError', {
        where: 'denoiser: t',
        expected: 'whole timesteps, int32: this denoiser looks its numbers up by them',
        actual: 'fractional ones, float32',
        hint: 'take a grid of whole timesteps, such as trailing(50), and a solver without churn, or a denoiser that uses `level`',
      });
