/** The walk of a sampler over batches: compiled once, run step by step with its state on the backend. */
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
  type Resident,
  upload,
  type Value,
} from '../../dsl/index.js';
import { E, type either, F, RTE, TE, type taskEither } from '../../internal/fp.js';
import { ensuring, unlessRight } from '../../internal/scope.js';
import { type Conditions, conditionsOf, type ResidentCondition } from './conditions.js';
import type { ImageShape } from '../data/dataset.js';
import { type Beginning, batchOf } from './givenImages.js';
import { type Images, imagesOf } from '../data/images.js';
import { compiled, type OpenExecutable } from '../open.js';
import { beginProgram, drawsAt, stepProgram, type Walker, walkOf } from './samplePrograms.js';
import type { Sampling } from './sampling.js';
import type { Trained } from '../trained.js';

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
  readonly key?: RandomKey;
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

/** What is walked, found to fit together. */
export interface Journey<P, I extends ImageShape> {
  /** What errors call it. */
  readonly where: string;
  readonly trained: Trained<P, I>;
  readonly walker: Walker<P, I>;
  /** Where the walk begins, if not at noise that is drawn. */
  readonly beginning: Beginning | null;
  readonly sampling: Pick<Sampling, 'labels' | 'condition' | 'known' | 'key' | 'onStep' | 'previews' | 'signal'>;
  /** How many samples, and how many at a time. */
  readonly all: number;
  readonly batch: number;
}

interface Walk<P, I extends ImageShape> extends Journey<P, I> {
  readonly backend: Backend;
  readonly conditions: Conditions | null;
  readonly begin: OpenExecutable<BeginGiven, ResidentSample>;
  readonly step: OpenExecutable<StepGiven<P>, StepTaken>;
}

/** Numbers of a batch on the host, those of samples that count; `NonFinite` where one is none, which names the sample. */
const finiteSamples = <P, I extends ImageShape>(
  { where, all, batch, trained: { image } }: Journey<P, I>,
  first: number,
  what: string,
  numbers: Float32Array | Float64Array,
): either.Either<NoisefoldError, Images> => {
  const images = imagesOf(Math.min(batch, all - first), image, [numbers]);
  const wrong = images.data.findIndex((x) => !Number.isFinite(x));
  const each = numbers.length / batch;
  return wrong === -1
    ? E.right(images)
    : fail('NonFinite', {
        where: `${where}: ${what} ${first + Math.floor(wrong / each)}`,
        expected: 'finite numbers',
        actual: `${images.data[wrong]} at number ${wrong % each}`,
        hint: 'look at the parameters, or take less guidance or a correction that keeps x̂₀ in its range',
      });
};

/** Walks all the way, with each batch in turn. */
export const walked =
  <P, I extends ImageShape>(journey: Journey<P, I>) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Images> => {
    const { trained, walker, beginning, sampling, batch } = journey;
    const conditioned: taskEither.TaskEither<NoisefoldError, Conditions | null> =
      sampling.condition === undefined
        ? TE.right(null)
        : conditionsOf(trained.process, sampling.condition, batch)(backend);
    const begun = compiled(beginProgram(trained, walker, beginning, batch), {})<BeginGiven, ResidentSample>;
    const stepped = compiled(stepProgram(trained, walker, sampling), { B: batch }, { donate: ['state'] })<
      StepGiven<P>,
      StepTaken
    >;
    return F.pipe(
      conditioned,
      TE.flatMap((conditions) =>
        F.pipe(
          begun(backend),
          TE.flatMap((begin) =>
            F.pipe(
              stepped(backend),
              TE.flatMap((step) =>
                F.pipe(batches({ ...journey, backend, conditions, begin, step }), ensuring(step.release)),
              ),
              ensuring(begin.release),
            ),
          ),
          ensuring(() => conditions?.release()),
        ),
      ),
    );
  };

/** All samples, batch by batch. */
const batches = <P, I extends ImageShape>(w: Walk<P, I>): taskEither.TaskEither<NoisefoldError, Images> => {
  const { all, batch, trained } = w;
  return F.pipe(
    Array.from({ length: Math.ceil(all / batch) }, (_, b) => b),
    TE.traverseSeqArray((b) => walk(w, b)),
    TE.map((numbers) => imagesOf(all, trained.image, numbers)),
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
): taskEither.TaskEither<NoisefoldError, Float32Array> => {
  const { backend, trained, sampling, all, batch, walker, beginning, begin, step } = w;
  const { labels, onStep, previews, signal } = sampling;
  const { steps, stochastic } = walkOf(walker);
  const first = b * batch;
  const keys = fork(foldIn(sampling.key, b), 'start', 'steps', 'condition');
  // a last batch that is not full is filled with its first label
  const label = labels && Int32Array.from({ length: batch }, (_, i) => labels[first + i] ?? labels[first]!);
  const toTheEnd = (told: ResidentBatch) =>
    F.pipe(
      begin.run({
        ...(drawsAt(beginning) ? { key: keys.start } : {}),
        ...(beginning && { images: batchOf(beginning.images, first, batch) }),
      }),
      TE.flatMap((state) =>
        iterate(step, {
          name: 'sampling',
          times: steps,
          inputs: (index) => ({
            params: trained.params,
            inputs: {
              ...told,
              index,
              ...(stochastic ? { key: foldIn(keys.steps, index) } : {}),
              ...(label ? { label } : {}),
            },
          }),
          onStep: ({ x0 }, index) => {
            const [done, of] = [b * steps + index + 1, Math.ceil(all / batch) * steps];
            const heard = RTE.fromIO(() => onStep?.(done, of));
            if (x0 === undefined || previews === undefined || (index + 1) % previews.every !== 0) return heard;
            return F.pipe(
              heard,
              RTE.flatMap(() => read(x0)),
              RTE.flatMapEither((numbers) => finiteSamples(w, first, `step ${index}, sample`, numbers)),
              RTE.flatMapTaskEither((images) => previews.show({ images, first, done, of })),
            );
          },
          signal,
        })({ state })(backend),
      ),
      TE.flatMap(({ state }) => F.pipe(read(state.x)(backend), ensuring(release(state)(backend)))),
      TE.flatMapEither((numbers) => finiteSamples(w, first, 'sample', numbers)),
      TE.map(({ data }) => data),
    );
  return F.pipe(
    toldOf(w, first, keys.condition),
    TE.flatMap((told) => F.pipe(toTheEnd(told), ensuring(release(told)(backend)))),
  );
};
