/** Bytes that are read in parts, from a file on disk, an array, or a `Blob` of a browser. */
import { task, type Task } from '../../dsl/run/effect.js';
import { caught, failure, raise } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';

/** Bytes of a known size that are read in parts. */
export interface Source {
  /** The name of the file in messages. */
  readonly where: string;
  readonly size: number;
  /** Fills an array with the bytes from a position. Raises `FileError`, and `DecodeError` if there are fewer. */
  readonly fill: (bytes: Uint8Array, at: number) => Promise<void>;
}

/**
 * The members of a `Blob` that are used; a `File` has them too. They are declared here so that our declarations do not
 * need the types of a browser.
 */
export interface BlobLike {
  readonly size: number;
  readonly slice: (from: number, to: number) => { readonly arrayBuffer: () => Promise<ArrayBuffer> };
}

/** The error of a file that has fewer bytes than its header says. */
export const cutShortError = (where: string, size: number, actual: number) =>
  failure('DecodeError', {
    where,
    expected: `${size} bytes (from the header)`,
    actual: `${actual}`,
    hint: 'the file is truncated: copy or download it again',
  });

/** Raises `DecodeError` for a file that has fewer bytes than its header says. */
const demandBytes = (where: string, size: number, actual: number): void => {
  if (size > actual) raise('DecodeError', cutShortError(where, size, actual));
};

/**
 * Allocates an array for bytes of a file. Raises `FileError` if the memory is too small; Node 20 supports at most 4
 * GiB.
 */
export const room = (where: string, size: number): Uint8Array<ArrayBuffer> => {
  try {
    return new Uint8Array(size);
  } catch {
    return raise('FileError', {
      where,
      expected: 'a file to read',
      actual: `EFBIG: ${size} bytes are more than fit in memory`,
      hint: 'give a smaller file; Node 22 and later hold larger ones',
    });
  }
};

/** Bytes in memory as a source. */
export const sourceOfBytes = (where: string, bytes: Uint8Array): Source => ({
  where,
  size: bytes.length,
  fill: async (to, at) => {
    demandBytes(where, at + to.length, bytes.length);
    to.set(bytes.subarray(at, at + to.length));
  },
});

/** A `Blob` as a source. Raises `FileError` if the browser cannot read it any more. */
export const sourceOfBlob = (where: string, blob: BlobLike): Source => ({
  where,
  size: blob.size,
  fill: async (to, at) => {
    demandBytes(where, at + to.length, blob.size);
    const read = blob.slice(at, at + to.length).arrayBuffer();
    const buffer = await read.catch((thrown: unknown) =>
      raise('FileError', {
        where,
        expected: 'a file to read',
        actual: String(thrown),
        hint: 'choose the file again: it may have changed',
      }),
    );
    to.set(new Uint8Array(buffer));
  },
});

/** A part of a source as a source with its own positions. The source must have these bytes. */
export const partOf = ({ where, fill }: Source, from: number, size: number): Source => ({
  where,
  size,
  fill: async (to, at) => {
    demandBytes(where, from + at + to.length, from + size);
    await fill(to, from + at);
  },
});

/** Reads bytes at a position. Raises `DecodeError` if the source has fewer, before it allocates an array. */
export const bytesAt = async (
  { where, size, fill }: Source,
  at: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  demandBytes(where, at + length, size);
  const bytes = room(where, length);
  await fill(bytes, at);
  return bytes;
};

/** The number of bytes that are read or written at a time, after which the event loop runs. */
export const PIECE = 2 ** 22;

/** Converts work that raises errors to a task. Other exceptions are defects, with which the promise rejects. */
export const attempted = <A>(work: () => Promise<A>): Task<A> =>
  task(async () => {
    try {
      return E.right(await work());
    } catch (thrown) {
      return caught(thrown);
    }
  });
