/** Data for which the law of every chain is known to any accuracy: independent along orthogonal directions. */
import type { GaussianMixture } from 'noisefold/diffusion';
import type { Shape } from 'noisefold/dsl';
import type { Vector } from './flow.js';

/** A mixture of Gaussians of one number, the coordinate of a sample along a direction. */
export interface Direction {
  /** A unit vector, orthogonal to the other directions. */
  readonly unit: Vector;
  readonly weights: Vector;
  readonly means: Vector;
}

/**
 * A mixture whose means form a lattice: the coordinates along its directions are independent, and all others are Gaussian
 * with mean 0. The same holds for x_t, and the coordinate of E[x_0|x_t] along a direction is a function of that of x_t.
 */
export interface Product {
  readonly shape: Shape;
  readonly directions: readonly Direction[];
  /** The variance of each Gaussian, in all directions. */
  readonly variance: number;
}

/** The Gaussians: one for each choice of a mean along each direction. */
export const mixtureOf = ({ shape, directions, variance }: Product): GaussianMixture<Shape> => {
  const zero = directions[0]!.unit.map(() => 0);
  const all = directions.reduce<readonly { readonly weight: number; readonly mean: Vector }[]>(
    (products, { unit, weights, means }) =>
      products.flatMap(({ weight, mean }) =>
        weights.map((own, k) => ({
          weight: weight * own,
          mean: mean.map((m, i) => m + means[k]! * unit[i]!),
        })),
      ),
    [{ weight: 1, mean: zero }],
  );
  return {
    shape,
    weights: all.map(({ weight }) => weight),
    means: all.map(({ mean }) => mean),
    variances: all.map(() => variance),
  };
};

/** Six Gaussians in the plane. */
export const lattice: Product = {
  shape: [2],
  directions: [
    { unit: [0.8, 0.6], weights: [0.6, 0.4], means: [-0.7, 0.9] },
    { unit: [-0.6, 0.8], weights: [0.3, 0.5, 0.2], means: [-1, 0.1, 1.1] },
  ],
  variance: 0.15,
};

const [ROWS, COLUMNS] = [2, 4];
const pattern = (brightness: (row: number, column: number) => number): Vector =>
  Array.from(
    { length: ROWS * COLUMNS },
    (_, i) => brightness(Math.floor(i / COLUMNS), i % COLUMNS) / Math.sqrt(ROWS * COLUMNS),
  );

/** Images around four means: a bar or its negative plus a checkerboard or its negative. The third coordinate has mean 0. */
export const patterns: Product = {
  shape: [ROWS, COLUMNS, 1],
  directions: [
    { unit: pattern((_, column) => (column === 1 || column === 2 ? 1 : -1)), weights: [0.7, 0.3], means: [-0.5, 1.2] },
    { unit: pattern((row, column) => (-1) ** (row + column)), weights: [0.45, 0.55], means: [1, -0.8] },
    { unit: pattern((row) => (row === 0 ? 1 : -1)), weights: [1], means: [0] },
  ],
  variance: 0.2,
};
