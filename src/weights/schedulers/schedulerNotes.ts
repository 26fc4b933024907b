/** Lists the settings of schedulers of diffusers that noisefold refuses, and the differences of its samples. */
import { type DiscreteNoising, pathOf } from '../../diffusion/index.js';
import { leavesSignal } from '../../diffusion/channels/channel.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { show } from '../../internal/decode.js';
import { E, type either } from '../../internal/fp.js';
import type { SchedulerName } from './schedulerFields.js';
import { hasExtraStep } from './schedulerSampling.js';
import { SCHEDULERS } from './schedulers.js';
import { type SchedulerSettings, spacingFields, spacingOf } from './schedulerSettings.js';
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
]; // oxfmt-ignore

const refusals = (name: SchedulerName, settings: SchedulerSettings, steps: number): readonly Refusal[] => {
  const { algorithm_type: algorithm, final_sigmas_type: end, skip_prk_steps: skipsPrk, predict_x0: inX0 } = settings;
  const { thresholding, beta_schedule: betas, prediction_type: predicts, use_flow_sigmas: isFlow } = settings;
  const [by] = spacingFields(settings);
  const [one, other] = spacingFields({ ...settings, use_lu_lambdas: false });
  const inNoise = isInNoise(algorithm) || algorithm === 'noise_prediction' || !inX0;
  const isOfOthers =
    (['sigmoid', 'laplace'].includes(betas) && name !== 'DDPMScheduler') ||
    (betas === 'exp' && name !== 'HeunDiscreteScheduler');
  return [
    orderRefusal(settings, name === 'DPMSolverSinglestepScheduler'),
    [other !== undefined, other!, `false with ${one}`, FOR_DIFFUSERS],
    [isInNoise(algorithm) && end === 'zero', 'algorithm_type', '"dpmsolver++" or "sde-dpmsolver++" with final_sigmas_type "zero"', 'write final_sigmas_type "sigma_min", as diffusers demands'],
    [!inX0 && end === 'zero', 'predict_x0', 'true with final_sigmas_type "zero"', 'write final_sigmas_type "sigma_min": diffusers gives NaN for "zero"'],
    [isFlow && inNoise, 'use_flow_sigmas', 'false for a solver in ε', FOR_DIFFUSERS],
    [thresholding && inNoise && !isInNoise(algorithm), 'thresholding', 'false for a solver in ε', 'diffusers does not threshold here: leave it out'],
    [isOfOthers && !settings.trained_betas, 'beta_schedule', '"linear", "scaled_linear" or "squaredcos_cap_v2"', FOR_DIFFUSERS],
    [isFlow !== (predicts === 'flow_prediction'), 'prediction_type', isFlow ? '"flow_prediction" with use_flow_sigmas' : '"epsilon", "sample" or "v_prediction" without use_flow_sigmas', FOR_DIFFUSERS],
    [isFlow && by !== undefined && !(by === 'use_karras_sigmas' && SCHEDULERS[name].flow?.takesKarras), by!, 'false with use_flow_sigmas', 'diffusers mixes times and noise levels: leave one out'],
    [isFlow && settings.num_train_timesteps !== 1000, 'num_train_timesteps', '1000 with use_flow_sigmas', 'a network of a flow gets 1000·t'],
    [!isFlow && settings.shift_terminal > 0, 'shift_terminal', '0 without use_flow_sigmas', FOR_DIFFUSERS],
    [isFlow && settings.shift_terminal > 0 && steps === 1, 'shift_terminal', 'none for one step', 'take at least 2: the time of the first is 1'],
    [Number.isFinite(settings.lambda_min_clipped) && settings.timestep_spacing === 'trailing', 'lambda_min_clipped', '-Infinity with timestep_spacing "trailing"', 'diffusers takes another number of steps with it: write "linspace"'],
    [predicts === 'sample' && NEED_NOISE.includes(name), 'prediction_type', '"epsilon" or "v_prediction"', FOR_DIFFUSERS],
    [name === 'PNDMScheduler' && !skipsPrk && steps < 4, 'skip_prk_steps', `true for ${steps} steps`, 'take at least 4 steps: diffusers ends before the data with fewer'],
  ]; // oxfmt-ignore
};

