/** The features of images, batch by batch. */
import { type Backend, leafSpec, program, read, release, type Resident, type Tensor, treeSpec, type Value } from '../dsl/index.js'; // oxfmt-ignore
import { valueShape } from '../dsl/run/value.js';
import type { Effect } from '../dsl/run/effect.js';
import type { Exact } from '../internal/exact.js';
import { storedIn } from '../dsl/run/storedIn.js';
import { functionOf, positive } from '../internal/decode.js';
import { orRaise, raise, showShape } from '../internal/errors.js';
import { t } from '../internal/fp.js';
import { type Block, gen, hold, take } from '../internal/gen.js';
import { TO_UNIT } from '../internal/numbers.js';
import { breather, mayGoOn } from '../internal/stop.js';
import { part, signal as signalPart } from '../internal/parts.js';
import { argument, type FilledOf, optional, type OptionsOf, schema } from '../internal/schema.js';
import { dataSet, type Dataset, type ImageShape } from '../data/dataset.js';
import { datasetOfNumbers } from '../data/imageData.js';
import type { Images } from '../data/images.js';
import { loaded } from '../data/examples.js';
import { genEffect } from '../dsl/run/genEffect.js';
import { heard } from '../training/listener.js';
import { compiled } from '../dsl/run/compile.js';
import type { FeatureModel, FeatureNetwork } from './featureNetwork.js';
import { checkFeatures, type Features } from './features.js';

/** The images: a data set, or the result of `sample`. */
export type ImageSource = Dataset | Images;

/** The features of images, and the probabilities of their classes if the network is a classifier. */
export interface Extracted {
  readonly features: Features;
  readonly probabilities?: Features;
}

const where = 'extractFeatures';

export const extraction = schema(where, {
  /** The number of images to use, from the first one; default: all. */
  images: optional(positive),
  /** The number of images at a time; default 200. It changes the results only by rounding. */
  batch: optional(positive, 200),
  /**
   * Called after each batch with the number of finished images. The next batch waits for the promise or the task that it
   * returns; an error in it ends the extraction.
   */
  onBatch: optional(functionOf<(done: number, of: number) => unknown>('a function')),
  /** Ends the extraction before its next batch, as `Cancelled`. */
  signal: optional(signalPart),
});

/** Options of {@link extractFeatures}. */
export interface Extraction extends OptionsOf<typeof extraction> {}

export const networkPart = part('a feature network, such as the result of digitClassifier()', 'model', 'params');
export const sourcePart = t.union(
  [dataSet, part('images', 'data', 'shape')],
  'a data set, or images such as the result of sample',
);

/**
 * Images as a data set of the size that the network takes. Raises `ConfigError` for another size, and for no images.
 */
const datasetFrom = (where: string, source: ImageSource, image: readonly number[]): Dataset => {
  const data = 'batch' in source ? source : orRaise(datasetOfNumbers(source));
  if (showShape(data.image) !== showShape(image))
    raise('ConfigError', {
      where,
      expected: `images ${showShape(image)}, as the network takes them`,
      actual: showShape(data.image),
      hint: 'give images of that size, or a network for these',
    });
  if (!positive.is(data.size))
    raise('ConfigError', { where, expected: 'at least 1 image', actual: `${data.size}`, hint: 'give some images' });
  return data;
};

/**
 * A batch with numbers above this and no negative number is taken for bytes. Samples that diverge have negative numbers
 * too.
 */
const FAR_OUTSIDE = 2;

/** Raises `ConfigError` for a batch of bytes. `checkFeatures` finds numbers that are not finite. */
const refuseBytes = (images: Float32Array, each: number, where: (image: number) => string): void => {
  if (images.some((x) => x < 0)) return;
  const at = images.findIndex((x) => x > FAR_OUTSIDE && x < Infinity);
  if (at === -1) return;
  raise('ConfigError', {
    where: where(Math.floor(at / each)),
    expected: 'images in [-1, 1]',
    actual: `${images[at]} at number ${at % each} and no negative number in the batch, so it seems to be bytes`,
    hint: TO_UNIT,
  });
};

/** The results of a batch on a backend. */
interface Results {
  readonly features: Value<readonly number[]>;
  readonly probabilities?: Value<readonly number[]>;
}

/** The inputs of the program of a batch. */
interface Look<P, I extends ImageShape> {
  readonly params: P;
  readonly images: Tensor<['B', ...I]>;
}

/** The program of a batch. */
const looking = <P, I extends ImageShape>({ image, params, apply }: FeatureModel<P, I>) =>
  program(
    treeSpec<Look<P, I>>({ params, images: leafSpec(['B', ...(image as readonly number[])]) }),
    ({ params, images }) => {
      const { features, probabilities } = apply(params)(images);
      return { features, ...(probabilities && { probabilities }) };
    },
  );

