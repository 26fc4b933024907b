/** The formats of pictures, by the first bytes of a file. Its name may be wrong. */
import { fail, type NoisefoldError } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';

/** The beginning of a file in each format that is decoded, a character for each byte. */
const SIGNATURES = {
  JPEG: /^\xff\xd8\xff/,
  PNG: /^\x89PNG\r\n/,
  WebP: /^RIFF.{4}WEBP/s,
  GIF: /^GIF8[79]a/,
  TIFF: /^(II[*+]\0|MM\0[*+])/, // with a + for files above 4 GiB
  AVIF: /^.{4}ftyp(.{4})*avi[fs]/s, // a list of compatible formats
};

/** The number of bytes that are compared. */
const COMPARED = 64;

/** The number of bytes of an unknown format that an error shows. */
const SHOWN = 16;

const NAMES = Object.keys(SIGNATURES);
const EXPECTED = `a picture that can be decoded: ${NAMES.slice(0, -1).join(', ')} or ${NAMES.at(-1)}`;

/** Checks that a file is a picture in a format that is decoded. `where` names the file in the `DecodeError`. */
export const checkFormat = (where: string, file: Uint8Array): either.Either<NoisefoldError, void> => {
  const start = String.fromCharCode(...file.subarray(0, COMPARED));
  if (Object.values(SIGNATURES).some((signature) => signature.test(start))) return E.right(undefined);
  return fail('DecodeError', {
    where,
    expected: EXPECTED,
    actual: file.length === 0 ? 'an empty file' : `a file that begins with ${JSON.stringify(start.slice(0, SHOWN))}`,
    hint: 'convert the file to one of these formats, replace it, or remove it',
  });
};
