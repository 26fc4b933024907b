/** The table of schedulers of diffusers: a row for each class. */
import {
  ancestral,
  consistency,
  type ContinuousNoising,
  dpmSolverPPSdeSinglestep,
  edm,
  euler,
  eulerAncestral,
  flowHeun,
  heun,
  kdpm2,
  kdpm2Ancestral,
  lcmGrid,
  lms,
  type Noising,
  type PreconditioningOptions,
  rectifiedFlow,
  type Solver,
  tcd,
  trigonometric,
} from '../../diffusion/index.js';
import { difference } from '../../checkpoints/checkpoint.js';
import { aboutPath } from '../../checkpoints/storedNoising.js';
import { isDiscrete } from '../../diffusion/paths/noising.js';
import { ddimOf } from '../../diffusion/solvers/ddim.js';
import { oneOf, only } from '../../internal/decode.js';
import { F } from '../../internal/fp.js';
import type { UNetArchitecture } from '../../nn/index.js';
import type { JsonRecord } from '../pythonJson.js';
import { flowMatching, ipndm, onEdm } from './continuousSchedulers.js';
import { noteOnFlow, timesOfUniPC } from './flowTimes.js';
import { pndmScheduler } from './pndmScheduler.js';
import {
  algorithms,
  BETAS,
  betaSchedules,
  CLIPS,
  dpmFields,
  edmFields,
  evenTimesteps,
  fieldsOf,
  FIELDS,
  FLOW,
  flowFields,
  flowTimeFields,
  GRID,
  noting,
  ORDERS,
  OWN,
  type SchedulerFields,
  sigmaFields,
  SIGMAS,
  THRESHOLDS,
} from './schedulerFields.js';
import { fromSigma, noisyToTheEnd, strided } from './schedulerPaths.js';
import type { SchedulerReader, SchedulerSettings } from './schedulerSettings.js';
import {
  deisSteps,
  dpmMultistepSteps,
  dpmSinglestepSteps,
  lcmSteps,
  saSolverSteps,
  uniPCSteps,
} from './schedulerSolvers.js';
import { onTimesteps, type TimestepScheduler, type Visit } from './timestepSchedulers.js';

/** A network that is written, and its preconditioning. */
export interface WrittenNetwork {
  readonly architecture: UNetArchitecture;
  readonly preconditioning?: PreconditioningOptions;
}

/** A class of schedulers. */
export interface Scheduler {
  readonly fields: SchedulerFields;
  /** Its defaults that differ from the common ones. */
  readonly defaults?: Partial<SchedulerSettings>;
  /** The settings that no field changes. */
  readonly fixed?: Partial<SchedulerSettings>;
  /** The default η of its steps (γ of TCD's); absent if they have none. */
  readonly eta?: number;
  /** Tests if a model has to learn its variance, or must not; absent if both are possible. Only the steps of DDPM use a variance. */
  readonly learnsVariance?: (settings: SchedulerSettings) => boolean;
  readonly read: SchedulerReader;
  /** Its configuration for a process and a network, if it is their usual scheduler. */
  readonly write?: (noising: Noising, network: WrittenNetwork) => JsonRecord | undefined;
}

/** The range of betas of latent diffusion. */
const LATENT = { beta_start: 0.00085, beta_end: 0.012 };

/** The models that were distilled at some timesteps. Fields of the grid and `set_alpha_to_one` are not used. */
const DISTILLED = {
  fields: fieldsOf(...BETAS, 'rescale_betas_zero_snr', ...CLIPS, ...GRID, 'set_alpha_to_one', 'original_inference_steps', 'timestep_scaling'),
  defaults: { ...LATENT, beta_schedule: 'scaled_linear' },
  fixed: { timestep_spacing: 'leading' },
} as const; // oxfmt-ignore

/** The grid of models that were distilled at some timesteps. */
const ofDistilled: Partial<TimestepScheduler> = {
  steps: (T) => Math.min(4, T),
  grid: ({ original_inference_steps: original }, steps) => lcmGrid(steps, { original }),
};

/** The range of σ of EDM. */
const EDM = { sigma_min: 0.002, sigma_max: 80 };

const overT = (solver: TimestepScheduler['solver'], more: Partial<TimestepScheduler> = {}): SchedulerReader =>
  onTimesteps({ over: 't', solver, ...more });

const overSigma = (solver: () => Solver, more: Partial<TimestepScheduler> = {}): SchedulerReader =>
  onTimesteps({
    over: 'sigma',
    solver: ({ settings }) => (settings.timestep_spacing === 'leading' ? solver() : fromSigma(solver())),
    ...more,
  });

