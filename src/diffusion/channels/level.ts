import { raise } from '../../internal/errors.js';
import { type Channel, identity } from './channel.js';

/**
 * A noise level of a path: x_t = α·x₀ + σ·ε at time t. On a discrete path t may lie between two timesteps, and is -1 for the data;
 * on a continuous path the data has t = 0.
 */
export interface Level extends Channel {
  readonly t: number;
  /** The time that a network gets at this level, if it differs from the path's, as in schedulers that round the time. */
  readonly networkTime?: number;
  /** α̇ and σ̇, the derivatives by time, on a path that has them. */
  readonly rates?: Channel;
}

/** The level of the data on a discrete path, without noise. */
export const DATA: Level = { ...identity, t: -1 };

/** Tests if a level has no noise. */
export const isData = ({ sigma }: Channel): boolean => sigma === 0;

/** Pairs of neighbours in a list of levels. */
export const pairsOf = (levels: readonly Level[]): readonly (readonly [from: Level, to: Level])[] =>
  levels.slice(1).map((to, i) => [levels[i]!, to] as const);

/** Raises `ConfigError` for a time outside of a path. */
export const requireTime = (t: number, last: number): void => {
  if (!(t >= 0 && t <= last))
    raise('ConfigError', {
      where: 'levelAt: t',
      expected: `a time from 0 to ${last}`,
      actual: String(t),
      hint: 'time rises from the data to noise',
    });
};
