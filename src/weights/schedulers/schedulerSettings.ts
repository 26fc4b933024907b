/** The settings of schedulers of diffusers: the types of all fields, with the defaults that most classes have. */
import type { Correction, EdmPreconditioning, Grid, Noising, SigmaRange, Solver } from '../../diffusion/index.js';
import { betaSpaced, karras, spacedAlong } from '../../diffusion/schedules/spacedSigmas.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { aboveZero, finite, natural, oneOf, only, positive, refined, share } from '../../internal/decode.js';
import { type either, F, t } from '../../internal/fp.js';
import { type Filled, optional, schema } from '../../internal/schema.js';

/** The last time of a flow, from 0, which stands for none. */
const terminal = refined(finite, 'a number from 0, which stands for none, up to 1', (end) => end >= 0 && end < 1);

/** A number, or the text of -Infinity that `parsePythonJson` gives. */
const least = new t.Type<number, number, unknown>(
  'a finite number, or -Infinity',
  t.number.is,
  (value, context) => (value === '-Infinity' ? t.success(-Infinity) : finite.validate(value, context)),
  F.identity,
);

const orderUpTo = (most: number) => refined(positive, `an order from 1 to ${most}`, (order) => order <= most);

/** The fields of all schedulers. The rules and notes of several fields have the order of these. */
export const TYPES = {
  noise_sampler_seed: optional(natural),
  timestep_spacing: optional(oneOf('linspace', 'leading', 'trailing'), 'linspace'),
  steps_offset: optional(natural, 0),
  use_dynamic_shifting: optional(t.boolean, false),
  sigma_schedule: optional(oneOf('karras', 'exponential'), 'karras'),
  solver_order: optional(orderUpTo(3), 2),
  use_karras_sigmas: optional(t.boolean, false),
  use_exponential_sigmas: optional(t.boolean, false),
  use_beta_sigmas: optional(t.boolean, false),
  use_lu_lambdas: optional(t.boolean, false),
  algorithm_type: optional(t.string, 'dpmsolver++'),
  predict_x0: optional(t.boolean, true),
  use_flow_sigmas: optional(t.boolean, false),
  thresholding: optional(t.boolean, false),
  dynamic_thresholding_ratio: optional(share, 0.995),
  sample_max_value: optional(aboveZero, 1),
  clip_sample: optional(t.boolean, false),
  clip_sample_range: optional(aboveZero, 1),
  final_sigmas_type: optional(oneOf('zero', 'sigma_min'), 'zero'),
  beta_start: optional(aboveZero, 1e-4),
  beta_end: optional(aboveZero, 0.02),
  beta_schedule: optional(oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'sigmoid', 'laplace', 'exp'), 'linear'),
  trained_betas: optional(t.array(finite)),
  rescale_betas_zero_snr: optional(t.boolean, false),
  variance_type: optional(t.string),
  prediction_type: optional(oneOf('epsilon', 'sample', 'v_prediction', 'flow_prediction'), 'epsilon'),
  flow_shift: optional(aboveZero, 1),
  num_train_timesteps: optional(positive, 1000),
  shift_terminal: optional(terminal, 0),
  lambda_min_clipped: optional(least, -Infinity),
  sigma_min: optional(aboveZero),
  sigma_max: optional(aboveZero),
  sigma_data: optional(aboveZero, 0.5),
  rho: optional(aboveZero, 7),
  // a class takes the types of others, from which it may be converted, for its own default
  solver_type: optional(oneOf('midpoint', 'heun', 'logrho', 'bh1', 'bh2'), 'midpoint'),
  lower_order_final: optional(t.boolean, true),
  euler_at_final: optional(t.boolean, false),
  disable_corrector: optional(t.array(natural), []),
  predictor_order: optional(orderUpTo(4), 2),
  corrector_order: optional(refined(orderUpTo(4), 'an order from 2 to 4', (order) => order >= 2), 2), // oxfmt-ignore
  set_alpha_to_one: optional(t.boolean, true),
  skip_prk_steps: optional(t.boolean, false),
  original_inference_steps: optional(positive, 50),
  timestep_scaling: optional(aboveZero, 10),
  shift: optional(aboveZero, 1),
  stochastic_sampling: optional(t.boolean, false),
  // used only with dynamic shifting
  base_shift: optional(finite),
  max_shift: optional(finite),
  base_image_seq_len: optional(finite),
  max_image_seq_len: optional(finite),
  time_shift_type: optional(t.string),
  invert_sigmas: optional(only(false)),
  scale_factors: optional(only(null)), // a flow of growing images
  upscale_mode: optional(t.string), // used only with scale_factors
  interpolation_type: optional(only('linear')),
  timestep_type: optional(only('discrete')),
  solver_p: optional(only(null)),
  tau_func: optional(only(null)),
};

export type FieldName = keyof typeof TYPES;

/** The values of all fields, with the defaults of a scheduler. */
export interface SchedulerSettings extends Filled<typeof TYPES> {
  /** η of DDIM's steps, or γ of TCD's: an argument of diffusers, and no field. */
  readonly eta: number;
}

export const DEFAULTS: SchedulerSettings = { ...schema('scheduler', TYPES).demand({}), eta: 0 };

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

/** Reads the values of a scheduler's fields. */
export interface SchedulerReader {
  /** The default number of steps, for a number of timesteps: that of its pipeline. */
  readonly steps: (T: number) => number;
  readonly mostSteps: (settings: SchedulerSettings) => number;
  readonly process: (
    settings: SchedulerSettings,
    steps: number,
    name: string,
  ) => either.Either<NoisefoldError, SchedulerProcess>;
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
export const spacingFields = (settings: SchedulerSettings): readonly SpacingField[] =>
  (Object.keys(SPACINGS) as SpacingField[]).filter((field) => settings[field]); // its own keys

/** The noise levels that replace those of a range; undefined if none do. */
export const spacingOf = (settings: SchedulerSettings): Spacing | undefined => {
  const [field] = spacingFields(settings);
  return field && SPACINGS[field];
};

/** Tests if an algorithm integrates ε̂. `deis` stands for `dpmsolver++`. */
export const isInNoise = (algorithm: string): boolean => ['dpmsolver', 'sde-dpmsolver'].includes(algorithm);

/** Tests if a rounding error gives `trailing` of diffusers one timestep more, -1. */
export const hasExtraStep = (
  { timestep_spacing: spacing, num_train_timesteps: T }: SchedulerSettings,
  steps: number,
): boolean => spacing === 'trailing' && Math.ceil(T / (T / steps)) > steps;
