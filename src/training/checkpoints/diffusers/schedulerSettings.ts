/** The settings of the schedulers of diffusers, with their common defaults. */
import type { Correction, EdmPreconditioning, Grid, Noising, SigmaRange, Solver } from '../../../diffusion/index.js';
import { betaSpaced, karras, spacedAlong } from '../../../diffusion/levels/spacedSigmas.js';

/** The fields of all schedulers, with the defaults of the given one. */
export interface SchedulerSettings {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'sigmoid' | 'laplace' | 'exp';
  readonly trained_betas?: readonly number[];
  readonly prediction_type: 'epsilon' | 'sample' | 'v_prediction' | 'flow_prediction';
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
  readonly use_lu_lambdas: boolean;
  readonly use_beta_sigmas: boolean;
  readonly use_flow_sigmas: boolean;
  readonly flow_shift: number;
  readonly shift_terminal: number;
  readonly lambda_min_clipped: number;
  readonly sigma_min?: number;
  readonly sigma_max?: number;
  readonly final_sigmas_type: 'zero' | 'sigma_min';
  readonly solver_order: number;
  readonly solver_type: string;
  readonly algorithm_type: string;
  readonly lower_order_final: boolean;
  readonly euler_at_final: boolean;
  readonly predict_x0: boolean;
  readonly disable_corrector: readonly number[];
  readonly predictor_order: number;
  readonly corrector_order: number;
  readonly original_inference_steps: number;
  readonly timestep_scaling: number;
  /** η of DDIM's steps, or γ of TCD's: an argument of diffusers, and no field. */
  readonly eta: number;
}

export const DEFAULTS: SchedulerSettings = {
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
  use_lu_lambdas: false,
  use_beta_sigmas: false,
  use_flow_sigmas: false,
  flow_shift: 1,
  shift_terminal: 0,
  lambda_min_clipped: -Infinity,
  final_sigmas_type: 'zero',
  solver_order: 2,
  solver_type: 'midpoint',
  algorithm_type: 'dpmsolver++',
  lower_order_final: true,
  euler_at_final: false,
  predict_x0: true,
  disable_corrector: [],
  predictor_order: 2,
  corrector_order: 2,
  original_inference_steps: 50,
  timestep_scaling: 10,
  eta: 0,
};

/** The sampling options that a scheduler defines. */
export interface SchedulerSampling {
  readonly solver: Solver;
  readonly grid: Grid;
  readonly correction: Correction;
}

/** The process of a scheduler, the prediction of its network, and its sampling. */
export interface SchedulerProcess {
  readonly noising: Noising;
  readonly predicts: 'epsilon' | 'x0' | 'v' | 'velocity';
  /** The preconditioning that the scheduler applies to the network. */
  readonly preconditioning?: EdmPreconditioning;
  readonly sampling: SchedulerSampling;
  /** Differences from diffusers, and unknown fields. */
  readonly notes: readonly string[];
}

/** A scheduler on the times of its grid. */
export interface Visit {
  readonly settings: SchedulerSettings;
  readonly timesteps: readonly number[];
}

/** Falling noise levels of a number of steps between two. */
type Spacing = (steps: number, range: SigmaRange) => Float64Array;

const exponential: Spacing = (steps, range) => spacedAlong(steps, range, Math.log, Math.exp);

/** The fields that replace noise levels by others with the same ends. */
const SPACINGS = {
  use_karras_sigmas: (steps, range) => karras(steps, range, 7),
  use_lu_lambdas: exponential,
  use_exponential_sigmas: exponential,
  use_beta_sigmas: (steps, range) => betaSpaced(steps, range, { alpha: 0.6, beta: 0.6 }),
} satisfies Record<string, Spacing>;

export type SpacingField = keyof typeof SPACINGS;

/** The fields of a configuration that replace its noise levels. diffusers takes the first, and only `use_lu_lambdas` with others. */
export const spacingFields = (settings: Partial<Pick<SchedulerSettings, SpacingField>>): readonly SpacingField[] =>
  (Object.keys(SPACINGS) as SpacingField[]).filter((field) => settings[field]); // its own keys

/** The noise levels that replace those of a range; undefined if none do. */
export const spacingOf = (settings: Partial<Pick<SchedulerSettings, SpacingField>>): Spacing | undefined => {
  const [field] = spacingFields(settings);
  return field && SPACINGS[field];
};
