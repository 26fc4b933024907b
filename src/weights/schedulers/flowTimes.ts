/** The times of schedulers of DPM-Solver's family on a flow, with the roundings of diffusers: the network gets 1000·t rounded down. */
import type { SigmaRange } from '../../diffusion/index.js';
import { ramp } from '../../internal/numerics/ramp.js';
import { type SchedulerSettings, spacingOf } from './schedulerSettings.js';

/** DPM-Solver: equal steps from 1 - 1/1000 to the data, without it. */
export const timesOfDpm = (steps: number): readonly number[] =>
  Array.from(ramp(1, 1 / 1000, steps + 1), (alpha) => 1 - alpha)
    .reverse()
    .slice(0, steps);

/** UniPC: equal steps from 1 to 1/1000, without it. */
export const timesOfUniPC = (steps: number): readonly number[] => [...ramp(1, 1 / 1000, steps + 1).slice(0, steps)];

/** SD3 (Esser et al. 2024), eq. 23. `timeShift` divides by s·t + (1 - t): another rounding may change the whole timestep. */
const shiftedBy =
  (s: number) =>
  (t: number): number =>
    (s * t) / (1 + (s - 1) * t);

/** Times that end at `end`. `stretchedTo` multiplies by 1 - end before it divides: another rounding, too. */
const stretched = (times: readonly number[], end: number): readonly number[] => {
  const scale = (1 - times.at(-1)!) / (1 - end);
  return times.map((time) => 1 - (1 - time) / scale);
};

/**
 * The times of a number of steps, shifted. The first is just below 1, where there is signal. Noise levels that replace those of the
 * betas are not shifted.
 */
export const flowTimes = (
  timesOf: (steps: number) => readonly number[],
  settings: SchedulerSettings,
  { min, max }: SigmaRange,
  steps: number,
): readonly number[] => {
  const { flow_shift: shift, shift_terminal: end, sigma_min: least = min, sigma_max: most = max } = settings;
  const spacing = spacingOf(settings);
  if (spacing !== undefined)
    return Array.from(spacing(steps, { min: least, max: most }), (sigma) => sigma / (sigma + 1));
  const shifted = timesOf(steps).map(shiftedBy(shift));
  const times = end === 0 ? shifted : stretched(shifted, end);
  return times.map((time) => (time === 1 ? 1 - 1e-6 : time));
};

/** The difference of UniPC's times from those of other versions of diffusers, which have the times of DPM-Solver. */
export const noteOnFlow = (settings: SchedulerSettings, steps: number): string | null => {
  if (!settings.use_flow_sigmas) return null;
  if (spacingOf(settings))
    return 'use_karras_sigmas: versions of diffusers that do not convert the noise levels of a flow take them for times; noisefold takes σ/(σ + 1), as later ones';
  const times = flowTimes(timesOfUniPC, settings, { min: 0, max: 1 }, steps); // a range is for a spacing
  const earlier = timesOfDpm(steps).map(shiftedBy(settings.flow_shift));
  const apart = Math.max(...times.map((time, i) => Math.abs(time - earlier[i]!)));
  return `use_flow_sigmas: versions of diffusers without shift_terminal begin at t = ${earlier[0]!.toPrecision(4)}, and noisefold as later ones (t differs by up to ${apart.toPrecision(2)})`;
};
