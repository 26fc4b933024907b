/** Reads `scheduler_config.json` of diffusers as a process, a solver, a grid and a correction. */
import {
  cosine,
  ddpm,
  type DiscreteNoising,
  exponential,
  laplace,
  linearUnscaled,
  scaledLinear,
  type Schedule,
  scheduleFromBetas,
  sigmoidBetas,
  zeroTerminalSNR,
} from '../../diffusion/index.js';
import { scheduleOfLevels } from '../../diffusion/schedules/schedule.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { CONTINUOUS, CONTINUOUS_FIELDS, type ContinuousName } from './continuousSchedulers.js';
import { onFlow } from './flowSigmas.js';
import { inFile } from '../inFile.js';
import { errorAt } from '../../formats/safetensors/words.js';
import { decode, show } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { givenFields } from '../names/publicFields.js';
import type { JsonRecord } from '../pythonJson.js';
import { type Fields, isOptional } from '../../internal/schema.js';
import { noisingFields, SCHEDULER_FIELDS, type SchedulerName } from './schedulerFields.js';
import { signalNotes, checkedSettings, notesOn } from './schedulerNotes.js';
import { correctionOf, gridOfScheduler, mostSteps, solverOfScheduler } from './schedulerSampling.js';
import { SCHEDULERS, settingsOf, WITH_ETA } from './schedulers.js';
import type { SchedulerProcess, SchedulerSettings } from './schedulerSettings.js';

/** The result of reading a scheduler. */
export interface ReadScheduler extends SchedulerProcess {
  /** True if a model has to learn its variance, false if it must not, null if both are possible. */
  readonly learnsVariance: boolean | null;
}

const PREDICTS = { epsilon: 'epsilon', sample: 'x0', v_prediction: 'v', flow_prediction: 'velocity' } as const;

const FIELDS = { ...SCHEDULER_FIELDS, ...CONTINUOUS_FIELDS };

const isContinuous = (name: keyof typeof FIELDS): name is ContinuousName => Object.hasOwn(CONTINUOUS_FIELDS, name);

const nameIn = (path: string, { _class_name: name }: JsonRecord): either.Either<NoisefoldError, keyof typeof FIELDS> =>
  typeof name === 'string' && Object.hasOwn(FIELDS, name)
    ? E.right(name as keyof typeof FIELDS)
    : fail('ConfigError', {
        where: `${path}: _class_name`,
        expected: `one of ${Object.keys(FIELDS).join(', ')}`,
        actual: show(name),
        hint: 'replace the scheduler, or load only the folder of the network, with its process',
      });

const wrongLength = (count: number, T: number): either.Either<NoisefoldError, never> =>
  fail('ConfigError', {
    where: 'trained_betas',
    expected: `${T} betas, as num_train_timesteps says`,
    actual: `${count}`,
    hint: 'give a beta for each timestep, or change num_train_timesteps; its default is 1000',
  });

