/** Grids, solvers and corrections of the schedulers of diffusers over timesteps. */
import {
  atSigmas,
  atTimes,
  clipToImage,
  type Correction,
  type DiscreteNoising,
  dynamicThreshold,
  type Grid,
  halfLogSNR,
  leading,
  type Level,
  linspace,
  type Schedule,
  sigmaRange,
  type SigmaRange,
  type Solver,
  timestepOfSigma,
  trailing,
  uncorrected,
} from '../../diffusion/index.js';
import { overTimesteps } from '../../diffusion/grids/grid.js';
import { isData } from '../../diffusion/channels/level.js';
import type { Path } from '../../diffusion/paths/path.js';
import { clip, type NoisefoldError } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { inFile } from '../inFile.js';
import type { SchedulerName } from './schedulerFields.js';
import { withLevels } from './schedulerPaths.js';
import { SCHEDULERS } from './schedulers.js';
import { type SchedulerSettings, spacingFields, spacingOf, type Visit } from './schedulerSettings.js';

/** A process without its noisiest timesteps, whose λ is below `lambda_min_clipped`. */
const withoutNoisiest = (
  noising: DiscreteNoising,
  { lambda_min_clipped: least }: SchedulerSettings,
): DiscreteNoising => {
  const T = noising.marginals.filter((level) => halfLogSNR(level) >= least).length;
  return T === noising.schedule.T ? noising : { ...noising, schedule: { ...noising.schedule, T } };
};

/** The most steps of evenly spaced timesteps, of T. */
const mostOf = (name: SchedulerName, { timestep_spacing: spacing }: SchedulerSettings, T: number): number =>
  SCHEDULERS[name].over === 'logSNR' && spacing !== 'trailing' ? T - 1 : T;

/** The most steps of a scheduler over evenly spaced timesteps; ∞ if it has a grid of its own, or others replace its timesteps. */
export const mostSteps = (name: SchedulerName, settings: SchedulerSettings): number => {
  const { grid, over } = SCHEDULERS[name];
  const replaces = settings.use_flow_sigmas || (over === 'logSNR' && spacingOf(settings) !== undefined);
  return grid !== undefined || replaces ? Infinity : mostOf(name, settings, settings.num_train_timesteps);
};

/** The field that timesteps do not fit by, of T. Without an offset, they fit all numbers of steps up to the most. */
const timestepsField = (name: SchedulerName, settings: SchedulerSettings, steps: number, T: number) => {
  if (SCHEDULERS[name].grid) return 'original_inference_steps';
  if (steps <= mostOf(name, settings, T)) return 'steps_offset';
  return T < settings.num_train_timesteps ? 'lambda_min_clipped' : 'num_train_timesteps';
};

/** A grid whose errors name the field that they are due to. */
export const namedBy =
  (field: keyof SchedulerSettings, grid: Grid): Grid =>
  (noising) =>
    E.mapLeft((error: NoisefoldError) => inFile(field, error))(grid(noising));

/** The timesteps before noise levels replace them: evenly spaced, to whole ones, or the scheduler's own. */
const timestepsOf =
  (name: SchedulerName, settings: SchedulerSettings, steps: number) =>
  (noising: DiscreteNoising): either.Either<NoisefoldError, readonly number[]> => {
    const { timestep_spacing: spacing, steps_offset: offset } = settings;
    const { grid, over } = SCHEDULERS[name];
    const endpoint = over !== 'logSNR';
    const spaced = (): Grid => {
      if (spacing === 'trailing') return trailing(steps);
      if (spacing === 'leading') return leading(steps, { offset, endpoint });
      return endpoint && steps === 1 ? atTimes([0]) : linspace(steps, { endpoint });
    };
    const noisy = withoutNoisiest(noising, settings);
    const field = timestepsField(name, settings, steps, noisy.schedule.T);
    return namedBy(field, grid?.(settings, steps) ?? spaced())(noisy);
  };

/** Tests if a rounding error gives `trailing` of diffusers one timestep more, -1. */
export const hasExtraStep = (
  { timestep_spacing: spacing, num_train_timesteps: T }: SchedulerSettings,
  steps: number,
): boolean => spacing === 'trailing' && Math.ceil(T / (T / steps)) > steps;

/** The range of noise levels that are spaced anew: over σ, that of the spaced timesteps. */
const rangeOf =
  (name: SchedulerName, settings: SchedulerSettings, steps: number) =>
  (noising: DiscreteNoising): either.Either<NoisefoldError, SigmaRange> => {
    const { sigma_min: least, sigma_max: most } = settings;
    const { sigmas } = noising.schedule;
    const range = ({ min, max }: SigmaRange): SigmaRange => ({ min: least ?? min, max: most ?? max });
    return SCHEDULERS[name].over === 'sigma'
      ? F.pipe(
          timestepsOf(name, settings, steps)(noising),
          E.map((timesteps) => {
            const last = hasExtraStep(settings, steps) ? 0 : timesteps.at(-1)!;
            return range({ min: sigmas[last]!, max: sigmas[timesteps[0]!]! });
          }),
        )
      : E.right(range(sigmaRange(noising.schedule)));
  };

/** The field that noise levels do not fit a process by: an end that is given, or the spacing. */
export const sigmasField = (settings: SchedulerSettings, schedule: Schedule): keyof SchedulerSettings => {
  const { sigma_min: least, sigma_max: most } = settings;
  if (most !== undefined && (least === undefined || most > sigmaRange(schedule).max)) return 'sigma_max';
  return least === undefined ? spacingFields(settings)[0]! : 'sigma_min'; // it is called for replaced levels
};

