/** Translates schedulers of diffusers into solvers, grids and corrections. */
import {
  ancestral,
  clipToImage,
  type Correction,
  type DiscreteNoising,
  dpmSolverPPSde,
  dynamicThreshold,
  euler,
  eulerAncestral,
  exponentialGrid,
  exponentialSigmas,
  type Grid,
  karrasGrid,
  karrasSigmas,
  leading,
  linspace,
  lms,
  sigmaRange,
  type SigmaRange,
  type Solver,
  atTimes,
  timestepOfSigma,
  trailing,
  uncorrected,
  uniPC,
} from '../../../diffusion/index.js';
import { overTimesteps } from '../../../diffusion/grids/grid.js';
import { ddimStage } from '../../../diffusion/solvers/ddim.js';
import { dpmSolverPPSinglestepOf } from '../../../diffusion/solvers/exponential/dpmSolverPPSinglestep.js';
import { multistep } from '../../../diffusion/solvers/exponential/multistep.js';
import { heunThroughout } from '../../../diffusion/solvers/edm.js';
import { clip, type NoisefoldError } from '../../../dsl/index.js';
import { E, type either, F } from '../../../internal/fp.js';
import { pndmScheduler } from './pndmScheduler.js';
import type { SchedulerName } from './schedulerFields.js';
import { fromSigma, noisyToTheEnd, type SigmaLevel, strided, withLevels } from './schedulerPaths.js';

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
  readonly lower_order_final: boolean;
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
  lower_order_final: true,
};

/** A scheduler on the timesteps of its grid. */
export interface Visit {
  readonly settings: SchedulerSettings;
  readonly noising: DiscreteNoising;
  readonly timesteps: readonly number[];
}

/** A scheduler of diffusers as noisefold's sampling. */
interface Scheduler {
  /** Its defaults that differ from the common ones. */
  readonly defaults: Partial<SchedulerSettings>;
  readonly solver: (visit: Visit) => Solver;
  /** A change of the plan of its solver; none if left out. */
  readonly change?: (visit: Visit) => (solver: Solver) => Solver;
  /** Its steps are even in timesteps, in σ, or in log-SNR. In log-SNR, the timestep nearest to the data is no step. */
  readonly over: 't' | 'sigma' | 'logSNR';
  /** The default number of steps: that of its pipeline. */
  readonly steps: (T: number) => number;
}

const fifty = (T: number): number => Math.min(50, T);

/** The end of the last step of a scheduler over timesteps: the data (null), or timestep 0. */
const lastOf = ({ settings }: Visit): 0 | null => (settings.set_alpha_to_one ? null : 0);

const overSigma = (solver: () => Solver, defaults: Partial<SchedulerSettings> = {}): Scheduler => ({
  defaults,
  solver,
  change: ({ settings }) => (settings.timestep_spacing === 'leading' ? F.identity<Solver> : fromSigma),
  over: 'sigma',
  steps: fifty,
});

const overLogSNR = (solver: Scheduler['solver'], defaults: Partial<SchedulerSettings> = {}): Scheduler => ({
  defaults,
  solver,
  over: 'logSNR',
  steps: (T) => Math.min(50, T - 1),
});

