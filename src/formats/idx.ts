/**
 * The IDX format of MNIST and similar data sets, with unsigned bytes as elements: two zero bytes, the element type 8,
 * the rank, the extents as big-endian 32-bit integers, the bytes. http://yann.lecun.com/exdb/mnist
 */
import { fail, showShape, type NoisefoldError } from '../internal/errors.js';
import { sizeOf } from '../internal/numbers.js';
import { E, F, type either } from '../internal/fp.js';
import { checkedBytes, checkPieces, joinBytes } from './bytes/bytes.js';

/** An array of bytes, dense and row-major: `[60000, 28, 28]` images, or `[60000]` labels. */
export interface ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Some neighbouring items (images, labels) of an array. */
export interface IdxChunk {
  /** The shape of the whole array. */
  readonly shape: readonly number[];
  /** The index of the first item here. */
  readonly start: number;
  /** The bytes of whole items. */
  readonly data: Uint8Array;
}

type Checked<A> = either.Either<NoisefoldError, A>;

const DAMAGED = 'the file is damaged or of another format: unpack it (.gz), or use a copy of it';

const bad = (where: string, expected: string, actual: string, hint = DAMAGED): Checked<never> =>
  fail('DecodeError', { where, expected, actual, hint });

/** The contents of files by their rank. */
const CONTENTS: Readonly<Record<number, string>> = { 1: 'labels', 3: 'images' };

const wrongRank = (where: string, rank: number, actual: number): Checked<never> => {
  const [expected, held] = [CONTENTS[rank], CONTENTS[actual]];
  const hint =
    expected === undefined || held === undefined
      ? DAMAGED
      : `the file has ${held}, not ${expected}: give the file of ${expected} here, as in readIdxDataset(images, labels)`;
  return bad(where, `rank ${rank}`, `${actual}`, hint);
};

const UNSIGNED_BYTE = 8;

/** The maximum unpacked size of a packed file that is held in memory, because a small file may unpack to more. */
const MOST_UNPACKED = 2 ** 31;

const headerBytes = (rank: number): number => 4 + 4 * rank;

const tooShort = (where: string, rank: number, length: number): Checked<never> =>
  bad(where, `a header of ${headerBytes(rank)} bytes`, `${length} bytes`);

/** The shape in a header. */
const shapeOf = (where: string, rank: number, bytes: Uint8Array): Checked<readonly number[]> => {
  if (bytes.length < headerBytes(rank)) return tooShort(where, rank, bytes.length);
  if (bytes[0] !== 0 || bytes[1] !== 0) return bad(where, 'two zero bytes first', `${bytes[0]} and ${bytes[1]}`);
  if (bytes[2] !== UNSIGNED_BYTE) return bad(where, 'the element type 8, unsigned bytes', `${bytes[2]}`);
  if (bytes[3] !== rank) return wrongRank(where, rank, bytes[3]!);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return E.right(Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis)));
};

const wrongLength = (where: string, shape: readonly number[], actual: string): Checked<never> =>
  bad(where, `${sizeOf(shape)} bytes of data for ${showShape(shape)}`, actual);

/**
 * Reads a whole file of a given rank, 3 for images and 1 for labels; `where` names it in messages. The data is a view
 * of `bytes`. Returns a `DecodeError` for another format, type or rank, and for a wrong length.
 * @example
 * const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 3) // two of them
 * unwrap(decodeIdx('labels', 1)(labels)) // → { shape: [2], data: [7, 3] }
 */
export const decodeIdx =
  (where: string, rank: number) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, ByteArray> =>
    F.pipe(
      checkedBytes(where, bytes),
      E.flatMap(() => shapeOf(where, rank, bytes)),
      E.map((shape) => ({ shape, data: bytes.subarray(headerBytes(rank)) })),
      E.flatMap((array) =>
        array.data.length === sizeOf(array.shape)
          ? E.right(array)
          : wrongLength(where, array.shape, `${array.data.length}`),
      ),
    );

/** Reads a whole file of a given rank from pieces, and stops if they continue beyond its shape. */
export const gatherIdx = async (
  where: string,
  rank: number,
  pieces: AsyncIterable<Checked<Uint8Array>>,
): Promise<Checked<ByteArray>> => {
  const parts: Uint8Array[] = [];
  let length = 0;
  let most = Infinity;
  for await (const piece of pieces) {
    if (E.isLeft(piece)) return piece;
    parts.push(piece.right);
    length += piece.right.length;
    if (most === Infinity && length >= headerBytes(rank)) {
      const shape = shapeOf(where, rank, joinBytes(parts));
      if (E.isLeft(shape)) return shape;
      most = headerBytes(rank) + sizeOf(shape.right);
      if (most > MOST_UNPACKED) return bad(where, `at most ${MOST_UNPACKED} bytes unpacked`, `${most}`);
    }
    if (length > most) break;
  }
  return decodeIdx(where, rank)(joinBytes(parts));
};

/**
 * Reads a file of a given rank from pieces of any lengths, and yields whole items as they arrive, in order. Ends with
 * an error of the source or a `DecodeError`; the items before it are valid, but the array is incomplete.
 * @example
 * const pieces = async function* () {
 *   yield right(Uint8Array.of(0, 0, 8, 1, 0, 0))
 *   yield right(Uint8Array.of(0, 2, 7, 3))
 * }
 * const labels: number[] = []
 * for await (const chunk of streamIdx('labels', 1)(pieces())) labels.push(...unwrap(chunk).data)
 * labels // → [7, 3]
 */
export const streamIdx = (where: string, rank: number) =>
  async function* (
    pieces: AsyncIterable<either.Either<NoisefoldError, Uint8Array>>,
  ): AsyncGenerator<either.Either<NoisefoldError, IdxChunk>, void> {
    const valid = checkPieces(where, pieces);
    if (E.isLeft(valid)) return yield valid;
    let shape: readonly number[] | null = null;
    let start = 0;
    // bytes of an incomplete header or item
    let parts: Uint8Array[] = [];
    let partsLength = 0;
    for await (const piece of pieces) {
      if (E.isLeft(piece)) return yield piece;
      parts.push(piece.right);
      partsLength += piece.right.length;
      if (shape === null && partsLength >= headerBytes(rank)) {
        const bytes = joinBytes(parts);
        const header = shapeOf(where, rank, bytes);
        if (E.isLeft(header)) return yield header;
        shape = header.right;
        parts = [bytes.subarray(headerBytes(rank))];
        partsLength -= headerBytes(rank);
      }
      if (shape === null) continue;
      const item = sizeOf(shape.slice(1));
      if (partsLength > sizeOf(shape) - start * item) return yield wrongLength(where, shape, 'more');
      if (partsLength === 0 || partsLength < item) continue;
      const bytes = joinBytes(parts);
      const data = bytes.subarray(0, bytes.length - (bytes.length % item));
      yield E.right({ shape, start, data });
      start += data.length / item;
      parts = [bytes.subarray(data.length)];
      partsLength -= data.length;
    }
    if (shape === null) return yield tooShort(where, rank, partsLength);
    const actual = start * sizeOf(shape.slice(1)) + partsLength;
    if (actual < sizeOf(shape)) yield wrongLength(where, shape, `${actual}`);
  };
