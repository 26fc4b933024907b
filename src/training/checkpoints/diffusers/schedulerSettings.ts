/** The settings of the schedulers of diffusers, with their common defaults. */
import type { DiscreteNoising } from '../../../diffusion/index.js';

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
  readonly use_lu_lambdas: boolean;
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
};

/** A scheduler on the timesteps of its grid. */
export interface Visit {
  readonly settings: SchedulerSettings;
  readonly noising: DiscreteNoising;
  readonly timesteps: readonly number[];
}

/** Tests if the noise levels follow from their range, and not from timesteps. */
export const isBySigma = (settings: SchedulerSettings): boolean =>
  settings.use_karras_sigmas || settings.use_exponential_sigmas || settings.use_lu_lambdas;
