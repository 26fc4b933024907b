/** Runs a sampling, a batch at a time. */
import {
  type AnyValue,
  type Backend,
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
import { attempt, raise } from '../../internal/errors.js';
import type { ConditionImage, ConditionValues, Known, SampleState } from '../../diffusion/index.js';
import { E, type either, type io } from '../../internal/fp.js';
import { type Block, type Fallible, gen, hold, keep, take } from '../../internal/gen.js';
import { type Column, type HostTensor, rowsAt } from '../../data/columns.js';
import type { ImageShape } from '../../data/dataset.js';
import { checkNumbers, type Images, imagesOf } from '../../data/images.js';
import { openLoop, type OpenLoopOf, runLoop } from '../loop.js';
import { compiled } from '../../dsl/run/compile.js';
import type { Compiled } from '../../dsl/run/executable.js';
import { heard } from '../listener.js';
import { uploadedColumn } from '../uploadConditions.js';
import { batchOf, type GivenKnown } from './givenImages.js';
import type { StepNoises } from './givenNoise.js';
import {
  type CheckedRequest,
  type Drawing,
  drawsAt,
  noisyProgram,
  type SampleConstants,
  type SampleLoop,
  sampleLoop,
  type StepOutput,
} from './sampleLoop.js';

/** The program that adds noise to the images of conditions. */
type Noisy = Compiled<
  { readonly image: HostArray; readonly keys: readonly RandomKey[] },
  Resident<ConditionImage<'B'>>
>;

/** The programs of a sampling, compiled. */
export interface OpenSampling<P, I extends ImageShape, S = SampleState<['B', ...I]>> {
  readonly loop: OpenLoopOf<SampleLoop<P, I, S>>;
  /** The programs for images with noise, by the name of the condition. */
  readonly noisy: Readonly<Record<string, Noisy>>;
  readonly release: io.IO<void>;
}

/** The image of a column of images. */
const imageIn = ({ value }: Column): HostTensor => (value as { readonly image: HostTensor }).image;

/** Compiles the programs of a sampling. */
export const openedSampling =
  <P, I extends ImageShape, S>(drawing: Drawing<P, I, S>) =>
  (backend: Backend): Fallible<OpenSampling<P, I, S>> =>
    gen(function* () {
      const loop = yield* keep(openLoop(sampleLoop(drawing))(backend), (open) => open.release());
      const { trained, batch, columns } = drawing;
      const noisy: Record<string, Noisy> = {};
      for (const [name, column] of Object.entries(columns)) {
        if (column.t === undefined) continue;
        const { shape } = imageIn(column);
        const program = noisyProgram(trained.noising, batch, shape.slice(1), column.t);
        noisy[name] = yield* keep(compiled(program, { B: batch })(backend), (open) => open.release());
      }
      return { loop, noisy, release: () => [loop, ...Object.values(noisy)].forEach((open) => open.release()) };
    });

/**
 * Copies the requested samples of a batch to the host. Raises `NonFinite` at the first sample that is not finite.
 */
const finiteSamples = <P, I extends ImageShape, S>(
  { where, all, batch, trained: { image } }: Drawing<P, I, S>,
  first: number,
  what: string,
  numbers: Float32Array | Float64Array,
): either.Either<NoisefoldError, Images> =>
  attempt(() => {
    const images = imagesOf(Math.min(batch, all - first), image, [numbers]);
    checkNumbers(images.data, {
      is: Number.isFinite,
      expected: 'finite numbers',
      hint: 'check the parameters, or use less guidance or a correction that keeps x̂₀ in its range',
      each: numbers.length / batch,
      where: (at) => `${where}: ${what} ${first + at}`,
    });
    return images;
  });

/** The keys of each sample of a batch, whatever the batch: sample i draws from `foldIn(key, i)`. */
const keysOf = (
  { sampling: { key, first = 0 }, batch }: Pick<CheckedRequest<never, ImageShape>, 'sampling' | 'batch'>,
  b: number,
  purpose: 'start' | 'steps' | 'condition',
): readonly RandomKey[] =>
  Array.from({ length: batch }, (_, i) => fork(foldIn(key, first + b * batch + i), purpose)[purpose]!);

/** Uploads the conditions and the known parts of a batch, until the calling block ends. */
function* uploadedConstants<P, I extends ImageShape, S>(
  plan: Drawing<P, I, S>,
  noisy: Readonly<Record<string, Noisy>>,
  b: number,
  backend: Backend,
): Block<Resident<SampleConstants<P, I>>> {
  const { trained, all, batch, sampling, columns } = plan;
  const { known } = sampling;
  const first = b * batch;
  const freed = (tree: unknown) => release(tree)(backend);
  const uploaded = (images: Images, channels: number = images.shape[3]) =>
    hold(
      upload(batchOf(images, first, batch, channels), [batch, images.shape[1], images.shape[2], channels])(backend),
      freed,
    );
  // an incomplete last batch repeats its first sample
  const rows = rowsAt(
    columns,
    Array.from({ length: batch }, (_, i) => (first + i < all ? first + i : first)),
  );
  function* noised(name: string, open: Noisy) {
    const keys = keysOf(plan, b, 'condition').map((key) => fork(key, name)[name]!);
    return yield* hold(open.run({ image: imageIn(rows[name]!).data, keys }), freed);
  }
  function* conditioned() {
    const values: Record<string, unknown> = {};
    for (const name of Object.keys(rows)) {
      const open = noisy[name];
      values[name] = open ? yield* noised(name, open) : yield* uploadedColumn(rows[name]!, backend);
    }
    return values as Resident<ConditionValues<'B'>>; // of the spec of the columns
  }
  function* knownOf({ images, mask }: GivenKnown) {
    const channels = trained.image[2];
    const values: { readonly [K in keyof Known<'B', I>]: AnyValue } = {
      image: yield* uploaded(images, channels),
      mask: yield* uploaded(mask, channels),
    };
    return values as Resident<Known<'B', I>>; // of the shape of the model's images
  }
  return {
    params: trained.params,
    conditions: yield* conditioned(),
    ...(known && { known: yield* knownOf(known) }),
  };
}

/** Calls the listeners of a sampling after each step of a batch: with the progress, and with previews that are due. */
const announced =
  <P, I extends ImageShape, S>(plan: Drawing<P, I, S>, b: number, backend: Backend) =>
  ({ x0 }: Resident<StepOutput<I>>, index: number): Fallible<void> =>
    gen(function* () {
      const { where, walk, all, batch } = plan;
      const { onStep, previews } = plan.sampling;
      const { steps: count } = walk;
      const [first, done, of] = [b * batch, b * count + index + 1, Math.ceil(all / batch) * count];
      const finished = index + 1 < count ? first : Math.min(all, first + batch);
      yield* take(heard(`${where}.onStep`, () => onStep?.(done, of, finished))(backend));
      if (x0 === undefined || previews === undefined || (index + 1) % previews.every !== 0) return;
      const numbers = yield* take(read(x0)(backend));
      const images = yield* take(finiteSamples(plan, first, `step ${index}, sample`, numbers));
      yield* take(heard(`${where}.previews.show`, () => previews.show({ images, first, done, of }))(backend));
    });

/** Tests if a sample has not reached the end after a step. Raises a `ConfigError` if that step was the last attempt. */
const isLeft =
  <P, I extends ImageShape, S>({ where, walk }: Drawing<P, I, S>, backend: Backend) =>
  ({ left }: Resident<StepOutput<I>>, index: number): Fallible<boolean> =>
    gen(function* () {
      if (left === undefined) return true;
      const [most] = yield* take(read(left)(backend));
      if (most! > 0 && index + 1 === walk.steps)
        raise('ConfigError', {
          where: `${where}.attempts`,
          expected: 'all samples at the end',
          actual: `some not at the end after ${walk.steps} attempts`,
          hint: 'raise rtol or atol, or allow more attempts; a prediction that is not finite never ends',
        });
      return most! > 0;
    });

/** Samples, and the evaluations of each if they chose their steps. */
interface Drawn {
  readonly images: Images;
  readonly evaluations: readonly number[];
}

/** Draws batch number `b`. */
function* drawnBatch<P, I extends ImageShape, S>(
  plan: Drawing<P, I, S>,
  { loop, noisy }: OpenSampling<P, I, S>,
  b: number,
  backend: Backend,
): Block<Drawn> {
  const { walk, beginning, sampling, all, batch } = plan;
  const first = b * batch;
  const stepKeys = keysOf(plan, b, 'steps');
  const noiseAt = plan.noisesAt({ all, batch, first }, stepKeys);
  const constants = yield* uploadedConstants(plan, noisy, b, backend);
  const { x, evaluations } = yield* hold(
    runLoop(loop, {
      begin: {
        ...(drawsAt(beginning) ? { keys: keysOf(plan, b, 'start') } : {}),
        ...(beginning && { images: batchOf(beginning.images, first, batch) }),
      },
      constants,
      steps: walk.steps,
      inputs: (index) =>
        E.map((noises: StepNoises) => ({
          index,
          ...(walk.stochastic ? { keys: stepKeys.map(foldIn(index)) } : {}),
          ...noises,
        }))(noiseAt(index)),
      onStep: announced(plan, b, backend),
      goesOn: isLeft(plan, backend),
      signal: sampling.signal,
    }),
    (tree) => release(tree)(backend),
  );
  const numbers = yield* take(read(x)(backend));
  const images = yield* take(finiteSamples(plan, first, 'sample', numbers));
  return { images, evaluations: evaluations ? [...(yield* take(read(evaluations)(backend)))] : [] };
}

/** Draws all samples of a plan. */
export const drawSamples =
  <P, I extends ImageShape, S>(plan: Drawing<P, I, S>, sampling: OpenSampling<P, I, S>) =>
  (backend: Backend): Fallible<Drawn> =>
    gen(function* () {
      const { all, batch, trained } = plan;
      const batches: Drawn[] = [];
      for (let b = 0; b * batch < all; b++)
        batches.push(yield* take(gen(() => drawnBatch(plan, sampling, b, backend))));
      const data = batches.map(({ images }) => images.data);
      return {
        images: imagesOf(all, trained.image, data),
        evaluations: batches.flatMap(({ evaluations }) => evaluations).slice(0, all),
      };
    });

/** Compiles a plan, draws its samples once, and frees its programs. */
export function* drawnOnce<P, I extends ImageShape, S>(plan: Drawing<P, I, S>, backend: Backend): Block<Drawn> {
  const programs = yield* hold(openedSampling(plan)(backend), ({ release: free }) => free());
  return yield* take(drawSamples(plan, programs)(backend));
}
