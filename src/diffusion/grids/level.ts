import { natural } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { demanding } from '../../internal/takes.js';
import { type Channel, identity } from '../schedules/channel.js';
import type { Levels } from '../process/process.js';
import { processWith } from '../parts.js';

/** A noise level of a process: x_t = α·x₀ + σ·ε at timestep t, where the denoiser is evaluated; t is -1 for the data. */
export interface Level extends Channel {
  readonly t: number;
}

/** The level of the data, without noise. */
export const DATA: Level = { ...identity, t: -1 };

/** Tests if a level has no noise. */
export const isData = ({ sigma }: Channel): boolean => sigma === 0;

/** The level at a timestep of a process; -1 is the data. */
export const levelAt = ({ marginals }: Levels, t: number): Level => (t < 0 ? DATA : { ...marginals[t]!, t });

/**
 * The levels of falling timesteps, and at the end the data: the way of a sampler.
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const levels = levelsOf(process, [999, 500, 0])
 * levels.map(({ t }) => t) // → [999, 500, 0, -1]
 */
export const levelsOf = demanding(
  'levelsOf',
  { process: processWith('marginals'), timesteps: t.readonlyArray(natural, 'timesteps, such as [9, 4]') },
  (process: Levels, timesteps: readonly number[]): readonly Level[] => [
    ...timesteps.map((at) => levelAt(process, at)),
    DATA,
  ],
);

/** Each level of a list with the next. */
export const pairsOf = (levels: readonly Level[]): readonly (readonly [from: Level, to: Level])[] =>
  levels.slice(1).map((to, i) => [levels[i]!, to] as const);
