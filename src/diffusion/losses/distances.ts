/** Distances d(x, y) of predictions, of each sample of a batch. */
import {
  abs,
  add,
  type Dim,
  dims,
  div,
  isTensor,
  meanPerSample,
  type Shape,
  sqrt,
  square,
  sub,
  sumPerSample,
  type Tensor,
} from '../../dsl/index.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import { aboveZero, functionOf, hinted } from '../../internal/decode.js';
import { withName } from '../../internal/dual.js';
import { demandType, showType } from '../../internal/errors.js';
import { sizeOf } from '../../internal/numbers.js';
import { argument } from '../../internal/schema.js';
import { DISTANCE, requireCalled } from './requireCalled.js';

/**
 * The distance of x and y of each sample, from two `[B, ...I]` to `[B]`: {@link squaredL2Distance}, or your own, such as a distance
 * of the features of a network. Snapshots identify it by its function name.
 */
export type Distance = <B extends Dim, I extends Shape>(
  x: Tensor<[B, ...I]>,
  y: NoInfer<Tensor<[B, ...I]>>,
) => Tensor<[B]>;

/**
 * The squared ℓ2 distance, the mean of (x - y)² over the elements of a sample.
 * @example squaredL2Distance(constantOf([3, 4], 1, 2), zeros(1, 2)) // → [12.5]
 */
export const squaredL2Distance: Distance = (x, y) => meanPerSample(square(sub(x, y)));

/**
 * The ℓ1 distance, the mean of |x - y| over the elements of a sample.
 * @example l1Distance(constantOf([3, -4], 1, 2), zeros(1, 2)) // → [3.5]
 */
export const l1Distance: Distance = (x, y) => meanPerSample(abs(sub(x, y)));

/** c of the paper; 0.00054·√d for samples of d elements if left out. */
export const huberPart = hinted(aboveZero, 'the paper uses 0.00054·√d, for images of d elements');

/**
 * The pseudo-Huber length of each sample, √(‖x‖² + c²) - c, `[B]`. Computed as ‖x‖²/(√(‖x‖² + c²) + c), which loses no digits for
 * small x.
 */
export const pseudoHuber =
  (constant: number | undefined) =>
  <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>): Tensor<[B]> => {
    const [, ...image] = dims(x) as readonly number[]; // known when the program is traced
    const c = constant ?? 0.00054 * Math.sqrt(sizeOf(image));
    const squares = sumPerSample(square(x));
    return div(squares, add(sqrt(add(squares, c ** 2)), c));
  };

const cOf = argument('pseudoHuberDistance: c', huberPart);

/**
 * The pseudo-Huber distance, √(‖x - y‖² + c²) - c: iCT (Song & Dhariwal 2023), section 3.3. Raises `ConfigError` for a c that is not
 * above 0.
 *
 * @param c - the length of x - y above which the distance is about linear; 0.00054·√d for samples of d elements if left out, as in
 * the paper
 * @example pseudoHuberDistance(12)(constantOf([3, 4], 1, 2), zeros(1, 2)) // → [1]
 */
export const pseudoHuberDistance = (c?: number): Distance => {
  requireCalled(DISTANCE, 'pseudoHuberDistance()', c);
  if (c !== undefined) cOf.demand(c);
  return withName(`pseudoHuberDistance of ${c ?? 'the paper'}`, (x, y) => pseudoHuber(c)(sub(x, y)));
};

/** A distance as an option. */
export const distancePart = hinted(
  functionOf<Distance>('a distance of x and y'),
  'give squaredL2Distance, l1Distance or pseudoHuberDistance()',
);

/** Checks that a distance, which may be a user's own, returns a number for each sample. Raises `ConfigError` for another shape. */
export const measuredBy =
  (where: string, distance: Distance): Distance =>
  (x, y) => {
    const measured = distance(x, y);
    const expected = showType({ shape: dims(x).slice(0, 1), dtype: 'float32' });
    const actual = isTensor(measured) ? nodeOf(measured) : null; // JavaScript may return anything
    demandType(`${where}.distance`, expected, actual, 'reduce each sample by meanPerSample');
    return measured;
  };
