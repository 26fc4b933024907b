/** Gzip (RFC 1952), unpacked piece by piece by the streams that browsers and Node share. */
import { fail, type NoisefoldError } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { joinBytes } from './bytes.js';

type Piece = either.Either<NoisefoldError, Uint8Array>;

/** Tests if bytes begin with the magic bytes of gzip. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Unpacks the rest of a gzip file, of which `first` was read. Holds about one piece of it at a time. */
async function* unpacked(
  where: string,
  first: Uint8Array,
  rest: AsyncIterator<Piece, unknown>,
): AsyncGenerator<Piece, void> {
  let failed: Piece | null = null;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new Uint8Array(first)),
    pull: async (controller) => {
      const { done, value } = await rest.next();
      if (done === true) return controller.close();
      if (E.isRight(value)) return controller.enqueue(new Uint8Array(value.right));
      failed = value;
      controller.error(value.left);
    },
    cancel: async () => void (await rest.return?.()),
  });
  const reader = packed.pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield E.right(value);
    }
  } catch {
    yield (
      failed ??
      fail('DecodeError', {
        where,
        expected: 'a whole gzip file',
        actual: 'one that is cut short or damaged',
        hint: 'use a copy of the file',
      })
    );
  } finally {
    await reader.cancel().catch(() => undefined); // it has failed, and that was told
  }
}

/**
 * Unpacks pieces of a gzip file; other files pass through unchanged. The magic bytes tell which it is. `where` names the file in
 * messages. An error ends it: one of the source, or `DecodeError` if the file is cut short or damaged.
 * @example
 * const packed = Uint8Array.from(atob('H4sIAAAAAAAAA2NkYgYAHYC8VQMAAAA='), (byte) => byte.charCodeAt(0))
 * const pieces = async function* () {
 *   yield E.right(packed)
 * }
 * const { value } = await gunzip('bytes.gz')(pieces()).next()
 * value // → E.right([1, 2, 3])
 */
export const gunzip = (where: string) =>
  async function* (pieces: AsyncIterable<Piece>): AsyncGenerator<Piece, void> {
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
