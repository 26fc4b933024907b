/**
 * Reads and writes safetensors files on a disk, tensor by tensor. A file may be larger than the memory, a tensor may
 * not.
 */
import { task, type Task } from '../dsl/run/effect.js';
import { crc32 } from '../formats/bytes/crc32.js';
import { type Demands, openTensors, type OpenTensors, piecesOf } from '../formats/safetensors/openTensors.js';
import { headOf, tensorAt } from '../formats/safetensors/safetensors.js';
import {
  bytesOf,
  checkNumbers,
  DIGITS_AT,
  digitsOf,
  type Head,
  type Layout,
  layoutOf,
  soundNumbers,
  type TensorFile,
} from '../formats/safetensors/safetensorsLayout.js';
import { openSafetensors } from '../formats/safetensors/safetensorsSource.js';
import { attempt, type NoisefoldError, orRaise } from '../internal/errors.js';
import { E, F, TE, type either, type taskEither } from '../internal/fp.js';
import { type OpenFile, sourceOf, withFile, writeWith } from './files.js';

export type { OpenTensors } from '../formats/safetensors/openTensors.js';

/** Writes a file of a computed layout, and finally the digits of its checksum. */
const writeLayout =
  ({ head, tensors }: Layout, { finite }: Demands) =>
  async (handle: OpenFile): Promise<void> => {
    let check = crc32(head);
    await handle.writeFile(head); // each call continues where the previous one ended
    for (const [name, tensor] of tensors)
      for (const [from, piece] of piecesOf(tensor)) {
        checkNumbers(name, piece, finite, from);
        const bytes = bytesOf(piece.data);
        check = crc32(bytes, check);
        await handle.writeFile(bytes);
      }
    await handle.write(digitsOf(check), 0, 8, DIGITS_AT);
  };

/**
 * Replaces a file by a file of these tensors, like `writeAtomically`, without copying them. Fails with the
 * `ConfigError` of `encodeSafetensors`, and then keeps the older file; and with `FileError`.
 */
export const writeTensors = (path: string, file: TensorFile, demands: Demands = { finite: false }): Task<void> =>
  F.pipe(
    TE.fromEither(attempt(() => layoutOf(file))),
    TE.flatMap((layout) => writeWith(path, writeLayout(layout, demands))),
    task,
  );

/**
 * Opens a safetensors file of any size, checks its header and its checksum, and passes `use` its tensors, which stay on
 * the disk until they are needed. Fails with the `DecodeError` of `decodeSafetensors`, with `FileError`, and with the
 * errors of `use`.
 */
export const withTensors = <A>(
  path: string,
  demands: Demands,
  use: (file: OpenTensors) => taskEither.TaskEither<NoisefoldError, A>,
): Task<A> =>
  F.pipe(
    withFile(path, async (handle) => use(await openSafetensors(await sourceOf(path, handle), demands))()),
    TE.flatMapEither((result) => result),
    task,
  );

/** Opens a safetensors file whose bytes are in memory, like {@link withTensors}; `where` names it in messages. */
export const tensorsIn = (
  where: string,
  bytes: Uint8Array,
  demands: Demands,
): either.Either<NoisefoldError, OpenTensors> =>
  E.map(({ tensors, metadata, start }: Head) =>
    openTensors(where, tensors, metadata, async (entry) => {
      const numbers = tensorAt(bytes, entry, start);
      orRaise(soundNumbers(where, entry.name, numbers, demands));
      return numbers;
    }),
  )(headOf(where, bytes));
