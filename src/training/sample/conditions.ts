/** The images that samples are to go with: from the host to what each step of a sampler is told. */
import {
  checkedImages,
  type Condition,
  type ConditionedOn,
  noisyCondition,
  type Process,
} from '../../diffusion/index.js';
import {
  type Backend,
  cast,
  fail,
  fullLike,
  type HostArray,
  type Key,
  leafSpec,
  meanPerSample,
  type NoisefoldError,
  program,
  type Program,
  type RandomKey,
  showShape,
  type Tensor,
  treeSpec,
  type TreeSpec,
  upload,
  type Value,
} from '../../dsl/index.js';
import { E, type either, F, type io, TE, type taskEither } from '../../internal/fp.js';
import { batchOf } from './givenImages.js';
import type { Images } from '../data/images.js';
import { compiled } from '../open.js';

/** What samples are to go with. */
export interface GivenCondition {
  /** One image for each sample, in [-1, 1], of any size: of a data set, or samples of another model. */
  readonly images: Images;
  /** The timestep, of the process, of the noise that is put on them, for a model that is told of it (`condition.noiseLevel`). */
  readonly t?: number;
}

interface Conditioned {
  readonly model: { readonly condition?: ConditionedOn };
  readonly process: Process;
}

type Mistake = readonly [expected: string, actual: string, hint: string];

const mistakeIn = (
  { channels, noiseLevel = false }: ConditionedOn,
  { schedule: { T } }: Process,
  { images: { data, shape }, t }: GivenCondition,
  count: number,
): Mistake | null => {
  if (shape[3] !== channels || data.length !== shape.reduce((size, extent) => size * extent, 1))
    return [`all numbers of images [count, height, width, ${channels}]`, `${data.length} of ${showShape(shape)}`, 'give images of the channels that the model was trained with'];
  if (count !== shape[0])
    return [`an image for each of ${count} samples`, `${shape[0]}`, 'give as many labels as images, or leave the count to these'];
  if (!noiseLevel && t !== undefined)
    return ['no t: the model is not told how noisy images are', `${t}`, 'leave it out, or train a model with `noiseLevel: true`'];
  if (noiseLevel && !(Number.isInteger(t) && t! >= 0 && t! < T))
    return [`t of 0 to ${T - 1}: the model is told how noisy images are`, `${t ?? 'none'}`, 'give the timestep of the noise to be put on them, 0 for next to none'];
  return null;
}; // prettier-ignore

/**
 * A condition that a model takes, or none where it takes none. Otherwise a `ConfigError`, or `NonFinite` for images
 * that have such numbers.
 *
 * @param count - how many samples there are
 */
export const checkedCondition = (
  where: string,
  { model: { condition: wanted }, process }: Conditioned,
  given: GivenCondition | undefined,
  count: number,
): either.Either<NoisefoldError, GivenCondition | undefined> => {
  const refused = ([expected, actual, hint]: Mistake) =>
    fail('ConfigError', { where: `${where}: condition`, expected, actual, hint });
  if (given === undefined)
    return wanted === undefined
      ? E.right(given)
      : refused(['images, on which the model is conditioned', 'none', 'give condition: { images }']);
  if (wanted === undefined)
    return refused(['none: the model is conditioned on no image', 'some', 'leave it out, or train a model with `condition`']); // prettier-ignore
  const mistake = mistakeIn(wanted, process, given, count);
  if (mistake !== null) return refused(mistake);
  return E.map(() => given)(checkedImages(given.images.data, `${where}: condition.images`));
};

/** A condition as the inputs of a step have it. */
export const conditionSpec = ({ images: { shape }, t }: GivenCondition): TreeSpec<Condition<'B'>> =>
  treeSpec({
    image: leafSpec(['B', ...shape.slice(1)]),
    ...(t === undefined ? {} : { t: leafSpec(['B'], 'int32') }),
  });

/** A condition on a backend. */
export interface ResidentCondition {
  readonly image: Value<readonly number[]>;
  readonly t?: Value<readonly number[], 'int32'>;
}

/** The conditions of all samples, batch by batch. */
export interface Conditions {
  /** Those from number `first` on, to be released by who asks for them. */
  readonly from: (first: number, key: RandomKey) => taskEither.TaskEither<NoisefoldError, ResidentCondition>;
  readonly release: io.IO<void>;
}

interface Noised {
  readonly image: Tensor<['B', number, number, number]>;
  readonly key: Key;
}

const noisyProgram = (process: Process, image: readonly number[], t: number): Program<Noised, Condition<'B'>> =>
  program(treeSpec<Noised>({ image: leafSpec(['B', ...image]), key: leafSpec([], 'key') }), ({ image: clean, key }) => {
    const level = fullLike(cast(meanPerSample(clean), 'int32'), t); // of which only the shape counts
    return noisyCondition(process)({ image: clean }, level)(key);
  });

/** The conditions of a sampling that has some, on a backend; noisy ones are made so once for all steps. */
export const conditionsOf =
  (process: Process, { images, t }: GivenCondition, batch: number) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Conditions> => {
    const [, ...image] = images.shape;
    const slice = (first: number): Float32Array => batchOf(images, first, batch);
    if (t === undefined)
      return TE.right({
        from: (first) =>
          F.pipe(
            upload(slice(first), [batch, ...image])(backend),
            TE.map((uploaded) => ({ image: uploaded })),
          ),
        release: () => {},
      });
    return F.pipe(
      compiled(noisyProgram(process, image, t), { B: batch })<
        { readonly image: HostArray; readonly key: RandomKey },
        ResidentCondition
      >(backend),
      TE.map(({ run, release }) => ({ from: (first, key) => run({ image: slice(first), key }), release })),
    );
  };
