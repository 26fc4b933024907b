/** Encodings of numbers in a WebAssembly module. */

/** Encodes an unsigned integer in LEB128. */
export const unsignedLeb128 = (value: number): readonly number[] =>
  value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...unsignedLeb128(Math.floor(value / 0x80))];

/** Encodes a signed 32-bit integer in LEB128. */
export const signedLeb128 = (value: number): readonly number[] =>
  value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signedLeb128(value >> 7)];

const littleEndian = (write: (view: DataView) => void, length: number): readonly number[] => {
  const view = new DataView(new ArrayBuffer(length));
  write(view);
  return [...new Uint8Array(view.buffer)];
};
export const int32Bytes = (value: number) => littleEndian((view) => view.setInt32(0, value, true), 4);
export const float32Bytes = (value: number) => littleEndian((view) => view.setFloat32(0, value, true), 4);
