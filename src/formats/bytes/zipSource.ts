/**
 * Zip archives that are not loaded into memory: only the directory is read, and each file on demand. Files must be
 * stored, not deflated.
 */
import { raise } from '../../internal/errors.js';
import { crcAt, demandCrc } from './checksum.js';
import { refuse } from './refuse.js';
import { bytesAt, cutShortError, type Source } from './source.js';
import { directoryAt, HEADER, type Listed, listedFrom, LONGEST_END, readerOf, startAt } from './zipDirectory.js';

/**
 * Two CRC-32 of the same bytes: the one that the archive stores, and the one computed from the bytes, which are read
 * once, in pieces.
 */
export interface Crc {
  readonly claimed: number;
  readonly actual: () => Promise<number>;
}

/** A file in an archive. */
export interface ZipFile {
  readonly size: number;
  /** The CRC-32 of the file. Null if the archive has 0, which PyTorch writes after `set_crc32_options(False)`. */
  readonly crc: Crc | null;
  /** Finds the first byte of the file. */
  readonly start: () => Promise<number>;
  /** Reads a whole small file, and compares its CRC-32 if the archive has one. */
  readonly bytes: () => Promise<Uint8Array>;
}

/** The maximum size of a directory, and of a file that is read whole. */
const LONGEST = 2 ** 27;

const demandShort = (where: string, size: number): void => {
  if (size > LONGEST) refuse(where, `at most ${LONGEST} bytes`, `${size}`);
};

const readerAt = async (source: Source, from: number, length: number) =>
  readerOf(source.where, { bytes: await bytesAt(source, from, length), from, size: source.size });

/**
 * Refuses files that overlap, or end after the archive, because a few bytes could claim to hold any number of files.
 */
const demandApart = ({ where, size }: Source, files: readonly Listed[]): void => {
  let end = 0;
  for (const { name, header, packedSize } of [...files].sort((a, b) => a.header - b.header)) {
    if (header < end)
      refuse(`${where}: ${name}`, `a file from byte ${end}, where the one before it ends`, `from ${header}`);
    end = header + HEADER + packedSize;
    if (end > size) raise('DecodeError', cutShortError(where, end, size));
  }
};

/** Lists the files of an archive by name. Raises `DecodeError`. */
export const openZip = async (source: Source): Promise<ReadonlyMap<string, ZipFile>> => {
  const { where, size } = source;
  const end = Math.max(0, size - LONGEST_END);
  const [count, first] = directoryAt(where, await readerAt(source, end, size - end), size);
  if (first > size) refuse(where, `a directory within ${size} bytes`, `at ${first}`);
  demandShort(`${where}, directory`, size - first);
  const listed = listedFrom(where, await readerAt(source, first, size - first), count, first);
  demandApart(source, listed);
  const files = new Map<string, ZipFile>();
  for (const file of listed) {
    const place = `${where}: ${file.name}`;
    if (files.has(file.name)) refuse(place, 'one file of this name', 'a second one');
    const start = async (): Promise<number> => {
      if (file.isDeflated)
        refuse(
          place,
          'a file that is stored, as torch.save writes it',
          'a deflated one',
          'unpack the archive, and pack it again without compression: zip -0',
        );
      return startAt(where, await readerAt(source, file.header, HEADER), file);
    };
    let check: Promise<number> | null = null;
    const actual = (): Promise<number> => (check ??= start().then((from) => crcAt(source, from, file.size)));
    const crc = file.crc === 0 ? null : { claimed: file.crc, actual };
    const bytes = async (): Promise<Uint8Array> => {
      demandShort(place, file.size);
      const whole = await bytesAt(source, await start(), file.size);
      if (crc !== null) demandCrc(place, whole, crc.claimed);
      return whole;
    };
    files.set(file.name, { size: file.size, crc, start, bytes });
  }
  return files;
};
