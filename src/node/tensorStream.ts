/** Safetensors files on a disk, tensor by tensor: a file may be larger than the memory, a tensor may not. */
import { task, type Task } from '../dsl/run/effect.js';
import { crc32 } from '../formats/crc32.js';
import { headOf, tensorAt } from '../formats/safetensors.js';
import { BYTES, type Entry } from '../formats/safetensorsHeader.js';
import {
  bytesOf,
  checkNumbers,
  cutShort,
  DIGITS_AT,
  digitsOf,
  FIRST_BYTES,
  type Head,
  type Layout,
  layoutOf,
  readHead,
  soundNumbers,
  startOf,
  type StoredTensor,
  type TensorFile,
  tensorOver,
  verified,
} from '../formats/safetensorsLayout.js';
import { attempt, type NoisefoldError, orRaise } from '../internal/errors.js';
import { E, F, TE, type either, type taskEither } from '../internal/fp.js';
import { type OpenFile, reading, readInto, room, withFile, writeWith } from './files.js';

/** The bytes that are written, or read for the checksum, in a row: between them the event loop runs. */
const PIECE = 2 ** 22;

/** Demands on the numbers of a file. */
export interface Demands {
  /** Refuses NaN and infinities. */
  readonly finite: boolean;
}

/** The numbers of a tensor in pieces, each with the position of its first. */
function* piecesOf({
  dtype,
  data,
}: StoredTensor): Generator<readonly [from: number, Omit<StoredTensor, 'shape'>], void> {
  const length = PIECE / BYTES[dtype];
  for (let from = 0; from < data.length; from += length)
    yield [from, { dtype, data: data.subarray(from, from + length) } as StoredTensor]; // of the same dtype
}

/** Writes a file that was laid out, and last the digits of its checksum. */
const writeLayout =
  ({ head, placed }: Layout, { finite }: Demands) =>
  async (handle: OpenFile): Promise<void> => {
    let check = crc32(head);
    await handle.writeFile(head); // each call goes on from where the one before ended
    for (const [name, tensor] of placed)
      for (const [from, piece] of piecesOf(tensor)) {
        checkNumbers(name, piece, finite, from);
        const bytes = bytesOf(piece.data);
        check = crc32(bytes, check);
        await handle.writeFile(bytes);
      }
    await handle.write(digitsOf(check), 0, 8, DIGITS_AT);
  };

/**
 * Replaces a file by one of these tensors, as `writeAtomically` does, without a copy of them. `ConfigError` as of
 * `encodeSafetensors`, and the older file stays; `FileError`.
 */
export const writeTensors = (path: string, file: TensorFile, demands: Demands = { finite: false }): Task<void> =>
  F.pipe(
    TE.fromEither(attempt(() => layoutOf(file))),
    TE.flatMap((layout) => writeWith(path, writeLayout(layout, demands))),
    task,
  );

/** A file that is open: what its header says, and its tensors, each read when it is asked for. */
export interface OpenTensors {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly metadata: TensorFile['metadata'];
  /** Reads a tensor. `DecodeError`; `FileError`, also for one that does not fit in memory. */
  readonly tensor: (entry: Entry) => Task<StoredTensor>;
}

/** Reads bytes up to a position that the file has by what it says itself. */
const filled = async (path: string, handle: OpenFile, bytes: Uint8Array, position: number): Promise<void> => {
  const read = await readInto(handle, bytes, position);
  if (read < bytes.length) orRaise(cutShort(path, position + bytes.length, position + read)); // it became shorter
};

/** The checksum of the bytes from a position to the end. */
const checkFrom = async (
  path: string,
  handle: OpenFile,
  from: number,
  size: number,
  before: number,
): Promise<number> => {
  const piece = new Uint8Array(PIECE);
  let check = before;
  for (let at = from; at < size; at += PIECE) {
    const part = piece.subarray(0, Math.min(PIECE, size - at));
    await filled(path, handle, part, at);
    check = crc32(part, check);
  }
  return check;
};

/** Reads the numbers of a tensor, in pieces, into an array of their own, whatever their place in the file. */
const readTensor = async (
  path: string,
  handle: OpenFile,
  start: number,
  { name, begin, end, ...entry }: Entry,
  { finite }: Demands,
): Promise<StoredTensor> => {
  const whole = tensorOver(entry, room(end - begin).buffer, 0, end - begin);
  let at = start + begin;
  for (const [from, piece] of piecesOf(whole)) {
    const bytes = bytesOf(piece.data);
    await filled(path, handle, bytes, at);
    orRaise(soundNumbers(path, name, piece, finite, from));
    at += bytes.length;
  }
  return whole;
};

/**
 * Opens a safetensors file of any size, checks its header and its checksum, and gives `use` its tensors, which stay on the
 * disk until they are asked for. `DecodeError` as of `decodeSafetensors`, `FileError`, and the errors of `use`.
 */
export const withTensors = <A>(
  path: string,
  demands: Demands,
  use: (file: OpenTensors) => taskEither.TaskEither<NoisefoldError, A>,
): Task<A> =>
  F.pipe(
    withFile(path, async (handle) => {
      const { size } = await handle.stat();
      const first = new Uint8Array(Math.min(FIRST_BYTES, size));
      await filled(path, handle, first, 0);
      const head = new Uint8Array(orRaise(startOf(path, first, size)));
      await filled(path, handle, head, 0);
      const { tensors: entries, metadata, start, checked } = orRaise(readHead(path, head, size));
      if (checked !== undefined)
        orRaise(verified(path, checked.claimed, await checkFrom(path, handle, start, size, checked.before)));
      return use({
        entries,
        metadata,
        tensor: (entry) => reading(path, () => readTensor(path, handle, start, entry, demands)),
      })();
    }),
    TE.flatMapEither((result) => result),
    task,
  );

/** Opens a safetensors file whose bytes are in memory, as {@link withTensors} does; `where` names it in messages. */
export const tensorsIn = (
  where: string,
  bytes: Uint8Array,
  { finite }: Demands,
): either.Either<NoisefoldError, OpenTensors> =>
  E.map(({ tensors: entries, metadata, start }: Head): OpenTensors => {
    const tensor = (entry: Entry): either.Either<NoisefoldError, StoredTensor> => {
      const numbers = tensorAt(bytes, entry, start);
      return E.map(() => numbers)(soundNumbers(where, entry.name, numbers, finite));
    };
    return { entries, metadata, tensor: (entry) => task(TE.fromEither(tensor(entry))) };
  })(headOf(where, bytes));