const scheduleOf = (settings: SchedulerSettings): either.Either<NoisefoldError, Schedule> => {
  const { num_train_timesteps: T, beta_start: start, beta_end: end, trained_betas: betas } = settings;
  if (betas !== undefined) return betas.length === T ? scheduleFromBetas(betas) : wrongLength(betas.length, T);
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

const noisingOfScheduler = (
  name: SchedulerName,
  settings: SchedulerSettings,
): either.Either<NoisefoldError, DiscreteNoising> => {
  const schedule = scheduleOf(settings);
  if (!settings.rescale_betas_zero_snr) return ddpm(schedule);
  const rescaled = E.flatMap(zeroTerminalSNR)(schedule);
  return ddpm(SCHEDULERS[name].over === 't' ? rescaled : E.map(withSignal)(rescaled));
};

/** The known fields of a scheduler, checked and without null fields, and notes on unknown ones. */
const fieldsIn = (path: string, name: string, config: JsonRecord, fields: Fields) => {
  const entries = Object.entries(givenFields(config));
  // without the defaults, as a scheduler may have others; a field has a type of io-ts
  const types = Object.entries(fields).map(([field, of]) => [field, (isOptional(of) ? of.type : of) as t.Mixed]);
  const hint = 'change the field, or load only the folder of the network, with its process';
  return F.pipe(
    decode(t.partial(Object.fromEntries(types)))(
      Object.fromEntries(entries.filter(([field]) => Object.hasOwn(fields, field))),
    ),
    E.mapLeft(errorAt('ConfigError', path, hint)),
    E.map((values) => ({
      values,
      unknown: entries
        .filter(([field]) => !Object.hasOwn(fields, field))
        .map(([field]) => `${field}: noisefold does not know this field of ${name}; it is ignored`),
    })),
  );
};

/**
 * True if a model has to learn its variance, according to the scheduler; null if it does not matter: only the steps of
 * DDPM use a variance.
 */
const learnsVariance = (name: SchedulerName, { variance_type: variance }: SchedulerSettings): boolean | null =>
  name === 'DDPMScheduler' ? variance === 'learned_range' : null;

/** Names the file in an error. */
const named = (path: string) => E.mapLeft((error: NoisefoldError) => inFile(path, error));

/** Reads a scheduler on a continuous path. The default number of steps is that of the schedulers over σ. */
const readContinuous = (
  path: string,
  name: ContinuousName,
  config: JsonRecord,
  steps = 50,
): either.Either<NoisefoldError, ReadScheduler> =>
  F.pipe(
    fieldsIn(path, name, config, CONTINUOUS_FIELDS[name]),
    E.bindTo('fields'),
    E.bind('read', ({ fields }) => named(path)(CONTINUOUS[name](fields.values, steps))),
    E.tap(({ read: { sampling, noising } }) => named(path)(sampling.grid(noising))),
    E.map(({ fields: { unknown }, read }) => ({
      ...read,
      learnsVariance: null,
      notes: [...read.notes, ...unknown].map((note) => `${path}: ${note}`),
    })),
  );

const readDiscrete = (
  path: string,
  name: SchedulerName,
  config: JsonRecord,
  steps: number | undefined,
  eta: number | undefined,
): either.Either<NoisefoldError, ReadScheduler> => {
  const { flow } = SCHEDULERS[name];
  return F.pipe(
    fieldsIn(path, name, config, { ...noisingFields, ...SCHEDULER_FIELDS[name] }),
    E.bindTo('fields'),
    E.let('settings', ({ fields: { values } }) => ({
      ...settingsOf(name, values as Partial<SchedulerSettings>), // the codecs of its fields have checked it
      ...(eta !== undefined && { eta }),
    })),
    E.let('count', ({ settings }) => steps ?? SCHEDULERS[name].steps(settings.num_train_timesteps)),
    E.tap(({ settings, count }) => named(path)(checkedSettings(name, settings, count))),
    E.tap(({ settings }) => fewEnough(name, settings, steps)),
    E.bind('noising', ({ settings }) => named(path)(noisingOfScheduler(name, settings))),
    E.bind('read', ({ settings, noising, count }) =>
      flow !== undefined && settings.use_flow_sigmas
        ? E.right(onFlow(flow, name, settings, noising.schedule, count))
        : named(path)(onSchedule(name, settings, noising, count)),
    ),
    E.bind('grid', ({ read }) => named(path)(read.sampling.grid(read.noising))),
    E.map(({ fields: { unknown }, settings, noising, count, read, grid }) => ({
      ...read,
      learnsVariance: learnsVariance(name, settings),
      notes: [
        ...read.notes,
        ...notesOn(name, settings, count),
        ...signalNotes(name, settings, noising, grid),
        ...unknown,
      ].map((note) => `${path}: ${note}`),
    })),
  );
};

/** Refuses more steps than timesteps. */
const fewEnough = (
  name: SchedulerName,
  settings: SchedulerSettings,
  steps: number | undefined,
): either.Either<NoisefoldError, void> => {
  const most = mostSteps(name, settings);
  return steps === undefined || steps <= most || most === 0
    ? E.right(undefined)
    : fail('ConfigError', {
        where: 'loadDiffusers: steps',
        expected: `at most ${most}, for ${name} with ${settings.num_train_timesteps} timesteps`,
        actual: `${steps}`,
        hint: 'take fewer: each step has a timestep of its own',
      });
};

/** A scheduler over the timesteps of a process. */
const onSchedule = (
  name: SchedulerName,
  settings: SchedulerSettings,
  noising: DiscreteNoising,
  steps: number,
): either.Either<NoisefoldError, SchedulerProcess> => {
  const grid = gridOfScheduler(name, settings, steps);
  return E.map((timesteps: readonly number[]) => ({
    noising,
    predicts: PREDICTS[settings.prediction_type],
    sampling: {
      solver: solverOfScheduler(name, { settings, timesteps }, noising),
      grid,
      correction: correctionOf(settings),
    },
    notes: [],
  }))(grid(noising));
};

/** Refuses an η for steps that have none. */
export const withoutEta = (name: string, eta: number): either.Either<NoisefoldError, never> =>
  fail('ConfigError', {
    where: 'loadDiffusers: eta',
    expected: `none for ${name}`,
    actual: `${eta}`,
    hint: `leave it out: only the steps of ${WITH_ETA.join(' and ')} have one`,
  });

/**
 * Reads the configuration of a scheduler, for a number of steps or the default number of its pipeline, and for an η. Returns a
 * `DecodeError` for a value of the wrong type, and a `ConfigError` that names the field for a scheduler or a value that
 * noisefold lacks.
 */
export const readScheduler = (
  path: string,
  config: JsonRecord,
  steps?: number,
  eta?: number,
): either.Either<NoisefoldError, ReadScheduler> =>
  F.pipe(
    nameIn(path, config),
    E.flatMap((name) => {
      if (eta !== undefined && !WITH_ETA.includes(name)) return withoutEta(name, eta);
      return isContinuous(name)
        ? readContinuous(path, name, config, steps)
        : readDiscrete(path, name, config, steps, eta);
    }),
  );
