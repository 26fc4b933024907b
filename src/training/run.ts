/** A training run: a state on a backend that moves on as its events are taken. */
import {
  type AnyValue,
  type Backend,
  failure,
  foldIn,
  fork,
  type HostArray,
  type NoisefoldError,
  nonFiniteOrigin,
  type RandomKey,
  read,
  release,
  type Shape,
  using,
  type Value,
} from '../dsl/index.js';
import { E, type either, F, type readerTaskEither, TE, type taskEither } from '../internal/fp.js';
import { positionsOf } from './batches.js';
import type { Batch, Dataset } from './dataset.js';
import { compiled, type OpenExecutable, type ResidentTree } from './open.js';
import { resumable } from './checkpoint.js';
import { pause } from './pause.js';
import { readTensors, type Snapshot, uploadTensors } from './snapshot.js';
import type { StopSignal } from './stop.js';
import { heldOutLoss, initialState, type Recipe, trainState, trainStep } from './trainState.js';

export interface HeldOut {
  readonly data: Dataset;
  /** Measured before the first step and after so many. */
  readonly every: number;
  /** How many images of it count, always the first ones; 256 if not given. */
  readonly images?: number;
}

/** A training to be run. */
export interface Training<P, I extends Shape> extends Recipe<P, I> {
  readonly data: Dataset;
  readonly batch: number;
  /** How many updates in all, those before a resumed snapshot included. */
  readonly steps: number;
  readonly key: RandomKey;
  readonly heldOut?: HeldOut;
  /** What the model was made from, as JSON: it goes into snapshots, and tells them apart. */
  readonly config?: unknown;
  /** Where to go on from; its key, batch and configuration must be those of this training. */
  readonly from?: Snapshot;
  /** Ends the run before its next step, as `Cancelled`. */
  readonly signal?: StopSignal;
  /** The backend that tells where NaN began: the reference. Without it only the step is told. */
  readonly oracle?: taskEither.TaskEither<NoisefoldError, Backend>;
}

export type TrainEvent =
  | {
      readonly _tag: 'Step';
      /** How many updates were made before this one. */
      readonly step: number;
      readonly loss: number;
      readonly gradientNorm: number;
      readonly learningRate: number;
      readonly milliseconds: number;
    }
  | { readonly _tag: 'HeldOut'; readonly step: number; readonly loss: number }
  /** The step was not finite and changed nothing. */
  | { readonly _tag: 'NonFinite'; readonly step: number; readonly origin: string | null };

export interface TrainingRun {
  /** Each event is made when it is asked for: between two of them the state rests. A `Left` is the last. */
  readonly events: AsyncIterable<either.Either<NoisefoldError, TrainEvent>>;
  /** A copy of the state as it is between events. */
  readonly snapshot: taskEither.TaskEither<NoisefoldError, Snapshot>;
  /** The averaged parameters as they are between events: the next step takes them back. */
  readonly average: () => ResidentTree;
  /** Ends the run and gives back all that it holds, but for the averaged parameters, which are the result. */
  readonly finish: taskEither.TaskEither<NoisefoldError, ResidentTree>;
  /** Ends the run and gives back all that it holds. */
  readonly release: taskEither.TaskEither<NoisefoldError, void>;
}

/** So many steps in a row that are not finite end a run. */
const MOST_UNSOUND = 10;

// What the programs give at extents; `At` does not reduce while the parameters' type is open.
interface ResidentState {
  readonly params: ResidentTree;
  readonly average: ResidentTree;
  readonly optimizer: ResidentTree;
  readonly step: AnyValue;
}
interface StepResult {
  readonly state: ResidentState;
  readonly report: {
    readonly loss: Value<[]>;
    readonly gradientNorm: Value<[]>;
    readonly learningRate: Value<[]>;
  };
}
interface StepGiven {
  readonly state: ResidentState;
  readonly examples: GivenExamples;
}
interface GivenExamples {
  readonly x0: HostArray;
  readonly label?: HostArray;
  readonly key: RandomKey;
}

const cancelled = (step: number): NoisefoldError =>
  failure('Cancelled', {
    where: `training, step ${step}`,
    expected: 'to go on',
    actual: 'a signal to stop',
    hint: 'resume from a checkpoint',
  });

