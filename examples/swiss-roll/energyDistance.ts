/** The energy distance: a distance between the distributions of two sets of points. */
import type { Read } from 'noisefold/dsl';

/** x, y, x, y, … */
export type Points = Read<'float32'>;

/** The sum of ‖x - y‖ over points y of `ys` from the number `from` on. */
const distancesFrom = (x: number, y: number, ys: Points, from: number): number => {
  let total = 0;
  for (let j = 2 * from; j < ys.length; j += 2) total += Math.sqrt((x - ys[j]!) ** 2 + (y - ys[j + 1]!) ** 2);
  return total;
};

/** E‖X - Y‖: the mean over all pairs of a point of each set. */
const between = (xs: Points, ys: Points): number => {
  let total = 0;
  for (let i = 0; i < xs.length; i += 2) total += distancesFrom(xs[i]!, xs[i + 1]!, ys, 0);
  return (4 * total) / (xs.length * ys.length);
};

/** E‖X - X'‖ within one set, where each distance occurs twice. */
const within = (xs: Points): number => {
  let total = 0;
  for (let i = 0; i < xs.length; i += 2) total += distancesFrom(xs[i]!, xs[i + 1]!, xs, i / 2 + 1);
  return (8 * total) / xs.length ** 2;
};

/**
 * The energy distance 2·E‖X - Y‖ - E‖X - X'‖ - E‖Y - Y'‖ of two sets (Székely & Rizzo 2013), without the
 * root that makes it a metric. Pairs include each point with itself, so two sets of n points of one distribution have
 * the distance (2/n)·E‖X - X'‖ on average.
 */
export const energyDistance = (xs: Points) => {
  const ownDistance = within(xs); // computed once for several comparisons
  return (ys: Points): number => 2 * between(xs, ys) - ownDistance - within(ys);
};
