/** Reads `scheduler_config.json` of diffusers as a process, a solver, a grid and a correction. */
import type { NoisefoldError } from '../../dsl/index.js';
import { errorAt } from '../../formats/safetensors/words.js';
import { decode, show } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { inFile } from '../inFile.js';
import { givenFields } from '../names/publicFields.js';
import type { JsonRecord } from '../pythonJson.js';
import { checkedSettings, notesOn } from './schedulerFields.js';
import { type Scheduler, SCHEDULERS, WITH_ETA } from './schedulers.js';
import { DEFAULTS, type SchedulerProcess, type SchedulerSettings } from './schedulerSettings.js';

/** The result of reading a scheduler. */
export interface ReadScheduler extends SchedulerProcess {
  /** True if a model has to learn its variance, false if it must not, null if both are possible. */
  readonly learnsVariance: boolean | null;
}

/** The values of the known fields of a scheduler, checked and without nulls. */
const valuesIn = (path: string, { fields }: Scheduler, given: JsonRecord) => {
  const types = Object.entries(fields).map(([field, { type }]) => [field, type as t.Mixed]); // a field has a type of io-ts
  const hint = 'change the field, or load only the folder of the network, with its process';
  return F.pipe(
    decode(t.partial(Object.fromEntries(types)))(
      Object.fromEntries(Object.entries(given).filter(([field]) => Object.hasOwn(fields, field))),
    ),
    E.mapLeft(errorAt('ConfigError', path, hint)),
    E.map((values) => values as Partial<SchedulerSettings>), // the codecs have checked them
  );
};

/** Refuses more steps than timesteps. */
const fewEnough = (name: string, { read }: Scheduler, settings: SchedulerSettings, steps: number) => {
  const most = read.mostSteps(settings);
  return steps <= most || most === 0
    ? E.right(undefined)
    : fail('ConfigError', {
        where: 'loadDiffusers: steps',
        expected: `at most ${most}, for ${name} with ${settings.num_train_timesteps} timesteps`,
        actual: `${steps}`,
        hint: 'take fewer: each step has a timestep of its own',
      });
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
): either.Either<NoisefoldError, ReadScheduler> => {
  const name = config['_class_name'];
  const scheduler = typeof name === 'string' ? SCHEDULERS.get(name) : undefined;
  if (typeof name !== 'string' || scheduler === undefined)
    return fail('ConfigError', {
      where: `${path}: _class_name`,
      expected: `one of ${[...SCHEDULERS.keys()].join(', ')}`,
      actual: show(name),
      hint: 'replace the scheduler, or load only the folder of the network, with its process',
    });
  const { fields, defaults, fixed, eta: usualEta, learnsVariance, read } = scheduler;
  if (eta !== undefined && usualEta === undefined) return withoutEta(name, eta);
  const named = E.mapLeft((error: NoisefoldError) => inFile(path, error));
  const given = givenFields(config);
  return F.pipe(
    valuesIn(path, scheduler, given),
    E.map((values): SchedulerSettings => ({
      ...DEFAULTS,
      ...defaults,
      eta: eta ?? usualEta ?? DEFAULTS.eta,
      ...values,
      ...fixed,
    })),
    E.bindTo('settings'),
    E.let('count', ({ settings }) => steps ?? read.steps(settings.num_train_timesteps)),
    E.tap(({ settings, count }) => named(checkedSettings(fields, settings, count))),
    E.tap(({ settings, count }) => fewEnough(name, scheduler, settings, count)),
    E.bind('process', ({ settings, count }) => named(read.process(settings, count, name))),
    E.tap(({ process: { sampling, noising } }) => named(sampling.grid(noising))),
    E.map(({ settings, count, process }) => ({
      ...process,
      learnsVariance: learnsVariance?.(settings) ?? null,
      notes: [
        ...notesOn(fields, settings, count),
        ...process.notes,
        ...Object.keys(given)
          .filter((field) => !Object.hasOwn(fields, field))
          .map((field) => `${field}: noisefold does not know this field of ${name}; it is ignored`),
      ].map((note) => `${path}: ${note}`),
    })),
  );
};
