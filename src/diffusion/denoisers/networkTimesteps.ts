import { type Noising, pathOf } from '../paths/noising.js';

/** Limits the timesteps of a denoiser to those of a noising. Guidance checks its options against this limit. */
export const limitTimesteps =
  (noising: Noising) =>
  <D extends { readonly timesteps?: number }>(denoiser: D): D => ({
    ...denoiser,
    timesteps: Math.min(denoiser.timesteps ?? Infinity, pathOf(noising).clock.count),
  });
