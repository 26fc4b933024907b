import { conditionsOf } from '../../checkpoints/trained.js';
import type { Effect } from '../../dsl/run/effect.js';
import type { Model } from '../../diffusion/index.js';
import type { Backend, NoisefoldError } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { E } from '../../internal/fp.js';
import { type Fallible, hold, take } from '../../internal/gen.js';
import { functionOf } from '../../internal/decode.js';
import { optional, schema } from '../../internal/schema.js';
import { namesOf } from '../../data/classNames.js';
import type { ImageShape } from '../../data/dataset.js';
import { keptOf } from './trainingLosses.js';
import type { Given, Learnable } from './recipe.js';
import { beginTraining, type TrainingRun } from './run.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { type Heard, heard } from '../listener.js';
import type { TrainedOf } from '../../checkpoints/trained.js';
import { type TrainEvent, warningKey } from './trainEvent.js';
import { type AnyTraining, type Training, trainingFields } from './training.js';

/** The options of {@link fit}: a training, and functions to call with its events and its error. */
export interface Fit<P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>> extends Training<P, I, M> {
  /**
   * Called with each event, for example to write a log or to save `run.snapshot`. The next step waits for the promise
   * or the task that it returns. `'stop'` ends the training with its result so far; an error or an exception ends the
   * training with that error, which `onError` receives. By default each warning is printed once on the console.
   */
  readonly onEvent?: (event: TrainEvent, run: TrainingRun<P>) => Heard<void | 'stop'>;
  /**
   * Called with the error that ends the run, such as a signal, an invalid image, or an error of `onEvent`. The run still
   * holds the state after the last step: save `run.snapshot` to lose nothing. `fit` waits for the promise or the task that
   * `onError` returns; an error of `onError` replaces the first error. Not called for errors before the run begins.
   */
  readonly onError?: (error: NoisefoldError, run: TrainingRun<P>) => unknown;
}

const listener = optional(functionOf('a function'));
export const fits = schema('fit', {
  ...trainingFields,
  onEvent: listener,
  onError: listener,
} satisfies Record<keyof Fit<never, ImageShape>, unknown>);

/**
 * Trains a denoiser or a classifier of noisy images for all steps, and returns it with its averaged parameters:
 * `sample` takes a denoiser as its model and a classifier as `guide`. Errors of the configuration, the data and the
 * backend are a `Left`, and so is `Cancelled`. Data in memory ({@link Dataset.inMemory}) are checked before the first
 * step, other data as they are loaded.
 * @example
 * const apply: Model<Scalar, [1, 1, 1]>['apply'] = (w, x) => add(zerosLike(x), w) // learns the mean of the images
 * const model: Model<Scalar, [1, 1, 1]> = { ...parameter(allZeros), predicts: 'x0', apply }
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }))
 * const recipe = { model, data, noising: unwrap(ddpm(cosine(10))), optimizer: adam({ learningRate: 0.1 }) }
 * const nf = await open(reference())
 * const { params } = await nf.run(fit({ ...recipe, batch: 1, steps: 200, key: key(7) }))
 * await nf.run(read(params)) // → [1]
 * await nf.close()
 */
export const fit = <P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>, G = unknown>(
  options: Exact<G, keyof Fit<never, ImageShape>> & Given<Fit<P, I, M>, P, I>,
): Effect<TrainedOf<P, I, M>> =>
  genEffect('fit', function* (backend) {
    const {
      onEvent = inConsole(),
      onError,
      ...training
    } = yield* take(fits.decode<Given<Fit<P, I, M>, P, I>>(options));
    const run = yield* hold(beginTraining<P, I>(training as AnyTraining<P, I>)(backend), (one) => one.release);
    yield* take(followEvents(run, onEvent, onError)(backend));
    const params = yield* take(run.finish);
    const { model, noising, data } = options;
    const names = namesOf(conditionsOf(model), data.names);
    const trained = {
      model,
      noising,
      trainingNoising: noising,
      image: data.image,
      params,
      ...(Object.keys(names).length > 0 && { names }),
      ...keptOf<P, I>(options as AnyTraining<P, I>),
    };
    return trained as unknown as TrainedOf<P, I, M>; // a conditional type, which does not reduce while M is generic
  });

/** A listener that prints each warning once on the console, for a training that has none. */
export const inConsole = (): ((event: TrainEvent) => void) => {
  const told = new Set<string>(); // mutable
  return (event) => {
    if (event._tag !== 'Warning' || told.has(warningKey(event))) return;
    told.add(warningKey(event));
    console.warn(`training, step ${event.step + 1}: ${event.message}`);
  };
};

/** Calls the listener of the events of a training. */
export const heardEvent = <P>(onEvent: Fit<P, ImageShape>['onEvent'], event: TrainEvent, run: TrainingRun<P>) =>
  heard('fit.onEvent', () => onEvent?.(event, run));

/** Calls the listener of the error of a training. */
export const heardError = <P>(onError: Fit<P, ImageShape>['onError'], error: NoisefoldError, run: TrainingRun<P>) =>
  heard('fit.onError', () => onError?.(error, run));

/** Processes the events of a run, to its end or to a `stop`. */
const followEvents =
  <P>(run: TrainingRun<P>, onEvent: Fit<P, ImageShape>['onEvent'], onError: Fit<P, ImageShape>['onError']) =>
  (backend: Backend): Fallible<void> =>
  async () => {
    for await (const event of run.events) {
      const told = E.isLeft(event) ? event : await heardEvent(onEvent, event.right, run)(backend)();
      if (E.isLeft(told)) {
        const replaced = await heardError(onError, told.left, run)(backend)();
        return E.isLeft(replaced) ? replaced : told;
      }
      if (told.right === 'stop') break;
    }
    return E.right(undefined);
  };
