import { sumOf } from '../internal/numbers.js';

/** The mean of several measurements and their standard deviation. */
export interface MeanAndDeviation {
  readonly mean: number;
  /** √(Σ(x − mean)²/n), as NumPy's `std`. */
  readonly deviation: number;
}

export const meanAndDeviation = (numbers: readonly number[]): MeanAndDeviation => {
  const mean = sumOf(numbers) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  return { mean, deviation: Math.sqrt(variance) };
};
