/** Samples of a trained model: a sampler compiled once, run step by step with its state on the backend. */
import {
  type Model,
  type Process,
  sampler,
  everyStep,
  inpainting,
  partOfTheWay,
} from '../diffusion/index.js';
import {
  type Backend,
  fail,
  foldIn,
  fork,
  type HostArray,
  iterate,
  type NoisefoldError,
  type RandomKey,
  read,
  release,
  upload,
  type Value,
  type Resident,
} from '../dsl/index.js';
import { E, type either, F, RTE, type readerTaskEither, TE, type taskEither } from '../internal/fp.js';
import { checkedCondition, type Conditions, conditionsOf, type ResidentCondition } from './conditions.js';
import type { ImageExtents, ImageShape } from './dataset.js';
import { batchOf, checkedBeginning, checkedKnown, resamplingOf } from './givenImages.js';
import { type Images, imagesOf } from './images.js';
import { compiled, type OpenExecutable } from './open.js';
import { countsOf, type Sampling } from './sampling.js';
import { beginProgram, stepProgram, type Walker, walkOf } from './samplePrograms.js';
import { ensuring, unlessRight } from '../internal/scope.js';

/** A model with parameters on a backend. */
export interface Trained<P, I extends ImageShape> {
  readonly model: Model<P, I>;
  readonly process: Process;
  /** Height, width and channels of an image. */
  readonly image: ImageExtents<I>;
  /** The averaged parameters. */
  readonly params: Resident<P>;
}

interface ResidentSample {
  readonly x: Value<readonly number[]>;
  readonly memory: readonly Value<readonly number[]>[];
}

/** What of a batch stays the same from step to step, on the backend. */
interface ResidentBatch {
  readonly condition?: ResidentCondition;
  readonly known?: { readonly image: Value<readonly number[]>; readonly mask: Value<readonly number[]> };
}

interface BeginGiven {
  readonly key: RandomKey;
  readonly images?: HostArray;
}
interface StepGiven<P> {
  readonly params: Resident<P>;
  readonly state: ResidentSample;
  readonly inputs: ResidentBatch & {
    readonly index: number;
    readonly key?: RandomKey;
    readonly label?: HostArray;
  };
}
interface StepTaken {
  readonly state: ResidentSample;
  readonly x0?: Value<readonly number[]>;
}

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
      E.bind('condition', ({ counts: { all } }) => checkedCondition(trained, sampling.condition, all)),
      E.bind('walker', ({ counts: { all } }) => walkerOf(trained, sampling, all)),
      TE.fromEither,
      TE.bind('conditions', ({ condition, counts: { batch } }) =>
        condition === undefined ? TE.right(null) : conditionsOf(trained.process, condition, batch)(backend),
      ),
      TE.flatMap(({ counts: { all, batch }, walker, conditions }) =>
        F.pipe(
          compiled(beginProgram(trained, walker, sampling, batch), {})<BeginGiven, ResidentSample>(backend),
          TE.flatMap((begin) =>
            F.pipe(
              compiled(
                stepProgram(trained, walker, sampling),
                { B: batch },
                { donate: ['state'] },
              )<StepGiven<P>, StepTaken>(backend),
              TE.flatMap((step) =>
                F.pipe(
                  batches({ backend, trained, sampling, all, batch, walker, conditions, begin, step }),
                  ensuring(step.release),
                ),
              ),
              ensuring(begin.release),
            ),
          ),
          ensuring(() => conditions?.release()),
        ),
      ),
    );

/** Samples begin at noise, or at noisy images: from there `ddimInversion`, for one, would walk the wrong way. */
const towardsData = (timesteps: readonly number[]): either.Either<NoisefoldError, void> => {
  const [first, last] = [timesteps[0]!, timesteps.at(-1)!]; // a grid has a timestep
  return first >= last
    ? E.right(undefined)
    : fail('ConfigError', {
        where: 'sample: solver',
        expected: 'one that walks from noise to data',
        actual: `one that walks from t = ${first} to ${last}`,
        hint: 'take ddim; a sampler of your own may start ddimInversion from data',
      });
};

