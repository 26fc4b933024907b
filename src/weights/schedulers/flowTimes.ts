/** The times of schedulers of DPM-Solver's family on a flow, with the roundings of diffusers: the network gets 1000·t rounded down. */
import type { SigmaRange } from '../../diffusion/index.js';
import { ramp } from '../../internal/numerics/ramp.js';
import { type SchedulerSettings, spacingOf } from './schedulerSettings.js';

/** The sampling of a flow by a scheduler (`use_flow_sigmas`). */
export interface Flow {
  /** Its times of a number of steps, falling, before they are shifted. */
  readonly times: (steps: number) => readonly number[];
  /** True if `use_karras_sigmas` may replace the times. */
  readonly takesKarras: boolean;
  /** The differences of its times from those of other versions of diffusers. */
  readonly notes: (settings: SchedulerSettings, times: readonly number[]) => readonly string[];
}

/** Equal steps from 1 - 1/1000 to the data, without it. */
const timesOfDpm = (steps: number): readonly number[] =>
  Array.from(ramp(1, 1 / 1000, steps + 1), (alpha) => 1 - alpha)
    .reverse()
    .slice(0, steps);

/** Equal steps from 1 to 1/1000, without it. */
const timesOfUniPC = (steps: number): readonly number[] => [...ramp(1, 1 / 1000, steps + 1).slice(0, steps)];

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
  flow: Flow,
  settings: SchedulerSettings,
  { min, max }: SigmaRange,
  steps: number,
): readonly number[] => {
  const { flow_shift: shift, shift_terminal: end, sigma_min: least = min, sigma_max: most = max } = settings;
  const spacing = spacingOf(settings);
  if (spacing !== undefined)
    return Array.from(spacing(steps, { min: least, max: most }), (sigma) => sigma / (sigma + 1));
  const shifted = flow.times(steps).map(shiftedBy(shift));
  const times = end === 0 ? shifted : stretched(shifted, end);
  return times.map((time) => (time === 1 ? 1 - 1e-6 : time));
};

/** The difference of versions that do not convert noise levels σ to times σ/(σ + 1). */
const MIXED =
  'use_karras_sigmas: versions of diffusers that do not convert the noise levels of a flow take them for times; noisefold takes σ/(σ + 1), as later ones';

/** The difference of versions whose UniPC has the times of DPM-Solver. */
const noteOnBeginning = ({ flow_shift: shift }: SchedulerSettings, times: readonly number[]): string => {
  const earlier = timesOfDpm(times.length).map(shiftedBy(shift));
  const apart = Math.max(...times.map((time, i) => Math.abs(time - earlier[i]!)));
  return `use_flow_sigmas: versions of diffusers without shift_terminal begin at t = ${earlier[0]!.toPrecision(4)}, and noisefold as later ones (t differs by up to ${apart.toPrecision(2)})`;
};

/** All of the family but UniPC. */
export const FLOW_OF_DPM: Flow = { times: timesOfDpm, takesKarras: false, notes: () => [] };

export const FLOW_OF_UNIPC: Flow = {
  times: timesOfUniPC,
  takesKarras: true,
  notes: (settings, times) => [spacingOf(settings) ? MIXED : noteOnBeginning(settings, times)],
};
