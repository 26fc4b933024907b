/** A training run: a state on a backend that moves on as its events are taken. */
import { effect, type Effect, task, type Task } from '../../dsl/run/effect.js';
import type { InferredFrom } from '../../internal/options.js';
import {
  type Backend,
  failure,
  foldIn,
  fork,
  type NoisefoldError,
  read,
  release,
  type Value,
  type Resident,
  type Vectors,
} from '../../dsl/index.js';
import { E, type either, F, TE, type taskEither } from '../../internal/fp.js';
import { positionsOf } from '../data/batches.js';
import type { Batch, ImageShape } from '../data/dataset.js';
import { recipeConfig } from './recipeConfig.js';
import { givenOf, loaded } from './examples.js';
import { type Evaluation, evaluation, HELD_OUT } from './heldOut.js';
import { compiled, type OpenExecutable, type ResidentState, type StepGiven } from '../open.js';
import { originOf } from './origin.js';
import { pause } from '../../internal/stop.js';
import { ensuring, unlessRight } from '../../internal/scope.js';
import { readTensors, type Snapshot } from '../checkpoints/snapshot.js';
import { total } from '../total.js';
import type { TrainEvent } from './trainEvent.js';
import { checkedTraining, type Training } from './training.js';
import { begin } from './begin.js';
import { byName } from './stateTensors.js';
import { parametersOf, trainStep } from './trainState.js';
import { lookedThrough } from '../data/wholeSet.js';

export interface TrainingRun<P = unknown> {
  /** Each event is made when it is asked for: between two of them the state rests. A `Left` is the last. */
  readonly events: AsyncIterable<either.Either<NoisefoldError, TrainEvent>>;
  /** A copy of the state as it is between events. */
  readonly snapshot: Task<Snapshot>;
  /** A copy of the averaged parameters as they are between events, to be released; `ValueConsumed` once it has ended. */
  readonly average: Task<Resident<P>>;
  /**
   * Ends the run and gives back all that it holds, but for a copy of the averaged parameters, which is the result: once.
   * Without room for the copy the run is not ended.
   */
  readonly finish: Task<Resident<P>>;
  /** Ends the run and gives back all that it holds; nothing where it has ended. */
  readonly release: Task<void>;
}

/** So many steps in a row that are not finite end a run. */
const MOST_UNSOUND = 10;

interface ReportValues {
  readonly loss: Value<[]>;
  readonly gradientNorm: Value<[]>;
  readonly learningRate: Value<[]>;
  readonly sound: Value<[], 'bool'>;
}
interface StepTaken {
  readonly state: ResidentState;
  readonly report: ReportValues;
}
type Step = OpenExecutable<StepGiven, StepTaken>;

const cancelled = (step: number): NoisefoldError =>
  failure('Cancelled', {
    where: `training, step ${step}`,
    expected: 'to go on',
    actual: 'a signal to stop',
    hint: 'resume from a checkpoint',
  });

const over = (step: number): NoisefoldError =>
  failure('ValueConsumed', {
    where: `training, step ${step}`,
    expected: 'a run that goes on',
    actual: 'one that was finished or released',
    hint: 'finish it once, and keep what it gives',
  });

const diverged = (step: number): NoisefoldError =>
  failure('NonFinite', {
    where: `training, step ${step}`,
    expected: 'a finite loss, gradient and update',
    actual: `${MOST_UNSOUND} steps in a row that were not`,
    hint: 'lower the learning rate, or clip gradients',
  });

/** Whether the data fit the model, as far as they are at hand: before the first step, not at the one that loads them. */
const checkedData = <P, I extends ImageShape>({
  model,
  data,
  heldOut,
  signal,
}: Training<P, I>): taskEither.TaskEither<NoisefoldError, void> =>
  F.pipe(
    lookedThrough({ where: 'training: data', signal }, model, data),
    TE.flatMap(() =>
      heldOut === undefined
        ? TE.right(undefined)
        : lookedThrough(
            { where: 'training: heldOut.data', images: heldOut.images ?? HELD_OUT, signal },
            model,
            heldOut.data,
          ),
    ),
  );

/** The tree of parameters that vectors are, copied. */
const treeOf =
  <P, I extends ImageShape>(model: Training<P, I>['model'], vectors: Resident<Vectors>) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Resident<P>> =>
    F.pipe(
      compiled(parametersOf(model), {})<{ readonly vectors: Resident<Vectors> }, Resident<P>>(backend),
      TE.flatMap(({ run, release: free }) => F.pipe(run({ vectors }), ensuring(free))),
    );

/** Reads what a step reports, and gives its memory back. */
const reported =
  ({ loss, gradientNorm, learningRate, sound }: ReportValues) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, readonly number[]> =>
    F.pipe(
      [loss, gradientNorm, learningRate, sound],
      TE.traverseArray((value) => read<'float32' | 'bool'>(value)(backend)),
      TE.map((scalars) => scalars.map(([number]) => number!)), // each has one
      ensuring(release([loss, gradientNorm, learningRate, sound])(backend)),
    );

