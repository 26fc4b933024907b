import { classNames } from '../conditions/conditions.js';
import type { HostConditions } from '../conditions/hostValues.js';
import type { Dim, NoisefoldError, RandomKey, Wide } from '../dsl/index.js';
import { attempt, raise, showShape } from '../internal/errors.js';
import type { Exact } from '../internal/exact.js';
import { type either, t, TE, type taskEither } from '../internal/fp.js';
import { positive, refined } from '../internal/decode.js';
import { sizeOf } from '../internal/numbers.js';
import { part } from '../internal/parts.js';
import { optional, schema } from '../internal/schema.js';
import { countOf, hostConditions, hostRowsAt, isNumbers, namesIn } from './hostRows.js';

/** Some samples of a data set, in the form that a training step uses. */
export interface Batch {
  /** Images in [-1, 1], row-major, `[n, height, width, channels]`. */
  readonly images: Float32Array;
  /** The class of each image, `[n]`, -1 for none: short for the condition `label`. Not needed for a model without it. */
  readonly labels?: Int32Array | undefined;
  /** The values of each image, by the name of the condition. A model takes those that it is conditioned on. */
  readonly conditions?: HostConditions | undefined;
}

/** The names of classes, in the order of their numbers, by the name of the condition. */
export type Names = Readonly<Record<string, readonly string[]>>;

/** The extents of an image. */
export type ImageSize = readonly [height: number, width: number, channels: number];

/** The type of the height, width and channels of an image. */
export type ImageShape = [Dim, Dim, Dim];

/** The shape type of given extents, the inverse of {@link ImageExtents}. */
export type ImageShapeOf<I extends readonly [height: number, width: number, channels: number]> = [
  Wide<I[0]>,
  Wide<I[1]>,
  Wide<I[2]>,
];

/** An extent as a number type; a literal stays a literal. */
type Known<D> = D extends number ? D : number;

/** Height, width and channels of an image of shape `I`. */
export type ImageExtents<I extends ImageShape> = readonly [Known<I[0]>, Known<I[1]>, Known<I[2]>];

/** Returns extents as the type of an image of shape `I`. The caller has checked them. */
export const extentsFor = <I extends ImageShape>(image: readonly number[]) => image as ImageExtents<I>;

declare const fits: unique symbol;

/** Images of shape `I` for training. A batch may come from memory, a file or a network connection. */
export interface Dataset<I extends ImageShape = ImageShape> {
  readonly size: number;
  /** Height, width and channels of an image. */
  readonly image: ImageExtents<I>;
  /**
   * The samples at some positions, 0…size-1, in that order. Sizes, labels and numbers are checked each time they are
   * loaded. A training step passes its own key, from which images may be changed at random; held-out losses and
   * measurements pass none. A `Left` ends the run with its error.
   */
  readonly batch: (positions: Int32Array, key?: RandomKey) => taskEither.TaskEither<NoisefoldError, Batch>;
  /**
   * True if all images are in memory, so that all of them are checked before the first step. Otherwise, which is the
   * default, an image is checked when its batch is loaded, possibly after many steps. A data set that spreads another
   * one inherits this field.
   */
  readonly inMemory?: boolean;
  /**
   * The random changes of the images, as JSON: the name of each function, or `{ [name]: settings }`. Snapshots store them, and
   * a resumed run must have the same. {@link augmented} adds those that it makes.
   */
  readonly augmentations?: readonly unknown[];
  /** The names of the classes, by the name of the condition, such as `label`, if there are names. A trained model keeps them. */
  readonly names?: Names;
  /** Phantom, absent at run time: see {@link DataFor}. */
  [fits]?(image: I): void;
}

/**
 * A data set for a model of images of shape `I`. Its images have this shape, or a size that is not in the types; the
 * start of a training checks that size.
 */
export interface DataFor<I extends ImageShape> extends Dataset {
  /** A method, because TypeScript accepts a wider or narrower parameter for methods: `Dim` fits 28, but 32 does not. */
  [fits]?(image: I): void;
}

/** A data set that says the names of its classes, by the name of the condition; empty without names. */
export interface NamedDataset<I extends ImageShape = ImageShape> extends Dataset<I> {
  readonly names: Names;
}

/** Images in memory, as bytes, and their labels. */
export interface Bytes<I extends readonly [height: number, width: number, channels: number] = ImageSize> {
  /** Row-major, `[n, height, width, channels]`. */
  readonly pixels: Uint8Array | Uint8ClampedArray;
  /**
   * The class of each image, an integer ≥ 0, or -1 for none. Without labels the data set is for models without classes.
   */
  readonly labels?: ArrayLike<number>;
  /** The values of each image, by the name of the condition: `{ hair: ['long', null, 'short'] }`. */
  readonly conditions?: HostConditions;
  /** The names of the classes, by the name of the condition. By default the names that occur in `conditions`, sorted. */
  readonly names?: Names;
  readonly image: I;
}

/**
 * Maps a byte to a number in [-1, 1].
 * @example
 * pixelOf(0) // → -1
 * pixelOf(255) // → 1
 */
export const pixelOf = (byte: number): number => byte / 127.5 - 1;

/** The label of an image without a class. */
export const NO_CLASS = -1;

/** Raises a `DecodeError` about a data set. */
export const refuse = (expected: string, actual: string, hint: string, field = ''): never =>
  raise('DecodeError', { where: `data set${field}`, expected, actual, hint });