/** The sampler of a sampling of `count` samples, and the images that it is given, found to fit. */
const walkerOf = <P, I extends ImageShape>(
  { model, process, image }: Trained<P, I>,
  { grid = everyStep, from, known, ...sampling }: Sampling,
  count: number,
): either.Either<NoisefoldError, Walker<P, I>> =>
  F.pipe(
    E.Do,
    E.tap(() => (from ? checkedBeginning(from, count, image) : E.right(undefined))),
    E.tap(() => (known ? checkedKnown(known, count, image) : E.right(undefined))),
    E.bind('sampler', () =>
      sampler<P, I>({
        ...sampling,
        process,
        denoiser: model,
        grid: from ? partOfTheWay(from.strength, grid) : grid,
      }),
    ),
    E.tap(({ sampler: { timesteps } }) => towardsData(timesteps)),
    E.bind('inpainter', ({ sampler: plain }) =>
      known ? inpainting(resamplingOf(known))(plain) : E.right(null),
    ),
  );

interface Walk<P, I extends ImageShape> {
  readonly backend: Backend;
  readonly trained: Trained<P, I>;
  readonly sampling: Sampling;
  readonly all: number;
  readonly batch: number;
  readonly walker: Walker<P, I>;
  readonly conditions: Conditions | null;
  readonly begin: OpenExecutable<BeginGiven, ResidentSample>;
  readonly step: OpenExecutable<StepGiven<P>, StepTaken>;
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

/** What the samples from number `first` on are told at every step, uploaded once for all of them. */
const toldOf = <P, I extends ImageShape>(
  { backend, trained: { image }, sampling: { known }, batch, conditions }: Walk<P, I>,
  first: number,
  key: RandomKey,
): taskEither.TaskEither<NoisefoldError, ResidentBatch> => {
  const uploaded = (images: Images) =>
    upload(batchOf(images, first, batch, image[2]), [batch, ...(image as readonly number[])])(backend);
  const condition: taskEither.TaskEither<NoisefoldError, ResidentBatch> =
    conditions === null
      ? TE.right({})
      : TE.map((image: ResidentCondition) => ({ condition: image }))(conditions.from(first, key));
  if (known === undefined) return condition;
  return F.pipe(
    condition,
    TE.flatMap((told) =>
      F.pipe(
        uploaded(known.images),
        TE.flatMap((shown) =>
          F.pipe(
            uploaded(known.mask),
            TE.map((mask): ResidentBatch => ({ ...told, known: { image: shown, mask } })),
            unlessRight(release(shown)(backend)),
          ),
        ),
        unlessRight(release(told)(backend)),
      ),
    ),
  );
};

/** Batch number `b`, from noise to data, step by step. */
const walk = <P, I extends ImageShape>(
  w: Walk<P, I>,
  b: number,
): taskEither.TaskEither<NoisefoldError, Float32Array | Float64Array> => {
  const { backend, trained, sampling, all, batch, walker, begin, step } = w;
  const { labels, from, onStep, previews, signal } = sampling;
  const { steps, stochastic } = walkOf(walker);
  const first = b * batch;
  const keys = fork(foldIn(b)(sampling.key), 'start', 'steps', 'condition');
  // a last batch that is not full is filled with its first label
  const label = labels && Int32Array.from({ length: batch }, (_, i) => labels[first + i] ?? labels[first]!);
  const walked = (told: ResidentBatch) =>
    F.pipe(
      begin.run({ key: keys.start, ...(from && { images: batchOf(from.images, first, batch) }) }),
      TE.flatMap((state) =>
        iterate(step, {
          name: 'sampling',
          times: steps,
          inputs: (index) => ({
            params: trained.params,
            inputs: {
              ...told,
              index,
              ...(stochastic ? { key: foldIn(index)(keys.steps) } : {}),
              ...(label ? { label } : {}),
            },
          }),
          onStep: ({ x0 }, index) => {
            const [done, of] = [b * steps + index + 1, Math.ceil(all / batch) * steps];
            const heard = RTE.fromIO(() => onStep?.(done, of));
            if (x0 === undefined || previews === undefined || (index + 1) % previews.every !== 0)
              return heard;
            return F.pipe(
              heard,
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
  return F.pipe(
    toldOf(w, first, keys.condition),
    TE.flatMap((told) => F.pipe(walked(told), ensuring(release(told)(backend)))),
  );
};