/** A batch of rows on the host. */
export interface Rows {
  readonly numbers: Features['data'];
  readonly length: number;
}

/** The first `count` rows of batches. */
export const joinedRows = (count: number, batches: readonly Rows[]): Features => {
  const [{ numbers, length }] = batches as readonly [Rows]; // there is at least one image
  const data = numbers instanceof Float64Array ? new Float64Array(count * length) : new Float32Array(count * length);
  let from = 0;
  for (const batch of batches) {
    data.set(batch.numbers.subarray(0, data.length - from), from);
    from += batch.numbers.length;
  }
  return { data, shape: [count, length] };
};

/** Copies a result of a batch to the host. */
function* rowsOf(where: string, value: Value<readonly number[]>, backend: Backend): Block<Rows> {
  const shape = valueShape(value);
  if (shape.length !== 2)
    raise('ShapeError', {
      where,
      expected: 'features and probabilities [B, length] of a network',
      actual: showShape(shape),
      hint: 'reshape them: reshape(x, B, -1)',
    });
  return { numbers: yield* take(read(value)(backend)), length: shape[1]! };
}

/** Extracts the features of images, without checking the options; `where` names the images. */
export function* extracted<P, I extends ImageShape>(
  where: string,
  { model, params }: FeatureNetwork<P, I>,
  source: ImageSource,
  { images, batch: most, onBatch, signal }: FilledOf<typeof extraction>,
  backend: Backend,
): Block<Extracted> {
  const data = datasetFrom(where, source, model.image);
  const count = Math.min(images ?? data.size, data.size);
  const batch = Math.min(most, count);
  type Inputs = { readonly params: Resident<P>; readonly images: Float32Array };
  const compiling = compiled(looking(model), { B: batch }, storedIn('params', params));
  const network = yield* hold(compiling<Inputs, Results>(backend), (open) => open.release());
  const load = loaded({}, data, signal, where, refuseBytes);
  const features: Rows[] = [];
  const probabilities: Rows[] = [];

  function* see(first: number): Block<void> {
    const positions = Int32Array.from({ length: batch }, (_, i) => (first + i) % count);
    const { images } = yield* take(load(positions));
    const seen = yield* hold(network.run({ params, images }), (values) => release(values)(backend));
    features.push(yield* rowsOf(where, seen.features, backend));
    if (seen.probabilities !== undefined) probabilities.push(yield* rowsOf(where, seen.probabilities, backend));
  }

  const breathe = breather();
  for (let first = 0; first < count; first += batch) {
    yield* take(mayGoOn(`${where}, image ${first}`, breathe, signal));
    yield* take(gen(() => see(first))); // frees the memory of the batch
    yield* take(heard(`${where}.onBatch`, () => onBatch?.(Math.min(first + batch, count), count))(backend));
  }
  const result = { features: joinedRows(count, features) };
  checkFeatures(where, result.features, { images: 1, for: '' });
  return probabilities.length === 0 ? result : { ...result, probabilities: joinedRows(count, probabilities) };
}

/**
 * Extracts the features of images by a network, `[images, D]`, and the probabilities of their classes if it is a
 * classifier. Only the images of one batch are on the backend at a time. Fails with `ConfigError` for an invalid option
 * and for images of another size than the network takes or of bytes, with `NonFinite` at the first image whose features are
 * not finite, and with the errors of the data.
 * @example
 * const means = featuresOf([2, 2, 1], (images) => mean(images, [1, 2])) // the mean of each channel
 * const images: Images = { data: Float32Array.of(0, 0, 0, 1, 1, 1, 1, 1), shape: [2, 2, 2, 1] }
 * await using nf = await open(reference())
 * const result = await nf.run(extractFeatures(means, images))
 * result.features // → { data: [0.25, 1], shape: [2, 1] }
 */
export const extractFeatures = <P, I extends ImageShape, G = unknown>(
  network: FeatureNetwork<P, I>,
  source: ImageSource,
  options?: Exact<G, keyof Extraction> & Extraction,
): Effect<Extracted> =>
  genEffect(where, function* (backend) {
    const known = yield* take(extraction.decode(options));
    yield* take(
      argument(`${where}: network`, networkPart, 'give the result of digitClassifier() or featuresOf').decode(network),
    );
    yield* take(argument(`${where}: images`, sourcePart, 'give a data set, or { data, shape }').decode(source));
    return yield* extracted(where, network, source, known, backend);
  });
