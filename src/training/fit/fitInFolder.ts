/** Training in a run folder: `fit` with a log, checkpoints and a clean end on signals and errors. */
import type { Model } from '../../diffusion/index.js';
import type { Backend, NoisefoldError } from '../../dsl/index.js';
import type { Effect } from '../../dsl/run/effect.js';
import type { Exact } from '../../internal/exact.js';
import { positive } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { E, type either, TE, type taskEither } from '../../internal/fp.js';
import { type Block, gen, hold, take } from '../../internal/gen.js';
import { part, signal } from '../../internal/parts.js';
import { argument, type FilledOf, optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { ImageShape } from '../../data/dataset.js';
import { fit, type Fit, heardError, heardEvent, inConsole } from './fit.js';
import { explosions } from '../warnings/lossSpike.js';
import type { Given, Learnable } from './recipe.js';
import type { TrainingRun } from './run.js';
import type { TrainEvent } from './trainEvent.js';
import type { Metrics } from '../../reports/metrics.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import type { TrainedOf } from '../../checkpoints/trained.js';
import {
  hinting,
  newestIn,
  type Opening,
  openingFields,
  openRunFolder,
  type RunFolder,
} from '../../checkpoints/runFolder.js';
import { exitWith, stopOnSignals } from '../../node/stopOnSignals.js';
import type { StopSignal } from '../../internal/stop.js';

const savings = schema('fitIn', {
  /** The number of steps between checkpoints: 500 by default. */
  every: optional(positive, 500),
  /** The number of newest checkpoints to keep: 3 by default. The checkpoint with the lowest held-out loss stays too. */
  keep: optional(positive, 3),
});

/** Options of {@link fitIn}. */
export interface Saving extends OptionsOf<typeof savings> {}

const inFolder = schema('fitInFolder', { ...savings.fields, ...openingFields });

/** A training whose state is in a folder. */
export type FitInFolder<P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>> = Omit<Fit<P, I, M>, 'from'>;

const folderPart = part('a run folder, as openRunFolder returns it', 'path', 'from', 'metrics', 'log', 'save');

const trainingPart = part<object>('a training, as fit takes it', 'model');

const isOfFolder = (name: string): boolean => Object.hasOwn(inFolder.fields, name);

/** Says in a hint where to give an option of the folder. */
const placeOf = (where: 'fitIn' | 'fitInFolder', option: string): string =>
  where === 'fitIn' && option in openingFields
    ? `to the folder: openRunFolder(path, { ${option} })`
    : `after the training: ${where}(…, training, { ${option} })`;

/** Checks the fields of a training that are read before `fit` runs. Refuses options of the folder, such as `resume`. */
const trainingOf = <T extends object>(where: 'fitIn' | 'fitInFolder', training: T): either.Either<NoisefoldError, T> =>
  E.flatMap((given: object) => {
    const all = Object.entries(given);
    const wrong = all.find(([name, value]) => isOfFolder(name) && value !== undefined);
    if (wrong === undefined) return E.right(Object.fromEntries(all.filter(([name]) => !isOfFolder(name))) as T);
    const [option] = wrong;
    return fail('ConfigError', {
      where: `${where}: training.${option}`,
      expected: 'the options of fit',
      actual: 'an option of the folder',
      hint: `give it ${placeOf(where, option)}`,
    });
  })(argument(`${where}: training`, trainingPart, 'give the options of fit').decode(training));

/** Says from which checkpoint to resume a diverged run, whose last state is not saved. */
const goodState = (path: string, saved: number | null): string =>
  saved === null
    ? `no checkpoint was saved before: train in another folder than ${path}`
    : `the checkpoint of step ${saved} in ${path} is from before: resume it with allowOtherSettings: true`;

/** The listeners that log and save a training. They are stateful, so each training needs its own. */
const listeners = <P>(
  backend: Backend,
  folder: RunFolder,
  {
    onEvent = inConsole(),
    onError,
    heldOut,
    batch,
    steps,
    explosion,
  }: Pick<FitInFolder<P, ImageShape>, 'onEvent' | 'onError' | 'heldOut' | 'batch' | 'steps' | 'explosion'>,
  { every, keep }: FilledOf<typeof savings>,
): Required<Pick<Fit<P, ImageShape>, 'onEvent' | 'onError'>> => {
  const secondsBefore = folder.metrics.at(-1)?.seconds ?? 0;
  let began = Number.NaN; // the time of the first step of this process
  let stopping = false;
  let done = folder.from?.step ?? 0;
  let saved = folder.from?.step ?? null;
  let isFailed = false; // true once something could not be written
  let lastSpike = Number.NaN; // the last step whose loss exploded
  let { best } = folder;
  const isDue = (step: number): boolean => heldOut !== undefined && step % heldOut.every === 0;
  // the metrics of the last step, if its line waits for the held-out loss, which is measured after the step; also the last
  // line of an earlier run that ended before the measurement
  const last = folder.metrics.at(-1);
  let pendingMetrics: Metrics | null = last !== undefined && last.heldOut === undefined && isDue(done) ? last : null;

  const metricsOf = (event: Extract<TrainEvent, { _tag: 'Step' }>): Metrics => {
    const { _tag, of: _, milliseconds, ...numbers } = event;
    if (Number.isNaN(began)) began = performance.now() - milliseconds;
    const seconds = secondsBefore + (performance.now() - began) / 1000;
    return { ...numbers, imagesPerSecond: (1000 * batch) / milliseconds, seconds };
  };

  /** Runs work that logs or saves; adds to an error which steps are lost. */
  const demand = <A>(work: taskEither.TaskEither<NoisefoldError, A>): Block<A> =>
    take(async () => {
      const result = await work();
      if (E.isRight(result)) return result;
      isFailed = true;
      const left = saved === null ? null : await newestIn(folder.path, saved);
      const step = left ?? saved ?? 0;
      const lost = `${done - step} steps`;
      const unless = left === null ? 'nothing is left, unless the folder was renamed: there ' : '';
      const whole = `${unless}the checkpoint of step ${step} is whole, the ${lost} after it are lost`;
      return E.left(hinting(result.left, `${result.left.hint}; ${saved === null ? `all ${lost} are lost` : whole}`));
    });
  function* save(run: TrainingRun<P>): Block<void> {
    yield* demand(folder.save(yield* demand(run.snapshot), keep));
    saved = done;
  }
  /** Called after each step: adds its line to the log, and saves a checkpoint if one is due. */
  function* finish(metrics: Metrics, run: TrainingRun<P>): Block<void> {
    yield* demand(folder.log(metrics));
    pendingMetrics = null;
    const { heldOut: loss = Infinity } = metrics;
    const isGood = lastSpike !== done - 1 || !explosions.demand(explosion).ends;
    if (done === steps || stopping || (isGood && (done % every === 0 || loss < best))) yield* save(run);
    if (loss < best) best = loss;
  }

  return {
    onEvent: (event, run) =>
      gen(function* () {
        if (event._tag === 'Warning' && event.about === 'loss') lastSpike = event.step;
        if (event._tag === 'Step') {
          done = event.step + 1;
          pendingMetrics = metricsOf(event);
        } else if (event._tag === 'HeldOut' && pendingMetrics !== null) {
          const { loss, accuracy } = event;
          pendingMetrics = {
            ...pendingMetrics,
            heldOut: loss,
            ...(accuracy !== undefined && { heldOutAccuracy: accuracy }),
          };
        }
        stopping ||= (yield* take(heardEvent(onEvent, event, run)(backend))) === 'stop';
        const isComplete = event._tag === 'HeldOut' || (event._tag === 'Step' && !isDue(done));
        if (pendingMetrics !== null && isComplete) yield* finish(pendingMetrics, run);
        return stopping && pendingMetrics === null ? 'stop' : undefined;
      }),
    onError: (error, run) =>
      gen(function* () {
        const answer = yield* take(TE.rightTask(heardError(onError, error, run)(backend)));
        const final = E.isLeft(answer) ? answer.left : error;
        if (isFailed) yield* take(E.left(final)); // the error says what is lost
        const unlogged = pendingMetrics === last ? null : pendingMetrics;
        if (unlogged !== null) yield* demand(folder.log(unlogged));
        if (final._tag === 'Diverged')
          yield* take(E.left(hinting(final, `${final.hint}; ${goodState(folder.path, saved)}`)));
        if (unlogged !== null || done > (saved ?? -1)) yield* save(run); // at step 0 too: `resume` requires a checkpoint
        const hint = `nothing is lost: resume the run in ${folder.path}, which continues at step ${done}`;
        yield* take(E.left(hinting(final, final._tag === 'Cancelled' ? hint : `${final.hint}; ${hint}`)));
      }),
  };
};

/**
 * Trains in an open run folder: resumes from its checkpoint, adds a line to `metrics.jsonl` for each step, and saves a
 * checkpoint every `every` steps, at each new lowest held-out loss, at the end, and whenever something else ends the
 * run: a `stop`, a signal or any error, also one of a listener. Fails with the errors of {@link fit}, and with a `FileError` that says what is lost if the disk is full or the
 * folder is gone; earlier checkpoints stay intact.
 * @example
 * import { tmpdir } from 'node:os'
 * const apply: Model<Scalar, [1, 1, 1]>['apply'] = (w, x) => add(zerosLike(x), w) // learns the mean
 * const model: Model<Scalar, [1, 1, 1]> = { ...parameter(allZeros), predicts: 'x0', apply }
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }))
 * const parts = { model, data, noising: unwrap(ddpm(cosine(10))), optimizer: adam({ learningRate: 0.1 }) }
 * const recipe = { ...parts, batch: 1, steps: 4, key: key(7) }
 * const folder = unwrap(await openRunFolder(`${tmpdir()}/${process.pid}-fitIn`)())
 * const nf = await open(reference())
 * await nf.run(fitIn(folder, recipe, { every: 2, keep: 1 }))
 * await nf.run(folder.release)
 * await nf.close()
 */
export const fitIn = <P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>, G = unknown, H = unknown>(
  folder: RunFolder,
  training: Exact<G, keyof FitInFolder<never, ImageShape>> & Given<FitInFolder<P, I, M>, P, I>,
  options?: Exact<H, keyof Saving> & Saving,
): Effect<TrainedOf<P, I, M>> =>
  genEffect('fitIn', function* (backend) {
    yield* take(argument('fitIn: folder', folderPart, 'give the result of openRunFolder').decode(folder));
    const { initial, ...others } = yield* take(trainingOf<Given<FitInFolder<P, I, M>, P, I>>('fitIn', training));
    const saving = yield* take(savings.decode(options));
    const state = folder.from === null ? initial !== undefined && { initial } : { from: folder.from };
    return yield* take(fit<P, I, M>({ ...others, ...listeners(backend, folder, training, saving), ...state })(backend));
  });

/**
 * Trains in the folder of a run: opens it by {@link openRunFolder}, trains by {@link fitIn}, and unlocks it. SIGINT
 * (Ctrl-C), SIGTERM and SIGHUP end the run after the current step, with a checkpoint, as `Cancelled`; the process then
 * exits with code 130, 143 or 129, unless the program sets another ({@link stopOnSignals}). A `signal`, such as
 * `AbortSignal.timeout(60_000)`, ends it in the same way, without an exit code.
 * @example
 * import { tmpdir } from 'node:os'
 * const apply: Model<Scalar, [1, 1, 1]>['apply'] = (w, x) => add(zerosLike(x), w) // learns the mean
 * const model: Model<Scalar, [1, 1, 1]> = { ...parameter(allZeros), predicts: 'x0', apply }
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }))
 * const parts = { model, data, noising: unwrap(ddpm(cosine(10))), optimizer: adam({ learningRate: 0.1 }) }
 * const recipe = { ...parts, batch: 1, steps: 4, key: key(7) }
 * const path = `${tmpdir()}/${process.pid}-fitInFolder`
 * const nf = await open(reference())
 * await nf.run(fitInFolder(path, recipe, { every: 2 }))
 * await nf.run(fitInFolder(path, { ...recipe, steps: 9 }, { every: 2, resume: true })) // resumes at step 4
 * await nf.close()
 * unwrap(await loadCheckpoint(`${path}/checkpoint.safetensors`)()).step // → 9
 */
export const fitInFolder = <P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>, G = unknown, H = unknown>(
  path: string,
  training: Exact<G, keyof FitInFolder<never, ImageShape>> & Given<FitInFolder<P, I, M>, P, I>,
  options?: Exact<H, keyof (Opening & Saving)> & Opening & Saving,
): Effect<TrainedOf<P, I, M>> =>
  genEffect('fitInFolder', function* (backend) {
    yield* take(trainingOf('fitInFolder', training));
    const { resume, log, ...saving } = yield* take(inFolder.decode(options));
    const { signal: own } = training;
    if (own !== undefined) yield* take(argument('fitInFolder.signal', signal, 'change signal').decode(own));
    const stop = yield* hold(E.right(stopOnSignals()), ({ release }) => release());
    const either: StopSignal = {
      get aborted() {
        return stop.signal.aborted || own?.aborted === true;
      },
      get reason() {
        return stop.signal.aborted ? undefined : own?.reason;
      },
    };
    const folder = yield* hold(openRunFolder(path, { resume, log }), ({ release }) => release);
    const exiting = (error: NoisefoldError): NoisefoldError => {
      if (error._tag === 'Cancelled' && stop.exitCode !== null) exitWith(stop.exitCode);
      return error;
    };
    return yield* take(TE.mapLeft(exiting)(fitIn<P, I, M>(folder, { ...training, signal: either }, saving)(backend)));
  });
