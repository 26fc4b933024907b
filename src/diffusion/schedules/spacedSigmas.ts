import { betaQuantile } from '../../internal/numerics/betaQuantile.js';
import { power } from '../../internal/numerics/power.js';
import { ramp } from '../../internal/numerics/ramp.js';

/** The range of σ of EDM (Karras et al. 2022). */
export const EDM_RANGE = { min: 0.002, max: 80 } as const;

/** `steps` numbers from max to min, evenly spaced on the scale that `to` and `back` convert. The ends are exact. */
export const spacedAlong = (
  steps: number,
  { min, max }: { readonly min: number; readonly max: number },
  to: (sigma: number) => number,
  back: (scaled: number) => number,
): Float64Array =>
  // rounding could leave the range
  ramp(to(max), to(min), steps).map((at, i) => (i === 0 ? max : i === steps - 1 ? min : back(at)));

/** The noise levels of EDM (Karras et al. 2022), eq. 5, falling. */
export const karras = (
  steps: number,
  range: { readonly min: number; readonly max: number },
  rho: number,
): Float64Array =>
  spacedAlong(
    steps,
    range,
    (sigma) => power(sigma, 1 / rho),
    (root) => power(root, rho),
  );

/** `steps` numbers from max to min at the quantiles 1…0 of a beta distribution, which are exact at the ends. */
export const betaSpaced = (
  steps: number,
  { min, max }: { readonly min: number; readonly max: number },
  { alpha, beta }: { readonly alpha: number; readonly beta: number },
): Float64Array =>
  ramp(1, 0, steps)
    .map(betaQuantile(alpha, beta))
    .map((q) => (1 - q) * min + q * max);
