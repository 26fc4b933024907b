/**
 * Reads the directory of a zip archive, including ZIP64, from the parts of the archive that hold it.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { refuse } from './refuse.js';

/** A file in an archive, as the directory describes it. */
export interface Listed {
  readonly name: string;
  readonly crc: number;
  readonly isDeflated: boolean;
  /** The length of the file, as the archive claims it. */
  readonly size: number;
  /** The bytes in the archive. */
  readonly packedSize: number;
  /** The position of the header of this file, which comes before its bytes. */
  readonly header: number;
}

/** Deflate packs at most 1032 bytes into one. */
const MOST_RATIO = 1032;
const IN_ZIP64 = 0xffffffff;

/** A part of an archive, which begins at position `from`. */
interface Part {
  readonly bytes: Uint8Array;
  readonly from: number;
  /** The bytes of the archive. */
  readonly size: number;
}

/** Reads little-endian numbers at positions of the archive, and refuses positions outside the part. */
export const readerOf = (where: string, { bytes, from, size }: Part) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const within = (at: number, length: number): number =>
    at >= from && at + length <= from + bytes.length
      ? at - from
      : refuse(where, `${length} bytes at ${at}`, `a zip archive of ${size} bytes`);
  return {
    u16: (at: number): number => view.getUint16(within(at, 2), true),
    u32: (at: number): number => view.getUint32(within(at, 4), true),
    u64: (at: number): number => view.getUint32(within(at, 8), true) + 2 ** 32 * view.getUint32(at + 4 - from, true),
    slice: (at: number, length: number): Uint8Array => {
      const start = within(at, length);
      return bytes.subarray(start, start + length);
    },
  };
};
type Reader = ReturnType<typeof readerOf>;

/**
 * The maximum number of bytes at the end of an archive that {@link directoryAt} reads: a comment, and the numbers of
 * ZIP64.
 */
export const LONGEST_END = 2 ** 16 + 2 ** 10;

/**
 * The number of files, and the position of the first in the directory, read from the end of `length` bytes, before a
 * comment.
 */
export const directoryAt = (
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

/** The 64-bit numbers of a file that replace those that are too large for 32 bits. */
const largeNumbers = ({ u16, u64 }: Reader, at: number, length: number): readonly number[] => {
  for (let field = at; field + 4 <= at + length; field += 4 + u16(field + 2))
    if (u16(field) === 1)
      return Array.from({ length: Math.floor(u16(field + 2) / 8) }, (_, i) => u64(field + 4 + 8 * i));
  return [];
};

/** A file of the directory, and the position of the next one. */
const listedAt = (where: string, reader: Reader, at: number): readonly [Listed, next: number] => {
  const { u16, u32, slice } = reader;
  if (u32(at) !== 0x02014b50) return refuse(where, `an entry of the directory at ${at}`, 'none');
  const [nameLength, extraLength, commentLength] = [u16(at + 28), u16(at + 30), u16(at + 32)];
  const name = new TextDecoder().decode(slice(at + 46, nameLength));
  const large = [...largeNumbers(reader, at + 46 + nameLength, extraLength)];
  // ZIP64 stores the large numbers in this order
  const [size, packedSize, header] = [u32(at + 24), u32(at + 20), u32(at + 42)].map((number) =>
    number === IN_ZIP64 ? (large.shift() ?? number) : number,
  ) as [number, number, number]; // the cast is safe: `map` returns three numbers for three
  const place = `${where}: ${name}`;
  const method = u16(at + 10);
  if ((u16(at + 8) & 1) === 1) return refuse(place, 'an entry that is not encrypted', 'an encrypted entry');
  if (method !== 0 && method !== 8) return refuse(place, 'an entry that is stored or deflated', `method ${method}`);
  // no deflate writer adds more than an eighth
  const fits = size <= MOST_RATIO * (packedSize + 1) && packedSize <= 1.125 * size + 1024;
  if (method === 0 ? size !== packedSize : !fits)
    return refuse(place, `a size that fits ${packedSize} packed bytes`, `${size} bytes`);
  return [
    { name, crc: u32(at + 16), isDeflated: method === 8, size, packedSize, header },
    at + 46 + nameLength + extraLength + commentLength,
  ];
};

/** Lists the files of a directory. Raises `DecodeError`. */
export const listedFrom = (where: string, reader: Reader, count: number, first: number): readonly Listed[] => {
  const files: Listed[] = [];
  for (let i = 0, at = first; i < count; i++) {
    const [file, next] = listedAt(where, reader, at);
    files.push(file);
    at = next;
  }
  return files;
};

/** The bytes of the header of a file, without its name. */
export const HEADER = 30;

/** The position of the bytes of a file, by its header. */
export const startAt = (where: string, { u16, u32 }: Reader, { name, header }: Listed): number =>
  u32(header) === 0x04034b50
    ? header + HEADER + u16(header + 26) + u16(header + 28)
    : refuse(`${where}: ${name}`, `its header at ${header}`, 'none');