/** Refuses a range without an end, which betas give that leave no signal at the last timestep. */
const withEnd =
  (settings: SchedulerSettings) =>
  (range: SigmaRange): either.Either<NoisefoldError, SigmaRange> =>
    range.max < Infinity
      ? E.right(range)
      : fail('ConfigError', {
          where: 'trained_betas',
          expected: `betas that leave signal at the last timestep, with ${spacingFields(settings)[0]}`,
          actual: 'none there, so that σ is infinite',
          hint: 'diffusers cannot sample with it either: make the last beta less than 1',
        });

/** The noise levels by a field such as `use_karras_sigmas`; null if none is set. */
const sigmasBy =
  (name: SchedulerName, settings: SchedulerSettings, steps: number) =>
  (noising: DiscreteNoising): either.Either<NoisefoldError, Float64Array | null> => {
    const spacing = spacingOf(settings);
    return spacing === undefined
      ? E.right(null)
      : F.pipe(
          rangeOf(name, settings, steps)(noising),
          E.flatMap(withEnd(settings)),
          E.map((range) => spacing(steps, range)),
        );
  };

/** The grid of a number of steps. */
export const gridOfScheduler = (name: SchedulerName, settings: SchedulerSettings, steps: number): Grid =>
  overTimesteps(name, (noising) =>
    F.pipe(
      sigmasBy(name, settings, steps)(noising),
      E.flatMap((sigmas) =>
        sigmas === null
          ? timestepsOf(name, settings, steps)(noising)
          : namedBy(sigmasField(settings, noising.schedule), atSigmas(sigmas))(noising),
      ),
    ),
  );

/** Tests if `linspace` visits fractional timesteps. */
const isFractional = (name: SchedulerName, settings: SchedulerSettings, steps: number): boolean => {
  const { timestep_spacing: spacing, num_train_timesteps: T } = settings;
  return spacing === 'linspace' && SCHEDULERS[name].over === 'sigma' && steps > 1 && (T - 1) % (steps - 1) !== 0;
};

/** A noise level between timesteps, and the timestep that the network gets for it. */
interface SigmaLevel {
  readonly sigma: number;
  readonly timestep: number;
}

/** The noise levels that a scheduler visits, if some lie between timesteps. */
const levelsOf = (
  name: SchedulerName,
  { settings, timesteps }: Visit,
  noising: DiscreteNoising,
): readonly SigmaLevel[] | null => {
  const { schedule } = noising;
  const steps = timesteps.length;
  const sigmas = sigmasBy(name, settings, steps)(noising);
  // the grid has been made from the same numbers
  if (E.isRight(sigmas) && sigmas.right !== null) {
    const [place, round] = [timestepOfSigma(schedule), SCHEDULERS[name].rounding(settings)];
    // where a rescaled schedule ends with less noise than before, λ of Lu et al. still begins at the last timestep
    const isLast = (i: number): boolean => i === 0 && spacingFields(settings)[0] === 'use_lu_lambdas';
    return Array.from(sigmas.right, (sigma, i) => ({
      sigma,
      timestep: isLast(i) ? schedule.T - 1 : round(place(sigma)),
    }));
  }
  if (!isFractional(name, settings, steps)) return null;
  return timesteps.map((_, i) => {
    const t = ((schedule.T - 1) * (steps - 1 - i)) / (steps - 1);
    const [below, above] = [schedule.sigmas[Math.floor(t)]!, schedule.sigmas[Math.ceil(t)]!];
    return { sigma: below === above ? below : below + (t % 1) * (above - below), timestep: t }; // both may be infinite
  });
};

/**
 * The level where the last step ends, if it is not the data: the least σ, or outside of DPM-Solver the last of those that replace
 * the noise levels, which is the greatest one in a single step. Over σ, x is there x₀ + σ·ε.
 */
const endOf = (
  name: SchedulerName,
  settings: SchedulerSettings,
  { schedule }: DiscreteNoising,
  levels: readonly SigmaLevel[] | null,
  { levelOfSigma }: Path,
): Level | null => {
  if (settings.final_sigmas_type === 'zero') return null;
  const least = schedule.sigmas[0]!;
  if (SCHEDULERS[name].over === 'sigma') return { alpha: 1, sigma: least, t: 0 };
  return levelOfSigma(name.startsWith('DPMSolver') ? least : (levels?.at(-1)?.sigma ?? least));
};

/** The solver of a scheduler on its grid over a process. */
export const solverOfScheduler = (name: SchedulerName, visit: Visit, noising: DiscreteNoising): Solver => {
  const levels = levelsOf(name, visit, noising);
  const at = new Map(visit.timesteps.map((t, i) => [t, levels?.[i]]));
  const changed = (level: Level, path: Path): Level => {
    if (isData(level)) return endOf(name, visit.settings, noising, levels, path) ?? level;
    const own = at.get(level.t);
    return own ? { ...path.levelOfSigma(own.sigma), networkTime: own.timestep } : level;
  };
  return withLevels(visit.timesteps, changed)(SCHEDULERS[name].solver(visit));
};

/** The correction of x̂₀. */
export const correctionOf = (
  settings: Pick<
    SchedulerSettings,
    'thresholding' | 'dynamic_thresholding_ratio' | 'sample_max_value' | 'clip_sample' | 'clip_sample_range'
  >,
): Correction => {
  const { thresholding, sample_max_value: most, clip_sample: clips, clip_sample_range: range } = settings;
  if (thresholding) return most === 1 ? clipToImage : dynamicThreshold(settings.dynamic_thresholding_ratio, { most });
  if (!clips) return uncorrected;
  return range === 1 ? clipToImage : clip(-range, range);
};
