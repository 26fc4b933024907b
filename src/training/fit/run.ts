/** A training run: a state on a backend, which takes a step when its next event is requested. */
import { fromData } from '../../checkpoints/trained.js';
import type { Model } from '../../diffusion/index.js';
import {
  type Backend,
  foldIn,
  fork,
  type NoisefoldError,
  read,
  release,
  type Resident,
  type Value,
} from '../../dsl/index.js';
import { failure, raise } from '../../internal/errors.js';
import { type Effect, task, type Task } from '../../dsl/run/effect.js';
import type { Exact } from '../../internal/exact.js';
import { E, type either, TE } from '../../internal/fp.js';
import { type Block, gen, keep, take } from '../../internal/gen.js';
import { breather, mayGoOn } from '../../internal/stop.js';
import { readTensors, type Snapshot } from '../../checkpoints/snapshot.js';
import { coupledBy } from '../couplings/coupling.js';
import { positionsOf } from '../../data/batches.js';
import { requireKnownNames } from '../../data/classNames.js';
import type { ImageShape } from '../../data/dataset.js';
import { lookThrough, requireAlike, requireOwnSize } from '../../data/wholeSet.js';
import type { OpenLoopOf, Running } from '../loop.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { anonymousText } from './anonymous.js';
import { firstState } from './begin.js';
import { counted, divergence, noSteps } from '../warnings/nonFiniteSteps.js';
import { explosionError, explosions, explosionText, noLosses, withLoss } from '../warnings/lossSpike.js';
import { givenOf, loaded, type Samples } from '../../data/examples.js';
import { type Evaluation, evaluation, HELD_OUT, HELD_OUT_DATA, type HeldOutMeans } from './heldOut.js';
import { channelsFirstText, type Unsigned, unsignedText, withImages } from '../warnings/pixels.js';
import { type Unlabelled, unlabelledText, withClasses } from '../warnings/unlabelled.js';
import { signalText } from './trainingLosses.js';
import type { Given, Learnable } from './recipe.js';
import { recipeConfig } from './recipeConfig.js';
import { trainingSettings } from './settings.js';
import { teacherInputs } from './stepInputs.js';
import { byName } from './stateTensors.js';
import type { TrainEvent } from './trainEvent.js';
import { type AnyTraining, type Training, trainings } from './training.js';
import { openedTraining, type TrainInputs, type TrainLoop } from './trainLoop.js';
import type { Report, TrainState } from './trainState.js';

/** A running training. */
export interface TrainingRun<P = unknown> {
  /** The events. The run works only while the next one is awaited. A `Left` is the last event. */
  readonly events: AsyncIterable<either.Either<NoisefoldError, TrainEvent>>;
  /** A copy of the state. */
  readonly snapshot: Task<Snapshot>;
  /** A copy of the averaged parameters, which the caller owns. `ValueConsumed` if the run has ended. */
  readonly average: Task<Resident<P>>;
  /**
   * Ends the run, frees its memory, and returns a copy of the averaged parameters. Fails with `ValueConsumed` if the
   * run has ended. If there is no memory for the copy, the run does not end.
   */
  readonly finish: Task<Resident<P>>;
  /** Ends the run and frees its memory. Does nothing if it has ended. */
  readonly release: Task<void>;
}

type Result<A> = either.Either<NoisefoldError, A>;

/** The error for a run that is used after its end. */
const endedError = (step: number): NoisefoldError =>
  failure('ValueConsumed', {
    where: `training, step ${step}`,
    expected: 'a run that has not ended',
    actual: 'a run that was finished or released',
    hint: 'finish a run once, and keep the result',
  });

/** Raises `ConfigError` for a training that ends before the checkpoint from which it resumes. */
const checkSteps = <P, I extends ImageShape>({ steps, from }: AnyTraining<P, I>): void => {
  if (from !== undefined && steps < from.step)
    raise('ConfigError', {
      where: 'training.steps',
      expected: `at least the ${from.step} of the checkpoint`,
      actual: `${steps}`,
      hint: 'give the total number of updates, including those before the checkpoint',
    });
};

/** Findings in data in memory: the images, if no pixel is negative, and the text of a warning about missing classes. */
interface Seen {
  readonly unsigned: Unsigned;
  readonly unlabelled: string | null;
}

/** Checks data in memory against the model, before the first step. */
function* checkData<P, I extends ImageShape>({
  model,
  conditions,
  data,
  heldOut,
  signal,
}: AnyTraining<P, I>): Block<Seen> {
  requireOwnSize('training: data', model, data);
  const taken = fromData(model, conditions);
  requireKnownNames('training.data', taken, data.names);
  let unsigned: Unsigned = 0;
  let unlabelled: Unlabelled = {};
  const also = (positions: Int32Array, { images, columns }: Samples): void => {
    unsigned = withImages(unsigned, images, positions.length);
    unlabelled = withClasses(unlabelled, taken, columns);
  };
  yield* lookThrough({ where: 'training: data', signal, also }, taken, data);
  const seen = { unsigned, unlabelled: unlabelledText(unlabelled, data.size) };
  if (heldOut === undefined) return seen;
  requireAlike('training: heldOut.data', taken, data, heldOut.data);
  const { images = HELD_OUT } = heldOut;
  yield* lookThrough({ where: 'training: heldOut.data', name: HELD_OUT_DATA, images, signal }, taken, heldOut.data);
  return seen;
}

