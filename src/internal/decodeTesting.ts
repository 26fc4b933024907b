import { decode, type Mismatch } from './decode.js';
import { E, type t } from './fp.js';

/** The report of a value that a codec refuses, without its hint; `accepted` for others. */
export const reportOf = (codec: t.Mixed, value: unknown): string =>
  E.match(
    ({ path, expected, actual }: Mismatch) => `${path}: expected ${expected}, got ${actual}`,
    () => 'accepted',
  )(decode(codec)(value));
