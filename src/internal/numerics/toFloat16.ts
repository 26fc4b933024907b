/** Conversions of float32 numbers to 16-bit floats, as the integers with their bits. */
import { bitsOf } from './float16.js';

/** Rounds a number below 2^-14 to the least float16, 2^-24, by adding 0.5 in float32, whose step there is 2^-24. */
const MAGIC = 0x3f000000;

/**
 * Rounds float32 numbers to the nearest float16, ties to even, and returns the bits: the data of a tensor of dtype
 * `F16`. Numbers from ±65520 on become infinite; NaN becomes one quiet NaN.
 * @example halvesOf(Float32Array.of(1, -2)) // → [0x3c00, 0xc000]
 */
export const halvesOf = (numbers: Float32Array): Uint16Array<ArrayBuffer> => {
  const halves = new Uint16Array(numbers.length);
  const bits = bitsOf(numbers);
  const sum = new Float32Array(1);
  const sumBits = bitsOf(sum);
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i]! & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) half = 0x7e00;
    else if (magnitude >= 0x47800000) half = 0x7c00; // 65536
    else if (magnitude < 0x38800000) {
      // 2^-14: a subnormal
      sum[0] = Math.abs(numbers[i]!) + 0.5;
      half = sumBits[0]! - MAGIC;
    } else half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    halves[i] = ((bits[i]! >>> 16) & 0x8000) | half;
  }
  return halves;
};

/** Rounds float32 numbers to the nearest bfloat16, ties to even; NaN stays NaN. */
export const bfloatsOf = (numbers: Float32Array): Uint16Array<ArrayBuffer> =>
  Uint16Array.from(bitsOf(numbers), (bits) =>
    (bits & 0x7fffffff) > 0x7f800000 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16,
  );