/**
 * Begins a training, or goes on with one, on the backend of the environment. Nothing is trained until
 * `events` are taken.
 * @example
 * const model: Model<Scalar, [1, 1, 1]> = {
 *   ...parameter(allZeros),
 *   predicts: 'x0',
 *   apply: (w, x) => add(zerosLike(x), w),
 * }
 * const white = datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] })
 * const losses: number[] = []
 * await pipe(
 *   RTE.Do,
 *   RTE.bind('process', () => RTE.fromEither(ddpm(cosine(10)))),
 *   RTE.bind('data', () => RTE.fromEither(white)),
 *   RTE.map((parts) => ({ ...parts, model, optimizer: adam({ learningRate: 0.5 }) })),
 *   RTE.flatMap((recipe) => startTraining({ ...recipe, batch: 1, steps: 2, key: key(7) })),
 *   RTE.flatMapTaskEither(({ events, release }) => async () => {
 *     for await (const event of events)
 *       if (E.isRight(event) && event.right._tag === 'Step') losses.push(event.right.loss)
 *     return release()
 *   }),
 *   using(reference()),
 * )()
 * losses // → [1, 0.25]
 */
export const startTraining = <P, I extends ImageShape>(
  training: InferredFrom<Training<P, I>, 'model'>,
): Effect<TrainingRun<P>> =>
  effect((backend) =>
    total('training', () =>
      F.pipe(
        TE.fromEither(checkedTraining(training)),
        TE.tap(() => checkedData(training)),
        TE.flatMap(({ data, batch }) =>
          compiled(trainStep(training, data.image), { B: batch }, { donate: ['state'] })<StepGiven, StepTaken>(backend),
        ),
        TE.flatMap((step) =>
          F.pipe(
            evaluation(training)(backend),
            TE.flatMap((heldOut) =>
              F.pipe(
                begin(training)(backend),
                TE.map((state) => running(backend, training, { step, heldOut }, state)),
                unlessRight(heldOut.release),
              ),
            ),
            unlessRight(step.release),
          ),
        ),
      ),
    ),
  );

interface Machinery {
  readonly step: Step;
  readonly heldOut: Evaluation;
}

const running = <P, I extends ImageShape>(
  backend: Backend,
  training: Training<P, I>,
  { step: { run, release: freeStep }, heldOut }: Machinery,
  first: ResidentState,
): TrainingRun<P> => {
  const { data, batch, steps, key, signal, model, config = recipeConfig(training) } = training;
  const keys = fork(key, 'data', 'step');
  const positions = positionsOf({ key: keys.data, size: data.size, batch });
  const batchAt = loaded(model, data);
  let state = first; // what changes: the state, the number of updates, and whether the run goes on
  let done = training.from?.step ?? 0;
  let ended = false;

  const load = (step: number): Promise<either.Either<NoisefoldError, Batch>> => batchAt(positions(step))();
  const measure = async (): Promise<either.Either<NoisefoldError, TrainEvent>> =>
    E.map((loss: number): TrainEvent => ({ _tag: 'HeldOut', step: done, loss }))(await heldOut.loss(state.average)());

  async function* events(): AsyncGenerator<either.Either<NoisefoldError, TrainEvent>, void> {
    let next = load(done);
    let unsound = 0;
    if (done === 0 && heldOut.isDue(done)) yield await measure();
    while (done < steps) {
      if (signal !== undefined) await pause();
      if (signal?.aborted === true) return yield E.left(cancelled(done));
      const samples = await next;
      if (E.isLeft(samples)) return yield samples;
      if (done + 1 < steps) next = load(done + 1); // while this step runs
      const began = performance.now();
      const examples = givenOf(model, samples.right, foldIn(keys.step, done));
      const result = await F.pipe(
        run({ state, examples }),
        TE.flatMap(({ state: moved, report }) => {
          state = moved;
          return reported(report)(backend);
        }),
      )();
      if (E.isLeft(result)) return yield result;
      const [loss, gradientNorm, learningRate, sound] = result.right as readonly [number, number, number, number]; // in the order of `reported`
      const step = done++;
      yield E.right({
        _tag: 'Step',
        step,
        loss,
        gradientNorm,
        learningRate,
        milliseconds: performance.now() - began,
      });
      unsound = sound === 1 ? 0 : unsound + 1;
      if (unsound > 0) {
        // where it begins is told once in a row
        const origin = unsound > 1 ? E.right(null) : await originOf(training, { state, examples })(backend)();
        if (E.isLeft(origin)) return yield origin;
        yield E.right({ _tag: 'NonFinite', step, origin: origin.right });
        if (unsound >= MOST_UNSOUND) return yield E.left(diverged(step));
      }
      if (heldOut.isDue(done)) yield await measure();
    }
  }

  const average = task<Resident<P>>(() =>
    ended ? Promise.resolve(E.left(over(done))) : treeOf(model, state.average)(backend)(),
  );

  /** Ends the run, once, and releases these values of it. */
  const end =
    (values: unknown): taskEither.TaskEither<NoisefoldError, void> =>
    async () => {
      if (ended) return E.right(undefined);
      ended = true;
      freeStep();
      heldOut.release();
      return release(values)(backend)();
    };

  return {
    events: { [Symbol.asyncIterator]: events },
    snapshot: F.pipe(
      TE.fromIO(() => ({ tree: state, step: done })),
      TE.flatMap(({ tree, step }) =>
        TE.map((tensors: Snapshot['tensors']) => ({
          ...{ step, key, batch, config, tensors },
          ...(backend.rounding !== null && { rounding: backend.rounding }),
        }))(TE.map(byName(training))(readTensors(tree)(backend))),
      ),
      task,
    ),
    average,
    finish: F.pipe(
      average,
      TE.flatMap((params) =>
        F.pipe(
          TE.fromIO(() => state),
          TE.flatMap(end),
          TE.map(() => params),
          unlessRight(release(params)(backend)),
        ),
      ),
      task,
    ),
    release: F.pipe(
      TE.fromIO(() => state),
      TE.flatMap(end),
      task,
    ),
  };
};
