/** Writes processes as `scheduler_config.json` of diffusers. */
import type { ContinuousNoising, DiscreteNoising, Noising } from '../../diffusion/index.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { isDiscrete } from '../../diffusion/paths/noising.js';
import { show } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import type { UNetArchitecture } from '../../nn/index.js';
import { imageChannelsOf } from '../../nn/networks/unetConditioning.js';
import type { JsonRecord } from '../pythonJson.js';
import { readScheduler, type ReadScheduler } from './readScheduler.js';
import { isSamePath, SCHEDULERS, type WrittenNetwork } from './schedulers.js';

const WHERE = 'saveDiffusers: noising';

const PREDICTIONS = { epsilon: 'epsilon', x0: 'sample', v: 'v_prediction' } as const;

/** The largest relative difference of two processes that differ only by rounding. */
const CLOSE = 1e-9;

const isClose = (some: ArrayLike<number>, others: ArrayLike<number>): boolean =>
  some.length === others.length &&
  Array.from(some).every((number, i) => Math.abs(number - others[i]!) <= CLOSE * Math.abs(number));

/** A number of steps that the grids of all schedulers take. Their own defaults may be too many for `steps_offset`. */
const fewSteps = ({ schedule: { T } }: DiscreteNoising): number => Math.max(1, Math.min(4, T - 1));

/** True if a scheduler has the process. */
const has = (noising: DiscreteNoising, config: JsonRecord): boolean => {
  const read = readScheduler(WHERE, config, fewSteps(noising));
  if (E.isLeft(read) || !isDiscrete(read.right.noising)) return false;
  const { schedule } = read.right.noising;
  return isClose(noising.schedule.betas, schedule.betas) && isClose(noising.schedule.alphaBars, schedule.alphaBars);
};

/** A number without the rounding errors of its last digits. */
const short = (number: number): number => Number(number.toPrecision(12));

/** Descriptions of the betas of a process, the shortest first; the last one lists all betas. */
const betaFields = ({ schedule: { T, betas } }: DiscreteNoising, base: JsonRecord): readonly JsonRecord[] => {
  const range = { num_train_timesteps: T, beta_start: short(betas[0]!), beta_end: short(betas[T - 1]!) };
  const rescale = 'rescale_betas_zero_snr';
  const usual = { ...range, trained_betas: null, ...(rescale in base && { [rescale]: false }) };
  return [
    { ...usual, beta_schedule: 'linear' },
    { ...usual, beta_schedule: 'scaled_linear' },
    { ...usual, beta_schedule: 'squaredcos_cap_v2', beta_start: 1e-4, beta_end: 0.02 },
    { ...usual, beta_schedule: 'linear', beta_start: 1e-4, beta_end: 0.02, trained_betas: [...betas] },
  ];
};

const wrong = (where: string, expected: string, actual: string): either.Either<NoisefoldError, never> =>
  fail('ConfigError', { where, expected, actual, hint: 'save it by saveTrained, which keeps all models' });

/** Refuses a network that no pipeline of a `UNet2DModel` samples with: none passes an image. */
const takingOnlyImages = (architecture: UNetArchitecture) => {
  const { conditions = {} } = architecture;
  const name = Object.keys(conditions).find((each) => 'image' in conditions[each]!);
  return name === undefined
    ? E.right(undefined)
    : wrong(
        `saveDiffusers: model.conditions.${name}`,
        'a network that takes only noisy images',
        `${imageChannelsOf(architecture)} more channels`,
      );
};

/**
 * The prediction of a network for the schedulers of a schedule. Returns a `ConfigError` unless the timesteps are consecutive and
 * within the range of the network, and those schedulers support the prediction and the variance.
 */
const expressible = (noising: DiscreteNoising, architecture: UNetArchitecture) => {
  const { predicts = 'epsilon', learnedVariance, timesteps: known } = architecture;
  const { T } = noising.schedule;
  if (!noising.timesteps.every((timestep, t) => timestep === t))
    return wrong(`${WHERE}.timesteps`, 'every timestep of the training process', 'some of a longer process');
  if (noising.between !== undefined)
    return wrong(`${WHERE}.between`, 'log(σ/α) linear between timesteps, as in diffusers', 'another measure');
  if (typeof known === 'number' && T > known)
    return wrong(WHERE, `at most ${known} timesteps, the number of the network`, `${T}`);
  if (predicts === 'score' || predicts === 'velocity')
    return wrong('saveDiffusers: model.predicts', "'epsilon', 'x0' or 'v'", predicts);
  if (learnedVariance === 'logVariance')
    return wrong('saveDiffusers: model.learnedVariance', "'range', or none", learnedVariance);
  return E.right(PREDICTIONS[predicts]);
};

