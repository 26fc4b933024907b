/** Bytes of files. */
import { show } from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';

/** Joins arrays of bytes in order. */
export const joinBytes = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** Returns the bytes of a file. Returns a `ConfigError` for anything else, which JavaScript may pass. */
export const checkedBytes = (where: string, bytes: unknown): either.Either<NoisefoldError, Uint8Array> =>
  bytes instanceof Uint8Array
    ? E.right(bytes)
    : fail('ConfigError', {
        where,
        expected: 'the bytes of a file, a Uint8Array',
        actual: show(bytes),
        hint: 'read it by readBytes(path), or write new Uint8Array(buffer)',
      });

/** Checks the pieces of a file. Returns a `ConfigError` for anything else, such as the bytes of a whole file. */
export const checkPieces = (where: string, pieces: unknown): either.Either<NoisefoldError, void> =>
  Symbol.asyncIterator in Object(pieces)
    ? E.right(undefined)
    : fail('ConfigError', {
        where,
        expected: 'the pieces of a file, an AsyncIterable',
        actual: show(pieces),
        hint: 'give an async generator that yields right(bytes)',
      });
