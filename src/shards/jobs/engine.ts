/** The interface of the engines that run jobs: `local` and `queue`. */
import { errorIn, failure, type NoisefoldError } from '../../internal/errors.js';
import type { either } from '../../internal/fp.js';
import type { Fallible } from '../../internal/gen.js';
import type { Bits } from './bits.js';
import type { Order } from './order.js';

/** The end of a job. */
export interface Outcome {
  readonly result: either.Either<NoisefoldError, Uint8Array>;
  /** The number of times that the job failed or lost its worker before this end. */
  readonly retries: number;
}

/** An engine while jobs run on it. */
export interface OpenEngine {
  /** The bits of the results of its workers. */
  readonly bits: Bits;
  /** The number of jobs that the engine takes at a time. */
  readonly ahead: number;
  /** Runs a job to its end. Rejects if the engine itself fails. */
  readonly run: (order: Order) => Promise<Outcome>;
  readonly close: () => Promise<void>;
}

/** The trained files that jobs need, and the number of their attempts. */
export interface Needs {
  /** The trained files that the jobs name. */
  readonly checkpoints: readonly string[];
  /** The number of times that a job may fail. */
  readonly attempts: number;
}

/** Runs jobs on other processes: the result of `local` or of `queue`. */
export interface ShardEngine {
  readonly name: string;
  readonly open: (needs: Needs) => Fallible<OpenEngine>;
}

/** The number of workers that a job may lose before it counts as failed, because the job itself may crash them. */
export const MOST_LOST = 10;

/** The error of an engine that failed, from an exception. */
export const engineError =
  (where: string) =>
  (thrown: unknown): NoisefoldError =>
    errorIn(thrown) ??
    failure('BackendFailure', {
      where,
      expected: 'an engine that runs jobs',
      actual: thrown instanceof Error ? thrown.message : String(thrown),
      hint: 'run it again: it goes on where it ended',
    });
