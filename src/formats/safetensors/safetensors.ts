/**
 * The safetensors format: eight bytes of header length, a JSON header, then the numbers, without gaps.
 * https://huggingface.co/docs/safetensors. The decoder accepts a file only if all of it is valid.
 *
 * Files written by noisefold have a checksum in their metadata, which is verified when they are read.
 */
import { attempt, fail, type NoisefoldError } from '../../internal/errors.js';
import { E, F, type either } from '../../internal/fp.js';
import { partLike } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { checkedBytes, joinBytes } from '../bytes/bytes.js';
import { crc32 } from '../bytes/crc32.js';
import { elementBytes, type Entry } from './safetensorsHeader.js';
import {
  bytesOf,
  checkNumbers,
  DIGITS_AT,
  digitsOf,
  FIRST_BYTES,
  type Head,
  layoutOf,
  readHead,
  soundNumbers,
  startOf,
  type StoredTensor,
  type TensorFile,
  tensorOver,
  verified,
} from './safetensorsLayout.js';

export type { StoredTensor, TensorFile } from './safetensorsLayout.js';

const write = (file: TensorFile): Uint8Array => {
  const { head, tensors } = layoutOf(file);
  for (const [name, tensor] of tensors) checkNumbers(name, tensor, false);
  const bytes = joinBytes([head, ...tensors.map(([, { data }]) => bytesOf(data))]);
  bytes.set(digitsOf(crc32(bytes)), DIGITS_AT);
  return bytes;
};

const fileOf = argument(
  'encodeSafetensors: file',
  partLike<TensorFile>('a file of tensors', '{ tensors: new Map() }', 'tensors'),
);

/**
 * The bytes of a file, which {@link decodeSafetensors} reads back. The widest dtypes come first, so that all numbers
 * are aligned; headers are padded with spaces to a multiple of eight bytes. Returns a `ConfigError` for a shape that
 * does not match its data, and for a file that exceeds the memory or the limits of the format.
 * @example
 * const w: StoredTensor = { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2) }
 * const bytes = encodeSafetensors({ tensors: new Map([['w', w]]), metadata: {} })
 * isLeft(bytes) && bytes.left.expected // → 'w to hold F32 [3]'
 */
export const encodeSafetensors = (file: TensorFile): either.Either<NoisefoldError, Uint8Array> => {
  try {
    return attempt(() => write(fileOf.demand(file)));
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return fail('ConfigError', {
      where: 'encodeSafetensors',
      expected: 'tensors whose copy fits in memory',
      actual: thrown.message,
      hint: 'write them to several files',
    });
  }
};

/** The numbers of an entry: a view of the file if they are aligned, otherwise a copy. */
export const tensorAt = (bytes: Uint8Array, entry: Entry, start: number): StoredTensor => {
  const length = entry.end - entry.begin;
  if (length === 0) return tensorOver(entry, new ArrayBuffer(0), 0, 0);
  const at = bytes.byteOffset + start + entry.begin;
  return at % elementBytes(entry.dtype) === 0
    ? tensorOver(entry, bytes.buffer, at, length)
    : // not `bytes.slice`, because the `slice` of a Buffer of Node returns a view
      tensorOver(entry, bytes.buffer.slice(at, at + length), 0, length);
};

/** Reads the beginning of a file, and verifies the checksum of the whole. Raises `DecodeError`. */
export const headOf = (where: string, bytes: Uint8Array): either.Either<NoisefoldError, Head> =>
  F.pipe(
    startOf(where, bytes.subarray(0, FIRST_BYTES), bytes.length),
    E.flatMap((start) => readHead(where, bytes.subarray(0, start), bytes.length)),
    E.tap(({ checked, start }) =>
      checked === undefined
        ? E.right(undefined)
        : verified(where, checked.claimed, crc32(bytes.subarray(start), checked.before)),
    ),
  );

/**
 * Reads the bytes of a file; `where` names it in messages. The arrays are views of `bytes` if they are aligned. Returns
 * a `DecodeError` at the first invalid place: a truncated or foreign file, overlapping data, gaps, a repeated name, a
 * shape of more than 64 extents or of more numbers than can be counted, more than 65,536 tensors.
 * @example
 * const w: StoredTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }
 * const bytes = unwrap(encodeSafetensors({ tensors: new Map([['w', w]]), metadata: { author: 'me' } }))
 * const file = unwrap(decodeSafetensors('memory')(bytes))
 * file.metadata // → { author: 'me' }
 * file.tensors.get('w') // → w
 */
export const decodeSafetensors =
  (where: string) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, TensorFile> =>
    F.pipe(
      checkedBytes(where, bytes),
      E.flatMap(() => headOf(where, bytes)),
      E.map(({ tensors, metadata, start }) => ({
        tensors: new Map(Array.from(tensors, ([name, entry]) => [name, tensorAt(bytes, entry, start)])),
        metadata,
      })),
      E.tap(({ tensors }) =>
        F.pipe(
          [...tensors],
          E.traverseArray(([name, tensor]) => soundNumbers(where, name, tensor, { finite: false })),
        ),
      ),
    );