const overLogSNR = (
  solver: (settings: SchedulerSettings, steps: number) => Solver,
  more: Partial<TimestepScheduler> = {},
): SchedulerReader =>
  onTimesteps({
    over: 'logSNR',
    solver: ({ settings, timesteps }) => solver(settings, timesteps.length),
    rounding: (settings) => (settings.use_karras_sigmas ? Math.round : Math.floor),
    ...more,
  });

/** The end of the last step of a scheduler over timesteps: the data (null), or timestep 0. */
const lastOf = ({ settings }: Visit): 0 | null => (settings.set_alpha_to_one ? null : 0);

/** The rounding of the midpoint methods; their midpoints are not rounded. */
const ofKarras = ({ use_karras_sigmas: isKarras }: SchedulerSettings) => (isKarras ? Math.round : F.identity<number>);

/** Tests if two continuous paths are one. */
export const isSamePath = (some: ContinuousNoising, other: ContinuousNoising): boolean =>
  difference('', aboutPath(some), aboutPath(other)) === undefined;

/** Writes the scheduler of a path, for the networks that it samples. */
const writing =
  (path: () => ContinuousNoising, samples: (network: WrittenNetwork) => boolean, config: JsonRecord) =>
  (noising: Noising, network: WrittenNetwork): JsonRecord | undefined =>
    !isDiscrete(noising) && samples(network) && !network.architecture.learnedVariance && isSamePath(path(), noising)
      ? config
      : undefined;

/** Tests if a network without preconditioning predicts a part, and takes a time. */
const predicting =
  (part: UNetArchitecture['predicts'], time: number) =>
  ({ architecture: { predicts, timesteps: known }, preconditioning }: WrittenNetwork): boolean =>
    preconditioning === undefined && predicts === part && (known === 'continuous' || known >= time);

/** Tests if a network has EDM's preconditioning, with the times of EDM. */
const isEdm = ({ preconditioning }: WrittenNetwork): boolean =>
  preconditioning?.as === 'edm' && (preconditioning.sigmaMin ?? 0) === 0 && (preconditioning.timeScale ?? 1) === 1;