/** Reads the report of a step. */
const reportOf = (report: Resident<Report>) => (backend: Backend) =>
  gen(function* () {
    function* number(value: Value<[], 'float32' | 'bool'>): Block<number> {
      return (yield* take(read(value)(backend)))[0]!;
    }
    const { accuracy } = report;
    return {
      loss: yield* number(report.loss),
      ...(accuracy && { accuracy: yield* number(accuracy) }),
      gradientNorm: yield* number(report.gradientNorm),
      learningRate: yield* number(report.learningRate),
      isFinite: (yield* number(report.finite)) === 1,
    };
  });

/** Begins a training whose fields were checked. */
export const beginTraining = <P, I extends ImageShape>(training: AnyTraining<P, I>): Effect<TrainingRun<P>> =>
  genEffect('training', function* (backend) {
    const { initial, batch, data, allowRepeats } = training;
    checkSteps(training);
    const params =
      initial === undefined
        ? null
        : yield* take(async () => (await import('./initial.js')).initialParams(initial, training));
    const seen = yield* checkData(training);
    if (batch > data.size && !allowRepeats)
      raise('ConfigError', {
        where: 'training.batch',
        expected: `at most the ${data.size} images of the data set`,
        actual: `${batch}`,
        hint: 'give a smaller batch; allowRepeats: true takes images several times in a batch',
      });
    const loop = yield* keep(openedTraining(training)(backend), (open) => open.release());
    const heldOut = yield* keep(evaluation(training)(backend), (open) => open?.release());
    const settings = yield* take(trainingSettings(training));
    const state = yield* take(firstState(training, params, loop, settings)(backend));
    return running(backend, training, {
      loop,
      heldOut,
      settings,
      seen,
      run: loop.from(state, teacherInputs(training)),
    });
  });

/**
 * Begins a training, or resumes one. It takes a step when the next of its `events` is requested.
 * @example
 * const apply: Model<Scalar, [1, 1, 1]>['apply'] = (w, x) => add(zerosLike(x), w)
 * const model: Model<Scalar, [1, 1, 1]> = { ...parameter(allZeros), predicts: 'x0', apply }
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }))
 * const recipe = { model, data, noising: unwrap(ddpm(cosine(10))), optimizer: adam({ learningRate: 0.5 }) }
 * await using nf = await open(reference())
 * const { events, release } = await nf.run(startTraining({ ...recipe, batch: 1, steps: 2, key: key(7) }))
 * const losses: number[] = []
 * for await (const result of events) {
 *   const event = unwrap(result)
 *   if (event._tag === 'Step') losses.push(event.loss)
 * }
 * losses // → [1, 0.25]
 * await nf.run(release)
 */
export const startTraining = <P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>, G = unknown>(
  training: Exact<G, keyof Training<never, ImageShape>> & Given<Training<P, I, M>, P, I>,
): Effect<TrainingRun<P>> =>
  genEffect('training', function* (backend) {
    return yield* take(beginTraining(yield* take(trainings.decode<AnyTraining<P, I>>(training)))(backend));
  });

interface Parts<P, I extends ImageShape> {
  readonly loop: OpenLoopOf<TrainLoop<P, I>>;
  readonly heldOut: Evaluation | null;
  readonly settings: unknown;
  readonly seen: Seen;
  readonly run: Running<TrainState, TrainInputs<I>, { readonly report: Report }, P>;
}

