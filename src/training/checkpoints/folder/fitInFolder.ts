/** Training in a run folder: `fit` with a log, checkpoints, and an end in order. */
import { effect, type Effect } from '../../../dsl/run/effect.js';
import { failure, type NoisefoldError, orRaise } from '../../../internal/errors.js';
import { exactly, positive } from '../../../internal/decode.js';
import { E, F, RTE, TE, type taskEither } from '../../../internal/fp.js';
import type { InferredFrom } from '../../../internal/options.js';
import { ensuring } from '../../../internal/scope.js';
import { checked } from '../../checked.js';
import type { ImageShape } from '../../data/dataset.js';
import { fit, type Fit } from '../../fit/fit.js';
import type { TrainingRun } from '../../fit/run.js';
import type { TrainEvent } from '../../fit/trainEvent.js';
import type { Metrics } from '../../reports/metrics.js';
import { total } from '../../total.js';
import type { Trained } from '../../trained.js';
import { type Opening, openRunFolder, type RunFolder } from './runFolder.js';
import { exitWith, stopOnSignals } from './stopOnSignals.js';

/** Options of {@link fitIn}. */
export interface Saving {
  /** The number of steps between checkpoints: 500 by default. */
  readonly every?: number;
  /** The number of newest checkpoints that are kept: 3 by default. The one with the lowest held-out loss is kept too. */
  readonly keep?: number;
}

/** A training whose state is in a folder. */
export type FitInFolder<P, I extends ImageShape> = Omit<Fit<P, I>, 'from'>;

const savingFields = { every: positive, keep: positive };

type Heard = taskEither.TaskEither<NoisefoldError, void | 'stop'>;

/** The listeners that log and save a training. They keep state: each training needs its own. */
const listeners = <P, I extends ImageShape>(
  folder: RunFolder,
  { onEvent, onError, heldOut, batch, steps }: InferredFrom<FitInFolder<P, I>, 'model'>,
  { every = 500, keep = 3 }: Saving,
): Required<Pick<Fit<P, I>, 'onEvent' | 'onError'>> => {
  const secondsBefore = folder.metrics.at(-1)?.seconds ?? 0;
  let began = Number.NaN; // the time of the first step of this process
  let waiting: Metrics | null = null; // for the held-out loss, which is measured after the step
  let stopping = false;
  let done = folder.from?.step ?? 0;
  let saved = folder.from?.step ?? null;
  let best = folder.best;

  const measured = ({
    step,
    loss,
    gradientNorm,
    learningRate,
    milliseconds,
  }: Extract<TrainEvent, { _tag: 'Step' }>) => {
    if (Number.isNaN(began)) began = performance.now() - milliseconds;
    const seconds = secondsBefore + (performance.now() - began) / 1000;
    return { step, loss, gradientNorm, learningRate, imagesPerSecond: (1000 * batch) / milliseconds, seconds };
  };

  /** What a failure to log or save costs. */
  const losing = <A>(work: taskEither.TaskEither<NoisefoldError, A>): taskEither.TaskEither<NoisefoldError, A> =>
    TE.mapLeft((error: NoisefoldError) => {
      const lost = `${done - (saved ?? 0)} steps`;
      const cost = saved === null ? `all ${lost} are lost` : `the checkpoint of step ${saved} is whole, the ${lost} since are lost`; // prettier-ignore
      return failure(error._tag, { ...error, hint: `${error.hint}; ${cost}` });
    })(work);

  const save = (run: TrainingRun<P>, heldOutLoss?: number): taskEither.TaskEither<NoisefoldError, void> =>
    losing(
      F.pipe(
        run.snapshot,
        TE.flatMap((snapshot) =>
          folder.save({ ...snapshot, ...(heldOutLoss !== undefined && { heldOut: heldOutLoss }) }, keep),
        ),
        TE.tapIO(() => () => {
          saved = done;
        }),
      ),
    );

  /** After each step: adds its line to the log, and saves if that is due. */
  const finished = (metrics: Metrics, run: TrainingRun<P>): Heard =>
    F.pipe(
      losing(folder.log(metrics)),
      TE.flatMap((): Heard => {
        const { heldOut: loss } = metrics;
        const isBest = loss !== undefined && loss < best;
        if (isBest) best = loss;
        const due = done % every === 0 || done === steps || stopping || isBest;
        return due ? save(run, Number.isFinite(loss) ? loss : undefined) : TE.right(undefined);
      }),
      TE.map(() => (stopping ? 'stop' : undefined)),
    );

  return {
    onEvent: (event, run) => async () => {
      const told = await onEvent?.(event, run)?.();
      if (told !== undefined && E.isLeft(told)) return told;
      stopping ||= told?.right === 'stop';
      if (event._tag === 'NonFinite') return E.right(undefined);
      if (event._tag === 'HeldOut') {
        const metrics = waiting;
        waiting = null;
        if (metrics !== null) return finished({ ...metrics, heldOut: event.loss }, run)();
        return E.right(stopping ? 'stop' : undefined);
      }
      done = event.step + 1;
      const metrics = measured(event);
      if (heldOut === undefined || done % heldOut.every !== 0) return finished(metrics, run)();
      waiting = metrics;
      return E.right(undefined);
    },
    onError: (error, run) => async () => {
      const heard = await onError?.(error, run)();
      if (heard !== undefined && E.isLeft(heard)) return heard;
      const behind = done > (saved ?? 0);
      if (waiting !== null) orRaise(await losing(folder.log(waiting))());
      if (behind) orRaise(await save(run)());
      const hint = `nothing is lost: resume the run in ${folder.path}, which goes on at step ${done}`;
      return E.left(
        failure(error._tag, { ...error, hint: error._tag === 'Cancelled' ? hint : `${error.hint}; ${hint}` }),
      );
    },
  };
};

