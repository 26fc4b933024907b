/** Data whose flow from noise is known to any accuracy. */
import type { GaussianMixture } from 'noisefold/diffusion';
import type { Shape } from 'noisefold/dsl';

/** Data, and standard normal noise as starting points. */
export interface Subject<I extends Shape = Shape> {
  readonly name: string;
  readonly mixture: GaussianMixture<I>;
}

/** Three Gaussians in the plane, one of them not circular. */
export const plane: Subject<readonly [2]> = {
  name: '2-D',
  mixture: {
    shape: [2],
    weights: [0.5, 0.3, 0.2],
    means: [
      [-0.8, 0.3],
      [0.7, 0.6],
      [0.2, -0.9],
    ],
    variances: [0.15, [0.3, 0.1], 0.2],
  },
};

const SIDE = 6;
const image = (brightness: (row: number, column: number) => number): readonly number[] =>
  Array.from({ length: SIDE * SIDE }, (_, i) => brightness(Math.floor(i / SIDE), i % SIDE));

/** Images around three means (a bar, a ramp and a checkerboard) with a variance that depends on the row. */
export const images: Subject<readonly [typeof SIDE, typeof SIDE, 1]> = {
  name: 'image',
  mixture: {
    shape: [SIDE, SIDE, 1],
    weights: [0.4, 0.35, 0.25],
    means: [
      image((row) => (row === 2 || row === 3 ? 0.4 : -0.2)),
      image((_, column) => (0.6 * column) / SIDE - 0.3),
      image((row, column) => ((row + column) % 2 === 0 ? 0.2 : -0.2)),
    ],
    variances: [0.2, image((row) => 0.1 + 0.05 * row), 0.3],
  },
};
