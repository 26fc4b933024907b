/** Unpacks gzip (RFC 1952) in pieces, by the streams that browsers and Node have in common. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { checkPieces, joinBytes } from './bytes.js';

type Piece = either.Either<NoisefoldError, Uint8Array>;

/** Tests if bytes begin with the magic bytes of gzip. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The maximum length of a piece, which unpacks to 4 MiB at most. */
const SHORT = 4096;

/** Cuts pieces to at most {@link SHORT} bytes. */
async function* short(first: Uint8Array, rest: AsyncIterator<Piece, unknown>): AsyncGenerator<Piece, void> {
  let piece: Piece = E.right(first);
  for (;;) {
    if (E.isLeft(piece)) return yield piece;
    for (let at = 0; at < piece.right.length; at += SHORT) yield E.right(piece.right.slice(at, at + SHORT));
    const { done, value } = await rest.next();
    if (done === true) return;
    piece = value as Piece; // a value of an iterator that is not done is a piece
  }
}

/**
 * Unpacks a gzip file from `first`, the piece that was already read, and the pieces after it. Writes a piece only while
 * a read waits for one, because the queues of Node's streams would hold thousands of pieces.
 */
async function* unpacked(
  where: string,
  first: Uint8Array,
  rest: AsyncIterator<Piece, unknown>,
): AsyncGenerator<Piece, void> {
  const { readable, writable } = new DecompressionStream('gzip');
  const [reader, writer, pieces] = [readable.getReader(), writable.getWriter(), short(first, rest)];
  const [yes, no] = [() => true, () => false];
  let lastWrite: Promise<boolean> | null = Promise.resolve(false); // null at the end
  try {
    for (;;) {
      const read = reader.read();
      const isRead = read.then(yes, yes);
      while (lastWrite !== null && !(await Promise.race([isRead, lastWrite]))) {
        const next = await pieces.next();
        if (next.done === true) {
          writer.close().catch(no);
          lastWrite = null;
        } else if (E.isLeft(next.value)) return yield next.value;
        else lastWrite = writer.write(new Uint8Array(next.value.right)).then(no, no); // if it fails, the read fails too
      }
      const { done, value } = await read;
      if (done) return;
      yield E.right(value);
    }
  } catch {
    yield fail('DecodeError', {
      where,
      expected: 'a whole gzip file',
      actual: 'a truncated or damaged file',
      hint: 'use a copy of the file',
    });
  } finally {
    // each may fail again, but the caller already has the error
    await Promise.allSettled([writer.abort(), reader.cancel()]);
  }
}

/**
 * Unpacks pieces of a gzip file; other files pass through unchanged. The magic bytes identify a gzip file. `where`
 * names the file in messages. Ends with an error of the source, or with `DecodeError` if the file is truncated or
 * damaged.
 * @example
 * const packed = Uint8Array.from(atob('H4sIAAAAAAAAA2NkYgYAHYC8VQMAAAA='), (byte) => byte.charCodeAt(0))
 * const pieces = async function* () {
 *   yield right(packed)
 * }
 * for await (const bytes of gunzip('bytes.gz')(pieces())) assert.deepEqual(unwrap(bytes), Uint8Array.of(1, 2, 3))
 */
export const gunzip = (where: string) =>
  async function* (pieces: AsyncIterable<Piece>): AsyncGenerator<Piece, void> {
    const valid = checkPieces(where, pieces);
    if (E.isLeft(valid)) return yield valid;
    const source = pieces[Symbol.asyncIterator]();
    try {
      let first = new Uint8Array(0);
      while (first.length < 2) {
        const { done, value } = await source.next();
        if (done === true) return first.length > 0 ? yield E.right(first) : undefined;
        if (E.isLeft(value)) return yield value;
        first = joinBytes([first, value.right]);
      }
      if (isGzip(first)) return yield* unpacked(where, first, source);
      yield E.right(first);
      for (;;) {
        const { done, value } = await source.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await source.return?.();
    }
  };