/** All schedulers, by the names of their classes. */
export const SCHEDULERS: Readonly<Record<SchedulerName, Scheduler>> = {
  DDPMScheduler: {
    defaults: { timestep_spacing: 'leading', clip_sample: true, variance_type: 'fixed_small' },
    solver: ({ settings: { variance_type: variance } }) =>
      ancestral({ variance: variance?.startsWith('fixed_large') ? 'beta' : 'posterior' }),
    // the noise of a fixed small variance is 1e-10 there
    change: ({ settings: { variance_type: variance }, timesteps }) =>
      timesteps.at(-1) === 0 || variance?.startsWith('fixed_small') ? F.identity<Solver> : noisyToTheEnd(timesteps),
    over: 't',
    steps: (T) => T,
  },
  DDIMScheduler: {
    defaults: { timestep_spacing: 'leading', clip_sample: true },
    solver: (visit) => {
      const { clip_sample: clips, thresholding, num_train_timesteps: T } = visit.settings;
      const stage = ddimStage({ eta: 0, keepEpsilon: clips || thresholding });
      return strided(visit.timesteps, T, lastOf(visit), stage);
    },
    over: 't',
    steps: fifty,
  },
  PNDMScheduler: {
    defaults: { timestep_spacing: 'leading', set_alpha_to_one: false },
    solver: (visit) => {
      const { prediction_type: predicts, skip_prk_steps: skipsPrk, num_train_timesteps: T } = visit.settings;
      const averages = predicts === 'v_prediction' ? 'v' : 'epsilon';
      return pndmScheduler(visit.timesteps, T, lastOf(visit), { averages, skipsPrk });
    },
    over: 't',
    steps: fifty,
  },
  EulerDiscreteScheduler: overSigma(() => euler()),
  EulerAncestralDiscreteScheduler: overSigma(() => eulerAncestral()),
  HeunDiscreteScheduler: overSigma(() => heunThroughout(), { beta_start: 0.00085, beta_end: 0.012 }),
  LMSDiscreteScheduler: overSigma(() => lms()),
  DPMSolverMultistepScheduler: overLogSNR(({ settings, timesteps }) => {
    const { algorithm_type: algorithm, solver_order: order, lower_order_final: lowers } = settings;
    if (algorithm === 'sde-dpmsolver++') return dpmSolverPPSde({ order: order as 1 | 2 }); // order 3 was refused
    const fewer = lowers && timesteps.length < 15;
    const orderAt = (left: number): number => (fewer && left === 2 ? Math.min(order, 2) : order);
    return multistep({ order, curve: 1 / 2, orderAt });
  }),
  DPMSolverSinglestepScheduler: overLogSNR(({ settings: { solver_order: order } }) =>
    dpmSolverPPSinglestepOf(order, true),
  ),
  UniPCMultistepScheduler: overLogSNR(
    ({ settings: { solver_order: order, solver_type: type, lower_order_final: lowerFinal } }) =>
      uniPC({ order: order as 1 | 2 | 3, variant: type === 'bh1' ? 'bh1' : 'bh2', lowerFinal }),
    { solver_type: 'bh2' },
  ),
};

/** The settings of a scheduler: the given fields, then its own defaults, then the common defaults. */
export const settingsOf = (name: SchedulerName, given: Partial<SchedulerSettings>): SchedulerSettings => ({
  ...DEFAULTS,
  ...SCHEDULERS[name].defaults,
  ...given,
});

/** The grid of evenly spaced timesteps, to whole ones. */
const spacedGrid = (name: SchedulerName, settings: SchedulerSettings, steps: number): Grid => {
  const { timestep_spacing: spacing, steps_offset: offset } = settings;
  const endpoint = SCHEDULERS[name].over !== 'logSNR';
  if (spacing === 'trailing') return trailing(steps);
  if (spacing === 'leading') return leading(steps, { offset, endpoint });
  return endpoint && steps === 1 ? atTimes([0]) : linspace(steps, { endpoint });
};

/** Tests if the noise levels follow from their range, and not from timesteps. */
export const isBySigma = (settings: SchedulerSettings): boolean =>
  settings.use_karras_sigmas || settings.use_exponential_sigmas;

/** Tests if a rounding error gives `trailing` of diffusers one timestep more, -1. */
export const hasExtraStep = (
  { timestep_spacing: spacing, num_train_timesteps: T }: SchedulerSettings,
  steps: number,
): boolean => spacing === 'trailing' && Math.ceil(T / (T / steps)) > steps;

