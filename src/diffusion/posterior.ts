import type { Process } from './process.js';

/**
 * log β̃_t with the value of t = 1 at t = 0, where β̃ is 0: the clipped log variance of guided-diffusion,
 * in float64.
 */
export const clippedLogVariances = ({ posteriors }: Process): Float64Array => {
  const smallest = posteriors[1]?.variance ?? Number.MIN_VALUE;
  return Float64Array.from(posteriors, ({ variance }, t) => Math.log(t === 0 ? smallest : variance));
};
