/** Schedulers of diffusers over the timesteps of a schedule: their process, grids, levels, solvers and corrections. */
import {
  atSigmas,
  atTimes,
  clipToImage,
  type Correction,
  cosine,
  ddpm,
  type DiscreteNoising,
  dynamicThreshold,
  exponential,
  type Grid,
  halfLogSNR,
  laplace,
  leading,
  type Level,
  linearUnscaled,
  linspace,
  pathOf,
  rectifiedFlow,
  scaledLinear,
  type Schedule,
  scheduleFromBetas,
  sigmaRange,
  type SigmaRange,
  sigmoidBetas,
  type Solver,
  timestepOfSigma,
  trailing,
  uncorrected,
  zeroTerminalSNR,
} from '../../diffusion/index.js';
import { isData } from '../../diffusion/channels/level.js';
import { leavesSignal } from '../../diffusion/channels/channel.js';
import { overTimesteps } from '../../diffusion/grids/grid.js';
import type { Path } from '../../diffusion/paths/path.js';
import { scheduleOfLevels } from '../../diffusion/schedules/schedule.js';
import { clip, type NoisefoldError } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { inFile } from '../inFile.js';
import { flowTimes, timesOfDpm } from './flowTimes.js';
import { withLevels } from './schedulerPaths.js';
import {
  hasExtraStep,
  type SchedulerProcess,
  type SchedulerReader,
  type SchedulerSettings,
  spacingFields,
  spacingOf,
} from './schedulerSettings.js';

/** A scheduler on the times of its grid. */
export interface Visit {
  readonly settings: SchedulerSettings;
  readonly timesteps: readonly number[];
}

/** A scheduler over timesteps as noisefold's sampling. */
export interface TimestepScheduler {
  /** Its steps are even in timesteps, in σ, or in log-SNR. In log-SNR, the timestep nearest to the data is no step. */
  readonly over: 't' | 'sigma' | 'logSNR';
  readonly solver: (visit: Visit) => Solver;
  /** Its default number of steps; default: 50, or all. */
  readonly steps?: (T: number) => number;
  /** Its grid of a number of steps, if its timesteps are not spaced evenly. */
  readonly grid?: (settings: SchedulerSettings, steps: number) => Grid;
  /** Its times of a flow, falling, before they are shifted; default: those of DPM-Solver. */
  readonly flowTimes?: (steps: number) => readonly number[];
  /** True if it ends at the least σ of the betas, and not at the last of those that replace them. */
  readonly endsAtLeast?: boolean;
  /** The timestep that the network gets at a fractional one; default: itself. */
  readonly rounding?: (settings: SchedulerSettings) => (t: number) => number;
}

/** A scheduler with the values of its fields, on a number of steps. */
interface Scheduled extends Omit<TimestepScheduler, 'steps'> {
  readonly settings: SchedulerSettings;
  readonly steps: number;
}

const scheduleOf = (settings: SchedulerSettings): either.Either<NoisefoldError, Schedule> => {
  const { num_train_timesteps: T, beta_start: start, beta_end: end, trained_betas: betas } = settings;
  if (betas !== undefined)
    return betas.length === T
      ? scheduleFromBetas(betas)
      : fail('ConfigError', {
          where: 'trained_betas',
          expected: `${T} betas, as num_train_timesteps says`,
          actual: `${betas.length}`,
          hint: 'give a beta for each timestep, or change num_train_timesteps; its default is 1000',
        });
  switch (settings.beta_schedule) {
    case 'linear':
      return linearUnscaled(T, { start, end });
    case 'scaled_linear':
      return scaledLinear(T, { start, end });
    case 'squaredcos_cap_v2':
      return cosine(T);
    case 'sigmoid':
      return sigmoidBetas(T, { start, end });
    case 'laplace':
      return laplace(T, { as: 'diffusers' });
    case 'exp':
      return exponential(T, { rate: 12 });
  }
};

/**
 * Leaves an ᾱ of 2⁻²⁴ at the last timestep, where σ would be ∞, as diffusers does unless it steps over timesteps. The betas stay:
 * the timestep before it may have less signal.
 */
