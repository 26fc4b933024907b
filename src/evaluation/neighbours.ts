import type { NoisefoldError } from '../dsl/index.js';
import { raise } from '../internal/errors.js';
import { positive } from '../internal/decode.js';
import type { either } from '../internal/fp.js';
import { type Features, float64Of, measuredOn } from './features.js';
import { squaredDistances } from './rowProducts.js';

/** The nearest rows to each of n rows. */
interface Nearest {
  /** Rows of the other table, the nearest first, `[n, k]`. */
  readonly indices: Int32Array;
  /** The squares of their distances, `[n, k]`. */
  readonly squares: Float64Array;
}

/** The nearest real images to each of n generated images. */
export interface Neighbours {
  /** Indices of real images, the nearest first, `[n, k]`. */
  readonly indices: Int32Array;
  /** Their Euclidean distances, `[n, k]`. */
  readonly distances: Float64Array;
}

/** Inserts a row into the k nearest rows so far, at positions `at` to `last`. The row at `last` drops out. */
const insert = ({ squares, indices }: Nearest, at: number, last: number, square: number, index: number): void => {
  let place = last;
  for (; place > at && squares[place - 1]! > square; place--) {
    squares[place] = squares[place - 1]!;
    indices[place] = indices[place - 1]!;
  }
  squares[place] = square;
  indices[place] = index;
};

const none = (n: number, k: number): Nearest => ({
  indices: new Int32Array(n * k),
  squares: new Float64Array(n * k).fill(Infinity),
});

/** Records row j with its distance from row i, if it is one of the k nearest so far. */
const note = (nearest: Nearest, k: number, i: number, j: number, square: number): void => {
  const last = i * k + k - 1;
  if (square < nearest.squares[last]!) insert(nearest, i * k, last, square, j);
};

/** Finds the k nearest rows of `y` to each row of `x`. Of rows at the same distance it takes the first ones. */
const nearestRows = (x: Float64Array, y: Float64Array, d: number, k: number): Nearest => {
  const [n, m] = [x.length / d, y.length / d];
  const nearest = none(n, k);
  const squares = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    squaredDistances(x, i, y, m, d, squares);
    for (let j = 0; j < m; j++) note(nearest, k, i, j, squares[j]!);
  }
  return nearest;
};

/** Finds the k nearest other rows of a table to each of its rows. Computes each distance once. */
export const nearestOthers = (x: Float64Array, d: number, k: number): Nearest => {
  const n = x.length / d;
  const nearest = none(n, k);
  const squares = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    squaredDistances(x, i, x, i, d, squares);
    for (let j = 0; j < i; j++) {
      note(nearest, k, i, j, squares[j]!);
      note(nearest, k, j, i, squares[j]!);
    }
  }
  return nearest;
};

/**
 * Finds the k nearest real images to each generated image, by the Euclidean distance of their features, to see if a
 * model repeats its training data. Returns a `ConfigError` unless 1 ≤ k ≤ n for n real images, a `ShapeError` for
 * features of another shape, and a `NonFinite` for a number that is not finite.
 * @example
 * const of = (...data: number[]): Features => ({ data: Float64Array.from(data), shape: [data.length, 1] })
 * unwrap(nearestNeighbours(of(0, 10, 20), of(18, 1), 1)) // → { indices: [2, 0], distances: [2, 1] }
 */
export const nearestNeighbours = (
  real: Features,
  generated: Features,
  k: number,
): either.Either<NoisefoldError, Neighbours> =>
  measuredOn(
    'nearestNeighbours',
    { real, generated },
    { images: 1, for: 'without images there is no nearest one' },
    () => {
      if (!positive.is(k) || k > real.shape[0])
        raise('ConfigError', {
          where: 'nearestNeighbours: k',
          expected: `an integer from 1 to the ${real.shape[0]} real images`,
          actual: `${k}`,
          hint: 'ask for fewer neighbours',
        });
      const { indices, squares } = nearestRows(float64Of(generated), float64Of(real), real.shape[1], k);
      return { indices, distances: squares.map(Math.sqrt) };
    },
  );
