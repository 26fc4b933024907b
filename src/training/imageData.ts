import { fail, type NoisefoldError, showShape } from '../dsl/index.js';
import { E, type either, TE } from '../internal/fp.js';
import type { Batch, Dataset, Image, ImageExtents } from './dataset.js';

/** Images of a size, as {@link Images} are. */
export interface ImagesOf<I extends readonly [number, number, number]> {
  readonly data: Float32Array;
  readonly shape: readonly [count: number, ...image: I];
}

const NO_CLASS = -1;

/**
 * A data set of images that are numbers, in memory: samples of a model, or what was made of bytes. Their numbers are looked
 * through by what uses them. Without labels it is for models without classes. A `DecodeError` if numbers, labels and shape do not
 * fit each other.
 *
 * @param labels - the class of each image
 * @example
 * const images = { data: Float32Array.of(-1, 0.5, 0.25, 1), shape: [2, 1, 2, 1] as const }
 * const second = await pipe(
 *   TE.fromEither(datasetOfImages(images)),
 *   TE.flatMap(({ batch }) => batch(Int32Array.of(1))),
 * )()
 * second // → E.right({ images: [0.25, 1], labels: [-1] })
 */
export const datasetOfImages = <const I extends readonly [number, number, number]>(
  { data, shape }: ImagesOf<I>,
  labels?: ArrayLike<number>,
): either.Either<NoisefoldError, Dataset<Image<I>>> => {
  const [count, ...image] = shape as readonly [number, ...(readonly number[])];
  const each = image.reduce((size, extent) => size * extent, 1);
  const found = labels?.length ?? count;
  if (count === 0 || data.length !== count * each || found !== count)
    return fail('DecodeError', {
      where: 'data set',
      expected: `${count * each} numbers for images ${showShape(shape)}, at least one, and a label for each or none`,
      actual: `${data.length} numbers${labels === undefined ? '' : ` and ${found} labels`}`,
      hint: 'give all the numbers of the images, and the labels of the same images',
    });
  const batch = (positions: Int32Array): Batch => {
    const images = new Float32Array(positions.length * each);
    positions.forEach((position, i) => {
      images.set(data.subarray(position * each, (position + 1) * each), i * each);
    });
    return { images, labels: Int32Array.from(positions, (position) => labels?.[position] ?? NO_CLASS) };
  };
  return E.right({
    size: count,
    // the extents of I, which the compiler does not compare while they are open
    image: image as readonly number[] as unknown as ImageExtents<Image<I>>,
    batch: (positions) => TE.fromIO(() => batch(positions)),
    atHand: true,
  });
};