const withSignal = (rescaled: Schedule): Schedule => {
  const { alphaBars, sigmas } = scheduleOfLevels(rescaled.alphaBars.with(rescaled.T - 1, 2 ** -24));
  return { ...rescaled, alphaBars, sigmas };
};

const noisingOf = (
  { over }: TimestepScheduler,
  settings: SchedulerSettings,
): either.Either<NoisefoldError, DiscreteNoising> => {
  const schedule = scheduleOf(settings);
  if (!settings.rescale_betas_zero_snr) return ddpm(schedule);
  const rescaled = E.flatMap(zeroTerminalSNR)(schedule);
  return ddpm(over === 't' ? rescaled : E.map(withSignal)(rescaled));
};

/** The most steps of evenly spaced timesteps, of T. */
const mostOf = (over: TimestepScheduler['over'], { timestep_spacing: spacing }: SchedulerSettings, T: number): number =>
  over === 'logSNR' && spacing !== 'trailing' ? T - 1 : T;

/** The most steps of a scheduler over evenly spaced timesteps; ∞ if it has a grid of its own, or others replace its timesteps. */
const mostSteps = (scheduler: TimestepScheduler, settings: SchedulerSettings): number => {
  const { grid, over } = scheduler;
  const replaces = settings.use_flow_sigmas || (over === 'logSNR' && spacingOf(settings) !== undefined);
  return grid !== undefined || replaces ? Infinity : mostOf(over, settings, settings.num_train_timesteps);
};

/** A process without its noisiest timesteps, whose λ is below `lambda_min_clipped`. */
const withoutNoisiest = (
  noising: DiscreteNoising,
  { lambda_min_clipped: least }: SchedulerSettings,
): DiscreteNoising => {
  const T = noising.marginals.filter((level) => halfLogSNR(level) >= least).length;
  return T === noising.schedule.T ? noising : { ...noising, schedule: { ...noising.schedule, T } };
};

/** The result of a grid, with errors that name the field that they are due to. */
const due = (field: keyof SchedulerSettings) => E.mapLeft((error: NoisefoldError) => inFile(field, error));

/** The timesteps before noise levels replace them: evenly spaced, to whole ones, or the scheduler's own. */
const timestepsOf = (by: Scheduled, noising: DiscreteNoising): either.Either<NoisefoldError, readonly number[]> => {
  const { settings, steps, over } = by;
  const { timestep_spacing: spacing, steps_offset: offset, num_train_timesteps: all } = settings;
  const endpoint = over !== 'logSNR';
  const noisy = withoutNoisiest(noising, settings);
  const { T } = noisy.schedule;
  if (by.grid) return due('original_inference_steps')(by.grid(settings, steps)(noisy));
  const evenly = (): Grid => {
    if (spacing === 'trailing') return trailing(steps);
    if (spacing === 'leading') return leading(steps, { offset, endpoint });
    return endpoint && steps === 1 ? atTimes([0]) : linspace(steps, { endpoint });
  };
  // without an offset, timesteps fit all numbers of steps up to the most
  const ofNumber = T < all ? 'lambda_min_clipped' : 'num_train_timesteps';
  return due(steps <= mostOf(over, settings, T) ? 'steps_offset' : ofNumber)(evenly()(noisy));
};

/** The range of noise levels that are spaced anew: over σ, that of the spaced timesteps. */
const rangeOf = (by: Scheduled, noising: DiscreteNoising): either.Either<NoisefoldError, SigmaRange> => {
  const { settings, steps, over } = by;
  const { sigmas } = noising.schedule;
  const { sigma_min: least, sigma_max: most } = settings;
  const between = ({ min, max }: SigmaRange): SigmaRange => ({ min: least ?? min, max: most ?? max });
  if (over !== 'sigma') return E.right(between(sigmaRange(noising.schedule)));
  return E.map((timesteps: readonly number[]) => {
    const last = hasExtraStep(settings, steps) ? 0 : timesteps.at(-1)!;
    return between({ min: sigmas[last]!, max: sigmas[timesteps[0]!]! });
  })(timestepsOf(by, noising));
};

