/** Samples of a trained model: a sampler compiled once, run step by step with its state on the backend. */
import {
  type Model,
  type Process,
  type Sampler,
  sampler,
  type SampleState,
  type StepInputs,
} from '../diffusion/index.js';
import {
  type Backend,
  foldIn,
  fork,
  type HostArray,
  iterate,
  type Key,
  leafSpec,
  type NoisefoldError,
  normal,
  program,
  type Program,
  type RandomKey,
  read,
  release,
  type Shape,
  type Tensor,
  treeSpec,
  type TreeSpec,
  type Value,
  type Resident,
} from '../dsl/index.js';
import { E, F, RTE, type readerTaskEither, TE, type taskEither } from '../internal/fp.js';
import {
  checkedCondition,
  type Conditions,
  conditionsOf,
  conditionSpec,
  type ResidentCondition,
} from './conditions.js';
import type { ImageExtents, ImageShape } from './dataset.js';
import { type Images, imagesOf } from './images.js';
import { compiled, type OpenExecutable } from './open.js';
import { countsOf, type Sampling } from './sampling.js';
import { ensuring } from '../internal/scope.js';

/** A model with parameters on a backend. */
export interface Trained<P, I extends ImageShape> {
  readonly model: Model<P, I>;
  readonly process: Process;
  /** Height, width and channels of an image. */
  readonly image: ImageExtents<I>;
  /** The averaged parameters. */
  readonly params: Resident<P>;
}

interface StepSpec<P, I extends ImageShape> {
  readonly params: P;
  readonly state: SampleState<['B', ...I]>;
  readonly inputs: StepInputs<'B'>;
}

/** What a step gives: x̂₀ where there are previews. */
interface StepResult<I extends ImageShape> {
  readonly state: SampleState<['B', ...I]>;
  readonly x0?: Tensor<['B', ...I]>;
}

const stepProgram = <P, I extends ImageShape>(
  { model, image }: Trained<P, I>,
  { step, memory, stochastic }: Sampler<P, I>,
  { labels, condition, previews }: Sampling,
): Program<StepSpec<P, I>, StepResult<I>> => {
  const x = leafSpec(['B', ...image]);
  const spec: TreeSpec<StepSpec<P, I>> = treeSpec({
    params: model.params,
    state: { x, memory: Array.from({ length: memory }, () => x) },
    inputs: {
      index: leafSpec([], 'int32'),
      ...(stochastic ? { key: leafSpec([], 'key') } : {}),
      ...(labels ? { label: leafSpec(['B'], 'int32') } : {}),
      ...(condition ? { condition: conditionSpec(condition) } : {}),
    },
  });
  return program(spec, ({ params, state, inputs }) => {
    const { state: next, x0 } = step(params, state, inputs);
    return { state: next, ...(previews && { x0 }) };
  });
};

const startProgram = <P, I extends ImageShape>(
  { image }: Trained<P, I>,
  { start }: Sampler<P, I>,
  batch: number,
): Program<{ readonly key: Key }, SampleState<['B', ...I]>> =>
  program({ key: 'key' }, ({ key }) =>
    // the shape of the model's samples, with the batch for 'B'
    start<'B'>(normal(batch, ...(image as readonly number[]))(key) as Tensor<Shape> as Tensor<['B', ...I]>),
  );

interface ResidentSample {
  readonly x: Value<readonly number[]>;
  readonly memory: readonly Value<readonly number[]>[];
}
interface StepGiven<P> {
  readonly params: Resident<P>;
  readonly state: ResidentSample;
  readonly inputs: {
    readonly index: number;
    readonly key?: RandomKey;
    readonly label?: HostArray;
    readonly condition?: ResidentCondition;
  };
}
type Start = OpenExecutable<{ readonly key: RandomKey }, ResidentSample>;
interface StepTaken {
  readonly state: ResidentSample;
  readonly x0?: Value<readonly number[]>;
}
type Step<P> = OpenExecutable<StepGiven<P>, StepTaken>;

/**
 * Draws samples: Algorithm 2 of DDPM (Ho et al. 2020), or what the solver makes of it. The same key, count
 * and batch size give the same samples. A sampling that cannot work, with labels that the model does not have
 * for instance, is a `ConfigError`.
 *
 * @example
 * const white: Model<object, [1, 1, 1]> = { ...collect({}), predicts: 'x0', apply: (_, x) => onesLike(x) }
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.map((process) => ({ model: white, process, image: [1, 1, 1] as const, params: {} })),
 *   RTE.flatMap(sample({ solver: ddim(), grid: 5, count: 2, key: key(8) })),
 *   using(reference()),
 * )() // → E.right({ data: [1, 1], shape: [2, 1, 1, 1] })
 */
