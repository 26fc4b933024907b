import { type Channel, leavesSignal, sigmaOf } from '../schedules/channel.js';
import type { Leg } from '../grids/leg.js';
import { demanding } from '../../internal/takes.js';
import { legsPart } from '../parts.js';
import { natural } from '../../internal/decode.js';

/** Tests if a leg has a finite length in λ: signal at its beginning, and noise at its end. */
export const hasLength = ({ from, to }: Leg): boolean => from.alpha > 0 && to.sigma > 0;

/** Tests if σ fits float32 where a leg begins. It always does where the leg ends; at the data it is 0. */
export const hasSignal = ({ from }: Leg): boolean => leavesSignal(from);

/**
 * The largest ratio by which σ may fall over a step with a second evaluation, at its `end` (Heun), or in its `middle`
 * (Runge-Kutta, whose weights assume that halfway in t is halfway in σ). Over the first steps of a coarse grid of the cosine
 * schedule, from a σ of thousands, a slope would mean nothing.
 */
const FURTHEST = { end: 100, middle: 4 } as const;

/** Tests if a step may evaluate again, because σ does not fall too far. False for a step to the data or without signal. */
export const isGradual = (from: Channel, to: Channel, at: keyof typeof FURTHEST): boolean =>
  sigmaOf(from) <= FURTHEST[at] * sigmaOf(to);

/** The greatest order of a step, from the number of legs that are left, with its own. */
export type OrderAt = (left: number) => number;

/**
 * The number of predictions that a multistep formula may use at leg i, including its own: at most `order`, and only those
 * since the last leg that is not `usable`. By default a leg is usable if its length in λ is finite.
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const legs = legsOf(process, [900, 600, 300])
 * // the last leg ends at the data, where λ is ∞
 * legs.map((_, i) => reachOf(legs, i, 2)) // → [1, 2, 1]
 */
export const reachOf = demanding(
  'reachOf',
  { legs: legsPart, i: natural, order: natural },
  (legs: readonly Leg[], i: number, order: number, usable: (leg: Leg) => boolean = hasLength): number => {
    const within = legs.slice(Math.max(0, i - order + 1), i + 1).reverse();
    const unusable = within.findIndex((leg) => !usable(leg));
    return Math.max(1, unusable === -1 ? within.length : unusable);
  },
);
