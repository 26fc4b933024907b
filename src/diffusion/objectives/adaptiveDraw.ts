import { type Dim, mean, type Scalar, type Shape, type Tensor } from '../../dsl/index.js';
import type { SampleLosses } from './loss.js';
import type { Process } from '../process/process.js';
import type { TimestepDraw } from './timestepDraw.js';

/** What an adaptive draw remembers, by name. */
export interface DrawMemory {
  readonly [name: string]: Tensor<Shape>;
}

/**
 * A draw of timesteps that learns from the losses it led to. What it remembers goes along with the state of a training,
 * as that of an optimizer does: into the next step, and into snapshots.
 */
export interface AdaptiveDraw {
  /** What snapshots call it: draws of another name are others. */
  readonly name: string;
  /** The shapes of what it remembers; all begin as zeros. Raises `ConfigError` for a configuration that cannot be. */
  readonly memory: (process: Process) => Readonly<Record<string, readonly number[]>>;
  /** How it draws by what it remembers. */
  readonly draw: (memory: DrawMemory) => TimestepDraw;
  /** The mean loss that uniform timesteps would have, by the losses at those that were drawn. */
  readonly mean: (memory: DrawMemory) => <B extends Dim>(drawn: SampleLosses<B>) => Scalar;
  /** What it remembers after a batch. */
  readonly record: (memory: DrawMemory) => <B extends Dim>(drawn: SampleLosses<B>) => DrawMemory;
}

/**
 * A draw that learns nothing as one that might: it remembers nothing, and a mean is a mean.
 * @example
 * const { name, memory } = asAdaptive(uniformTimesteps)
 * name // → 'uniformTimesteps'
 * pipe(ddpm(cosine(1000)), E.map(memory)) // → E.right({})
 */
export const asAdaptive = (timesteps: TimestepDraw | AdaptiveDraw): AdaptiveDraw =>
  typeof timesteps === 'function'
    ? {
        name: timesteps.name,
        memory: () => ({}),
        draw: () => timesteps,
        mean: () => (drawn) => mean(drawn.losses),
        record: (memory) => () => memory,
      }
    : timesteps;
