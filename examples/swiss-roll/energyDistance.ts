/** How far two sets of points are from being drawn from one distribution. */
import type { Read } from 'noisefold/dsl';

/** x, y, x, y, … */
export type Points = Read<'float32'>;

/** The mean of ‖x - y‖ over all pairs of a point of each set. */
const meanDistance = (xs: Points, ys: Points): number => {
  let total = 0;
  for (let i = 0; i < xs.length; i += 2)
    for (let j = 0; j < ys.length; j += 2)
      total += Math.sqrt((xs[i]! - ys[j]!) ** 2 + (xs[i + 1]! - ys[j + 1]!) ** 2);
  return (4 * total) / (xs.length * ys.length);
};

/**
 * The energy distance √(2·E‖X - Y‖ - E‖X - X'‖ - E‖Y - Y'‖) of two sets (Székely & Rizzo 2013): the metric, which is the
 * root. A point is a pair with itself too, so that the square is (2/n)·E‖X - X'‖ on average for two sets of n points of
 * one distribution.
 */
export const energyDistance = (xs: Points, ys: Points): number =>
  Math.sqrt(Math.max(0, 2 * meanDistance(xs, ys) - meanDistance(xs, xs) - meanDistance(ys, ys)));