/** The error of the first refusal that applies: it names the field. */
export const firstRefusal = (
  list: readonly Refusal[],
  settings: Partial<SchedulerSettings>,
): either.Either<NoisefoldError, void> => {
  const note = list.find(([applies]) => applies);
  if (note === undefined) return E.right(undefined);
  const [, where, expected, hint] = note;
  return fail('ConfigError', { where, expected, actual: show(settings[where]), hint });
};

/** Refuses values that do not fit each other. */
export const checkedSettings = (
  name: SchedulerName,
  settings: SchedulerSettings,
  steps: number,
): either.Either<NoisefoldError, void> => firstRefusal(refusals(name, settings, steps), settings);

const size = (percent: number): string => `up to ${percent} % of the greatest number, for a smooth model`;

/** Tests if σ falls so far in a step of an ancestral scheduler that 32 bits may lose σ_down: in few steps of a cosine schedule. */
const mayLoseSigma = (name: SchedulerName, settings: SchedulerSettings, steps: number): boolean =>
  ['EulerAncestralDiscreteScheduler', 'KDPM2AncestralDiscreteScheduler'].includes(name) &&
  settings.beta_schedule === 'squaredcos_cap_v2' &&
  !settings.trained_betas &&
  steps > 1 &&
  (steps <= 10 || settings.use_beta_sigmas);

/** Differences of our samples from those of the scheduler, each with its field and its size. */
export const notesOn = (name: SchedulerName, settings: SchedulerSettings, steps: number): readonly string[] => {
  const ofExtraStep = SCHEDULERS[name].over === 't' ? 300 : 210;
  const [by] = spacingFields(settings);
  const isRounded = SCHEDULERS[name].over === 'logSNR' && (by === 'use_exponential_sigmas' || by === 'use_beta_sigmas');
  const end = SCHEDULERS[name].endNote?.(settings, steps) ?? null;
  const notes: readonly (readonly [boolean, string])[] = [
    [name === 'DPMSolverSDEScheduler', 'noise_sampler_seed: it is not used. diffusers draws the noises of both evaluations of a step from one Brownian path, with a correlation of 1/√(1 + √(σ_s/σ_t)), 0.71 to 1; noisefold draws independent ones, and with brownian: true those of a path whose time is the angle of α and σ'],
    [hasExtraStep(settings, steps) && !spacingOf(settings) && !settings.use_flow_sigmas, `timestep_spacing: a rounding error gives diffusers a step more than ${steps}, at t = -1; noisefold takes ${steps} (${size(ofExtraStep)})`],
    [isRounded, `${by}: rounding in 32 bits gives the network of diffusers some timesteps that are one less or more, such as 998 in the first step; noisefold rounds exact ones down (samples differ by at most ${name === 'SASolverScheduler' ? 3 : 0.5} % of the greatest number, for a smooth model, the usual order and 8 steps or more)`],
    [end !== null, end!],
    [mayLoseSigma(name, settings, steps), 'beta_schedule: diffusers computes σ_down in 32 bits, as the root of a difference that may be below 0 where σ falls far in a step, and then gives NaN; noisefold takes σ_s²/σ_t'],
    [settings.variance_type === 'fixed_large_log', 'variance_type: diffusers takes the root of log β, so its samples are NaN; noisefold takes that of β'],
  ]; // oxfmt-ignore
  return notes.flatMap(([applies, note]) => (applies ? [note] : []));
};

/**
 * The note on a grid that begins without signal, where no x̂₀ follows from a prediction of ε. `sample` refuses it, and takes other
 * grids.
 */
export const signalNotes = (
  name: SchedulerName,
  settings: SchedulerSettings,
  noising: DiscreteNoising,
  grid: readonly number[],
): readonly string[] => {
  const first = grid[0]!; // a grid has a time
  const field = settings.rescale_betas_zero_snr ? 'rescale_betas_zero_snr' : 'trained_betas'; // no other leaves no signal
  if (settings.prediction_type !== 'epsilon' || leavesSignal(pathOf(noising).levelAt(first))) return [];
  const isLeading = settings.timestep_spacing === 'leading' && SCHEDULERS[name].grid === undefined;
  const others = isLeading ? 'load it with fewer steps, or give sample a grid' : 'give sample a grid';
  return [
    `${field}: timestep ${first} has no signal, where no x̂₀ follows from a network of ε: diffusers divides by 0, and sample refuses the grid of these steps; ${others} without that timestep`,
  ];
};
