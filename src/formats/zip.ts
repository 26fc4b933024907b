/**
 * Zip archives in memory, as .npz files are: entries that are stored or deflated, ZIP64 too, not encrypted.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { Inflate, inflateSync } from 'fflate';
import { attempt, type NoisefoldError, raise } from '../internal/errors.js';
import type { either } from '../internal/fp.js';
import { joinBytes } from './bytes.js';
import { crc32 } from './crc32.js';

/** A file in an archive, still packed. */
export interface Entry {
  readonly name: string;
  readonly crc: number;
  readonly isDeflated: boolean;
  /** The bytes in the archive. */
  readonly packed: Uint8Array;
  /** The length of the file, as the archive claims it. */
  readonly size: number;
}

/** Deflate packs at most 1032 bytes into one. */
const MOST_RATIO = 1032;
const IN_ZIP64 = 0xffffffff;

const refuse = (where: string, expected: string, actual: string): never =>
  raise('DecodeError', { where, expected, actual, hint: 'the file is damaged or of another format: use a copy of it' });

/** Reads little-endian numbers, and refuses what lies outside of the archive. */
const readerOf = (where: string, bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const within = (at: number, length: number): number =>
    at >= 0 && at + length <= bytes.length
      ? at
      : refuse(where, `${length} bytes at ${at}`, `a zip archive of ${bytes.length} bytes`);
  return {
    u16: (at: number): number => view.getUint16(within(at, 2), true),
    u32: (at: number): number => view.getUint32(within(at, 4), true),
    u64: (at: number): number => view.getUint32(within(at, 8), true) + 2 ** 32 * view.getUint32(at + 4, true),
    slice: (at: number, length: number): Uint8Array => bytes.subarray(within(at, length), at + length),
  };
};
type Reader = ReturnType<typeof readerOf>;

/** The number of entries, and the place of the first in the directory: at the end, before a comment. */
const directoryOf = (
  where: string,
  { u16, u32, u64 }: Reader,
  length: number,
): readonly [count: number, at: number] => {
  let end = length - 22;
  while (end >= 0 && end > length - 22 - 2 ** 16 && u32(end) !== 0x06054b50) end--;
  if (end < 0 || u32(end) !== 0x06054b50) return refuse(where, 'a zip archive', 'no end of a directory');
  const [count, at] = [u16(end + 10), u32(end + 16)];
  if (count !== 0xffff && at !== IN_ZIP64) return [count, at];
  if (u32(end - 20) !== 0x07064b50) return refuse(where, 'a ZIP64 locator', 'none');
  const large = u64(end - 12);
  return u32(large) === 0x06064b50 ? [u64(large + 32), u64(large + 48)] : refuse(where, 'a ZIP64 directory', 'none');
};

/** The 64-bit numbers that an entry has in place of those that are too large for 32 bits. */
const largeNumbers = ({ u16, u64 }: Reader, at: number, length: number): readonly number[] => {
  for (let field = at; field + 4 <= at + length; field += 4 + u16(field + 2))
    if (u16(field) === 1)
      return Array.from({ length: Math.floor(u16(field + 2) / 8) }, (_, i) => u64(field + 4 + 8 * i));
  return [];
};

/** An entry of the directory, and the place of the next. */
const entryAt = (where: string, reader: Reader, at: number): readonly [Entry, next: number] => {
  const { u16, u32, slice } = reader;
  if (u32(at) !== 0x02014b50) return refuse(where, `an entry of the directory at ${at}`, 'none');
  const [nameLength, extraLength, commentLength] = [u16(at + 28), u16(at + 30), u16(at + 32)];
  const name = new TextDecoder().decode(slice(at + 46, nameLength));
  const large = [...largeNumbers(reader, at + 46 + nameLength, extraLength)];
  // in this order
  const [size, packedSize, header] = [u32(at + 24), u32(at + 20), u32(at + 42)].map((number) =>
    number === IN_ZIP64 ? (large.shift() ?? number) : number,
  ) as [number, number, number]; // as many as were mapped
  const place = `${where}: ${name}`;
  const method = u16(at + 10);
  if ((u16(at + 8) & 1) === 1) return refuse(place, 'an entry that is not encrypted', 'one that is');
  if (method !== 0 && method !== 8) return refuse(place, 'an entry that is stored or deflated', `method ${method}`);
  if (u32(header) !== 0x04034b50) return refuse(place, `its header at ${header}`, 'none');
  const packed = slice(header + 30 + u16(header + 26) + u16(header + 28), packedSize);
  // no writer of deflate adds more than an eighth
  const fits = size <= MOST_RATIO * (packedSize + 1) && packedSize <= 1.125 * size + 1024;
  if (method === 0 ? size !== packedSize : !fits)
    return refuse(place, `a size that ${packedSize} bytes can have`, `${size} bytes`);
  return [
    { name, crc: u32(at + 16), isDeflated: method === 8, packed, size },
    at + 46 + nameLength + extraLength + commentLength,
  ];
};

const notDeflated = (where: string, thrown: unknown): never =>
  refuse(where, 'deflated bytes', thrown instanceof Error ? thrown.message : String(thrown));

const inflated = (where: string, { packed, size, isDeflated }: Entry): Uint8Array => {
  if (!isDeflated) return packed;
  try {
    return inflateSync(packed, { out: new Uint8Array(size) });
  } catch (thrown) {
    return notDeflated(where, thrown);
  }
};

/** Lists the files of an archive. `DecodeError` if it is damaged. `where` names it in messages. */
export const zipEntries = (where: string, bytes: Uint8Array): either.Either<NoisefoldError, readonly Entry[]> =>
  attempt(() => {
    const reader = readerOf(where, bytes);
    const [count, first] = directoryOf(where, reader, bytes.length);
    const entries: Entry[] = [];
    for (let i = 0, at = first; i < count; i++) {
      const [entry, next] = entryAt(where, reader, at);
      entries.push(entry);
      at = next;
    }
    return entries;
  });

const PIECE = 1024;

/** Unpacks the first bytes of a file: `length` or more, or all that it has. Raises `DecodeError` for other bytes. */
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
  /** The most bytes of all files. */
  readonly most: number;
  /** Checks each file before any is unpacked, and raises its error. */
  readonly check: (where: string, entry: Entry) => void;
}

/**
 * Unpacks files of an archive by their names. Their sizes are added up before any is unpacked: `DecodeError` if they are more than
 * `most` bytes, or if a file does not have the size and the checksum of the directory.
 */
export const unpacked = (
  where: string,
  entries: readonly Entry[],
  { most, check }: Unpacking,
): either.Either<NoisefoldError, ReadonlyMap<string, Uint8Array>> =>
  attempt(() => {
    const total = entries.reduce((sum, { size }) => sum + size, 0);
    if (total > most)
      raise('DecodeError', {
        where,
        expected: `at most ${most} bytes unpacked`,
        actual: `${total} bytes`,
        hint: 'if you trust the file and have the memory, raise `most`',
      });
    for (const entry of entries) check(`${where}: ${entry.name}`, entry);
    const files = new Map<string, Uint8Array>();
    for (const entry of entries) {
      const place = `${where}: ${entry.name}`;
      if (files.has(entry.name)) refuse(place, 'one file of this name', 'a second one');
      const file = inflated(place, entry);
      if (file.length !== entry.size) refuse(place, `${entry.size} bytes`, `${file.length}`);
      if (crc32(file) !== entry.crc) refuse(place, 'bytes that fit their checksum', 'others');
      files.set(entry.name, file);
    }
    return files;
  });