const begin =
  <P, I extends Shape>(
    training: Training<P, I>,
  ): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, ResidentState> =>
  (backend) => {
    const { from, model, optimizer, key, batch, config = null } = training;
    return from === undefined
      ? F.pipe(
          compiled(initialState(training), {})<{ readonly key: RandomKey }, ResidentState>(backend),
          TE.flatMap(({ run, release: free }) =>
            F.pipe(
              run({ key: fork(key, 'init').init }),
              TE.tapIO(() => free),
            ),
          ),
        )
      : F.pipe(
          TE.fromEither(resumable(from, { key, batch, config })),
          TE.flatMap(({ step, tensors }) =>
            uploadTensors(`checkpoint of step ${step}`, trainState(model.params, optimizer))(tensors)(
              backend,
            ),
          ),
          TE.map((state) => state as ResidentState), // the tree of trainState, with values
        );
  };

/** The mean loss of the averaged parameters on held-out images, with the same noise each time. */
const heldOutEvaluation =
  <P, I extends Shape>(training: Training<P, I>) =>
  (
    backend: Backend,
  ): taskEither.TaskEither<
    NoisefoldError,
    (params: ResidentTree) => taskEither.TaskEither<NoisefoldError, number>
  > => {
    const { heldOut, batch, key, model } = training;
    if (heldOut === undefined) return TE.right(() => TE.right(Number.NaN));
    const { data, images = 256 } = heldOut;
    const rounds = Math.max(1, Math.floor(Math.min(images, data.size) / batch));
    const keys = fork(key, 'heldOut');
    return F.pipe(
      compiled(heldOutLoss(training, data.image), { B: batch })<
        { readonly params: ResidentTree; readonly examples: GivenExamples },
        Value<[]>
      >(backend),
      TE.map(
        ({ run }) =>
          (params: ResidentTree) =>
            F.pipe(
              Array.from({ length: rounds }, (_, round) => round),
              TE.traverseSeqArray((round) =>
                F.pipe(
                  data.batch(Int32Array.from({ length: batch }, (_, i) => (round * batch + i) % data.size)),
                  TE.flatMap((examples) =>
                    run({ params, examples: given(model, examples, foldIn(round)(keys.heldOut)) }),
                  ),
                  TE.flatMap((loss) => taken(backend, loss)),
                ),
              ),
              TE.map((losses) => losses.reduce((a, b) => a + b, 0) / rounds),
            ),
      ),
    );
  };

const given = (
  model: { readonly classes?: number },
  { images, labels }: Batch,
  key: RandomKey,
): GivenExamples => ({
  x0: images,
  ...(model.classes === undefined ? {} : { label: labels }),
  key,
});

/** Reads a scalar and gives its memory back. */
const taken = (backend: Backend, value: Value<[]>): taskEither.TaskEither<NoisefoldError, number> =>
  F.pipe(
    read(value)(backend),
    TE.map((numbers) => numbers[0]!), // a scalar has one
    TE.chainFirst(() => release(value)(backend)),
  );

