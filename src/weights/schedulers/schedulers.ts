/** The schedulers of diffusers over the timesteps of a schedule, as solvers of noisefold. */
import {
  ancestral,
  dpmSolverPPSdeSinglestep,
  euler,
  eulerAncestral,
  type Grid,
  heun,
  kdpm2,
  kdpm2Ancestral,
  lcmGrid,
  lms,
  type Solver,
  tcd,
} from '../../diffusion/index.js';
import { ddimOf } from '../../diffusion/solvers/ddim.js';
import { F } from '../../internal/fp.js';
import { type Flow, FLOW_OF_DPM, FLOW_OF_UNIPC } from './flowTimes.js';
import { pndmScheduler } from './pndmScheduler.js';
import { type EndNote, endNoteOfDpm, endNoteOfUniPC } from './schedulerEnds.js';
import type { SchedulerName } from './schedulerFields.js';
import { fromSigma, noisyToTheEnd, strided } from './schedulerPaths.js';
import { DEFAULTS, type SchedulerSettings, type Visit } from './schedulerSettings.js';
import {
  deisSteps,
  dpmMultistepSteps,
  dpmSinglestepSteps,
  lcmSteps,
  saSolverSteps,
  uniPCSteps,
} from './schedulerSolvers.js';

/** A scheduler of diffusers as noisefold's sampling. */
export interface Scheduler {
  /** Its steps are even in timesteps, in σ, or in log-SNR. In log-SNR, the timestep nearest to the data is no step. */
  readonly over: 't' | 'sigma' | 'logSNR';
  readonly solver: (visit: Visit) => Solver;
  /** Its defaults that differ from the common ones. */
  readonly defaults: Partial<SchedulerSettings>;
  /** The settings that no field changes. */
  readonly fixed?: Partial<SchedulerSettings>;
  /** The default η of its steps (γ of TCD's); absent if they have none. */
  readonly eta?: number;
  /** The default number of steps: that of its pipeline. */
  readonly steps: (T: number) => number;
  /** Its grid of a number of steps, if its timesteps are not spaced evenly. */
  readonly grid?: (settings: SchedulerSettings, steps: number) => Grid;
  /** Its sampling of a flow; absent if it samples none. */
  readonly flow?: Flow;
  /** The note on its last step; absent if diffusers takes that step with all settings. */
  readonly endNote?: EndNote;
  /** The timestep that the network gets at a fractional one. */
  readonly rounding: (settings: SchedulerSettings) => (t: number) => number;
}

const fifty = (T: number): number => Math.min(50, T);

/** The end of the last step of a scheduler over timesteps: the data (null), or timestep 0. */
const lastOf = ({ settings }: Visit): 0 | null => (settings.set_alpha_to_one ? null : 0);

const unrounded = (): ((t: number) => number) => F.identity;

const overTimesteps = (solver: Scheduler['solver'], more: Partial<Scheduler> = {}): Scheduler => ({
  over: 't',
  solver,
  defaults: {},
  steps: fifty,
  rounding: unrounded,
  ...more,
});

const overSigma = (solver: () => Solver, more: Partial<Scheduler> = {}): Scheduler => ({
  over: 'sigma',
  solver: ({ settings }) => (settings.timestep_spacing === 'leading' ? solver() : fromSigma(solver())),
  defaults: {},
  steps: fifty,
  rounding: unrounded,
  ...more,
});

const overLogSNR = (solver: Scheduler['solver'], more: Partial<Scheduler> = {}): Scheduler => ({
  over: 'logSNR',
  solver,
  defaults: {},
  steps: (T) => Math.min(50, T - 1),
  flow: FLOW_OF_DPM,
  rounding: (settings) => (settings.use_karras_sigmas ? Math.round : Math.floor),
  ...more,
});

const isCosine = ({ beta_schedule: betas }: SchedulerSettings): boolean => betas === 'squaredcos_cap_v2';

/** The range of betas of latent diffusion. */
const LATENT = { beta_start: 0.00085, beta_end: 0.012 };

/** The samplers of models that were distilled at some timesteps. */
const DISTILLED: Partial<Scheduler> = {
  defaults: { ...LATENT, beta_schedule: 'scaled_linear' },
  steps: (T) => Math.min(4, T),
  grid: ({ original_inference_steps: original }, steps) => lcmGrid(steps, { original }),
  fixed: { timestep_spacing: 'leading' },
};

const ENDS_AT_LEAST = { final_sigmas_type: 'sigma_min' } as const;

/** The rounding of the midpoint methods; their midpoints are not rounded. */
const ofKarras = ({ use_karras_sigmas: isKarras }: SchedulerSettings) => (isKarras ? Math.round : F.identity<number>);

