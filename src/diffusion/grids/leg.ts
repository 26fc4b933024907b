import { type Channel, identity, transition } from '../schedules/channel.js';
import type { Levels } from '../process/process.js';
import { demanding } from '../../internal/takes.js';
import { processWith } from '../parts.js';
import { list } from '../../internal/parts.js';

/** One step of a sampler's path: from a timestep to the next of its grid or to the data; or upward, for inversion. */
export interface Leg {
  /** The timestep at which the leg begins; for a leg that begins at the data, the timestep of its end. */
  readonly t: number;
  /** The timestep at which the leg ends; null at the data. */
  readonly next: number | null;
  /** q(x_t|x_0) at the beginning; the identity at the data. */
  readonly from: Channel;
  /** q(x_s|x_0) at the end; the identity at the data. */
  readonly to: Channel;
  /** q(x_t|x_s), from the less noisy end to the noisier one. */
  readonly between: Channel;
}

/**
 * The legs of falling timesteps, the last of which ends at the data.
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const legs = legsOf(process, [999, 500, 0])
 * legs.map(({ t }) => t) // → [999, 500, 0]
 * legs.at(-1)!.to // → identity
 */
export const legsOf = demanding(
  'legsOf',
  { process: processWith('marginals'), timesteps: list('timesteps, such as [9, 4]') },
  (process: Levels, timesteps: readonly number[]): readonly Leg[] =>
    timesteps.map((t, i) => legBetween(process, t, timesteps[i + 1] ?? null)),
);

/** The leg from one timestep to another, or to the data. */
export const legBetween = ({ marginals }: Levels, t: number, next: number | null): Leg => {
  const from = marginals[t]!;
  const to = next === null ? identity : marginals[next]!;
  return { t, next, from, to, between: transition(to, from) };
};
