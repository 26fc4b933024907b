import { type Channel, leavesSignal, sigmaOf } from '../schedules/channel.js';
import type { Leg } from '../grids/leg.js';

/** Whether a leg has a length in λ. Without signal at its beginning, or without noise at its end, it has none. */
export const hasLength = ({ from, to }: Leg): boolean => from.scale > 0 && to.variance > 0;

/** Whether σ is within float32 where a leg begins. Where it ends it always is: at the data it is 0. */
export const hasSignal = ({ from }: Leg): boolean => leavesSignal(from);

/**
 * How far σ may fall over a step that evaluates more than once: at its `end` as well (Heun), or in its `middle`, where
 * weights take half-way in t for half-way in σ (Runge-Kutta). The first steps of a coarse grid of the cosine schedule,
 * from a σ of thousands, know nothing of such a slope.
 */
const FURTHEST = { end: 100, middle: 4 } as const;

/** Whether a step may evaluate there: σ does not fall too far. It does at the data, and without signal. */
export const isGradual = (from: Channel, to: Channel, at: keyof typeof FURTHEST): boolean =>
  sigmaOf(from) <= FURTHEST[at] * sigmaOf(to);

/**
 * How many predictions a formula of several steps may use at a leg, its own among them: at most `order`, only
 * those of legs that have been, and one where a leg is not `usable`: where λ is not finite, if left out.
 * @example
 * const legs = pipe(ddpm(cosine(1000)), E.map((process) => legsOf(process, [900, 600, 300])))
 * // the last leg ends at the data, where λ is ∞
 * pipe(legs, E.map((all) => all.map((_, i) => reachOf(all, i, 2)))) // → E.right([1, 2, 1])
 */
export const reachOf = (
  legs: readonly Leg[],
  i: number,
  order: number,
  usable: (leg: Leg) => boolean = hasLength,
): number => {
  const within = legs.slice(Math.max(0, i - order + 1), i + 1).reverse();
  const blind = within.findIndex((leg) => !usable(leg));
  return Math.max(1, blind === -1 ? within.length : blind);
};
