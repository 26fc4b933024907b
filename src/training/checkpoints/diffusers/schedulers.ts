/** Translates schedulers of diffusers into solvers, grids and corrections. */
import {
  ancestral,
  clipToImage,
  type Correction,
  ddim,
  dpmSolverPP,
  dpmSolverPPSde,
  dpmSolverPPSinglestep,
  dynamicThreshold,
  euler,
  eulerAncestral,
  exponentialGrid,
  type Grid,
  heun,
  karrasGrid,
  leading,
  linspace,
  lms,
  pndm,
  type Solver,
  trailing,
  uncorrected,
  uniPC,
} from '../../../diffusion/index.js';
import { clip } from '../../../dsl/index.js';
import type { SchedulerName } from './schedulerFields.js';

/** The fields of all schedulers, with the defaults of the given one. */
export interface SchedulerSettings {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'sigmoid';
  readonly trained_betas?: readonly number[];
  readonly prediction_type: 'epsilon' | 'sample' | 'v_prediction';
  readonly rescale_betas_zero_snr: boolean;
  readonly timestep_spacing: 'linspace' | 'leading' | 'trailing';
  readonly steps_offset: number;
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
  readonly thresholding: boolean;
  readonly dynamic_thresholding_ratio: number;
  readonly sample_max_value: number;
  readonly variance_type?: string;
  readonly set_alpha_to_one: boolean;
  readonly skip_prk_steps: boolean;
  readonly use_karras_sigmas: boolean;
  readonly use_exponential_sigmas: boolean;
  readonly sigma_min?: number;
  readonly sigma_max?: number;
  readonly solver_order: 1 | 2 | 3;
  readonly solver_type: string;
  readonly algorithm_type: string;
}

const DEFAULTS: SchedulerSettings = {
  num_train_timesteps: 1000,
  beta_start: 1e-4,
  beta_end: 0.02,
  beta_schedule: 'linear',
  prediction_type: 'epsilon',
  rescale_betas_zero_snr: false,
  timestep_spacing: 'linspace',
  steps_offset: 0,
  clip_sample: false,
  clip_sample_range: 1,
  thresholding: false,
  dynamic_thresholding_ratio: 0.995,
  sample_max_value: 1,
  set_alpha_to_one: true,
  skip_prk_steps: false,
  use_karras_sigmas: false,
  use_exponential_sigmas: false,
  solver_order: 2,
  solver_type: 'midpoint',
  algorithm_type: 'dpmsolver++',
};

/** A scheduler of diffusers as noisefold's sampling. */
interface Scheduler {
  /** Its defaults that differ from the common ones. */
  readonly defaults: Partial<SchedulerSettings>;
  readonly solver: (settings: SchedulerSettings) => Solver;
  /** True if the timestep nearest to the data counts as a step. */
  readonly endpoint: boolean;
  /** True if `linspace` visits fractional timesteps. */
  readonly isFractional: boolean;
  /** The default number of steps: that of its pipeline. */
  readonly steps: (T: number) => number;
}

const fifty = (T: number): number => Math.min(50, T);

/** A scheduler that steps from one σ to the next. */
const overSigmas = (solver: Scheduler['solver'], defaults: Partial<SchedulerSettings> = {}): Scheduler => ({
  defaults,
  solver,
  endpoint: true,
  isFractional: true,
  steps: fifty,
});

/** A scheduler of several orders over log-SNR. */
const overLogSNR = (solver: Scheduler['solver'], defaults: Partial<SchedulerSettings> = {}): Scheduler => ({
  defaults,
  solver,
  endpoint: false,
  isFractional: false,
  steps: fifty,
});

/** All schedulers, by the names of their classes. */
export const SCHEDULERS: Readonly<Record<SchedulerName, Scheduler>> = {
  DDPMScheduler: {
    defaults: { timestep_spacing: 'leading', clip_sample: true, variance_type: 'fixed_small' },
    solver: ({ variance_type: variance }) =>
      ancestral({ variance: variance?.startsWith('fixed_large') ? 'beta' : 'posterior' }),
    endpoint: true,
    isFractional: false,
    steps: (T) => T,
  },
  DDIMScheduler: {
    defaults: { timestep_spacing: 'leading', clip_sample: true },
    solver: () => ddim(),
    endpoint: true,
    isFractional: false,
    steps: fifty,
  },
  PNDMScheduler: {
    defaults: { timestep_spacing: 'leading', set_alpha_to_one: false },
    solver: ({ skip_prk_steps: isSkipped }) => pndm({ start: isSkipped ? 'fewer' : 'rungeKutta' }),
    endpoint: true,
    isFractional: false,
    steps: fifty,
  },
  EulerDiscreteScheduler: overSigmas(() => euler()),
  EulerAncestralDiscreteScheduler: overSigmas(() => eulerAncestral()),
  HeunDiscreteScheduler: overSigmas(() => heun(), { beta_start: 0.00085, beta_end: 0.012 }),
  LMSDiscreteScheduler: overSigmas(() => lms()),
  DPMSolverMultistepScheduler: overLogSNR(({ algorithm_type: algorithm, solver_order: order }) =>
    // the solver of the SDE refuses order 3
    algorithm === 'sde-dpmsolver++' ? dpmSolverPPSde({ order: order as 1 | 2 }) : dpmSolverPP({ order }),
  ),
  DPMSolverSinglestepScheduler: overLogSNR(({ solver_order: order }) => dpmSolverPPSinglestep({ order })),
  UniPCMultistepScheduler: overLogSNR(
    ({ solver_order: order, solver_type: type }) => uniPC({ order, variant: type === 'bh1' ? 'bh1' : 'bh2' }),
    { solver_type: 'bh2' },
  ),
};

