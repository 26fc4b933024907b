/** Exact decoders of 16-bit floats, which are the upper halves of int32 numbers. */
import { type IntegerUnary, MANTISSA_BITS, SIGN_BIT } from './algebra.js';

/** The difference of the exponents of 1 in float32 and float16, 127 and 15, at its place in the bits. */
const REBIAS = (127 - 15) << MANTISSA_BITS;

/**
 * Every float16 is a normal float32 or 0, so a machine that flushes denormal numbers decodes it exactly too. Its magnitude
 * is moved to the bits of a float32, which has 13 bits more: subnormal numbers are below 0x400, infinity is 0x7c00.
 */
export const float16: IntegerUnary = (k, word) => {
  const { int } = k;
  const bits = k.share(int.shiftRight(int.and(word, 0x7fff << 16), 3));
  const normal = int.add(bits, int.select(int.less(bits, 0x7c00 << 13), REBIAS, 2 * REBIAS));
  const subnormal = k.bitsOf(k.mul(int.toFloat(bits), 2 ** -37));
  return k.fromBits(int.or(int.select(int.less(bits, 0x400 << 13), subnormal, normal), int.and(word, SIGN_BIT)));
};

/** The upper half of a float32 is a bfloat16. */
export const bfloat16: IntegerUnary = (k, word) => k.fromBits(k.int.and(word, -65536));
