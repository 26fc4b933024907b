/** Writes processes as `scheduler_config.json` of diffusers. */
import type { DiscreteNoising, Noising } from '../../../diffusion/index.js';
import type { NoisefoldError } from '../../../dsl/index.js';
import { isDiscrete, withoutTimesteps } from '../../../diffusion/levels/noising.js';
import { fail } from '../../../internal/errors.js';
import { E, type either, F } from '../../../internal/fp.js';
import type { UNetArchitecture } from '../../../nn/index.js';
import type { JsonRecord } from './pythonJson.js';
import { readScheduler } from './readScheduler.js';

const WHERE = 'saveDiffusers: noising';

const PREDICTIONS = { epsilon: 'epsilon', x0: 'sample', v: 'v_prediction' } as const;

/** The largest relative difference of two processes that differ only by rounding. */
const CLOSE = 1e-9;

const isClose = (some: ArrayLike<number>, others: ArrayLike<number>): boolean =>
  some.length === others.length &&
  Array.from(some).every((number, i) => Math.abs(number - others[i]!) <= CLOSE * Math.abs(number));

/** True if a scheduler has the process. */
const has = (noising: DiscreteNoising, config: JsonRecord): boolean => {
  const read = readScheduler(WHERE, config);
  if (E.isLeft(read)) return false;
  const { schedule } = read.right.noising;
  return isClose(noising.schedule.betas, schedule.betas) && isClose(noising.schedule.alphaBars, schedule.alphaBars);
};

/** A number without the rounding errors of its last digits. */
const short = (number: number): number => Number(number.toPrecision(12));

/** Descriptions of the betas of a process, the shortest first; the last one lists all betas. */
const betaFields = ({ schedule: { T, betas } }: DiscreteNoising, given: JsonRecord): readonly JsonRecord[] => {
  const range = { num_train_timesteps: T, beta_start: short(betas[0]!), beta_end: short(betas[T - 1]!) };
  const rescale = 'rescale_betas_zero_snr';
  const usual = { ...range, trained_betas: null, ...(rescale in given && { [rescale]: false }) };
  return [
    { ...usual, beta_schedule: 'linear' },
    { ...usual, beta_schedule: 'scaled_linear' },
    { ...usual, beta_schedule: 'squaredcos_cap_v2', beta_start: 1e-4, beta_end: 0.02 },
    { ...usual, beta_schedule: 'linear', beta_start: 1e-4, beta_end: 0.02, trained_betas: [...betas] },
  ];
};

/** The default scheduler: that of DDPM. */
const usualScheduler = ({ learnedVariance }: UNetArchitecture): JsonRecord => ({
  _class_name: 'DDPMScheduler',
  clip_sample: true,
  timestep_spacing: 'leading',
  variance_type: learnedVariance === 'range' ? 'learned_range' : 'fixed_small',
});

/**
 * Raises unless the timesteps are consecutive and within the range of the network, and schedulers of diffusers support
 * the prediction and the variance. No pipeline of a `UNet2DModel` passes a condition.
 */
const expressible = (noising: DiscreteNoising, architecture: UNetArchitecture) => {
  const { predicts = 'epsilon', learnedVariance, condition, timesteps: known } = architecture;
  const { T } = noising.schedule;
  const wrong = (where: string, expected: string, actual: string) =>
    fail('ConfigError', { where, expected, actual, hint: 'save it by saveTrained, which keeps all models' });
  if (!noising.timesteps.every((timestep, t) => timestep === t))
    return wrong(`${WHERE}.timesteps`, 'every timestep of the training process', 'some of a longer process');
  if (typeof known === 'number' && T > known)
    return wrong(WHERE, `at most ${known} timesteps, the number of the network`, `${T}`);
  if (condition !== undefined)
    return wrong(
      'saveDiffusers: model.condition',
      'a network that takes only noisy images',
      `${condition.channels} more channels`,
    );
  if (predicts === 'score' || predicts === 'velocity')
    return wrong('saveDiffusers: model.predicts', "'epsilon', 'x0' or 'v'", predicts);
  if (learnedVariance === 'logVariance')
    return wrong('saveDiffusers: model.learnedVariance', "'range', or none", learnedVariance);
  return E.right(PREDICTIONS[predicts]);
};

/**
 * The configuration of a scheduler for a process: the given one if it has that process, otherwise the given one with
 * the betas of the process. Returns a `ConfigError` for a process, prediction or variance that no scheduler supports.
 */
export const schedulerConfig = (
  noising: Noising,
  architecture: UNetArchitecture,
  given: JsonRecord = usualScheduler(architecture),
): either.Either<NoisefoldError, JsonRecord> =>
  isDiscrete(noising)
    ? ofSchedule(noising, architecture, given)
    : fail('ConfigError', withoutTimesteps(WHERE, 'save it by saveTrained, which keeps all noising processes'));

const ofSchedule = (
  noising: DiscreteNoising,
  architecture: UNetArchitecture,
  given: JsonRecord,
): either.Either<NoisefoldError, JsonRecord> =>
  F.pipe(
    expressible(noising, architecture),
    E.flatMap((prediction) => {
      const config = { ...given, prediction_type: prediction };
      const saysBetas = 'beta_schedule' in given || 'trained_betas' in given;
      const made = [...(saysBetas ? [{}] : []), ...betaFields(noising, given)].map((fields) => ({
        ...config,
        ...fields,
      }));
      const found = made.find((each) => has(noising, each));
      if (found !== undefined) return E.right(found);
      // the scheduler itself may be invalid
      return E.flatMap(() =>
        fail('ConfigError', {
          where: WHERE,
          expected: 'a process that follows from its betas',
          actual: 'another',
          hint: 'save it by saveTrained, which keeps all processes',
        }),
      )(readScheduler('saveDiffusers: scheduler', config));
    }),
  );
