/** Reads files of arrays in Node: NumPy's, and the binary version of CIFAR-10. */
import { task, type Task } from '../dsl/run/effect.js';
import type { Exact } from '../internal/exact.js';
import { fail, type NoisefoldError, showShape } from '../internal/errors.js';
import { amount } from '../internal/decode.js';
import { E, F, t, TE, type either } from '../internal/fp.js';
import { take } from '../internal/gen.js';
import { joinBytes } from '../formats/bytes/bytes.js';
import { cifar10Classes, decodeCifar10 } from '../formats/cifar10.js';
import { decodeNpy, decodeNpz, type NpyArray, type NpzOptions } from '../formats/npy.js';
import { genTask } from '../dsl/run/genEffect.js';
import { part } from '../internal/parts.js';
import { argument, optional, schema } from '../internal/schema.js';
import { readBytes } from '../node/files.js';
import { type Dataset, datasetOf, imageShape, type ImageShapeOf, type ImageSize } from './dataset.js';
import { datasetOfImages } from './imageData.js';

/**
 * Reads an .npy file. Fails with `FileError`, and with the errors of {@link decodeNpy}.
 * @example
 * const wrong = await readNpy('missing.npy')()
 * isLeft(wrong) && wrong.left._tag // → 'FileError'
 */
export const readNpy = (path: string): Task<NpyArray> =>
  F.pipe(readBytes(path), TE.flatMapEither(decodeNpy(path)), task);

/**
 * Reads the arrays of an .npz file by name. Fails with `FileError`, and with the errors of {@link decodeNpz}.
 * @example
 * const wrong = await readNpz('missing.npz')()
 * isLeft(wrong) && wrong.left._tag // → 'FileError'
 */
export const readNpz = <G = unknown>(
  path: string,
  options?: Exact<G, keyof NpzOptions> & NpzOptions,
): Task<ReadonlyMap<string, NpyArray>> => F.pipe(readBytes(path), TE.flatMapEither(decodeNpz(path, options)), task);

/** The arrays that hold a data set. */
export interface ArrayData<I extends ImageSize> {
  /**
   * `[n, height, width, 1, 3 or 4]`, or grey as `[n, height, width]`. 8-bit integers are in 0…255, floating-point
   * numbers in [-1, 1].
   */
  readonly images: NpyArray;
  /** The class of each image, `[n]` or `[n, 1]`. */
  readonly labels?: NpyArray | undefined;
  /** The height, width and channels that the images have, for a model of that shape. */
  readonly image?: I | undefined;
}

const anArray = part('an array of readNpy or readNpz', 'shape', 'data');
const arrayFields = schema('datasetOfArrays', {
  images: anArray,
  labels: optional(anArray),
  image: optional(imageShape),
} satisfies Record<keyof ArrayData<never>, unknown>);

/**
 * Makes a data set of arrays, such as those of an .npz file. Returns a `ConfigError` for an invalid field, and a
 * `DecodeError` if the images have another shape or type, or another number of labels.
 * @example
 * const images = { shape: [2, 1, 1], data: Uint8Array.of(0, 255) }
 * const data = datasetOfArrays({ images, labels: { shape: [2], data: Int32Array.of(3, 7) } })
 * unwrap(data).image // → [1, 1, 1]
 */
