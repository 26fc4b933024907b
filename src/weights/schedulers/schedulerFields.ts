/** The fields of schedulers of diffusers, and the values that noisefold supports. */
import { aboveZero, finite, natural, oneOf, only, positive, refined, share } from '../../internal/decode.js';
import { F, t } from '../../internal/fp.js';
import { type Fields, optional } from '../../internal/schema.js';

/** The last time of a flow, from 0, which stands for none. */
export const terminal = refined(
  finite,
  'a number from 0, which stands for none, up to 1',
  (end) => end >= 0 && end < 1,
);

/** A number, or the text of -Infinity that `parsePythonJson` gives. */
const least = new t.Type<number, number, unknown>(
  'a finite number, or -Infinity',
  t.number.is,
  (value, context) => (value === '-Infinity' ? t.success(-Infinity) : finite.validate(value, context)),
  F.identity,
);

const orderUpTo = (most: number) => refined(positive, `an order from 1 to ${most}`, (order) => order <= most);

/** The fields of all schedulers, with their common defaults. */
export const FIELDS = {
  num_train_timesteps: optional(positive, 1000),
  beta_start: optional(aboveZero, 1e-4),
  beta_end: optional(aboveZero, 0.02),
  beta_schedule: optional(oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'sigmoid', 'laplace', 'exp'), 'linear'),
  trained_betas: optional(t.array(finite)),
  prediction_type: optional(oneOf('epsilon', 'sample', 'v_prediction', 'flow_prediction'), 'epsilon'),
  rescale_betas_zero_snr: optional(t.boolean, false),
  timestep_spacing: optional(oneOf('linspace', 'leading', 'trailing'), 'linspace'),
  steps_offset: optional(natural, 0),
  thresholding: optional(t.boolean, false),
  dynamic_thresholding_ratio: optional(share, 0.995),
  sample_max_value: optional(aboveZero, 1),
  clip_sample: optional(t.boolean, false),
  clip_sample_range: optional(aboveZero, 1),
  variance_type: optional(t.string),
  set_alpha_to_one: optional(t.boolean, true),
  skip_prk_steps: optional(t.boolean, false),
  use_karras_sigmas: optional(t.boolean, false),
  use_exponential_sigmas: optional(t.boolean, false),
  use_beta_sigmas: optional(t.boolean, false),
  use_lu_lambdas: optional(t.boolean, false),
  use_flow_sigmas: optional(t.boolean, false),
  flow_shift: optional(aboveZero, 1),
  shift_terminal: optional(terminal, 0),
  lambda_min_clipped: optional(least, -Infinity),
  sigma_min: optional(aboveZero),
  sigma_max: optional(aboveZero),
  final_sigmas_type: optional(oneOf('zero', 'sigma_min'), 'zero'),
  algorithm_type: optional(t.string, 'dpmsolver++'),
  solver_order: optional(orderUpTo(3), 2),
  // a class takes the types of others, from which it may be converted, for its own default
  solver_type: optional(oneOf('midpoint', 'heun', 'logrho', 'bh1', 'bh2'), 'midpoint'),
  lower_order_final: optional(t.boolean, true),
  euler_at_final: optional(t.boolean, false),
  predict_x0: optional(t.boolean, true),
  disable_corrector: optional(t.array(natural), []),
  predictor_order: optional(orderUpTo(4), 2),
  corrector_order: optional(refined(orderUpTo(4), 'an order from 2 to 4', (order) => order >= 2), 2), // oxfmt-ignore
  original_inference_steps: optional(positive, 50),
  timestep_scaling: optional(aboveZero, 10),
};

/** Some of these fields, by name. */
export const fieldsOf = (...names: readonly (keyof typeof FIELDS)[]): Fields =>
  Object.fromEntries(names.map((name) => [name, FIELDS[name]]));

/** Fields of the process. */
export const noisingFields = fieldsOf(
  'num_train_timesteps',
  'beta_start',
  'beta_end',
  'beta_schedule',
  'trained_betas',
  'prediction_type',
);

/** Fields of the grid of timesteps. */
const GRID = ['timestep_spacing', 'steps_offset'] as const;

/** Fields of the correction of x̂₀. */
const THRESHOLDS = ['thresholding', 'dynamic_thresholding_ratio', 'sample_max_value'] as const;
const CLIPS = [...THRESHOLDS, 'clip_sample', 'clip_sample_range'] as const;

/** Fields of grids by noise level. */
const SIGMAS = ['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas'] as const;