/** The range of Karras and exponential noise levels: over σ, that of the spaced timesteps. */
const rangeOf =
  (name: SchedulerName, settings: SchedulerSettings, steps: number) =>
  (noising: DiscreteNoising): either.Either<NoisefoldError, SigmaRange> => {
    const { sigma_min: least, sigma_max: most } = settings;
    const { sigmas } = noising.schedule;
    const range = ({ min, max }: SigmaRange): SigmaRange => ({ min: least ?? min, max: most ?? max });
    return SCHEDULERS[name].over === 'sigma'
      ? F.pipe(
          spacedGrid(name, settings, steps)(noising),
          E.map((timesteps) => {
            const last = hasExtraStep(settings, steps) ? 0 : timesteps.at(-1)!;
            return range({ min: sigmas[last]!, max: sigmas[timesteps[0]!]! });
          }),
        )
      : E.right(range(sigmaRange(noising.schedule)));
  };

/** The grid of a number of steps. */
export const gridOfScheduler = (name: SchedulerName, settings: SchedulerSettings, steps: number): Grid =>
  overTimesteps(name, (noising) =>
    isBySigma(settings)
      ? F.pipe(
          rangeOf(name, settings, steps)(noising),
          E.flatMap((range) => (settings.use_karras_sigmas ? karrasGrid : exponentialGrid)(steps, range)(noising)),
        )
      : spacedGrid(name, settings, steps)(noising),
  );

/** The timestep that the network gets for a fractional one: itself over σ, and a whole one in other schedulers. */
const roundingOf = (name: SchedulerName, settings: SchedulerSettings): ((t: number) => number) => {
  if (SCHEDULERS[name].over === 'sigma') return F.identity;
  const isRounded =
    settings.use_karras_sigmas &&
    !(name === 'DPMSolverMultistepScheduler' && settings.beta_schedule === 'squaredcos_cap_v2');
  return isRounded ? Math.round : Math.floor;
};

/** The noise levels that a scheduler visits, if some lie between timesteps. */
const levelsOf = (name: SchedulerName, { settings, noising, timesteps }: Visit): readonly SigmaLevel[] | null => {
  const { schedule } = noising;
  const steps = timesteps.length;
  if (isBySigma(settings)) {
    const sigmas = E.flatMap((range: SigmaRange) =>
      (settings.use_karras_sigmas ? karrasSigmas : exponentialSigmas)(steps, range),
    )(rangeOf(name, settings, steps)(noising));
    const [place, round] = [timestepOfSigma(schedule), roundingOf(name, settings)];
    // the grid has been made from the same numbers
    return E.isLeft(sigmas) ? null : Array.from(sigmas.right, (sigma) => ({ sigma, timestep: round(place(sigma)) }));
  }
  if (!isFractional(name, settings, steps)) return null;
  return timesteps.map((_, i) => {
    const t = ((schedule.T - 1) * (steps - 1 - i)) / (steps - 1);
    const [below, above] = [schedule.sigmas[Math.floor(t)]!, schedule.sigmas[Math.ceil(t)]!];
    return { sigma: below + (t % 1) * (above - below), timestep: t };
  });
};

/** The solver of a scheduler on its grid. */
export const solverOfScheduler = (name: SchedulerName, visit: Visit): Solver => {
  const levels = levelsOf(name, visit);
  const { solver, change = () => F.identity<Solver> } = SCHEDULERS[name];
  const own = solver(visit);
  return change(visit)(levels === null ? own : withLevels(visit.timesteps, levels)(own));
};

/** The correction of x̂₀. */
export const correctionOf = (settings: SchedulerSettings): Correction => {
  const { thresholding, sample_max_value: most, clip_sample: clips, clip_sample_range: range } = settings;
  if (thresholding) return most === 1 ? clipToImage : dynamicThreshold(settings.dynamic_thresholding_ratio, { most });
  if (!clips) return uncorrected;
  return range === 1 ? clipToImage : clip(-range, range);
};

/** Tests if `linspace` visits fractional timesteps. */
const isFractional = (name: SchedulerName, settings: SchedulerSettings, steps: number): boolean => {
  const { timestep_spacing: spacing, num_train_timesteps: T } = settings;
  return spacing === 'linspace' && SCHEDULERS[name].over === 'sigma' && steps > 1 && (T - 1) % (steps - 1) !== 0;
};
