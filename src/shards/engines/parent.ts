/** The worker's side of `local`: takes jobs from the process that started it, one at a time. */
import type { NoisefoldError } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';
import type { StopSignal } from '../../internal/stop.js';
import type { FromWorker } from './local.js';
import type { Order } from '../jobs/order.js';
import type { Runner } from '../works/runner.js';

/** Called after each job, with its error if it failed. */
export type OnJob = (job: string, error: NoisefoldError | null) => unknown;

// the callback ignores the error of a parent that has ended
const tell = (message: FromWorker): void => void process.send?.(message, undefined, undefined, () => undefined);

/** The listeners of a worker, the signal that ends it, and its lock. */
export interface Serving {
  readonly onJob: OnJob;
  /** Called when the worker is connected and waits for jobs. */
  readonly onReady: () => unknown;
  readonly signal: StopSignal | undefined;
  /** Milliseconds after which a queue gives the job of a worker that does not answer to another. */
  readonly lock: number;
}

/** Runs the jobs that the parent sends, until the parent ends or the signal is aborted. */
export const serveParent = (runner: Runner, { onJob, signal }: Serving): Promise<void> =>
  new Promise((resolve) => {
    const run = async (order: Order): Promise<void> => {
      const result = await runner.run(order)();
      await onJob(order.name, E.isLeft(result) ? result.left : null);
      tell(E.isLeft(result) ? { kind: 'failed', error: result.left } : { kind: 'done', result: result.right });
      if (signal?.aborted === true) process.disconnect();
    };
    process.on('message', (order) => void run(order as Order)); // `local` sent it
    process.once('disconnect', resolve);
    tell({ kind: 'ready', bits: runner.bits });
  });