/** The configuration of the usual scheduler of a process and a network of it; undefined if diffusers has none. */
const usualScheduler = (noising: Noising, network: WrittenNetwork): JsonRecord | undefined =>
  [...SCHEDULERS.values()].map(({ write }) => write?.(noising, network)).find((config) => config !== undefined);

/**
 * The configuration of a scheduler for a process: the given one if it has that process, otherwise the given one with
 * the betas of the process, or with the σ_data of EDM. Returns a `ConfigError` for a process, prediction or variance that no
 * scheduler supports.
 */
export const schedulerConfig = (
  noising: Noising,
  network: WrittenNetwork,
  base?: JsonRecord,
): either.Either<NoisefoldError, JsonRecord> =>
  E.flatMap(() => {
    const { architecture, preconditioning } = network;
    if (!isDiscrete(noising)) return ofPath(noising, network, base);
    return preconditioning === undefined
      ? ofSchedule(noising, architecture, base ?? usualScheduler(noising, network)!) // DDPM's
      : wrong(WHERE, 'edm(), for a preconditioned network', 'the process of a schedule');
  })(takingOnlyImages(network.architecture));

const ofPath = (
  noising: ContinuousNoising,
  network: WrittenNetwork,
  base: JsonRecord | undefined,
): either.Either<NoisefoldError, JsonRecord> => {
  const usual = usualScheduler(noising, network);
  if (usual === undefined)
    return wrong(
      WHERE,
      "a schedule, rectifiedFlow() with a network of velocity, trigonometric({ timeScale: 1 }) with one of v, or edm() with preconditioned(…, { as: 'edm' }) without sigmaMin and timeScale, without a learned variance",
      `${noising.name}, with ${network.preconditioning?.as ?? network.architecture.predicts}`,
    );
  const { preconditioning } = network;
  const sigmaData = preconditioning?.as === 'edm' ? (preconditioning.sigmaData ?? 0.5) : undefined; // as `preconditioned`
  const config = base === undefined ? usual : { ...base };
  const result = sigmaData === undefined ? config : { ...config, sigma_data: sigmaData };
  return E.flatMap(({ noising: read }: ReadScheduler) =>
    !isDiscrete(read) && isSamePath(read, noising)
      ? E.right(result)
      : wrong(
          'saveDiffusers: scheduler._class_name',
          `a scheduler of the path, such as ${show(usual['_class_name'])}`,
          show(result['_class_name']),
        ),
  )(readScheduler('saveDiffusers: scheduler', result));
};

const ofSchedule = (
  noising: DiscreteNoising,
  architecture: UNetArchitecture,
  base: JsonRecord,
): either.Either<NoisefoldError, JsonRecord> =>
  F.pipe(
    expressible(noising, architecture),
    E.flatMap((prediction) => {
      const config = { ...base, prediction_type: prediction };
      const saysBetas = 'beta_schedule' in base || 'trained_betas' in base;
      // a floor of ᾱ follows only from the given fields
      const candidates = [...(saysBetas ? [{}] : []), ...betaFields(noising, base), {}].map((fields) => ({
        ...config,
        ...fields,
      }));
      const match = candidates.find((each) => has(noising, each));
      if (match !== undefined) return E.right(match);
      // the scheduler itself may be invalid, or refuse the betas
      const readBy = (fields: JsonRecord) => readScheduler('saveDiffusers: scheduler', fields, fewSteps(noising));
      return F.pipe(
        readBy(config),
        E.flatMap((read) =>
          isDiscrete(read.noising)
            ? readBy({ ...config, ...betaFields(noising, base).at(-1) })
            : wrong('saveDiffusers: scheduler._class_name', 'a scheduler of betas', show(base['_class_name'])),
        ),
        E.flatMap(() => wrong(WHERE, 'a process that follows from its betas', 'another')),
      );
    }),
  );
