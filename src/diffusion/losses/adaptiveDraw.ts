import { type Dim, mean, type Scalar, type Shape, type Tensor } from '../../dsl/index.js';
import type { SampleLosses } from './objective.js';
import type { Noising } from '../paths/noising.js';
import type { TimeDraw } from './timeDraw.js';

/** The state of an adaptive draw: tensors by name. */
export interface DrawMemory {
  readonly [name: string]: Tensor<Shape>;
}

/**
 * A draw of times that corrects the mean of the loss for its probabilities, and may adapt them to the losses at earlier times. Its
 * memory is part of the training state, like an optimizer's: it goes into the next step and into snapshots.
 */
export interface AdaptiveDraw {
  /** The name of the draw, which identifies it in snapshots. */
  readonly name: string;
  /** The shapes of the memory, which begins as zeros. Raises `ConfigError` for invalid options. */
  readonly memory: (noising: Noising) => Readonly<Record<string, readonly number[]>>;
  /** The draw of times for a memory. */
  readonly draw: (memory: DrawMemory) => TimeDraw;
  /** An estimate of the mean loss at uniform times, from the losses at the drawn times. */
  readonly mean: (memory: DrawMemory, noising: Noising) => <B extends Dim>(samples: SampleLosses<B>) => Scalar;
  /** The memory after a batch. */
  readonly record: (memory: DrawMemory) => <B extends Dim>(samples: SampleLosses<B>) => DrawMemory;
}

/** Wraps a plain draw as an adaptive one, with no memory and a plain mean. Returns an adaptive draw unchanged. */
export const asAdaptive = (times: TimeDraw | AdaptiveDraw): AdaptiveDraw =>
  typeof times === 'function'
    ? {
        name: times.name,
        memory: () => ({}),
        draw: () => times,
        mean: () => (samples) => mean(samples.losses),
        record: (memory) => () => memory,
      }
    : times;