export const sample =
  (sampling: Sampling) =>
  <P, I extends ImageShape>(
    trained: Trained<P, I>,
  ): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, Images> =>
  (backend) =>
    F.pipe(
      E.Do,
      E.bind('counts', () => countsOf(trained.model, sampling)),
      E.bind('condition', () => checkedCondition(trained, sampling.condition, sampling.labels?.length)),
      E.bind('parts', () =>
        sampler<P, I>({ ...sampling, process: trained.process, denoiser: trained.model }),
      ),
      TE.fromEither,
      TE.bind('conditions', ({ condition, counts: { batch } }) =>
        condition === undefined ? TE.right(null) : conditionsOf(trained.process, condition, batch)(backend),
      ),
      TE.flatMap(({ counts: { all, batch }, parts, conditions }) =>
        F.pipe(
          compiled(
            startProgram(trained, parts, batch),
            {},
          )<{ readonly key: RandomKey }, ResidentSample>(backend),
          TE.flatMap((start) =>
            F.pipe(
              compiled(
                stepProgram(trained, parts, sampling),
                { B: batch },
                { donate: ['state'] },
              )<StepGiven<P>, StepTaken>(backend),
              TE.flatMap((step) =>
                F.pipe(
                  batches({ backend, trained, sampling, all, batch, parts, conditions, start, step }),
                  ensuring(step.release),
                ),
              ),
              ensuring(start.release),
            ),
          ),
          ensuring(() => conditions?.release()),
        ),
      ),
    );

interface Walk<P, I extends ImageShape> {
  readonly backend: Backend;
  readonly trained: Trained<P, I>;
  readonly sampling: Sampling;
  readonly all: number;
  readonly batch: number;
  readonly parts: Sampler<P, I>;
  readonly conditions: Conditions | null;
  readonly start: Start;
  readonly step: Step<P>;
}

/** All samples, batch by batch. */
const batches = <P, I extends ImageShape>(w: Walk<P, I>): taskEither.TaskEither<NoisefoldError, Images> => {
  const { all, batch, trained } = w;
  return F.pipe(
    Array.from({ length: Math.ceil(all / batch) }, (_, b) => b),
    TE.traverseSeqArray((b) => walk(w, b)),
    TE.map((numbers) => imagesOf(all, trained.image, numbers)), // the last batch may be fuller than is asked for
  );
};

/** Batch number `b`, from noise to data, step by step. */
const walk = <P, I extends ImageShape>(
  { backend, trained, sampling, all, batch, parts, conditions, start, step }: Walk<P, I>,
  b: number,
): taskEither.TaskEither<NoisefoldError, Float32Array | Float64Array> => {
  const { labels, onStep, previews, signal } = sampling;
  const { steps, stochastic } = parts;
  const first = b * batch;
  const keys = fork(foldIn(b)(sampling.key), 'start', 'steps', 'condition');
  // a last batch that is not full is filled with its first label
  const label = labels && Int32Array.from({ length: batch }, (_, i) => labels[first + i] ?? labels[first]!);
  const walked = (condition: ResidentCondition | null) =>
    F.pipe(
      start.run({ key: keys.start }),
      TE.flatMap((state) =>
        iterate(step, {
          name: 'sampling',
          times: steps,
          inputs: (index) => ({
            params: trained.params,
            inputs: {
              index,
              ...(stochastic ? { key: foldIn(index)(keys.steps) } : {}),
              ...(label ? { label } : {}),
              ...(condition ? { condition } : {}),
            },
          }),
          onStep: ({ x0 }, index) => {
            const [done, of] = [b * steps + index + 1, Math.ceil(all / batch) * steps];
            const told = RTE.fromIO(() => onStep?.(done, of));
            if (x0 === undefined || previews === undefined || (index + 1) % previews.every !== 0) return told;
            return F.pipe(
              told,
              RTE.flatMap(() => read(x0)),
              RTE.map((numbers) => imagesOf(Math.min(batch, all - first), trained.image, [numbers])),
              RTE.flatMapTaskEither((images) => previews.show({ images, first, done, of })),
            );
          },
          signal,
        })({ state })(backend),
      ),
      TE.flatMap(({ state }) => F.pipe(read(state.x)(backend), ensuring(release(state)(backend)))),
    );
  const none: taskEither.TaskEither<NoisefoldError, ResidentCondition | null> = TE.right(null);
  return F.pipe(
    conditions?.from(first, keys.condition) ?? none,
    TE.flatMap((condition) => F.pipe(walked(condition), ensuring(release(condition)(backend)))),
  );
};
