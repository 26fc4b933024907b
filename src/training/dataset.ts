import { fail, type NoisefoldError, showShape } from '../dsl/errors.js';
import { E, type either, TE, type taskEither } from '../internal/fp.js';

/** Some samples of a data set, as a step of training takes them. */
export interface Batch {
  /** Images in [-1, 1], row-major, `[n, height, width, channels]`. */
  readonly images: Float32Array;
  /** The class of each image, `[n]`. */
  readonly labels: Int32Array;
}

/** Images to learn from. A batch may come from memory, a file or a network. */
export interface Dataset {
  readonly size: number;
  /** Height, width and channels of an image. */
  readonly image: readonly [number, number, number];
  /** The samples at some positions, 0…size-1, in that order. */
  readonly batch: (positions: Int32Array) => taskEither.TaskEither<NoisefoldError, Batch>;
}

/** Images and labels in memory, as bytes. */
export interface Bytes {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  readonly image: readonly [number, number, number];
}

/**
 * A byte as a number in [-1, 1].
 *
 * @example
 * pixelOf(0) // → -1
 * pixelOf(255) // → 1
 */
export const pixelOf = (byte: number): number => byte / 127.5 - 1;

/**
 * A data set of images in memory. A `DecodeError` if pixels and labels do not fit each other.
 *
 * @example
 * const pixels = Uint8Array.of(0, 255, 255, 0)
 * const data = datasetOf({ pixels, labels: Uint8Array.of(3, 7), image: [1, 2, 1] })
 * const second = await pipe(TE.fromEither(data), TE.flatMap(({ batch }) => batch(Int32Array.of(1))))()
 * second // → E.right({ images: [1, -1], labels: [7] })
 */
export const datasetOf = ({ pixels, labels, image }: Bytes): either.Either<NoisefoldError, Dataset> => {
  const [height, width, channels] = image;
  const each = height * width * channels;
  if (labels.length === 0 || pixels.length !== labels.length * each)
    return fail('DecodeError', {
      where: 'data set',
      expected: `${labels.length * each} pixels for ${labels.length} labels of images ${showShape(image)}`,
      actual: `${pixels.length} pixels`,
      hint: 'give the images and the labels of the same split',
    });
  const batch = (positions: Int32Array): Batch => {
    const images = new Float32Array(positions.length * each);
    positions.forEach((position, i) => {
      for (let j = 0; j < each; j++) images[i * each + j] = pixelOf(pixels[position * each + j]!);
    });
    return { images, labels: Int32Array.from(positions, (position) => labels[position]!) };
  };
  return E.right({ size: labels.length, image, batch: (positions) => TE.fromIO(() => batch(positions)) });
};
