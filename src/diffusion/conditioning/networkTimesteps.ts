/** The timesteps that networks get. */
import { type Noising, pathOf } from '../levels/noising.js';
import type { Lookup } from '../levels/path.js';

/** The greatest timestep that a network gets; 0 on a continuous path. */
export const lastTimestep = ({ list = [], clock }: Lookup): number => {
  if (clock === undefined) return 0;
  // a path may have more levels than a call has arguments
  let greatest = 0;
  for (const level of list) greatest = Math.max(greatest, clock.at(level));
  return greatest;
};

/** Limits the timesteps of a denoiser to those of a noising. Guidance checks its options against this limit. */
export const limitTimesteps =
  (noising: Noising) =>
  <D extends { readonly timesteps?: number }>(denoiser: D): D => {
    const path = pathOf(noising);
    const { clock, list, last, levelAt } = path;
    if (list) return { ...denoiser, timesteps: Math.min(denoiser.timesteps ?? Infinity, lastTimestep(path) + 1) };
    return { ...denoiser, timesteps: clock ? clock.at(levelAt(last)) + 1 : Infinity };
  };
