import { firstOf, near, type Violation } from '../laws/law.js';

/** A number of deviations that random samples exceed at most once in 10⁸. */
const SIGMAS = 6;

/** Tests if numbers can be draws from a Gaussian of given mean and variance, by their mean and variance, at 6 σ. */
export const gaussianMoments = (numbers: ArrayLike<number>, mean: number, variance: number): Violation => {
  const n = numbers.length;
  const all = Array.from(numbers);
  const average = all.reduce((sum, x) => sum + x, 0) / n;
  const spread = all.reduce((sum, x) => sum + (x - average) ** 2, 0) / (n - 1);
  return firstOf(
    near('mean', average, mean, SIGMAS * Math.sqrt(variance / n)),
    near('variance', spread, variance, SIGMAS * variance * Math.sqrt(2 / (n - 1))),
  );
};
