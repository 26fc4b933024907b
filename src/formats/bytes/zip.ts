/** Zip archives in memory, such as .npz files. Entries are stored or deflated, not encrypted. */
import { Inflate, inflateSync } from 'fflate';
import { attempt, messageOf, type NoisefoldError, raise } from '../../internal/errors.js';
import type { either } from '../../internal/fp.js';
import { joinBytes } from './bytes.js';
import { demandCrc } from './checksum.js';
import { refuse } from './refuse.js';
import { directoryAt, type Listed, listedFrom, readerOf, startAt } from './zipDirectory.js';

/** A file in an archive, still packed. */
export interface Entry extends Listed {
  readonly packed: Uint8Array;
}

const notDeflated = (where: string, thrown: unknown): never => refuse(where, 'deflated bytes', messageOf(thrown));

const inflated = (where: string, { packed, size, isDeflated }: Entry): Uint8Array => {
  if (!isDeflated) return packed;
  try {
    return inflateSync(packed, { out: new Uint8Array(size) });
  } catch (thrown) {
    return notDeflated(where, thrown);
  }
};

/** Lists the files of an archive. Returns a `DecodeError` if it is damaged. `where` names it in messages. */
export const zipEntries = (where: string, bytes: Uint8Array): either.Either<NoisefoldError, readonly Entry[]> =>
  attempt(() => {
    const reader = readerOf(where, { bytes, from: 0, size: bytes.length });
    return listedFrom(where, reader, ...directoryAt(where, reader, bytes.length)).map((file) => ({
      ...file,
      packed: reader.slice(startAt(where, reader, file), file.packedSize),
    }));
  });

const PIECE = 1024;

/**
 * Unpacks the first bytes of a file: at least `length`, or all of a shorter file. Raises `DecodeError` for invalid
 * bytes.
 */
export const beginningOf = (where: string, { packed, isDeflated }: Entry, length: number): Uint8Array => {
  if (!isDeflated) return packed;
  const pieces: Uint8Array[] = [];
  const inflate = new Inflate((piece) => void pieces.push(piece));
  const isShort = (): boolean => pieces.reduce((sum, piece) => sum + piece.length, 0) < length;
  try {
    for (let at = 0; at < packed.length && isShort(); at += PIECE) inflate.push(packed.subarray(at, at + PIECE));
  } catch (thrown) {
    return notDeflated(where, thrown);
  }
  return joinBytes(pieces);
};

interface Unpacking {
  /** The maximum total size of the files in bytes. */
  readonly maxBytes: number;
  /** Checks each file before any is unpacked, and raises its error. */
  readonly check: (where: string, entry: Entry) => void;
}

/**
 * Unpacks files of an archive by their names. Their sizes are added up before any is unpacked. Returns a `DecodeError`
 * if they exceed `maxBytes`, or if a file does not have the size and the checksum of the directory.
 */
export const unpacked = (
  where: string,
  entries: readonly Entry[],
  { maxBytes, check }: Unpacking,
): either.Either<NoisefoldError, ReadonlyMap<string, Uint8Array>> =>
  attempt(() => {
    const total = entries.reduce((sum, { size }) => sum + size, 0);
    if (total > maxBytes)
      raise('DecodeError', {
        where,
        expected: `at most ${maxBytes} bytes unpacked`,
        actual: `${total} bytes`,
        hint: 'if you trust the file and have the memory, raise `maxBytes`',
      });
    for (const entry of entries) check(`${where}: ${entry.name}`, entry);
    const files = new Map<string, Uint8Array>();
    for (const entry of entries) {
      const place = `${where}: ${entry.name}`;
      if (files.has(entry.name)) refuse(place, 'one file of this name', 'a second one');
      const file = inflated(place, entry);
      if (file.length !== entry.size) refuse(place, `${entry.size} bytes`, `${file.length}`);
      demandCrc(place, file, entry.crc);
      files.set(entry.name, file);
    }
    return files;
  });
