/** Runs a sampling, a batch at a time. */
import {
  type Backend,
  fail,
  foldIn,
  fork,
  type HostArray,
  type NoisefoldError,
  type RandomKey,
  read,
  release,
  type Resident,
  upload,
} from '../../dsl/index.js';
import type { Condition } from '../../diffusion/index.js';
import { E, type either, F, type io, TE, type taskEither } from '../../internal/fp.js';
import { type Block, gen, hold, keep, take } from '../../internal/gen.js';
import type { ImageShape } from '../data/dataset.js';
import { type Images, imagesOf } from '../data/images.js';
import { opened, type Opened, runLoop } from '../loop.js';
import { compiled, type Open } from '../open.js';
import { batchOf } from './givenImages.js';
import { countOf, drawsAt, noisyProgram, type SampleConstants, type SampleLoop, sampleLoop } from './sampleLoop.js';
import type { SamplePlan } from './samplePlan.js';

/** The programs of a sampling, compiled. */
export interface OpenSampling<P, I extends ImageShape> {
  readonly loop: Opened<SampleLoop<P, I>>;
  /** Puts noise on the images of conditions, for a model that takes noisy ones. */
  readonly noisy: Open<{ readonly image: HostArray; readonly key: RandomKey }, Resident<Condition<'B'>>> | null;
  readonly release: io.IO<void>;
}

/** Compiles the programs of a sampling. */
export const openedSampling =
  <P, I extends ImageShape>({ trained, steps, batch, beginning, sampling }: SamplePlan<P, I>) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, OpenSampling<P, I>> =>
    gen(function* () {
      const { labels, condition, previews } = sampling;
      const form = {
        batch,
        beginning,
        condition,
        hasLabels: labels !== undefined,
        hasPreviews: previews !== undefined,
      };
      const loop = yield* keep(opened(sampleLoop(trained, steps, form))(backend), (open) => open.release());
      if (condition?.t === undefined) return { loop, noisy: null, release: loop.release };
      const [, ...image] = condition.images.shape;
      const program = noisyProgram(trained.process, image, condition.t);
      const noisy = yield* take(
        compiled(program, { B: batch })<
          { readonly image: HostArray; readonly key: RandomKey },
          Resident<Condition<'B'>>
        >(backend),
      );
      const freed = (): void => [loop, noisy].forEach((open) => open.release());
      return { loop, noisy, release: freed };
    });

/** The samples of a batch that count, on the host. `NonFinite` names the first sample with a number that is not finite. */
const finiteSamples = <P, I extends ImageShape>(
  { where, all, batch, trained: { image } }: SamplePlan<P, I>,
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

/** Draws batch number `b`. */
function* drawnBatch<P, I extends ImageShape>(
  plan: SamplePlan<P, I>,
  { loop, noisy }: OpenSampling<P, I>,
  b: number,
  backend: Backend,
): Block<Float32Array> {
  const { trained, steps, beginning, sampling, all, batch } = plan;
  const { labels, condition, known, key, onStep, previews, signal } = sampling;
  const { steps: count, stochastic } = countOf(steps);
  const first = b * batch;
  const keys = fork(foldIn(key, b), 'start', 'steps', 'condition');
  const freed = (tree: unknown) => release(tree)(backend);
  const uploaded = (images: Images, channels: number) =>
    hold(
      upload(batchOf(images, first, batch, channels), [batch, images.shape[1], images.shape[2], channels])(backend),
      freed,
    );
  const noised =
    noisy && condition && noisy.run({ image: batchOf(condition.images, first, batch), key: keys.condition });
  const constants = {
    params: trained.params,
    // a last batch that is not full repeats its first label
    ...(labels && {
      label: yield* hold(
        upload(
          Int32Array.from({ length: batch }, (_, i) => labels[first + i] ?? labels[first]!),
          [batch],
          'int32',
        )(backend),
        freed,
      ),
    }),
    ...(noised && { condition: yield* hold(noised, freed) }),
    ...(condition && !noised && { condition: { image: yield* uploaded(condition.images, condition.images.shape[3]) } }),
    ...(known && {
      known: {
        image: yield* uploaded(known.images, trained.image[2]),
        mask: yield* uploaded(known.mask, trained.image[2]),
      },
    }),
  } as unknown as Resident<SampleConstants<P, I>>; // of the shapes that the loop was compiled for
  const of = Math.ceil(all / batch) * count;
  const samples = yield* hold(
    runLoop(loop, {
      begin: {
        ...(drawsAt(beginning) ? { key: keys.start } : {}),
        ...(beginning && { images: batchOf(beginning.images, first, batch) }),
      },
      constants,
      steps: count,
      given: (index) => E.right({ index, ...(stochastic ? { key: foldIn(keys.steps, index) } : {}) }),
      onStep: ({ x0 }, index) =>
        gen(function* () {
          const done = b * count + index + 1;
          onStep?.(done, of, index + 1 < count ? first : Math.min(all, first + batch));
          if (x0 === undefined || previews === undefined || (index + 1) % previews.every !== 0) return;
          const numbers = yield* take(read(x0)(backend));
          const images = yield* take(finiteSamples(plan, first, `step ${index}, sample`, numbers));
          yield* take(previews.show({ images, first, done, of }));
        }),
      signal,
    }),
    freed,
  );
  const { data } = yield* take(
    F.pipe(
      read(samples)(backend),
      TE.flatMapEither((numbers) => finiteSamples(plan, first, 'sample', numbers)),
    ),
  );
  return data;
}

/** Draws all samples of a plan. */
export const drawn =
  <P, I extends ImageShape>(plan: SamplePlan<P, I>, sampling: OpenSampling<P, I>) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Images> =>
    gen(function* () {
      const { all, batch, trained } = plan;
      const batches: Float32Array[] = [];
      for (let b = 0; b * batch < all; b++)
        batches.push(yield* take(gen(() => drawnBatch(plan, sampling, b, backend))));
      return imagesOf(all, trained.image, batches);
    });
