import { crc32 } from '../formats/bytes/crc32.js';

/** A check of numbers or strings. */
export const textCheck = (list: ArrayLike<number | string>): number =>
  crc32(new TextEncoder().encode(JSON.stringify(Array.from(list))));
