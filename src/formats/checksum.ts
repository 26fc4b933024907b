/** Compares bytes with the CRC-32 that an archive stores for them. */
import { crc32, hexOf } from './crc32.js';
import { refuse } from './refuse.js';

/** Raises `DecodeError` for bytes with another CRC-32. */
export const demandCrc = (where: string, bytes: Uint8Array, crc: number): void => {
  const actual = crc32(bytes);
  if (actual !== crc) refuse(where, `CRC-32 ${hexOf(crc)}`, hexOf(actual));
};
