/** The fields of schedulers of diffusers, and the values that noisefold supports. */
import { aboveZero, finite, natural, oneOf, only, positive, refined, share } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';

/** Fields of the process. */
export const noisingFields = {
  num_train_timesteps: positive,
  beta_start: aboveZero,
  beta_end: aboveZero,
  beta_schedule: oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'sigmoid'),
  trained_betas: t.array(finite),
  prediction_type: oneOf('epsilon', 'sample', 'v_prediction'),
};

const rescaled = { rescale_betas_zero_snr: t.boolean };

/** Fields of the grid of timesteps. */
const gridFields = {
  timestep_spacing: oneOf('linspace', 'leading', 'trailing'),
  steps_offset: natural,
};

/** Fields of the correction of x̂₀. */
const clipFields = {
  clip_sample: t.boolean,
  clip_sample_range: aboveZero,
  thresholding: t.boolean,
  dynamic_thresholding_ratio: share,
  sample_max_value: aboveZero,
};

/** Fields of grids by noise level. */
const sigmaFields = {
  use_karras_sigmas: t.boolean,
  use_exponential_sigmas: t.boolean,
  use_beta_sigmas: only(false),
  sigma_min: aboveZero,
  sigma_max: aboveZero,
};

const finalSigmas = { final_sigmas_type: only('zero') };

const thresholds = {
  thresholding: t.boolean,
  dynamic_thresholding_ratio: share,
  sample_max_value: aboveZero,
};

const dpmSolver = {
  ...thresholds,
  ...finalSigmas,
  use_karras_sigmas: t.boolean,
  use_exponential_sigmas: t.boolean,
  use_beta_sigmas: only(false),
  use_lu_lambdas: only(false),
  use_flow_sigmas: only(false),
  flow_shift: finite, // used only with flow sigmas
  use_dynamic_shifting: only(false),
  time_shift_type: t.string, // used only with dynamic shifting
  solver_order: refined(positive, 'an order from 1 to 3', (order) => order <= 3),
  algorithm_type: oneOf('dpmsolver++', 'sde-dpmsolver++'),
  solver_type: oneOf('midpoint'),
  lower_order_final: t.boolean, // the last step always has order 1
  euler_at_final: t.boolean,
  lambda_min_clipped: only('-Infinity'),
  variance_type: oneOf('learned', 'learned_range'), // the variance is not used
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
  EulerDiscreteScheduler: {
    ...rescaled,
    ...gridFields,
    ...sigmaFields,
    ...finalSigmas,
    interpolation_type: only('linear'),
    timestep_type: only('discrete'),
  },
  EulerAncestralDiscreteScheduler: { ...rescaled, ...gridFields },
  HeunDiscreteScheduler: {
    ...gridFields,
    use_karras_sigmas: t.boolean,
    use_exponential_sigmas: t.boolean,
    use_beta_sigmas: only(false),
    clip_sample: t.boolean,
    clip_sample_range: aboveZero,
  },
  LMSDiscreteScheduler: {
    ...gridFields,
    use_karras_sigmas: t.boolean,
    use_exponential_sigmas: t.boolean,
    use_beta_sigmas: only(false),
  },
  DPMSolverMultistepScheduler: { ...rescaled, ...gridFields, ...dpmSolver },
  DPMSolverSinglestepScheduler: { ...dpmSolver, algorithm_type: oneOf('dpmsolver++') },
  UniPCMultistepScheduler: {
    ...rescaled,
    ...gridFields,
    ...thresholds,
    ...finalSigmas,
    solver_order: refined(positive, 'an order from 1 to 3', (order) => order <= 3),
    solver_type: oneOf('bh1', 'bh2'),
    predict_x0: only(true),
    lower_order_final: t.boolean,
    disable_corrector: only([]),
    solver_p: only(null),
    use_karras_sigmas: t.boolean,
    use_exponential_sigmas: t.boolean,
    use_beta_sigmas: only(false),
    use_flow_sigmas: only(false),
    flow_shift: finite,
    use_dynamic_shifting: only(false),
    time_shift_type: t.string,
    sigma_min: aboveZero,
    sigma_max: aboveZero,
  },
};

/** The schedulers that are read. */
export type SchedulerName = keyof typeof SCHEDULER_FIELDS;
