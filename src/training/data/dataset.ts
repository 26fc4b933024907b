import { attempt, type Dim, fail, type NoisefoldError, showShape, type Wide } from '../../dsl/index.js';
import { E, type either, TE, type taskEither } from '../../internal/fp.js';
import { positive } from '../../internal/decode.js';
import { namedFields } from '../../internal/options.js';

/** Some samples of a data set, as a step of training takes them. */
export interface Batch {
  /** Images in [-1, 1], row-major, `[n, height, width, channels]`. */
  readonly images: Float32Array;
  /** The class of each image, `[n]`. */
  readonly labels: Int32Array;
}

/** Height, width and channels of an image, in types. */
export type ImageShape = [Dim, Dim, Dim];

/** The shape that extents stand for: {@link ImageExtents}, the other way round. */
export type Image<I extends readonly [number, number, number]> = [Wide<I[0]>, Wide<I[1]>, Wide<I[2]>];

/** An extent as a number: of a literal, that. */
type Known<D> = D extends number ? D : number;

/** Height, width and channels of an image of shape `I`. */
export type ImageExtents<I extends ImageShape> = readonly [Known<I[0]>, Known<I[1]>, Known<I[2]>];

/** Images of shape `I` to learn from. A batch may come from memory, a file or a network. */
export interface Dataset<I extends ImageShape = ImageShape> {
  readonly size: number;
  /** Height, width and channels of an image. */
  readonly image: ImageExtents<I>;
  /**
   * The samples at some positions, 0…size-1, in that order. What they hold is checked whenever they are loaded: sizes,
   * labels, and that numbers are of [-1, 1].
   */
  readonly batch: (positions: Int32Array) => taskEither.TaskEither<NoisefoldError, Batch>;
  /**
   * Whether all images are in memory, so that loading them costs next to nothing: then they are looked through, every one,
   * before anything is made of them. False if left out: what is wrong with an image is found when its batch is loaded, which
   * may be after many steps. A data set made of another by a spread has what that says.
   */
  readonly atHand?: boolean;
}

/** Images and labels in memory, as bytes. */
export interface Bytes<I extends readonly [number, number, number] = readonly [number, number, number]> {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  readonly image: I;
}

/**
 * A byte as a number in [-1, 1].
 * @example
 * pixelOf(0) // → -1
 * pixelOf(255) // → 1
 */
export const pixelOf = (byte: number): number => byte / 127.5 - 1;

const fields = namedFields('datasetOf', {
  pixels: 'the bytes of all images',
  labels: 'a label for each image',
  image: '[height, width, channels]',
});

/**
 * Makes a data set of images in memory. Returns `DecodeError` if the extents of an image are not positive integers, or if pixels
 * and labels do not fit each other.
 * @example
 * const pixels = Uint8Array.of(0, 255, 255, 0)
 * const data = datasetOf({ pixels, labels: Uint8Array.of(3, 7), image: [1, 2, 1] })
 * const second = await pipe(TE.fromEither(data), TE.flatMap(({ batch }) => batch(Int32Array.of(1))))()
 * second // → E.right({ images: [1, -1], labels: [7] })
 */
export const datasetOf = <const I extends readonly [number, number, number]>(
  bytes: Bytes<I>,
): either.Either<NoisefoldError, Dataset<Image<I>>> => {
  const named = attempt(() => fields(bytes));
  if (E.isLeft(named)) return named;
  const { pixels, labels, image } = bytes;
  const [height, width, channels] = image;
  const each = height * width * channels;
  if (!image.every((extent) => positive.is(extent)))
    return fail('DecodeError', {
      where: 'data set',
      expected: 'image: [height, width, channels], integers of at least 1',
      actual: showShape(image),
      hint: 'give the extents of one image',
    });
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
  return E.right({
    size: labels.length,
    // the extents of I, which the compiler does not compare while they are open
    image: image as unknown as ImageExtents<Image<I>>,
    batch: (positions) => TE.fromIO(() => batch(positions)),
    atHand: true,
  });
};
