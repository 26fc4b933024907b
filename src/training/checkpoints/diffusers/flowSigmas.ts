/** Schedulers of DPM-Solver's family on a flow: `use_flow_sigmas` of diffusers. */
import { atTimes, type Level, rectifiedFlow, type Schedule, sigmaRange } from '../../../diffusion/index.js';
import { isData } from '../../../diffusion/levels/level.js';
import { ramp } from '../../../internal/numerics/ramp.js';
import type { SchedulerName } from './schedulerFields.js';
import { withLevels } from './schedulerPaths.js';
import { correctionOf } from './schedulerSampling.js';
import { SCHEDULERS } from './schedulers.js';
import { type SchedulerProcess, type SchedulerSettings, spacingOf } from './schedulerSettings.js';

/** Equal steps from 1 - 1/1000 to the data, without it, with the roundings of diffusers: the network gets 1000·t rounded down. */
const usual = (steps: number): readonly number[] =>
  Array.from(ramp(1, 1 / 1000, steps + 1), (alpha) => 1 - alpha)
    .reverse()
    .slice(0, steps);

/** The difference of versions that do not convert noise levels σ to times σ/(σ + 1). */
const MIXED =
  'use_karras_sigmas: versions of diffusers that do not convert the noise levels of a flow take them for times; noisefold takes σ/(σ + 1), as later ones';

/** SD3 (Esser et al. 2024), eq. 23, with the roundings of diffusers. */
const shiftedBy =
  (s: number) =>
  (t: number): number =>
    (s * t) / (1 + (s - 1) * t);

/** Times that end at `end`, with the roundings of diffusers, which decide the whole timesteps of the network. */
const stretched = (times: readonly number[], end: number): readonly number[] => {
  const scale = (1 - times.at(-1)!) / (1 - end);
  return times.map((time) => 1 - (1 - time) / scale);
};

/** Equal steps from 1 to 1/1000, without it. */
const ofUniPC = (steps: number): readonly number[] => [...ramp(1, 1 / 1000, steps + 1).slice(0, steps)];

/** The times of a scheduler, shifted. UniPC begins just below 1, where there is signal; its Karras noise levels are not shifted. */
const timesOf = (
  name: SchedulerName,
  settings: SchedulerSettings,
  schedule: Schedule,
  steps: number,
): readonly number[] => {
  const { flow_shift: shift, shift_terminal: end, sigma_min: least, sigma_max: most } = settings;
  const isUniPC = name === 'UniPCMultistepScheduler';
  const spacing = spacingOf(settings);
  if (spacing !== undefined) {
    const { min, max } = sigmaRange(schedule);
    return [...spacing(steps, { min: least ?? min, max: most ?? max }).map((sigma) => sigma / (sigma + 1))];
  }
  const shifted = (isUniPC ? ofUniPC : usual)(steps).map(shiftedBy(shift));
  const times = end === 0 ? shifted : stretched(shifted, end);
  return times.map((time) => (time === 1 ? 1 - 1e-6 : time));
};

/**
 * A scheduler on a flow, for a number of steps. The network gets 1000·t rounded down. Where the last step does not end at the data, it
 * has no length, or in DPM-Solver ends at the least σ of the betas, as a time.
 */
export const onFlow = (
  name: SchedulerName,
  settings: SchedulerSettings,
  schedule: Schedule,
  steps: number,
): SchedulerProcess => {
  const noising = rectifiedFlow();
  const times = timesOf(name, settings, schedule, steps);
  const earlier = usual(steps).map(shiftedBy(settings.flow_shift));
  const apart = Math.max(...times.map((time, i) => Math.abs(time - earlier[i]!)));
  const begins = `use_flow_sigmas: versions of diffusers without shift_terminal begin at t = ${earlier[0]!.toPrecision(4)}, and noisefold as later ones (t differs by up to ${apart.toPrecision(2)})`;
  const isDpm = name.startsWith('DPMSolver');
  const ends = settings.final_sigmas_type === 'zero' ? undefined : isDpm ? schedule.sigmas[0]! : times.at(-1)!;
  const changed = (level: Level): Level => {
    if (!isData(level)) return { ...level, networkTime: Math.floor(1000 * level.t) };
    return ends === undefined ? level : noising.levelAt(ends);
  };
  const solver = withLevels(times, changed)(SCHEDULERS[name].solver({ settings, timesteps: times }));
  return {
    noising,
    predicts: 'velocity',
    sampling: { solver: { ...solver, start: () => 1 }, grid: atTimes(times), correction: correctionOf(settings) },
    notes: name === 'UniPCMultistepScheduler' ? [spacingOf(settings) ? MIXED : begins] : [],
  };
};