/** The settings of a scheduler: the given fields, then its own defaults, then the common defaults. */
export const settingsOf = (name: SchedulerName, given: Partial<SchedulerSettings>): SchedulerSettings => ({
  ...DEFAULTS,
  ...SCHEDULERS[name].defaults,
  ...given,
});

/** The grid of a number of steps. */
export const gridOfScheduler = (name: SchedulerName, settings: SchedulerSettings, steps: number): Grid => {
  const { sigma_min: min, sigma_max: max, timestep_spacing: spacing, steps_offset: offset } = settings;
  const { endpoint } = SCHEDULERS[name];
  const range = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
  if (settings.use_karras_sigmas) return karrasGrid(steps, range);
  if (settings.use_exponential_sigmas) return exponentialGrid(steps, range);
  if (spacing === 'trailing') return trailing(steps);
  return spacing === 'leading' ? leading(steps, { offset, endpoint }) : linspace(steps, { endpoint });
};

/** The correction of x̂₀. A threshold of diffusers that is capped at 1 clips to the range of images. */
export const correctionOf = (settings: SchedulerSettings): Correction => {
  const { thresholding, sample_max_value: cap, clip_sample: clips, clip_sample_range: range } = settings;
  if (thresholding) return cap <= 1 ? clipToImage : dynamicThreshold(settings.dynamic_thresholding_ratio);
  if (!clips) return uncorrected;
  return range === 1 ? clipToImage : clip(-range, range);
};

/** Tests if a scheduler visits fractional timesteps. */
const isFractional = (name: SchedulerName, settings: SchedulerSettings, steps: number): boolean => {
  const { timestep_spacing: spacing, num_train_timesteps: T } = settings;
  if (settings.use_karras_sigmas || settings.use_exponential_sigmas) return true;
  return spacing === 'linspace' && SCHEDULERS[name].isFractional && steps > 1 && (T - 1) % (steps - 1) !== 0;
};

/** Tests if the steps of diffusers' DDIM, which are ⌊T/steps⌋ long, end where the next ones begin. */
const areJoined = ({ timestep_spacing: spacing, num_train_timesteps: T }: SchedulerSettings, steps: number): boolean =>
  spacing === 'leading' || (spacing === 'trailing' && T % steps === 0);

const isThirdOrder = (name: SchedulerName, { solver_order: order }: SchedulerSettings): boolean =>
  order === 3 && !SCHEDULERS[name].endpoint;

/** Differences of our samples from those of the scheduler, each with its field. */
export const notesOn = (name: SchedulerName, settings: SchedulerSettings, steps: number): readonly string[] => {
  const isDdim = name === 'DDIMScheduler';
  const endsAboveZero = settings.timestep_spacing === 'trailing' || settings.steps_offset > 0;
  const notes: readonly (readonly [boolean, string])[] = [
    [isFractional(name, settings, steps), 'timestep_spacing: diffusers visits fractional timesteps; noisefold takes the nearest whole ones'],
    [isDdim && !areJoined(settings, steps), 'timestep_spacing: diffusers ends a step before the start of the next one; noisefold ends it there'],
    [name === 'DDPMScheduler' && endsAboveZero, 'timestep_spacing: diffusers draws noise in the last step; noisefold does not'],
    [!settings.set_alpha_to_one, 'set_alpha_to_one: diffusers ends at the noise level of timestep 0; noisefold ends at the data'],
    [isDdim && settings.clip_sample, 'clip_sample: diffusers keeps ε̂ where x̂₀ is clipped; noisefold derives ε̂ from the clipped x̂₀'],
    [settings.thresholding && settings.sample_max_value > 1, 'sample_max_value: diffusers caps the threshold; noisefold does not'],
    [name === 'PNDMScheduler' && settings.skip_prk_steps, 'skip_prk_steps: diffusers evaluates twice in the first step; noisefold once'],
    [isThirdOrder(name, settings), 'solver_order: steps of order 3 differ in their last term, or near the end'],
  ]; // prettier-ignore
  return notes.flatMap(([applies, note]) => (applies ? [note] : []));
};
