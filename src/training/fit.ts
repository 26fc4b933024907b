import type { Backend, NoisefoldError, Shape } from '../dsl/index.js';
import { E, F, type readerTaskEither, TE, type taskEither } from '../internal/fp.js';
import type { ResidentTree } from './open.js';
import { startTraining, type TrainEvent, type Training, type TrainingRun } from './run.js';
import type { Trained } from './sample.js';

/** A training with what is to be done on the way. */
export interface Fit<P, I extends Shape> extends Training<P, I> {
  /**
   * Told of each event, while the run rests: write a log, save `run.snapshot`. `stop` ends the training there,
   * with what it has learned; so does a `Left`, with nothing.
   */
  readonly onEvent?: (
    event: TrainEvent,
    run: TrainingRun,
  ) => taskEither.TaskEither<NoisefoldError, void | 'stop'>;
}

/**
 * Trains a model to the end, and gives it with its averaged parameters, on the backend of the environment.
 * Errors of the configuration, the data and the backend come as a `Left`, and so does `Cancelled`.
 *
 * @example
 * fit({ model, process, optimizer: adam({ learningRate: 1e-3 }), data, batch: 32, steps: 500, key: key(7) })
 */
export const fit =
  <P, I extends Shape>(
    training: Fit<P, I>,
  ): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, Trained<P, I>> =>
  (backend) =>
    F.pipe(
      startTraining(training)(backend),
      TE.flatMap((run) => async () => {
        for await (const event of run.events) {
          const handled = E.isLeft(event) ? event : await training.onEvent?.(event.right, run)();
          if (handled !== undefined && E.isLeft(handled)) {
            await run.release();
            return handled;
          }
          if (handled?.right === 'stop') break;
        }
        const { model, process, data } = training;
        return E.map((params: ResidentTree) => ({ model, process, image: data.image, params }))(
          await run.finish(),
        );
      }),
    );
