import type { NoisefoldError } from '../dsl/index.js';
import type { Exact } from '../internal/exact.js';
import { positive } from '../internal/decode.js';
import { E, type either } from '../internal/fp.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../internal/schema.js';
import { type Features, float64Of, measuredOn } from './features.js';
import { nearestOthers } from './neighbours.js';
import { squaredDistances } from './rowProducts.js';

/** Precision and recall, each a share of images. */
export interface PrecisionRecall {
  /** The share of generated images that lie in the manifold of the real ones: their quality. */
  readonly precision: number;
  /** The share of real images that lie in the manifold of the generated ones: their coverage. */
  readonly recall: number;
}

const comparison = schema('precisionRecall', {
  /** k: the ball around an image reaches to its k-th nearest neighbour; default 3. */
  neighbours: optional(positive, 3),
});

interface Neighbours extends OptionsOf<typeof comparison> {}

/** The square of the distance of each row to its k-th nearest other row. */
const radiiOf = (x: Float64Array, d: number, k: number): Float64Array => {
  const { squares } = nearestOthers(x, d, k);
  return Float64Array.from({ length: x.length / d }, (_, i) => squares[i * k + k - 1]!);
};

/** The share of the rows of `x` that lie in a ball around a row of `y`. */
const share = (x: Float64Array, y: Float64Array, radii: Float64Array, d: number): number => {
  const n = x.length / d;
  const squares = new Float64Array(radii.length);
  let inside = 0;
  for (let i = 0; i < n; i++) {
    squaredDistances(x, i, y, radii.length, d, squares);
    if (squares.some((square, j) => square <= radii[j]!)) inside++;
  }
  return inside / n;
};

/**
 * Improved precision and recall: the manifold of some images is the union of balls around their features. A ball
 * reaches to the k-th nearest other feature. Kynkäänniemi et al. 2019, eqs. 1 and 2; k = 3, as in guided-diffusion's
 * evaluator. Both fall with the number of images, so compare equal numbers. Returns a `ConfigError` unless there are
 * more than k images of each, a `ShapeError` for features of another shape, and a `NonFinite` for a number that is not
 * finite.
 * @example
 * const of = (...data: number[]): Features => ({ data: Float64Array.from(data), shape: [data.length, 1] })
 * unwrap(precisionRecall(of(0, 1, 2, 3), of(0, 1, 50, 51), { neighbours: 1 })) // → { precision: 0.5, recall: 0.75 }
 */
export const precisionRecall = <G = unknown>(
  real: Features,
  generated: Features,
  options?: Exact<G, keyof Neighbours> & Neighbours,
): either.Either<NoisefoldError, PrecisionRecall> =>
  E.flatMap(({ neighbours: k }: FilledOf<typeof comparison>) =>
    measuredOn(
      'precisionRecall',
      { real, generated },
      { images: k + 1, for: `each image needs ${k} neighbours` },
      () => {
        const d = real.shape[1];
        const [x, y] = [float64Of(real), float64Of(generated)];
        return {
          precision: share(y, x, radiiOf(x, d, k), d),
          recall: share(x, y, radiiOf(y, d, k), d),
        };
      },
    ),
  )(comparison.decode(options));
