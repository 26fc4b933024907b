import { fail, type NoisefoldError, showShape } from '../../dsl/index.js';
import { exactly, positive } from '../../internal/decode.js';
import { E, type either, F, TE } from '../../internal/fp.js';
import { checked, part } from '../checked.js';
import { type Batch, type Dataset, type Image, type ImageExtents, labelsOf } from './dataset.js';
import type { Images } from './images.js';

/** What is known of images beside their numbers. */
export interface AboutImages<I extends readonly [number, number, number]> {
  /** The class of each image; without them the data set is for models without classes. */
  readonly labels?: ArrayLike<number>;
  /** The height, width and channels that they have, for a model of that shape. */
  readonly image?: I;
}

const aboutImages = checked(
  'data set',
  exactly({}, { labels: part('labels', 'length'), image: part('an image shape', 'length') }),
);

const someImages = checked('datasetOfImages', part('images, with their data and shape', 'data', 'shape'));

/**
 * A data set of images that are numbers, in memory: samples of a model, or what was made of bytes. Their numbers are looked
 * through by what uses them. A `ConfigError` for a field that is unknown or missing, and a `DecodeError` if numbers, labels and shape do
 * not fit each other, or `image`.
 * @example
 * const images: Images = { data: Float32Array.of(-1, 0.5, 0.25, 1), shape: [2, 1, 2, 1] }
 * const data = datasetOfImages(images, { image: [1, 2, 1] })
 * const second = await pipe(TE.fromEither(data), TE.flatMap(({ batch }) => batch(Int32Array.of(1))))()
 * second // → E.right({ images: [0.25, 1], labels: [-1] })
 */
export const datasetOfImages = <const I extends readonly [number, number, number] = readonly [number, number, number]>(
  images: Images,
  about: AboutImages<I> = {},
): either.Either<NoisefoldError, Dataset<Image<I>>> => {
  const given = F.pipe(
    someImages(images),
    E.flatMap(() => aboutImages(about)),
  );
  if (E.isLeft(given)) return given;
  const { data, shape } = images;
  const { labels, image } = about;
  const [count, ...found] = shape;
  const each = found.reduce((size, extent) => size * extent, 1);
  if (image !== undefined && showShape(image) !== showShape(found))
    return fail('DecodeError', {
      where: 'data set',
      expected: `images ${showShape(image)}`,
      actual: showShape(found),
      hint: 'give images of the size that the model knows',
    });
  const named = labels?.length ?? count;
  if (!shape.every((extent) => positive.is(extent)) || data.length !== count * each || named !== count)
    return fail('DecodeError', {
      where: 'data set',
      expected: `${count * each} numbers for images ${showShape(shape)}, at least one, and a label for each or none`,
      actual: `${data.length} numbers${labels === undefined ? '' : ` and ${named} labels`}`,
      hint: 'give all the numbers of the images, and the labels of the same images',
    });
  const classes = labelsOf(labels, count);
  if (E.isLeft(classes)) return classes;
  const batch = (positions: Int32Array): Batch => {
    const images = new Float32Array(positions.length * each);
    positions.forEach((position, i) => {
      images.set(data.subarray(position * each, (position + 1) * each), i * each);
    });
    return { images, labels: positions.map((position) => classes.right[position]!) };
  };
  return E.right({
    size: count,
    // they have the shape that was asked for, or I is that of any images
    image: found as readonly number[] as unknown as ImageExtents<Image<I>>,
    batch: (positions) => TE.fromIO(() => batch(positions)),
    atHand: true,
  });
};
