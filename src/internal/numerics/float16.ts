/**
 * Conversions of 16-bit floats to float32, from the integers with their bits as in safetensors files: float16 (IEEE 754
 * binary16) and bfloat16, the upper half of a float32.
 */

/** The bits of float32 numbers. */
export const bitsOf = (numbers: Float32Array): Uint32Array =>
  new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);

/** Converts float16 to float32, exactly. */
export const floatsOfHalves = (halves: Uint16Array): Float32Array<ArrayBuffer> => {
  const numbers = new Float32Array(halves.length);
  const bits = bitsOf(numbers);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const magnitude = half & 0x7fff;
    if (magnitude < 0x400) numbers[i] = magnitude * 2 ** -24; // a subnormal
    else bits[i] = (magnitude << 13) + (magnitude < 0x7c00 ? 0x38000000 : 0x70000000);
    bits[i]! |= (half & 0x8000) << 16;
  }
  return numbers;
};

/** Converts bfloat16 to float32, exactly. */
export const floatsOfBfloats = (bfloats: Uint16Array): Float32Array<ArrayBuffer> =>
  new Float32Array(Uint32Array.from(bfloats, (bits) => bits << 16).buffer);
