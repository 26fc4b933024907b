/** Lists the settings of schedulers of diffusers that noisefold refuses, and the differences of its samples. */
import type { NoisefoldError } from '../../../dsl/index.js';
import { fail } from '../../../internal/errors.js';
import { show } from '../../../internal/decode.js';
import { E, type either } from '../../../internal/fp.js';
import type { SchedulerName } from './schedulerFields.js';
import { hasExtraStep } from './schedulerSampling.js';
import { SCHEDULERS } from './schedulers.js';
import { isBySigma, type SchedulerSettings } from './schedulerSettings.js';
import { isInNoise } from './schedulerSolvers.js';

/** A field whose value does not fit the others: what is expected, and what to do. */
export type Refusal = readonly [applies: boolean, field: keyof SchedulerSettings, expected: string, hint: string];

/** The classes whose steps diffusers does not define for predictions of x₀. */
const NEED_NOISE: readonly SchedulerName[] = [
  'PNDMScheduler',
  'EulerAncestralDiscreteScheduler',
  'KDPM2DiscreteScheduler',
  'KDPM2AncestralDiscreteScheduler',
  'DPMSolverSDEScheduler',
];

const FOR_DIFFUSERS = 'diffusers cannot sample with it either: give the scheduler a value that it supports';

/** Refuses the step of order 3 with noise, of multistep and singlestep DPM-Solver. */
export const orderRefusal = (
  { algorithm_type: algorithm, solver_order: order, solver_type: type }: Pick<SchedulerSettings, 'algorithm_type' | 'solver_order' | 'solver_type'>,
  isSinglestep = false,
): Refusal => [
  algorithm.startsWith('sde') && order === 3 && (!isSinglestep || type === 'heun'),
  'solver_order',
  `1 or 2 with algorithm_type ${show(algorithm)}`,
  'write 2: the step of order 3 in diffusers misses its order, and earlier versions have none',
]; // prettier-ignore

const refusals = (name: SchedulerName, settings: SchedulerSettings, steps: number): readonly Refusal[] => {
  const { algorithm_type: algorithm, final_sigmas_type: end, skip_prk_steps: skipsPrk, predict_x0: inX0 } = settings;
  const { use_karras_sigmas: isKarras, thresholding } = settings;
  const isSaInNoise = algorithm === 'noise_prediction';
  return [
    orderRefusal(settings, name === 'DPMSolverSinglestepScheduler'),
    [isKarras && settings.use_exponential_sigmas, 'use_exponential_sigmas', 'false with use_karras_sigmas', FOR_DIFFUSERS],
    [settings.use_lu_lambdas && (isKarras || settings.use_exponential_sigmas), 'use_lu_lambdas', 'false with other noise levels', 'diffusers ignores one of both: leave it out'],
    [isInNoise(algorithm) && end === 'zero', 'algorithm_type', '"dpmsolver++" or "sde-dpmsolver++" with final_sigmas_type "zero"', 'write final_sigmas_type "sigma_min", as diffusers demands'],
    [!inX0 && end === 'zero', 'predict_x0', 'true with final_sigmas_type "zero"', 'write final_sigmas_type "sigma_min": diffusers gives NaN for "zero"'],
    [thresholding && (!inX0 || isSaInNoise), 'thresholding', 'false for a solver in ε', 'diffusers does not threshold here: leave it out'],
    [settings.beta_schedule === 'sigmoid' && name !== 'DDPMScheduler' && !settings.trained_betas, 'beta_schedule', '"linear", "scaled_linear" or "squaredcos_cap_v2"', FOR_DIFFUSERS],
    [settings.prediction_type === 'sample' && NEED_NOISE.includes(name), 'prediction_type', '"epsilon" or "v_prediction"', FOR_DIFFUSERS],
    [name === 'PNDMScheduler' && !skipsPrk && steps < 4, 'skip_prk_steps', `true for ${steps} steps`, 'take at least 4 steps: diffusers ends before the data with fewer'],
  ]; // prettier-ignore
};

/** The error of the first refusal that applies: it names the field. */
export const firstRefusal = (
  refused: readonly Refusal[],
  settings: Partial<SchedulerSettings>,
): either.Either<NoisefoldError, void> => {
  const found = refused.find(([applies]) => applies);
  if (found === undefined) return E.right(undefined);
  const [, where, expected, hint] = found;
  return fail('ConfigError', { where, expected, actual: show(settings[where]), hint });
};

/** Refuses values that do not fit each other. */
export const checkedSettings = (
  name: SchedulerName,
  settings: SchedulerSettings,
  steps: number,
): either.Either<NoisefoldError, void> => firstRefusal(refusals(name, settings, steps), settings);

/** The field that a grid follows from. */
export const gridField = (name: SchedulerName, settings: SchedulerSettings): keyof SchedulerSettings => {
  if (SCHEDULERS[name].grid) return 'original_inference_steps';
  if (settings.use_karras_sigmas) return 'use_karras_sigmas';
  if (settings.use_exponential_sigmas) return 'use_exponential_sigmas';
  if (settings.use_lu_lambdas) return 'use_lu_lambdas';
  return settings.timestep_spacing === 'leading' && settings.steps_offset > 0 ? 'steps_offset' : 'timestep_spacing';
};

const size = (percent: number): string => `up to ${percent} % of the greatest number, for a smooth model`;

/** Differences of our samples from those of the scheduler, each with its field and its size. */
export const notesOn = (name: SchedulerName, settings: SchedulerSettings, steps: number): readonly string[] => {
  const ofExtraStep = SCHEDULERS[name].over === 't' ? 300 : 210;
  const notes: readonly (readonly [boolean, string])[] = [
    [name === 'DPMSolverSDEScheduler', 'noise_sampler_seed: it is not used. diffusers draws the noises of both evaluations of a step from one Brownian path, with a correlation of 1/√(1 + √(σ_s/σ_t)), 0.71 to 1; noisefold draws independent ones'],
    [hasExtraStep(settings, steps) && !isBySigma(settings), `timestep_spacing: a rounding error gives diffusers a step more than ${steps}, at t = -1; noisefold takes ${steps} (${size(ofExtraStep)})`],
    [settings.variance_type === 'fixed_large_log', 'variance_type: diffusers takes the root of log β, so its samples are NaN; noisefold takes that of β'],
  ]; // prettier-ignore
  return notes.flatMap(([applies, note]) => (applies ? [note] : []));
};