/** The labels of images, -1 for none. Raises `DecodeError` for a label that is not an integer. */
const labelsOf = (labels: ArrayLike<number>): Int32Array => {
  const wrong = Array.prototype.findIndex.call(labels, (label) => label !== (label | 0) || label < NO_CLASS);
  if (wrong === -1) return Int32Array.from(labels);
  const hint = 'number the classes: names.indexOf(name)';
  return refuse('a class as an integer ≥ 0, or -1 for none', `${labels[wrong]}`, hint, `: labels, ${wrong}`);
};

/** The names of classes, by the name of the condition. */
export const namesPart: t.Type<Names> = t.record(t.string, classNames);

export const dataSet = t.intersection(
  [part('a data set', 'size', 'image', 'batch'), t.partial({ names: namesPart })],
  'a data set',
);

/** What is known about images in memory beside their numbers. */
interface AboutData {
  readonly labels?: ArrayLike<number> | undefined;
  readonly conditions?: HostConditions | undefined;
  readonly names?: Names | undefined;
}

/**
 * A data set of images in memory. `copy` writes the numbers of an image, which start at index `from`, to a batch at
 * index `to`.
 */
export const datasetInMemory = <I extends ImageShape>(
  size: number,
  image: readonly number[],
  { labels, conditions, names }: AboutData,
  copy: (from: number, batch: Float32Array, to: number) => void,
): NamedDataset<I> => {
  const each = sizeOf(image);
  const classes = labels && labelsOf(labels);
  const known = { ...(conditions && namesIn(conditions, names)), ...names };
  const batch = (positions: Int32Array): Batch => {
    const images = new Float32Array(positions.length * each);
    positions.forEach((position, i) => copy(position * each, images, i * each));
    return {
      images,
      ...(classes && { labels: positions.map((position) => classes[position]!) }),
      ...(conditions && { conditions: hostRowsAt(conditions, positions) }),
    };
  };
  return {
    size,
    image: extentsFor<I>(image),
    names: known,
    batch: (positions) => TE.fromIO(() => batch(positions)),
    inMemory: true,
  };
};

const BYTES = 'a Uint8Array of all images; of numbers in [-1, 1], call datasetOfImages';
const isBytes = (value: unknown): boolean => value instanceof Uint8Array || value instanceof Uint8ClampedArray;
const isTriple = (value: unknown): boolean => Array.isArray(value) && value.length === 3;

export const imageShape = part('an image shape', 'length');

export const labelList = part<ArrayLike<number>>('a label for each image, in an array', 'length');

const byteFields = schema('datasetOf', {
  pixels: refined(t.unknown, BYTES, isBytes),
  image: refined(t.unknown, '[height, width, channels]', isTriple),
  labels: optional(labelList),
  conditions: optional(hostConditions),
  names: optional(namesPart),
} satisfies Record<keyof Bytes, unknown>);

/**
 * Makes a data set of images in memory, with or without labels. Any number of channels is allowed; pictures have 1
 * (grey), 3 (RGB) or 4 (RGB and opacity). Returns a `ConfigError` for a field that is unknown, missing or of another
 * type, and a `DecodeError` if the extents of an image are not positive integers, or if pixels and labels do not match.
 * @example
 * const pixels = Uint8Array.of(0, 255, 255, 0)
 * const data = unwrap(datasetOf({ pixels, labels: [3, 7], image: [1, 2, 1] }))
 * unwrap(await data.batch(Int32Array.of(1))()) // → { images: [1, -1], labels: [7] }
 */
export const datasetOf = <const I extends readonly [height: number, width: number, channels: number], G = unknown>(
  bytes: Exact<G, keyof Bytes> & Bytes<I>,
): either.Either<NoisefoldError, NamedDataset<ImageShapeOf<I>>> =>
  attempt(() => {
    const { pixels, labels, conditions, names, image } = byteFields.demand<Bytes<I>>(bytes);
    if (!image.every(positive.is)) {
      const expected = 'image: [height, width, channels], integers of at least 1';
      refuse(expected, showShape(image), 'give the extents of one image');
    }
    const each = image[0] * image[1] * image[2];
    const size = pixels.length / each;
    const whole = `pixels of whole images ${showShape(image)}, at least one`;
    if (size === 0 || !Number.isInteger(size))
      refuse(whole, `${pixels.length} pixels`, 'check the extents of an image');
    const expected = `a label for each of the ${size} images ${showShape(image)}`;
    if (labels !== undefined && labels.length !== size)
      refuse(expected, `${labels.length} labels`, 'give images and labels of the same split');
    checkCounts(conditions, size);
    return datasetInMemory<ImageShapeOf<I>>(size, image, { labels, conditions, names }, (from, batch, to) => {
      for (let i = 0; i < each; i++) batch[to + i] = pixelOf(pixels[from + i]!);
    });
  });

/** Raises `DecodeError` unless each condition has a value for each image. */
export const checkCounts = (conditions: HostConditions = {}, size: number): void => {
  for (const [name, values] of Object.entries(conditions)) {
    const field = `: conditions.${name}`;
    const count = countOf(values);
    if (count !== size)
      refuse(`a value for each of the ${size} images`, `${count}`, 'give null where an image has none', field);
    if (isNumbers(values) && values.data.length !== sizeOf(values.shape)) {
      const expected = `${sizeOf(values.shape)} numbers for ${showShape(values.shape)}`;
      refuse(expected, `${values.data.length}`, 'give all numbers, row-major', field);
    }
  }
};
