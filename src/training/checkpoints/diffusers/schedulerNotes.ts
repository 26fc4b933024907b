/** Lists the settings of schedulers of diffusers that noisefold refuses, and the differences of its samples. */
import type { NoisefoldError } from '../../../dsl/index.js';
import { fail } from '../../../internal/errors.js';
import { show } from '../../../internal/decode.js';
import { E, type either } from '../../../internal/fp.js';
import type { SchedulerName } from './schedulerFields.js';
import { hasExtraStep, isBySigma, SCHEDULERS, type SchedulerSettings } from './schedulers.js';

/** A field whose value does not fit the others: what is expected, and what to do. */
type Refusal = readonly [applies: boolean, field: keyof SchedulerSettings, expected: string, hint: string];

/** The classes whose steps diffusers does not define for predictions of x₀. */
const NEED_NOISE: readonly SchedulerName[] = ['PNDMScheduler', 'EulerAncestralDiscreteScheduler'];

const refusals = (name: SchedulerName, settings: SchedulerSettings, steps: number): readonly Refusal[] => {
  const { algorithm_type: algorithm, solver_order: order, skip_prk_steps: skipsPrk } = settings;
  const isOther = 'diffusers cannot sample with it either: give the scheduler a value that it supports';
  return [
    [algorithm === 'sde-dpmsolver++' && order === 3, 'solver_order', `1 or 2 with algorithm_type ${show(algorithm)}`, 'write 2: the step of order 3 in diffusers misses its order, and earlier versions have none'],
    [settings.use_karras_sigmas && settings.use_exponential_sigmas, 'use_exponential_sigmas', 'false with use_karras_sigmas', isOther],
    [settings.beta_schedule === 'sigmoid' && name !== 'DDPMScheduler' && !settings.trained_betas, 'beta_schedule', '"linear", "scaled_linear" or "squaredcos_cap_v2"', isOther],
    [settings.prediction_type === 'sample' && NEED_NOISE.includes(name), 'prediction_type', '"epsilon" or "v_prediction"', isOther],
    [name === 'PNDMScheduler' && !skipsPrk && steps < 4, 'skip_prk_steps', `true for ${steps} steps`, 'take at least 4 steps: diffusers ends before the data with fewer'],
  ]; // prettier-ignore
};

/** Refuses values that do not fit each other. The error names the field. */
export const checkedSettings = (
  name: SchedulerName,
  settings: SchedulerSettings,
  steps: number,
): either.Either<NoisefoldError, SchedulerSettings> => {
  const found = refusals(name, settings, steps).find(([applies]) => applies);
  if (found === undefined) return E.right(settings);
  const [, where, expected, hint] = found;
  return fail('ConfigError', { where, expected, actual: show(settings[where]), hint });
};

/** The field that a grid follows from. */
export const gridField = (settings: SchedulerSettings): keyof SchedulerSettings => {
  if (settings.use_karras_sigmas) return 'use_karras_sigmas';
  if (settings.use_exponential_sigmas) return 'use_exponential_sigmas';
  return settings.timestep_spacing === 'leading' && settings.steps_offset > 0 ? 'steps_offset' : 'timestep_spacing';
};

const size = (percent: number): string => `up to ${percent} % of the greatest number, for a smooth model`;

/** Differences of our samples from those of the scheduler, each with its field and its size. */
export const notesOn = (name: SchedulerName, settings: SchedulerSettings, steps: number): readonly string[] => {
  const ofExtraStep = SCHEDULERS[name].over === 't' ? 300 : 210;
  const notes: readonly (readonly [boolean, string])[] = [
    [hasExtraStep(settings, steps) && !isBySigma(settings), `timestep_spacing: a rounding error gives diffusers a step more than ${steps}, at t = -1; noisefold takes ${steps} (${size(ofExtraStep)})`],
    [settings.variance_type === 'fixed_large_log', 'variance_type: diffusers takes the root of log β, so its samples are NaN; noisefold takes that of β'],
  ]; // prettier-ignore
  return notes.flatMap(([applies, note]) => (applies ? [note] : []));
};
