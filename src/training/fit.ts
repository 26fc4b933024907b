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
 * const model: Model<{ w: Scalar }, [1, 1, 1]> = {
 *   ...collect({ w: parameter(allZeros) }),
 *   predicts: 'x0',
 *   apply: ({ w }, x) => add(w)(zerosLike(x)), // learns the mean of the images
 * }
 * const white = datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] })
 * await pipe(
 *   RTE.Do,
 *   RTE.bind('process', () => RTE.fromEither(ddpm(cosine(10)))),
 *   RTE.bind('data', () => RTE.fromEither(white)),
 *   RTE.map((parts) => ({ ...parts, model, optimizer: adam({ learningRate: 0.1 }) })),
 *   RTE.flatMap((recipe) => fit({ ...recipe, batch: 1, steps: 200, key: key(7) })),
 *   RTE.flatMap(({ params }) => readTensors(params)),
 *   RTE.map((tensors) => tensors.get('w')?.data),
 *   using(reference()),
 * )() // → E.right([1])
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
