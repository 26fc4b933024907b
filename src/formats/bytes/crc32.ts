/** The CRC-32 of PNG, gzip and our checkpoints: reflected, with the polynomial 0xEDB88320. */

/** The CRC-32 of each byte value. */
const TABLE = /* @__PURE__ */ Int32Array.from({ length: 256 }, (_, byte) => {
  let check = byte;
  for (let bit = 0; bit < 8; bit++) check = (check >>> 1) ^ (0xedb88320 & -(check & 1));
  return check;
});

/** {@link crc32} by a table, on any engine. */
export const crc32ByTable = (bytes: Uint8Array, before: number): number => {
  let check = ~before;
  for (let i = 0; i < bytes.length; i++) check = (check >>> 8) ^ TABLE[(check ^ bytes[i]!) & 255]!;
  return ~check >>> 0;
};

type Check = (bytes: Uint8Array, before: number) => number;

/** Calls a function that computes CRC-32 with at most `size` bytes at once. */
export const inParts =
  (check: Check, size: number): Check =>
  (bytes, before) => {
    let all = before;
    for (let i = 0; i < bytes.length; i += size) all = check(bytes.subarray(i, i + size), all);
    return all;
  };

/**
 * The most bytes for one call of Node's `crc32`. It is much faster than the table, but takes the number of bytes modulo
 * 2³².
 */
const MOST = 2 ** 30;

/**
 * Computes the CRC-32 of bytes, an unsigned 32-bit integer. `before` is the CRC-32 of the bytes before them:
 * `crc32(b, crc32(a))` is the CRC-32 of a and b joined.
 */
export const crc32 = (bytes: Uint8Array, before = 0): number => {
  const ofNode = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:zlib')?.crc32;
  return (ofNode === undefined ? crc32ByTable : inParts(ofNode, MOST))(bytes, before);
};

/** Writes a CRC-32 in eight hexadecimal digits. */
export const hexOf = (check: number): string => check.toString(16).padStart(8, '0');

/** The CRC-32 of a list of numbers or strings, written as JSON. */
export const textCheck = (list: ArrayLike<number | string>): number =>
  crc32(new TextEncoder().encode(JSON.stringify(Array.from(list))));
