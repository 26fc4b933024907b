/** Compares bytes with the CRC-32 that an archive stores for them. */
import { crc32, hexOf } from './crc32.js';
import { refuse } from './refuse.js';
import { PIECE, room, type Source } from './source.js';

/** The CRC-32 of bytes of a source, which are read in pieces. */
export const crcAt = async ({ where, fill }: Source, from: number, length: number): Promise<number> => {
  const piece = room(where, Math.min(length, PIECE));
  let check = 0;
  for (let at = 0; at < length; at += PIECE) {
    const part = piece.subarray(0, length - at);
    await fill(part, from + at);
    check = crc32(part, check);
  }
  return check;
};

/**
 * Raises `DecodeError` unless bytes have the CRC-32 that an archive stores. The caller gives the bytes or their CRC-32.
 */
export const demandCrc = (where: string, data: Uint8Array | number, crc: number): void => {
  const actual = typeof data === 'number' ? data : crc32(data);
  if (actual !== crc) refuse(where, `CRC-32 ${hexOf(crc)}`, hexOf(actual));
};
