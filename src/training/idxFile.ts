/** IDX files on disk, by Node. */
import type { NoisefoldError } from '../dsl/errors.js';
import { TE, type either, type taskEither } from '../internal/fp.js';
import { readBytes, readPieces } from './files.js';
import { decodeIdx, streamIdx, type ByteArray, type IdxChunk } from './idx.js';

/** Loads a file of a given rank, 3 for images and 1 for labels. `FileError`, `DecodeError`. */
export const readIdx = (path: string, rank: number): taskEither.TaskEither<NoisefoldError, ByteArray> =>
  TE.flatMap((bytes: Uint8Array) => TE.fromEither(decodeIdx(path, rank)(bytes)))(readBytes(path));

/** Reads a file of a given rank piece by piece, as {@link streamIdx} does. */
export const readIdxChunks = (
  path: string,
  rank: number,
): AsyncGenerator<either.Either<NoisefoldError, IdxChunk>, void> => streamIdx(path, rank)(readPieces(path));