/** All schedulers over the timesteps of a schedule, by the names of their classes. */
export const SCHEDULERS: Readonly<Record<SchedulerName, Scheduler>> = {
  DDPMScheduler: overTimesteps(
    ({ settings: { variance_type: variance }, timesteps }) => {
      const solver = ancestral({ variance: variance?.startsWith('fixed_large') ? 'beta' : 'posterior' });
      // the noise of a fixed small variance is 1e-10 there
      const isQuiet = timesteps.at(-1) === 0 || variance?.startsWith('fixed_small');
      return isQuiet ? solver : noisyToTheEnd(timesteps)(solver);
    },
    { defaults: { timestep_spacing: 'leading', clip_sample: true, variance_type: 'fixed_small' }, steps: (T) => T },
  ),
  DDIMScheduler: overTimesteps(
    (visit) => {
      const { clip_sample: clips, thresholding, num_train_timesteps: T, eta } = visit.settings;
      return strided(visit.timesteps, T, lastOf(visit), ddimOf({ eta, keepEpsilon: clips || thresholding }));
    },
    { defaults: { timestep_spacing: 'leading', clip_sample: true }, eta: 0 },
  ),
  PNDMScheduler: overTimesteps(
    (visit) => {
      const { prediction_type: predicts, skip_prk_steps: skipsPrk, num_train_timesteps: T } = visit.settings;
      const averages = predicts === 'v_prediction' ? 'v' : 'epsilon';
      return pndmScheduler(visit.timesteps, T, lastOf(visit), { averages, skipsPrk });
    },
    { defaults: { timestep_spacing: 'leading', set_alpha_to_one: false } },
  ),
  LCMScheduler: overTimesteps(({ settings }) => lcmSteps(settings.timestep_scaling), DISTILLED),
  // it has the fields of a clip, and does not clip
  TCDScheduler: overTimesteps(({ settings: { eta: gamma } }) => tcd({ gamma }), {
    ...DISTILLED,
    eta: 0.3,
    fixed: { ...DISTILLED.fixed, ...ENDS_AT_LEAST, clip_sample: false, thresholding: false },
  }),
  EulerDiscreteScheduler: overSigma(() => euler()),
  EulerAncestralDiscreteScheduler: overSigma(() => eulerAncestral()),
  HeunDiscreteScheduler: overSigma(() => heun({ maxSigmaRatio: Infinity }), { defaults: LATENT }),
  LMSDiscreteScheduler: overSigma(() => lms()),
  KDPM2DiscreteScheduler: overSigma(() => kdpm2({ maxSigmaRatio: Infinity }), { defaults: LATENT, rounding: ofKarras }),
  KDPM2AncestralDiscreteScheduler: overSigma(() => kdpm2Ancestral({ maxSigmaRatio: Infinity }), {
    defaults: LATENT,
    rounding: ofKarras,
  }),
  DPMSolverSDEScheduler: overSigma(() => dpmSolverPPSdeSinglestep({ maxSigmaRatio: Infinity }), { defaults: LATENT }),
  DPMSolverMultistepScheduler: overLogSNR(({ settings, timesteps }) => dpmMultistepSteps(settings, timesteps.length), {
    endNote: endNoteOfDpm,
    rounding: (settings) =>
      (settings.use_karras_sigmas || settings.use_lu_lambdas) && !isCosine(settings) ? Math.round : Math.floor,
  }),
  DPMSolverSinglestepScheduler: overLogSNR(
    ({ settings, timesteps }) => dpmSinglestepSteps(settings, timesteps.length),
    {
      defaults: { lower_order_final: false },
    },
  ),
  DEISMultistepScheduler: overLogSNR(({ settings, timesteps }) => deisSteps(settings, timesteps.length), {
    fixed: { ...ENDS_AT_LEAST, algorithm_type: 'deis' },
  }),
  UniPCMultistepScheduler: overLogSNR(({ settings }) => uniPCSteps(settings), {
    defaults: { solver_type: 'bh2' },
    flow: FLOW_OF_UNIPC,
    endNote: endNoteOfUniPC,
  }),
  SASolverScheduler: overLogSNR(({ settings }) => saSolverSteps(settings), {
    defaults: { algorithm_type: 'data_prediction' },
    fixed: ENDS_AT_LEAST,
  }),
};

/** The schedulers whose steps have an η. */
export const WITH_ETA: readonly string[] = Object.entries(SCHEDULERS).flatMap(([name, { eta }]) =>
  eta === undefined ? [] : [name],
);

/** The settings of a scheduler: the given fields, then its own defaults, then the common defaults. */
export const settingsOf = (name: SchedulerName, fields: Partial<SchedulerSettings>): SchedulerSettings => ({
  ...DEFAULTS,
  ...SCHEDULERS[name].defaults,
  ...(SCHEDULERS[name].eta !== undefined && { eta: SCHEDULERS[name].eta }),
  ...fields,
  ...SCHEDULERS[name].fixed,
});