/** The field that noise levels do not fit a process by: an end that is given, or the spacing. */
const sigmasField = (settings: SchedulerSettings, schedule: Schedule): keyof SchedulerSettings => {
  const { sigma_min: least, sigma_max: most } = settings;
  if (most !== undefined && (least === undefined || most > sigmaRange(schedule).max)) return 'sigma_max';
  return least === undefined ? spacingFields(settings)[0]! : 'sigma_min'; // it is called for replaced levels
};

/** The noise levels by a field such as `use_karras_sigmas`; null if none is set. Betas may leave no signal, and a range without an end. */
const sigmasBy = (by: Scheduled, noising: DiscreteNoising): either.Either<NoisefoldError, Float64Array | null> => {
  const spacing = spacingOf(by.settings);
  if (spacing === undefined) return E.right(null);
  return E.flatMap((range: SigmaRange) =>
    range.max < Infinity
      ? E.right(spacing(by.steps, range))
      : fail('ConfigError', {
          where: 'trained_betas',
          expected: `betas that leave signal at the last timestep, with ${spacingFields(by.settings)[0]}`,
          actual: 'none there, so that σ is infinite',
          hint: 'diffusers cannot sample with it either: make the last beta less than 1',
        }),
  )(rangeOf(by, noising));
};

/** The grid of a number of steps. */
const gridOf = (name: string, by: Scheduled): Grid =>
  overTimesteps(name, (noising) =>
    E.flatMap((sigmas: Float64Array | null) =>
      sigmas === null
        ? timestepsOf(by, noising)
        : due(sigmasField(by.settings, noising.schedule))(atSigmas(sigmas)(noising)),
    )(sigmasBy(by, noising)),
  );

/** A noise level between timesteps, and the timestep that the network gets for it. */
interface SigmaLevel {
  readonly sigma: number;
  readonly timestep: number;
}

/** The noise levels that a scheduler visits, if some lie between timesteps: those of a spacing, or at fractions of `linspace`. */
const levelsOf = (by: Scheduled, noising: DiscreteNoising): readonly SigmaLevel[] | null => {
  const { settings, steps, over, rounding } = by;
  const { schedule } = noising;
  const last = schedule.T - 1;
  const sigmas = sigmasBy(by, noising);
  // the grid has been made from the same numbers
  if (E.isRight(sigmas) && sigmas.right !== null) {
    const [place, round] = [timestepOfSigma(schedule), rounding?.(settings) ?? F.identity<number>];
    // where a rescaled schedule ends with less noise than before, λ of Lu et al. still begins at the last timestep
    const isLast = (i: number): boolean => i === 0 && spacingFields(settings)[0] === 'use_lu_lambdas';
    return Array.from(sigmas.right, (sigma, i) => ({ sigma, timestep: isLast(i) ? last : round(place(sigma)) }));
  }
  const isFractional =
    settings.timestep_spacing === 'linspace' &&
    over === 'sigma' &&
    steps > 1 &&
    (settings.num_train_timesteps - 1) % (steps - 1) !== 0;
  if (!isFractional) return null;
  return Array.from({ length: steps }, (_, i) => {
    const t = (last * (steps - 1 - i)) / (steps - 1);
    const [below, above] = [schedule.sigmas[Math.floor(t)]!, schedule.sigmas[Math.ceil(t)]!];
    return { sigma: below === above ? below : below + (t % 1) * (above - below), timestep: t }; // both may be infinite
  });
};

/**
 * The solver on the levels of the scheduler. With `sigma_min` the last step ends at the least σ, or outside of DPM-Solver at the last
 * of those that replace the noise levels, which is the greatest one in a single step. Over σ, x is there x₀ + σ·ε.
 */
const solverOf = (by: Scheduled, timesteps: readonly number[], noising: DiscreteNoising): Solver => {
  const { settings, over, endsAtLeast } = by;
  const levels = levelsOf(by, noising);
  const least = noising.schedule.sigmas[0]!;
  const end = ({ levelOfSigma }: Path): Level => {
    if (over === 'sigma') return { alpha: 1, sigma: least, t: 0 };
    return levelOfSigma(endsAtLeast ? least : (levels?.at(-1)?.sigma ?? least));
  };
  const at = new Map(timesteps.map((t, i) => [t, levels?.[i]]));
  const changed = (level: Level, path: Path): Level => {
    if (isData(level)) return settings.final_sigmas_type === 'zero' ? level : end(path);
    const own = at.get(level.t);
    return own ? { ...path.levelOfSigma(own.sigma), networkTime: own.timestep } : level;
  };
  return withLevels(timesteps, changed)(by.solver({ settings, timesteps }));
};

