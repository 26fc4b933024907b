import type { HostConditions } from '../conditions/hostValues.js';
import type { NoisefoldError } from '../dsl/index.js';
import { attempt, orRaise, showShape } from '../internal/errors.js';
import type { Exact } from '../internal/exact.js';
import type { Itself } from '../internal/itself.js';
import { positive, show } from '../internal/decode.js';
import type { either } from '../internal/fp.js';
import { sizeOf } from '../internal/numbers.js';
import { part } from '../internal/parts.js';
import { argument, optional, schema } from '../internal/schema.js';
import {
  checkCounts,
  datasetInMemory,
  imageShape,
  type ImageShapeOf,
  labelList,
  type NamedDataset,
  type Names,
  namesPart,
  refuse,
  type ImageSize,
} from './dataset.js';
import { hostConditions } from './hostRows.js';
import { type Images, withinUnit } from './images.js';

/** The labels and the shape of images. */
export interface AboutImages<I extends ImageSize> {
  /** The class of each image. Without labels the data set is for models without classes. */
  readonly labels?: ArrayLike<number>;
  /** The values of each image, by the name of the condition: `{ hair: ['long', null, 'short'] }`. */
  readonly conditions?: HostConditions;
  /** The names of the classes, by the name of the condition. By default the names that occur in `conditions`, sorted. */
  readonly names?: Names;
  /** The height, width and channels that the images must have, for a model of that shape. */
  readonly image?: I;
}

const aboutImages = schema('data set', {
  labels: optional(labelList),
  conditions: optional(hostConditions),
  names: optional(namesPart),
  image: optional(imageShape),
} satisfies Record<keyof AboutImages<never>, unknown>);

const someImages = argument(
  'datasetOfImages',
  part<Images>('images, with their data and shape', 'data', 'shape'),
  'give { data, shape }, such as the result of sample',
);

/** JavaScript callers may pass bytes, whose 0 and 1 would be taken for grey and white. */
const isFloats = (data: unknown): boolean => data instanceof Float32Array || data instanceof Float64Array;

/**
 * Makes a data set as {@link datasetOfImages} does, but of any numbers, such as samples outside [-1, 1]. The functions
 * that use them check them.
 */
export const datasetOfNumbers = <const I extends ImageSize = ImageSize, G = unknown>(
  images: Itself<Images>,
  about?: Exact<G, keyof AboutImages<never>> & AboutImages<I>,
): either.Either<NoisefoldError, NamedDataset<ImageShapeOf<I>>> =>
  attempt(() => {
    const { data, shape } = someImages.demand(images);
    const { labels, conditions, names, image } = aboutImages.demand<AboutImages<I>>(about);
    const [count, ...extents] = shape;
    if (!isFloats(data))
      refuse(
        'numbers in [-1, 1] in a Float32Array',
        show(data),
        'make a data set of bytes by datasetOf, and of other numbers by Float32Array.from(numbers)',
      );
    if (image !== undefined && showShape(image) !== showShape(extents))
      refuse(`images ${showShape(image)}`, showShape(extents), 'give images of the size that the model takes');
    const numbers = sizeOf(shape);
    const named = labels?.length ?? count;
    if (!shape.every(positive.is) || data.length !== numbers || named !== count)
      refuse(
        `${numbers} numbers for images ${showShape(shape)}, at least one, and a label for each or none`,
        `${data.length} numbers${labels === undefined ? '' : ` and ${named} labels`}`,
        'give all the numbers of the images, and the labels of the same images',
      );
    const each = numbers / count;
    checkCounts(conditions, count);
    return datasetInMemory<ImageShapeOf<I>>(count, extents, { labels, conditions, names }, (from, batch, to) => {
      batch.set(data.subarray(from, from + each), to);
    });
  });

/**
 * Makes a data set of images in memory whose elements are numbers in [-1, 1], such as samples of a model. Returns a
 * `ConfigError` for a field that is unknown or missing and for a number outside [-1, 1], a `NonFinite` for one that is
 * not finite, and a `DecodeError` for an array of integers, and if numbers, labels, shape and `image` do not match. The
 * check takes 5 to 10 ns for a number: a tenth of a second for 10 million.
 * @example
 * const images: Images = { data: Float32Array.of(-1, 0.5, 0.25, 1), shape: [2, 1, 2, 1] }
 * const data = unwrap(datasetOfImages(images, { image: [1, 2, 1] }))
 * unwrap(await data.batch(Int32Array.of(1))()) // → { images: [0.25, 1] }
 */
export const datasetOfImages = <const I extends ImageSize = ImageSize, G = unknown>(
  images: Itself<Images>,
  about?: Exact<G, keyof AboutImages<never>> & AboutImages<I>,
): either.Either<NoisefoldError, NamedDataset<ImageShapeOf<I>>> =>
  attempt(() => {
    const data = orRaise(datasetOfNumbers<I, G>(images, about));
    withinUnit(images.data, sizeOf(data.image), (at) => `data set: image at ${at}`);
    return data;
  });
