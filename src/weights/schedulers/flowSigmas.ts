/** Schedulers of DPM-Solver's family on a flow: `use_flow_sigmas` of diffusers. */
import { atTimes, type Level, rectifiedFlow, type Schedule, sigmaRange } from '../../diffusion/index.js';
import { isData } from '../../diffusion/channels/level.js';
import { type Flow, flowTimes } from './flowTimes.js';
import type { SchedulerName } from './schedulerFields.js';
import { withLevels } from './schedulerPaths.js';
import { correctionOf, namedBy, sigmasField } from './schedulerSampling.js';
import { SCHEDULERS } from './schedulers.js';
import { type SchedulerProcess, type SchedulerSettings, spacingOf } from './schedulerSettings.js';

/**
 * A scheduler on a flow, for a number of steps. The network gets 1000·t rounded down. Where the last step does not end at the data, it
 * has no length, or in DPM-Solver ends at the least σ of the betas, as a time.
 */
export const onFlow = (
  flow: Flow,
  name: SchedulerName,
  settings: SchedulerSettings,
  schedule: Schedule,
  steps: number,
): SchedulerProcess => {
  const noising = rectifiedFlow();
  const times = flowTimes(flow, settings, sigmaRange(schedule), steps);
  const field = spacingOf(settings) ? sigmasField(settings, schedule) : 'flow_shift';
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
    sampling: {
      solver: { ...solver, start: () => 1 },
      grid: namedBy(field, atTimes(times)),
      correction: correctionOf(settings),
    },
    notes: flow.notes(settings, times),
  };
};