/**
 * Begins a training, or goes on with one, on the backend of the environment. Nothing is trained until
 * `events` are taken.
 *
 * @example
 * const model: Model<Scalar, [1, 1, 1]> = {
 *   ...parameter(allZeros),
 *   predicts: 'x0',
 *   apply: (w, x) => add(w)(zerosLike(x)),
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
export const startTraining =
  <P, I extends Shape>(
    training: Training<P, I>,
  ): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, TrainingRun> =>
  (backend) =>
    F.pipe(
      TE.Do,
      TE.bind('step', () =>
        compiled(
          trainStep(training, training.data.image),
          { B: training.batch },
          { donate: ['state'] },
        )<StepGiven, StepResult>(backend),
      ),
      TE.bind('evaluate', () => heldOutEvaluation(training)(backend)),
      TE.bind('state', () => begin(training)(backend)),
      TE.map(({ step, evaluate, state }) => running(backend, training, step, evaluate, state)),
    );

const running = <P, I extends Shape>(
  backend: Backend,
  training: Training<P, I>,
  { run, release: free }: OpenExecutable<StepGiven, StepResult>,
  evaluate: (params: ResidentTree) => taskEither.TaskEither<NoisefoldError, number>,
  first: ResidentState,
): TrainingRun => {
  const { data, batch, steps, key, heldOut, signal, model, config = null } = training;
  const keys = fork(key, 'data', 'step');
  const positions = positionsOf({ key: keys.data, size: data.size, batch });
  let state = first; // the one thing that changes
  let done = training.from?.step ?? 0;

  const load = (step: number): Promise<either.Either<NoisefoldError, Batch>> => data.batch(positions(step))();
  const measure = async (): Promise<either.Either<NoisefoldError, TrainEvent>> =>
    E.map((loss: number): TrainEvent => ({ _tag: 'HeldOut', step: done, loss }))(
      await evaluate(state.average)(),
    );

  async function* events(): AsyncGenerator<either.Either<NoisefoldError, TrainEvent>, void> {
    let next = load(done);
    let unsound = 0;
    if (heldOut !== undefined && done === 0) yield await measure();
    while (done < steps) {
      if (signal !== undefined) await pause();
      if (signal?.aborted === true) return yield E.left(cancelled(done));
      const loaded = await next;
      if (E.isLeft(loaded)) return yield loaded;
      if (done + 1 < steps) next = load(done + 1); // while this step runs
      const began = performance.now();
      const examples = given(model, loaded.right, foldIn(done)(keys.step));
      const result = await F.pipe(
        run({ state, examples }),
        TE.flatMap(({ state: moved, report }) => {
          state = moved;
          return TE.sequenceSeqArray(
            [report.loss, report.gradientNorm, report.learningRate].map((v) => taken(backend, v)),
          );
        }),
      )();
      if (E.isLeft(result)) return yield result;
      const [loss, gradientNorm, learningRate] = result.right as readonly [number, number, number];
      const step = done++;
      yield E.right({
        _tag: 'Step',
        step,
        loss,
        gradientNorm,
        learningRate,
        milliseconds: performance.now() - began,
      });
      const sound = Number.isFinite(loss) && Number.isFinite(gradientNorm);
      unsound = sound ? 0 : unsound + 1;
      if (!sound) {
        const origin = unsound > 1 ? E.right(null) : await originOf(training, backend, state, examples)();
        if (E.isLeft(origin)) return yield origin;
        yield E.right({ _tag: 'NonFinite', step, origin: origin.right });
        if (unsound >= MOST_UNSOUND) return yield E.left(diverged(step));
      }
      if (heldOut !== undefined && done % heldOut.every === 0) yield await measure();
    }
  }

  return {
    events: { [Symbol.asyncIterator]: events },
    snapshot: F.pipe(
      TE.fromIO(() => ({ tree: state, step: done })),
      TE.flatMap(({ tree, step }) =>
        TE.map((tensors: Snapshot['tensors']) => ({ step, key, batch, config, tensors }))(
          readTensors(tree)(backend),
        ),
      ),
    ),
    average: () => state.average,
    finish: F.pipe(
      TE.fromIO(free),
      TE.flatMap(() => release({ ...state, average: null })(backend)),
      TE.map(() => state.average),
    ),
    release: F.pipe(
      TE.fromIO(free),
      TE.flatMap(() => release(state)(backend)),
    ),
  };
};

/** Runs a step that went wrong again, on the oracle, to find where. The guard kept the state as it was. */
const originOf = <P, I extends Shape>(
  training: Training<P, I>,
  backend: Backend,
  state: ResidentState,
  examples: GivenExamples,
): taskEither.TaskEither<NoisefoldError, string | null> =>
  training.oracle === undefined
    ? TE.right(null)
    : F.pipe(
        readTensors(state)(backend),
        TE.flatMap((tensors) =>
          using(training.oracle!)((oracle) =>
            F.pipe(
              uploadTensors('state', trainState(training.model.params, training.optimizer))(tensors)(oracle),
              TE.flatMap((copy) =>
                nonFiniteOrigin(
                  trainStep(training, training.data.image),
                  { B: training.batch } as never,
                  {
                    state: copy,
                    examples,
                  } as never,
                )(oracle),
              ),
            ),
          ),
        ),
      );

const diverged = (step: number): NoisefoldError =>
  failure('NonFinite', {
    where: `training, step ${step}`,
    expected: 'a finite loss and gradient',
    actual: `${MOST_UNSOUND} steps in a row that were not`,
    hint: 'lower the learning rate, or clip gradients',
  });
