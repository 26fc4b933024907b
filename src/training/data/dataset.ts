import { type Dim, fail, type NoisefoldError, type RandomKey, showShape, type Wide } from '../../dsl/index.js';
import { E, type either, t, TE, type taskEither } from '../../internal/fp.js';
import { exactly, positive, refined } from '../../internal/decode.js';
import { checked, part } from '../checked.js';

/** Some samples of a data set, as a step of training takes them. */
export interface Batch {
  /** Images in [-1, 1], row-major, `[n, height, width, channels]`. */
  readonly images: Float32Array;
  /** The class of each image, `[n]`; -1 for none. */
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
   * labels, and that numbers are of [-1, 1]. A step of training gives a key of its own, from which images may be changed
   * at random; held-out data and measurements give none.
   */
  readonly batch: (positions: Int32Array, key?: RandomKey) => taskEither.TaskEither<NoisefoldError, Batch>;
  /**
   * Whether all images are in memory, so that loading them costs next to nothing: then they are looked through, every one,
   * before anything is made of them. False if left out: what is wrong with an image is found when its batch is loaded, which
   * may be after many steps. A data set made of another by a spread has what that says.
   */
  readonly atHand?: boolean;
}

/** Images in memory, as bytes, and their labels. */
export interface Bytes<I extends readonly [number, number, number] = readonly [number, number, number]> {
  /** Row-major, `[n, height, width, channels]`. */
  readonly pixels: Uint8Array | Uint8ClampedArray;
  /** The class of each image, an integer ≥ 0; without them the data set is for models without classes. */
  readonly labels?: ArrayLike<number>;
  readonly image: I;
}

/**
 * A byte as a number in [-1, 1].
 * @example
 * pixelOf(0) // → -1
 * pixelOf(255) // → 1
 */
export const pixelOf = (byte: number): number => byte / 127.5 - 1;

/** The label of an image without a class. */
export const NO_CLASS = -1;

/** The labels of images, or of images without classes; `DecodeError` for one that is no integer. */
export const labelsOf = (
  labels: ArrayLike<number> | undefined,
  count: number,
): either.Either<NoisefoldError, Int32Array> => {
  if (labels === undefined) return E.right(new Int32Array(count).fill(NO_CLASS));
  const wrong = Array.prototype.findIndex.call(labels, (label) => label !== (label | 0) || label < NO_CLASS);
  return wrong === -1
    ? E.right(Int32Array.from(labels))
    : fail('DecodeError', {
        where: `data set: labels, ${wrong}`,
        expected: 'a class as an integer ≥ 0, or -1 for none',
        actual: `${labels[wrong]}`,
        hint: 'number the classes: names.indexOf(name)',
      });
};

const BYTES = 'a Uint8Array of all images; of numbers in [-1, 1], call datasetOfImages';
const isBytes = (given: unknown): boolean => given instanceof Uint8Array || given instanceof Uint8ClampedArray;
const isTriple = (given: unknown): boolean => Array.isArray(given) && given.length === 3;

const checkedBytes = checked(
  'datasetOf',
  exactly(
    {
      pixels: refined(t.unknown, BYTES, isBytes),
      image: refined(t.unknown, '[height, width, channels]', isTriple),
    },
    { labels: part('a label for each image, in an array', 'length') },
  ),
);

/**
 * Makes a data set of images in memory, with or without labels. Any number of channels will do; pictures have 1 (grey), 3 (RGB)
 * or 4 (RGB and opacity). Returns `ConfigError` for a field that is unknown, missing or of another type, and `DecodeError` if the
 * extents of an image are not positive integers, or if pixels and labels do not fit each other.
 * @example
 * const pixels = Uint8Array.of(0, 255, 255, 0)
 * const data = datasetOf({ pixels, labels: [3, 7], image: [1, 2, 1] })
 * const second = await pipe(TE.fromEither(data), TE.flatMap(({ batch }) => batch(Int32Array.of(1))))()
 * second // → E.right({ images: [1, -1], labels: [7] })
 */
export const datasetOf = <const I extends readonly [number, number, number]>(
  bytes: Bytes<I>,
): either.Either<NoisefoldError, Dataset<Image<I>>> => {
  const given = checkedBytes(bytes);
  if (E.isLeft(given)) return given;
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
  const size = labels?.length ?? Math.ceil(pixels.length / each);
  if (size === 0 || pixels.length !== size * each)
    return fail('DecodeError', {
      where: 'data set',
      expected:
        labels === undefined
          ? `pixels of whole images ${showShape(image)}, at least one`
          : `${size * each} pixels for ${size} labels of images ${showShape(image)}`,
      actual: `${pixels.length} pixels`,
      hint: labels === undefined ? 'check the extents of an image' : 'give the images and the labels of the same split',
    });
  const classes = labelsOf(labels, size);
  if (E.isLeft(classes)) return classes;
  const batch = (positions: Int32Array): Batch => {
    const images = new Float32Array(positions.length * each);
    positions.forEach((position, i) => {
      for (let j = 0; j < each; j++) images[i * each + j] = pixelOf(pixels[position * each + j]!);
    });
    return { images, labels: positions.map((position) => classes.right[position]!) };
  };
  return E.right({
    size,
    // the extents of I, which the compiler does not compare while they are open
    image: image as unknown as ImageExtents<Image<I>>,
    batch: (positions) => TE.fromIO(() => batch(positions)),
    atHand: true,
  });
};
