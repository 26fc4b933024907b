/** The cyclic redundancy check of PNG, gzip and our checkpoints: reflected, polynomial 0xEDB88320. */

/** Slices of 256 words: slice s holds the check of a byte followed by s zero bytes. */
const SLICES = 8;

const TABLE = /* @__PURE__ */ ((): Int32Array => {
  const table = new Int32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let check = byte;
    for (let bit = 0; bit < 8; bit++) check = (check >>> 1) ^ (0xedb88320 & -(check & 1));
    table[byte] = check;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256]!;
    table[i] = (before >>> 8) ^ table[before & 255]!;
  }
  return table;
})();

/** {@link crc32} by tables, on any engine. */
export const crc32ByTables = (bytes: Uint8Array, before = 0): number => {
  let check = ~before;
  let i = 0;
  // eight bytes per iteration, with one independent lookup each
  for (; i + 8 <= bytes.length; i += 8) {
    const low = check ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    check =
      TABLE[1792 + (low & 255)]! ^
      TABLE[1536 + ((low >>> 8) & 255)]! ^
      TABLE[1280 + ((low >>> 16) & 255)]! ^
      TABLE[1024 + (low >>> 24)]! ^
      TABLE[768 + bytes[i + 4]!]! ^
      TABLE[512 + bytes[i + 5]!]! ^
      TABLE[256 + bytes[i + 6]!]! ^
      TABLE[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) check = (check >>> 8) ^ TABLE[(check ^ bytes[i]!) & 255]!;
  return ~check >>> 0;
};

/** Node's own check, which takes a tenth of the time; undefined elsewhere. */
const crc32OfNode = () => (typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:zlib')?.crc32);

/**
 * The check of some bytes, an unsigned 32-bit integer. `before` is the check of the bytes before them:
 * `crc32(b, crc32(a))` is that of a and b joined.
 */
export const crc32 = (bytes: Uint8Array, before = 0): number => (crc32OfNode() ?? crc32ByTables)(bytes, before);

/** A check in eight hexadecimal digits. */
export const hexOf = (check: number): string => check.toString(16).padStart(8, '0');
