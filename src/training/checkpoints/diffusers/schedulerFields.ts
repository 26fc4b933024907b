/** The fields of schedulers of diffusers, and the values that noisefold supports. */
import { aboveZero, finite, natural, oneOf, only, positive, refined, share } from '../../../internal/decode.js';
import { F, t } from '../../../internal/fp.js';

/** Fields of the process. */
export const noisingFields = {
  num_train_timesteps: positive,
  beta_start: aboveZero,
  beta_end: aboveZero,
  beta_schedule: oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'sigmoid', 'laplace', 'exp'),
  trained_betas: t.array(finite),
  prediction_type: oneOf('epsilon', 'sample', 'v_prediction', 'flow_prediction'),
};

const rescaled = { rescale_betas_zero_snr: t.boolean };

/** Fields of the grid of timesteps. */
const gridFields = {
  timestep_spacing: oneOf('linspace', 'leading', 'trailing'),
  steps_offset: natural,
};

/** Fields of the correction of x̂₀. */
const thresholds = {
  thresholding: t.boolean,
  dynamic_thresholding_ratio: share,
  sample_max_value: aboveZero,
};

const clipFields = { ...thresholds, clip_sample: t.boolean, clip_sample_range: aboveZero };

/** Fields of grids by noise level. */
const sigmaFields = {
  use_karras_sigmas: t.boolean,
  use_exponential_sigmas: t.boolean,
  use_beta_sigmas: t.boolean,
};

const sigmaEnds = { sigma_min: aboveZero, sigma_max: aboveZero };

export const finalSigmas = { final_sigmas_type: oneOf('zero', 'sigma_min') };

/** Fields of grids of a flow. */
const flowFields = {
  use_flow_sigmas: t.boolean,
  flow_shift: aboveZero,
  use_dynamic_shifting: only(false), // no pipeline of a UNet2DModel gives diffusers a mu
  time_shift_type: t.string, // used only with dynamic shifting
};

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

/** The types of a step. A class takes those of others, from which it may be converted, for its own default. */
const solverTypes = oneOf('midpoint', 'heun', 'logrho', 'bh1', 'bh2');

const variances = { variance_type: oneOf('learned', 'learned_range') }; // the variance is not used

/** Fields of the order and the type of DPM-Solver's steps. */
export const dpmSteps = {
  ...thresholds,
  ...finalSigmas,
  solver_order: orderUpTo(3),
  solver_type: solverTypes,
  lower_order_final: t.boolean,
};

const dpmSolver = {
  ...dpmSteps,
  ...sigmaFields,
  ...flowFields,
  ...variances,
  lambda_min_clipped: least,
};

/** Fields of the schedulers of distilled models. */
const distilled = {
  ...rescaled,
  ...clipFields,
  ...gridFields, // they and `set_alpha_to_one` are not used
  set_alpha_to_one: t.boolean,
  original_inference_steps: positive,
  timestep_scaling: aboveZero,
};

/** The fields that each scheduler has in addition to those of the process. */
export const SCHEDULER_FIELDS = {
  DDPMScheduler: {
    ...rescaled,
    ...gridFields,
    ...clipFields,
    variance_type: oneOf('fixed_small', 'fixed_small_log', 'fixed_large', 'fixed_large_log', 'learned_range'),
  },
  DDIMScheduler: { ...rescaled, ...gridFields, ...clipFields, set_alpha_to_one: t.boolean },
  PNDMScheduler: { ...gridFields, skip_prk_steps: t.boolean, set_alpha_to_one: t.boolean },
  LCMScheduler: distilled,
  TCDScheduler: distilled,
  EulerDiscreteScheduler: {
    ...rescaled,
    ...gridFields,
    ...sigmaFields,
    ...sigmaEnds,
    ...finalSigmas,
    interpolation_type: only('linear'),
    timestep_type: only('discrete'),
  },
  EulerAncestralDiscreteScheduler: { ...rescaled, ...gridFields },
  HeunDiscreteScheduler: { ...gridFields, ...sigmaFields, clip_sample: t.boolean, clip_sample_range: aboveZero },
  LMSDiscreteScheduler: { ...gridFields, ...sigmaFields },
  KDPM2DiscreteScheduler: { ...gridFields, ...sigmaFields },
  KDPM2AncestralDiscreteScheduler: { ...gridFields, ...sigmaFields },
  DPMSolverSDEScheduler: { ...gridFields, ...sigmaFields, noise_sampler_seed: natural },
  DPMSolverMultistepScheduler: {
    ...rescaled,
    ...gridFields,
    ...dpmSolver,
    algorithm_type: oneOf('dpmsolver++', 'sde-dpmsolver++', 'dpmsolver', 'sde-dpmsolver', 'deis'),
    euler_at_final: t.boolean,
    use_lu_lambdas: t.boolean,
  },
  DPMSolverSinglestepScheduler: {
    ...dpmSolver,
    algorithm_type: oneOf('dpmsolver++', 'sde-dpmsolver++', 'dpmsolver', 'deis'),
  },
  DEISMultistepScheduler: {
    ...gridFields,
    ...thresholds,
    ...sigmaFields,
    ...flowFields,
    solver_order: orderUpTo(3),
    algorithm_type: oneOf('deis', 'dpmsolver', 'dpmsolver++'), // all are DEIS
    solver_type: solverTypes, // all are logrho
    lower_order_final: t.boolean,
  },
  UniPCMultistepScheduler: {
    ...rescaled,
    ...gridFields,
    ...thresholds,
    ...finalSigmas,
    ...sigmaFields,
    ...sigmaEnds,
    ...flowFields,
    solver_order: orderUpTo(3),
    solver_type: solverTypes,
    predict_x0: t.boolean,
    lower_order_final: t.boolean,
    shift_terminal: terminal,
    disable_corrector: t.array(natural),
    solver_p: only(null),
  },
  SASolverScheduler: {
    ...gridFields,
    ...thresholds,
    ...sigmaFields,
    ...flowFields,
    ...variances,
    predictor_order: orderUpTo(4),
    corrector_order: refined(orderUpTo(4), 'an order from 2 to 4', (order) => order >= 2),
    algorithm_type: oneOf('data_prediction', 'noise_prediction'),
    tau_func: only(null),
    lower_order_final: t.boolean,
    lambda_min_clipped: least,
  },
};

/** The schedulers that are read. */
export type SchedulerName = keyof typeof SCHEDULER_FIELDS;