/** The correction of x̂₀. */
export const correctionOf = (settings: SchedulerSettings): Correction => {
  const { thresholding, sample_max_value: most, clip_sample: clips, clip_sample_range: range } = settings;
  if (thresholding) return most === 1 ? clipToImage : dynamicThreshold(settings.dynamic_thresholding_ratio, { most });
  if (!clips) return uncorrected;
  return range === 1 ? clipToImage : clip(-range, range);
};

/**
 * The note on a grid that begins without signal, where no x̂₀ follows from a prediction of ε. `sample` refuses it, and takes other
 * grids.
 */
const signalNotes = ({ settings, grid }: Scheduled, noising: DiscreteNoising, first: number): readonly string[] => {
  const field = settings.rescale_betas_zero_snr ? 'rescale_betas_zero_snr' : 'trained_betas'; // no other leaves no signal
  if (settings.prediction_type !== 'epsilon' || leavesSignal(pathOf(noising).levelAt(first))) return [];
  const isLeading = settings.timestep_spacing === 'leading' && grid === undefined;
  const others = isLeading ? 'load it with fewer steps, or give sample a grid' : 'give sample a grid';
  return [
    `${field}: timestep ${first} has no signal, where no x̂₀ follows from a network of ε: diffusers divides by 0, and sample refuses the grid of these steps; ${others} without that timestep`,
  ];
};

const PREDICTS = { epsilon: 'epsilon', sample: 'x0', v_prediction: 'v', flow_prediction: 'velocity' } as const;

/**
 * The sampling of a flow. The network gets 1000·t rounded down. Where the last step does not end at the data, it has no length, or in
 * DPM-Solver ends at the least σ of the betas, as a time.
 */
const onFlow = (by: Scheduled, schedule: Schedule): SchedulerProcess => {
  const { settings, steps, endsAtLeast } = by;
  const noising = rectifiedFlow();
  const times = flowTimes(by.flowTimes ?? timesOfDpm, settings, sigmaRange(schedule), steps);
  const end = (): Level => noising.levelAt(endsAtLeast ? schedule.sigmas[0]! : times.at(-1)!);
  const changed = (level: Level): Level => {
    if (!isData(level)) return { ...level, networkTime: Math.floor(1000 * level.t) };
    return settings.final_sigmas_type === 'zero' ? level : end();
  };
  const solver = withLevels(times, changed)(by.solver({ settings, timesteps: times }));
  const field = spacingOf(settings) ? sigmasField(settings, schedule) : 'flow_shift';
  return {
    noising,
    predicts: 'velocity',
    sampling: {
      solver: { ...solver, start: () => 1 },
      grid: (process) => due(field)(atTimes(times)(process)),
      correction: correctionOf(settings),
    },
    notes: [],
  };
};

/** Reads a scheduler over timesteps: its process and its sampling, or those of its flow (`use_flow_sigmas`). */
export const onTimesteps = (scheduler: TimestepScheduler): SchedulerReader => ({
  steps: scheduler.steps ?? ((T) => Math.min(50, scheduler.over === 'logSNR' ? T - 1 : T)),
  mostSteps: (settings) => mostSteps(scheduler, settings),
  process: (settings, steps, name) => {
    const by: Scheduled = { ...scheduler, settings, steps };
    return E.flatMap((noising: DiscreteNoising): either.Either<NoisefoldError, SchedulerProcess> => {
      if (settings.use_flow_sigmas) return E.right(onFlow(by, noising.schedule));
      const grid = gridOf(name, by);
      return E.map((timesteps: readonly number[]) => ({
        noising,
        predicts: PREDICTS[settings.prediction_type],
        sampling: { solver: solverOf(by, timesteps, noising), grid, correction: correctionOf(settings) },
        notes: signalNotes(by, noising, timesteps[0]!), // a grid has a time
      }))(grid(noising));
    })(noisingOf(scheduler, settings));
  },
});
