/** The sums of the bound of a data set, batch by batch, on the host in float64. */
import type { DatasetBits } from '../../diffusion/index.js';

/** The variational bound of a data set, in bits per dimension, with the mean squared errors of x̂₀ and ε̂. */
export interface DatasetBound extends DatasetBits {
  /**
   * The standard error of `total`: the standard deviation of `images` over √n, due to both data and noise. NaN for one image.
   */
  readonly standardError: number;
  /**
   * An unbiased random estimate of the bound of each image, in the order of the data set.
   */
  readonly images: Float64Array;
  /** The mean squared error of x̂₀ at each t. */
  readonly x0Errors: Float64Array;
  /** The mean squared error of the corresponding ε̂ at each t; for a model of ε this is L_simple over t. */
  readonly noiseErrors: Float64Array;
}

/** Sums over images so far. */
export interface BoundSums {
  readonly images: readonly number[];
  readonly prior: number;
  /** Bits, errors of x̂₀ and errors of ε̂ at each t, row after row. */
  readonly rows: Float64Array;
}

export const noSums = (T: number): BoundSums => ({ images: [], prior: 0, rows: new Float64Array(3 * T) });

/** The sums with the first `count` images of a batch: L_T of each, `[B]`, and what was measured, `[3, T, B]`. */
export const withBatch =
  (count: number, prior: ArrayLike<number>, values: ArrayLike<number>) =>
  ({ images, prior: priors, rows }: BoundSums): BoundSums => {
    const [T, B] = [rows.length / 3, prior.length];
    const here = Array.from({ length: count }, (_, b) => b);
    const at = (row: number, b: number): number => values[row * B + b]!;
    const totalOf = (b: number): number => {
      let total = prior[b]!;
      for (let t = 0; t < T; t++) total += at(t, b);
      return total;
    };
    return {
      images: [...images, ...here.map(totalOf)],
      prior: here.reduce((sum, b) => sum + prior[b]!, priors),
      rows: rows.map((sum, row) => here.reduce((all, b) => all + at(row, b), sum)),
    };
  };

/** The means of sums. */
export const boundOf = ({ images, prior: priors, rows }: BoundSums): DatasetBound => {
  const [n, T] = [images.length, rows.length / 3];
  const meansOf = (i: number): Float64Array => rows.slice(i * T, (i + 1) * T).map((sum) => sum / n);
  const [prior, terms] = [priors / n, meansOf(0)];
  const total = terms.reduce((a, b) => a + b, prior);
  const squares = images.reduce((sum, one) => sum + (one - total) ** 2, 0);
  return {
    total,
    standardError: Math.sqrt(squares / (n - 1) / n),
    prior,
    terms,
    x0Errors: meansOf(1),
    noiseErrors: meansOf(2),
    images: Float64Array.from(images),
  };
};
