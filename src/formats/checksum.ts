/** Comparisons of bytes with the CRC-32 that an archive has of them. */
import { crc32, hexOf } from './crc32.js';
import { refuse } from './refuse.js';

/** Refuses bytes of another CRC-32. Raises `DecodeError`. */
export const demandCrc = (where: string, bytes: Uint8Array, crc: number): void => {
  const actual = crc32(bytes);
  if (actual !== crc) refuse(where, `CRC-32 ${hexOf(crc)}`, hexOf(actual));
};