export const datasetOfArrays = <const I extends ImageSize = ImageSize, G = unknown>(
  arrays: Exact<G, keyof ArrayData<never>> & ArrayData<I>,
): either.Either<NoisefoldError, Dataset<ImageShapeOf<I>>> => {
  const fields = arrayFields.decode<ArrayData<I>>(arrays);
  if (E.isLeft(fields)) return fields;
  const {
    images: { shape, data },
    labels,
    image,
  } = fields.right;
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  const isBytes = data instanceof Uint8Array;
  const isFloating = data instanceof Float32Array || data instanceof Float64Array;
  const extents = [height, width, channels] as const;
  const isPicture = (n: number | undefined): boolean => n === 1 || n === 3 || n === 4;
  if ((shape.length !== 3 && shape.length !== 4) || !isPicture(channels) || !(isBytes || isFloating))
    return fail('DecodeError', {
      where: 'data set: images',
      expected: 'bytes or floating-point numbers [n, height, width, 1, 3 or 4], or [n, height, width]',
      actual: `${data.constructor.name} ${showShape(shape)}`,
      hint:
        !isPicture(channels) && isPicture(shape[1])
          ? 'put the channels last: np.moveaxis(x, 1, -1)'
          : 'reshape or convert the array in NumPy',
    });
  if (image !== undefined && showShape(image) !== showShape(extents))
    return fail('DecodeError', {
      where: 'data set: images',
      expected: `images ${showShape(image)}`,
      actual: showShape(extents),
      hint: 'make the model for images of this size',
    });
  // the images have the given shape, or I is the shape of any images
  const known = extents as I;
  const classes = labels === undefined ? {} : { labels: labels.data };
  return isBytes
    ? datasetOf({ pixels: data, image: known, ...classes })
    : datasetOfImages({ data: Float32Array.from(data), shape: [count, ...extents] }, { image: known, ...classes });
};

/** The names of the arrays of a data set in an .npz file. */
export interface NpzNames<I extends ImageSize> extends Pick<NpzOptions, 'maxBytes'> {
  readonly images: string;
  readonly labels?: string;
  readonly image?: I;
}

const npzNames = schema('readNpzDataset', {
  images: t.string,
  labels: optional(t.string),
  image: optional(imageShape),
  maxBytes: optional(amount),
} satisfies Record<keyof NpzNames<never>, unknown>);

/**
 * A data set from the arrays of an .npz file, as {@link datasetOfArrays} takes them. Fails with `ConfigError` for an
 * invalid field, with `FileError`, and with `DecodeError`, also for a name that the file does not have.
 * @example
 * const wrong = await readNpzDataset('missing.npz', { images: 'arr_0' })()
 * isLeft(wrong) && wrong.left._tag // → 'FileError'
 */
export const readNpzDataset = <const I extends ImageSize = ImageSize, G = unknown>(
  path: string,
  options: Exact<G, keyof NpzNames<never>> & NpzNames<I>,
): Task<Dataset<ImageShapeOf<I>>> =>
  genTask('readNpzDataset', function* () {
    const { images, labels, image, maxBytes } = yield* take(npzNames.decode<NpzNames<I>>(options));
    const names = labels === undefined ? [images] : [images, labels];
    const arrays = yield* take(readNpz(path, { names, ...(maxBytes !== undefined && { maxBytes }) }));
    return yield* take(
      datasetOfArrays({
        images: arrays.get(images)!, // `readNpz` found all names
        labels: labels === undefined ? undefined : arrays.get(labels),
        image,
      }),
    );
  });

const pathList = t.readonlyArray(t.string, 'a list of paths');
const cifarPaths = argument('readCifar10: paths', pathList, 'give the paths of the files, in an array');

/** CIFAR-10 with the names of its classes. */
export interface Cifar10Data extends Dataset<[32, 32, 3]> {
  readonly names: { readonly label: readonly string[] };
}

/**
 * Reads a data set from binary files of CIFAR-10, in the given order: `data_batch_1.bin` to `data_batch_5.bin`, or
 * `test_batch.bin`. Fails with `FileError`, and with the errors of {@link decodeCifar10}.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-batch.bin`
 * await writeAtomically(path, new Uint8Array(3073).fill(255).with(0, 5))() // a white dog
 * const dogs = unwrap(await readCifar10([path, path])())
 * dogs.size // → 2
 * dogs.image // → [32, 32, 3]
 */
export const readCifar10 = (paths: readonly string[]): Task<Cifar10Data> =>
  genTask('readCifar10', function* () {
    const read = (path: string) => F.pipe(readBytes(path), TE.flatMapEither(decodeCifar10(path)));
    const parts = yield* take(TE.traverseSeqArray(read)(yield* take(cifarPaths.decode(paths))));
    const pixels = joinBytes(parts.map((part) => part.pixels));
    const labels = joinBytes(parts.map((part) => part.labels));
    const data = yield* take(datasetOf({ pixels, labels, image: [32, 32, 3] }));
    return { ...data, names: { label: cifar10Classes } };
  });