const ROWS = {
  DDPMScheduler: {
    fields: {
      ...fieldsOf(...BETAS, 'rescale_betas_zero_snr', ...GRID, ...CLIPS),
      beta_schedule: betaSchedules('sigmoid', 'laplace'),
      timestep_spacing: evenTimesteps(300),
      variance_type: OWN.ancestralVariance,
    },
    defaults: { timestep_spacing: 'leading', clip_sample: true, variance_type: 'fixed_small' },
    learnsVariance: ({ variance_type: variance }) => variance === 'learned_range',
    read: overT(
      ({ settings: { variance_type: variance }, timesteps }) => {
        const solver = ancestral({ variance: variance?.startsWith('fixed_large') ? 'beta' : 'posterior' });
        // the noise of a fixed small variance is 1e-10 there
        const isQuiet = timesteps.at(-1) === 0 || variance?.startsWith('fixed_small');
        return isQuiet ? solver : noisyToTheEnd(timesteps)(solver);
      },
      { steps: (T) => T },
    ),
    write: (noising, { architecture: { learnedVariance } }) =>
      isDiscrete(noising)
        ? {
            _class_name: 'DDPMScheduler',
            clip_sample: true,
            timestep_spacing: 'leading',
            variance_type: learnedVariance === 'range' ? 'learned_range' : 'fixed_small',
          }
        : undefined,
  },
  DDIMScheduler: {
    fields: {
      ...fieldsOf(...BETAS, 'rescale_betas_zero_snr', ...GRID, ...CLIPS, 'set_alpha_to_one'),
      timestep_spacing: evenTimesteps(300),
    },
    defaults: { timestep_spacing: 'leading', clip_sample: true },
    eta: 0,
    read: overT((visit) => {
      const { clip_sample: clips, thresholding, num_train_timesteps: T, eta } = visit.settings;
      return strided(visit.timesteps, T, lastOf(visit), ddimOf({ eta, keepEpsilon: clips || thresholding }));
    }),
  },
  PNDMScheduler: {
    fields: {
      ...fieldsOf(...BETAS, ...GRID),
      prediction_type: OWN.withoutX0,
      timestep_spacing: evenTimesteps(300),
      ...fieldsOf('skip_prk_steps', 'set_alpha_to_one'),
    },
    defaults: { timestep_spacing: 'leading', set_alpha_to_one: false },
    read: overT((visit) => {
      const { prediction_type: predicts, skip_prk_steps: skipsPrk, num_train_timesteps: T } = visit.settings;
      const averages = predicts === 'v_prediction' ? 'v' : 'epsilon';
      return pndmScheduler(visit.timesteps, T, lastOf(visit), { averages, skipsPrk });
    }),
  },
  LCMScheduler: { ...DISTILLED, read: overT(({ settings }) => lcmSteps(settings.timestep_scaling), ofDistilled) },
  TCDScheduler: {
    ...DISTILLED,
    // it has the fields of a clip, and does not clip
    fixed: { ...DISTILLED.fixed, final_sigmas_type: 'sigma_min', clip_sample: false, thresholding: false },
    eta: 0.3,
    read: overT(({ settings: { eta: gamma } }) => tcd({ gamma }), ofDistilled),
  },
  EulerDiscreteScheduler: {
    fields: {
      ...fieldsOf(...BETAS, 'rescale_betas_zero_snr', ...GRID, ...SIGMAS),
      ...fieldsOf('sigma_min', 'sigma_max', 'final_sigmas_type', 'interpolation_type', 'timestep_type'),
    },
    read: overSigma(() => euler()),
  },
  EulerAncestralDiscreteScheduler: {
    fields: {
      ...fieldsOf(...BETAS, 'rescale_betas_zero_snr', ...GRID),
      beta_schedule: OWN.ancestralBetas,
      prediction_type: OWN.withoutX0,
    },
    read: overSigma(() => eulerAncestral()),
  },
  HeunDiscreteScheduler: {
    fields: { ...sigmaFields, ...fieldsOf('clip_sample', 'clip_sample_range'), beta_schedule: betaSchedules('exp') },
    defaults: LATENT,
    read: overSigma(() => heun({ maxSigmaRatio: Infinity })),
  },
  LMSDiscreteScheduler: { fields: sigmaFields, read: overSigma(() => lms()) },
  KDPM2DiscreteScheduler: {
    fields: { ...sigmaFields, prediction_type: OWN.withoutX0 },
    defaults: LATENT,
    read: overSigma(() => kdpm2({ maxSigmaRatio: Infinity }), { rounding: ofKarras }),
  },
  KDPM2AncestralDiscreteScheduler: {
    fields: { ...sigmaFields, beta_schedule: OWN.ancestralBetas, prediction_type: OWN.withoutX0 },
    defaults: LATENT,
    read: overSigma(() => kdpm2Ancestral({ maxSigmaRatio: Infinity }), { rounding: ofKarras }),
  },
  DPMSolverSDEScheduler: {
    fields: { ...sigmaFields, prediction_type: OWN.withoutX0, ...fieldsOf('noise_sampler_seed') },
    defaults: LATENT,
    read: overSigma(() => dpmSolverPPSdeSinglestep({ maxSigmaRatio: Infinity })),
  },
  DPMSolverMultistepScheduler: {
    fields: {
      ...dpmFields('rescale_betas_zero_snr', ...GRID),
      final_sigmas_type: OWN.dpmEnd,
      algorithm_type: algorithms('dpmsolver++', 'sde-dpmsolver++', 'dpmsolver', 'sde-dpmsolver', 'deis'),
      ...fieldsOf('euler_at_final', 'use_lu_lambdas'),
    },
    read: overLogSNR(dpmMultistepSteps, {
      endsAtLeast: true,
      rounding: ({ use_karras_sigmas: isKarras, use_lu_lambdas: isLu, beta_schedule: betas }) =>
        (isKarras || isLu) && betas !== 'squaredcos_cap_v2' ? Math.round : Math.floor,
    }),
  },
  DPMSolverSinglestepScheduler: {
    fields: {
      ...dpmFields(),
      solver_order: OWN.singlestepOrder,
      algorithm_type: algorithms('dpmsolver++', 'sde-dpmsolver++', 'dpmsolver', 'deis'),
    },
    defaults: { lower_order_final: false },
    read: overLogSNR(dpmSinglestepSteps, { endsAtLeast: true }),
  },
  DEISMultistepScheduler: {
    fields: {
      ...fieldsOf(...BETAS, ...GRID, ...THRESHOLDS, ...SIGMAS, 'solver_order', ...FLOW),
      use_karras_sigmas: OWN.roundedSpacing(0.5),
      algorithm_type: { type: oneOf('deis', 'dpmsolver', 'dpmsolver++') }, // all are DEIS
      ...fieldsOf('solver_type', 'lower_order_final'), // all types are logrho
    },
    fixed: { final_sigmas_type: 'sigma_min', algorithm_type: 'deis' },
    read: overLogSNR(deisSteps),
  },
  UniPCMultistepScheduler: {
    fields: {
      ...fieldsOf(...BETAS, 'rescale_betas_zero_snr', ...GRID, ...THRESHOLDS, 'final_sigmas_type', ...SIGMAS),
      final_sigmas_type: OWN.uniPCEnd,
      use_karras_sigmas: OWN.roundedSpacing(0.5),
      ...fieldsOf('sigma_min', 'sigma_max'),
      use_flow_sigmas: noting(FIELDS.use_flow_sigmas, noteOnFlow),
      flow_shift: OWN.karrasShift,
      ...fieldsOf('use_dynamic_shifting', 'time_shift_type', 'solver_order', 'solver_type', 'predict_x0'),
      ...fieldsOf('lower_order_final', 'shift_terminal', 'disable_corrector', 'solver_p'),
    },
    defaults: { solver_type: 'bh2' },
    read: overLogSNR(uniPCSteps, { flowTimes: timesOfUniPC }),
  },
  SASolverScheduler: {
    fields: {
      ...fieldsOf(...BETAS, ...GRID, ...THRESHOLDS, ...SIGMAS, ...FLOW),
      use_karras_sigmas: OWN.roundedSpacing(3),
      variance_type: { type: oneOf('learned', 'learned_range') }, // the variance is not used
      ...fieldsOf('predictor_order', 'corrector_order', 'lower_order_final', 'lambda_min_clipped'),
      algorithm_type: { type: oneOf('data_prediction', 'noise_prediction') },
      ...fieldsOf('tau_func'),
    },
    defaults: { algorithm_type: 'data_prediction' },
    fixed: { final_sigmas_type: 'sigma_min' },
    read: overLogSNR(saSolverSteps),
  },
  FlowMatchEulerDiscreteScheduler: {
    fields: { ...flowTimeFields, ...fieldsOf('stochastic_sampling') },
    read: flowMatching(({ stochastic_sampling: isNoisy }) => (isNoisy ? consistency() : euler()), true),
    write: writing(rectifiedFlow, predicting('velocity', 1000), {
      _class_name: 'FlowMatchEulerDiscreteScheduler',
      num_train_timesteps: 1000,
      shift: 1,
    }),
  },
  FlowMatchLCMScheduler: {
    fields: { ...flowTimeFields, ...fieldsOf('scale_factors', 'upscale_mode') },
    read: flowMatching(() => consistency(), false),
  },
  FlowMatchHeunDiscreteScheduler: { fields: flowFields, read: flowMatching(() => flowHeun(), true) },
  EDMEulerScheduler: {
    fields: edmFields,
    defaults: EDM,
    read: onEdm(() => euler(), 'last'),
    write: writing(edm, isEdm, {
      _class_name: 'EDMEulerScheduler',
      ...EDM,
      sigma_data: 0.5,
      sigma_schedule: 'karras',
      prediction_type: 'epsilon',
      rho: 7,
      num_train_timesteps: 1000,
      final_sigmas_type: 'zero',
    }),
  },
  EDMDPMSolverMultistepScheduler: {
    fields: {
      ...edmFields,
      ...fieldsOf(...ORDERS),
      final_sigmas_type: OWN.edmEnd,
      algorithm_type: { type: oneOf('dpmsolver++', 'sde-dpmsolver++', 'deis') },
      ...fieldsOf('euler_at_final'),
    },
    defaults: EDM,
    read: onEdm(dpmMultistepSteps, 'least'),
  },
  IPNDMScheduler: {
    fields: { ...fieldsOf('num_train_timesteps'), trained_betas: { type: only(null) } },
    read: ipndm,
    write: writing(() => trigonometric({ timeScale: 1 }), predicting('v', 1), {
      _class_name: 'IPNDMScheduler',
      num_train_timesteps: 1000,
    }),
  },
} as const satisfies Readonly<Record<string, Scheduler>>;

/** The schedulers that are read. */
export const SCHEDULERS: ReadonlyMap<string, Scheduler> = new Map(Object.entries(ROWS));

/** The schedulers whose steps have an η. */
export const WITH_ETA: readonly string[] = [...SCHEDULERS].flatMap(([name, { eta }]) =>
  eta === undefined ? [] : [name],
);
