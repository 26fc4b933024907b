/**
 * Conversions of numbers between dtypes. They have a file of their own, because a page needs them without `scalar.ts`.
 */
import type { NumberType } from '../graph/region.js';

/** Converts to int32: truncates toward zero and saturates; NaN becomes 0. */
const toInt32 = (x: number): number => {
  if (x >= 2147483647) return 2147483647;
  if (x <= -2147483648) return -2147483648;
  return x | 0;
};

/** Returns a conversion between dtypes. From int32 or bool to float32 the number is unchanged. */
export const castFunction = (from: NumberType, to: NumberType): ((x: number) => number) => {
  if (to === 'bool') return (x) => (x === 0 ? 0 : 1);
  return to === 'int32' && from === 'float32' ? toInt32 : (x) => x;
};