/**
 * Trains in an open run folder: goes on from its checkpoint, adds a line to `metrics.jsonl` for each step, and saves every so
 * many steps, at each new lowest held-out loss, at the end, and when an error or a signal ends the run. Errors as of
 * {@link fit}; `FileError`, which tells what is lost, if the disk is full or the folder is gone: earlier checkpoints stay
 * whole.
 * @example
 * import { tmpdir } from 'node:os'
 * const mean: Model<Scalar, [1, 1, 1]> = {
 *   ...parameter(allZeros),
 *   predicts: 'x0',
 *   apply: (w, x) => add(zerosLike(x), w), // learns the mean of the images
 * }
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }))
 * const diffusion = unwrap(ddpm(cosine(10)))
 * const optimizer = adam({ learningRate: 0.1 })
 * const recipe = { model: mean, process: diffusion, optimizer, data, batch: 1, steps: 4, key: key(7) }
 * const folder = unwrap(await openRunFolder(`${tmpdir()}/${process.pid}-fitIn`)())
 * const nf = await open(reference())
 * await nf.run(fitIn(folder, recipe, { every: 2, keep: 1 }))
 * await nf.run(folder.release)
 * await nf.close()
 */
export const fitIn = <P, I extends ImageShape>(
  folder: RunFolder,
  given: InferredFrom<FitInFolder<P, I>, 'model'>,
  options: Saving = {},
): Effect<Trained<P, I>> =>
  F.pipe(
    RTE.fromEither(checked('fitIn', exactly({}, savingFields))(options)),
    RTE.flatMap((saving) => {
      const training = { ...given, ...listeners(folder, given, saving) };
      return fit<P, I>(folder.from === null ? training : { ...training, from: folder.from });
    }),
    effect,
  );

/**
 * Trains in the folder of a run: {@link openRunFolder}, {@link fitIn}, and unlock it. Unless a `signal` is given, SIGINT (Ctrl-C),
 * SIGTERM and SIGHUP end the run after its step, with a checkpoint, as `Cancelled`; the process then ends with code 130,
 * 143 or 129, unless the program sets another ({@link stopOnSignals}).
 * @example
 * import { tmpdir } from 'node:os'
 * const mean: Model<Scalar, [1, 1, 1]> = {
 *   ...parameter(allZeros),
 *   predicts: 'x0',
 *   apply: (w, x) => add(zerosLike(x), w), // learns the mean of the images
 * }
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }))
 * const diffusion = unwrap(ddpm(cosine(10)))
 * const optimizer = adam({ learningRate: 0.1 })
 * const recipe = { model: mean, process: diffusion, optimizer, data, batch: 1, steps: 4, key: key(7) }
 * const path = `${tmpdir()}/${process.pid}-fitInFolder`
 * const nf = await open(reference())
 * await nf.run(fitInFolder(path, recipe, { every: 2 }))
 * await nf.run(fitInFolder(path, { ...recipe, steps: 9 }, { every: 2, resume: true })) // goes on at step 4
 * await nf.close()
 * pipe(await loadCheckpoint(`${path}/checkpoint.safetensors`)(), E.map(({ step }) => step)) // → E.right(9)
 */
export const fitInFolder = <P, I extends ImageShape>(
  path: string,
  given: InferredFrom<FitInFolder<P, I>, 'model'>,
  options: Opening & Saving = {},
): Effect<Trained<P, I>> =>
  effect((backend) =>
    total('fitInFolder', () => {
      const { resume, ...saving } = options;
      const stop = given.signal === undefined ? stopOnSignals() : null;
      return F.pipe(
        openRunFolder(path, resume === undefined ? {} : { resume }),
        TE.flatMap((folder) =>
          F.pipe(
            fitIn<P, I>(folder, stop === null ? given : { ...given, signal: stop.signal }, saving)(backend),
            ensuring(folder.release),
          ),
        ),
        TE.mapLeft((error) => {
          if (error._tag === 'Cancelled' && typeof stop?.exitCode === 'number') exitWith(stop.exitCode);
          return error;
        }),
        ensuring(() => stop?.release()),
      );
    }),
  );