const running = <P, I extends ImageShape>(
  backend: Backend,
  training: AnyTraining<P, I>,
  { loop, heldOut, settings, seen, run }: Parts<P, I>,
): TrainingRun<P> => {
  const { data, batch, steps, key, signal, model, coupling, from, config = recipeConfig(training) } = training;
  const explosion = explosions.demand(training.explosion);
  const keys = fork(key, 'data', 'augment', 'coupling', 'step');
  const positions = positionsOf({ key: keys.data, size: data.size, batch });
  const batchAt = loaded(fromData(model, training.conditions), data, signal);
  const load = (step: number) => {
    const at = positions(step);
    const samples = batchAt(at, foldIn(keys.augment, step));
    return (coupling ? TE.flatMap(coupledBy(coupling, at, foldIn(keys.coupling, step)))(samples) : samples)();
  };
  let done = from?.step ?? 0; // the number of updates
  let losses = { ...noLosses, ...(from?.firstLosses && { first: from.firstLosses }) };
  let heldOutLoss = from?.heldOut; // defined if the loss was measured after update `done`
  let hasEnded = false;
  let { unsigned } = seen; // null after its warning
  // the warnings known before the first step; empty after they are given
  let startWarnings: readonly (readonly [about: 'settings' | 'data', message: string | null])[] = [
    ['settings', anonymousText(training)],
    ['settings', signalText(training)],
    ['data', channelsFirstText(data.image)],
    ['data', seen.unlabelled],
  ];
  const unsignedWarning = (): string | null => {
    const message = unsignedText(unsigned, Math.min(data.size, batch * steps));
    if (message !== null) unsigned = null;
    return message;
  };

  const eventOf = async ({ means }: Evaluation): Promise<Result<TrainEvent>> =>
    E.map((measures: HeldOutMeans): TrainEvent => {
      const { loss } = measures;
      if (done > 0 && Number.isFinite(loss)) heldOutLoss = loss; // before the first update, every run measures it
      return { _tag: 'HeldOut', step: done, ...measures };
    })(await means(run.state().average)());

  async function* events(): AsyncGenerator<Result<TrainEvent>, void> {
    let next: ReturnType<typeof load> | null = null; // the batch of the next step, if it is already being loaded
    const breathe = breather();
    let series = noSteps;
    if (done < steps) {
      const warnings = startWarnings;
      startWarnings = [];
      for (const [about, message] of [...warnings, ['data', unsignedWarning()] as const])
        if (message !== null) yield E.right({ _tag: 'Warning', step: done, about, message });
    }
    for (;;) {
      if (heldOut !== null && heldOutLoss === undefined && heldOut.isDue(done)) {
        const event = await eventOf(heldOut);
        yield event;
        if (E.isLeft(event)) return;
      }
      if (done >= steps) return;
      const goesOn = await mayGoOn(`training, step ${done}`, breathe, signal, 'resume from a checkpoint')();
      if (E.isLeft(goesOn)) return yield goesOn;
      const samples = await (next ?? load(done));
      if (E.isLeft(samples)) return yield samples;
      if (data.inMemory !== true) unsigned = withImages(unsigned, samples.right.images, batch);
      const message = unsignedWarning();
      if (message !== null) yield E.right({ _tag: 'Warning', step: done, about: 'data', message });
      next = done + 1 < steps ? load(done + 1) : null; // while this step runs
      const began = performance.now();
      const examples = givenOf(samples.right, foldIn(keys.step, done));
      const reported = await run.step({ examples }, ({ report }) => reportOf(report)(backend))();
      if (E.isLeft(reported)) return yield reported;
      const { isFinite, ...report } = reported.right;
      const step = done++;
      heldOutLoss = undefined;
      const before = losses;
      losses = withLoss(before, report.loss, explosion);
      if (losses.inARow > before.inARow)
        yield E.right({ _tag: 'Warning', step, about: 'loss', message: explosionText(losses, report.loss) });
      yield E.right({ _tag: 'Step', step, of: steps, ...report, milliseconds: performance.now() - began });
      series = counted(series, isFinite);
      if (!isFinite) {
        const { oracle } = training;
        // the origin is searched for once in a series, by code that loads when it is needed
        const isFirst = series.steps === 1;
        const origin =
          isFirst && oracle !== undefined
            ? await (
                await import('./origin.js')
              ).originOf(training, oracle, { step, state: run.state(), examples })(backend)()
            : E.right(null);
        if (E.isLeft(origin)) return yield origin;
        if (isFirst) series = { ...series, origin: origin.right };
        yield E.right({ _tag: 'NonFinite', step, origin: origin.right });
        const error = divergence(step, series, oracle !== undefined);
        if (error !== null) return yield E.left(error);
      }
      const exploded = explosionError(step, losses, report.loss, explosion);
      if (exploded !== null) return yield E.left(exploded);
    }
  }

  const average = task<Resident<P>>(() => (hasEnded ? Promise.resolve(E.left(endedError(done))) : run.end()));

  /** Ends the run, once. */
  const end = task<void>(async () => {
    if (hasEnded) return E.right(undefined);
    hasEnded = true;
    loop.release();
    heldOut?.release();
    return run.release();
  });

  return {
    events: { [Symbol.asyncIterator]: events },
    snapshot: task(
      gen(function* () {
        const step = done;
        const tensors = byName(training)(yield* take(readTensors(run.state())(backend)));
        const rounding = backend.rounding === null ? {} : { rounding: backend.rounding };
        const loss = heldOutLoss === undefined ? {} : { heldOut: heldOutLoss };
        const { first: firstLosses } = losses;
        return { step, key, batch, config, settings, tensors, firstLosses, ...rounding, ...loss } satisfies Snapshot;
      }),
    ),
    average,
    finish: task(
      gen(function* () {
        const params = yield* keep(average, (values) => release(values)(backend));
        yield* take(end);
        return params;
      }),
    ),
    release: end,
  };
};