/** Fields of grids of a flow. */
const flowFields = {
  ...fieldsOf('use_flow_sigmas', 'flow_shift'),
  use_dynamic_shifting: only(false), // no pipeline of a UNet2DModel gives diffusers a mu
  time_shift_type: t.string, // used only with dynamic shifting
};

const variances = { variance_type: oneOf('learned', 'learned_range') }; // the variance is not used

/** Fields of the order and the type of DPM-Solver's steps. */
export const dpmSteps = fieldsOf(
  ...THRESHOLDS,
  'final_sigmas_type',
  'solver_order',
  'solver_type',
  'lower_order_final',
);

const dpmSolver = { ...dpmSteps, ...fieldsOf(...SIGMAS, 'lambda_min_clipped'), ...flowFields, ...variances };

/** Fields of the schedulers of distilled models. Those of the grid and `set_alpha_to_one` are not used. */
const distilled = fieldsOf(
  'rescale_betas_zero_snr',
  ...CLIPS,
  ...GRID,
  'set_alpha_to_one',
  'original_inference_steps',
  'timestep_scaling',
);

/** The fields that each scheduler has in addition to those of the process. */
export const SCHEDULER_FIELDS = {
  DDPMScheduler: {
    ...fieldsOf('rescale_betas_zero_snr', ...GRID, ...CLIPS),
    variance_type: oneOf('fixed_small', 'fixed_small_log', 'fixed_large', 'fixed_large_log', 'learned_range'),
  },
  DDIMScheduler: fieldsOf('rescale_betas_zero_snr', ...GRID, ...CLIPS, 'set_alpha_to_one'),
  PNDMScheduler: fieldsOf(...GRID, 'skip_prk_steps', 'set_alpha_to_one'),
  LCMScheduler: distilled,
  TCDScheduler: distilled,
  EulerDiscreteScheduler: {
    ...fieldsOf('rescale_betas_zero_snr', ...GRID, ...SIGMAS, 'sigma_min', 'sigma_max', 'final_sigmas_type'),
    interpolation_type: only('linear'),
    timestep_type: only('discrete'),
  },
  EulerAncestralDiscreteScheduler: fieldsOf('rescale_betas_zero_snr', ...GRID),
  HeunDiscreteScheduler: fieldsOf(...GRID, ...SIGMAS, 'clip_sample', 'clip_sample_range'),
  LMSDiscreteScheduler: fieldsOf(...GRID, ...SIGMAS),
  KDPM2DiscreteScheduler: fieldsOf(...GRID, ...SIGMAS),
  KDPM2AncestralDiscreteScheduler: fieldsOf(...GRID, ...SIGMAS),
  DPMSolverSDEScheduler: { ...fieldsOf(...GRID, ...SIGMAS), noise_sampler_seed: natural },
  DPMSolverMultistepScheduler: {
    ...fieldsOf('rescale_betas_zero_snr', ...GRID),
    ...dpmSolver,
    algorithm_type: oneOf('dpmsolver++', 'sde-dpmsolver++', 'dpmsolver', 'sde-dpmsolver', 'deis'),
    ...fieldsOf('euler_at_final', 'use_lu_lambdas'),
  },
  DPMSolverSinglestepScheduler: {
    ...dpmSolver,
    algorithm_type: oneOf('dpmsolver++', 'sde-dpmsolver++', 'dpmsolver', 'deis'),
  },
  DEISMultistepScheduler: {
    ...fieldsOf(...GRID, ...THRESHOLDS, ...SIGMAS, 'solver_order'),
    ...flowFields,
    algorithm_type: oneOf('deis', 'dpmsolver', 'dpmsolver++'), // all are DEIS
    ...fieldsOf('solver_type', 'lower_order_final'), // all types are logrho
  },
  UniPCMultistepScheduler: {
    ...fieldsOf('rescale_betas_zero_snr', ...GRID, ...THRESHOLDS, 'final_sigmas_type', ...SIGMAS),
    ...fieldsOf('sigma_min', 'sigma_max'),
    ...flowFields,
    ...fieldsOf('solver_order', 'solver_type', 'predict_x0', 'lower_order_final', 'shift_terminal'),
    ...fieldsOf('disable_corrector'),
    solver_p: only(null),
  },
  SASolverScheduler: {
    ...fieldsOf(...GRID, ...THRESHOLDS, ...SIGMAS),
    ...flowFields,
    ...variances,
    ...fieldsOf('predictor_order', 'corrector_order', 'lower_order_final', 'lambda_min_clipped'),
    algorithm_type: oneOf('data_prediction', 'noise_prediction'),
    tau_func: only(null),
  },
};

/** The schedulers that are read. */
export type SchedulerName = keyof typeof SCHEDULER_FIELDS;
