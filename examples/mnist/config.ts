/** config.json: all that a run was begun with. */
import { fail, failure, type NoisefoldError } from 'noisefold/dsl';
import { unetArchitecture } from 'noisefold/nn';
import { either as E, function as F } from 'fp-ts';
import { by, type Decoder, numberThat, oneOf, orNull, record, wholeFrom } from './decoder.js';
import { BACKENDS, drawnBy, type Recipe, type Settings } from './recipe.js';

export interface Config extends Settings {
  readonly recipe: Recipe;
}

const rate = numberThat('a rate in [0, 1)', (n) => n >= 0 && n < 1);
const positive = numberThat('a number above 0', (n) => n > 0);

const sampler: Decoder<string> = (place) => (value) => {
  const text = typeof value === 'string' ? value : `${JSON.stringify(value)}`;
  return E.bimap(
    (error: NoisefoldError) => failure('ConfigError', { ...error, ...place }),
    () => text,
  )(drawnBy(text));
};

/** What each setting takes. */
export const settingDecoders: { readonly [K in keyof Settings]: Decoder<Settings[K]> } = {
  backend: oneOf(...BACKENDS),
  seed: wholeFrom(0),
  batch: wholeFrom(1),
  steps: wholeFrom(1),
  minutes: orNull(positive),
  checkpointEvery: wholeFrom(1),
  sampler,
  guidance: numberThat('a number', () => true),
};

/** What a checkpoint says of its training; the model gets its defaults. */
export const recipeDecoder: Decoder<Recipe> = record({
  model: by(unetArchitecture),
  learningRate: positive,
  warmupSteps: wholeFrom(1),
  decaySteps: wholeFrom(1),
  clip: positive,
  averageDecay: rate,
  labelDropout: rate,
  heldOutEvery: wholeFrom(1),
  heldOutImages: wholeFrom(1),
});

const configDecoder = record<Config>({ ...settingDecoders, recipe: recipeDecoder });

const HINT = 'restore the file, or begin another run';

/** The text of a config.json. */
export const encodeConfig = (config: Config): string => `${JSON.stringify(config, null, 2)}\n`;

/**
 * Reads a config.json; `where` names it in messages. The same settings give the same object, whatever the
 * order of their fields. `DecodeError` where it is no JSON, `ConfigError` where a field is wrong or unknown.
 */
export const decodeConfig =
  (where: string) =>
  (json: string): E.Either<NoisefoldError, Config> =>
    F.pipe(
      E.tryCatch(
        (): unknown => JSON.parse(json),
        (reason): NoisefoldError =>
          failure('DecodeError', { where, expected: 'JSON', actual: String(reason), hint: HINT }),
      ),
      E.flatMap(configDecoder({ where, hint: HINT })),
    );

/** A configuration with the settings that were given; a number of steps lifts the limit of time. */
export const changedBy =
  (given: Partial<Settings>) =>
  (config: Config): Config => ({
    ...config,
    ...(given.steps === undefined ? {} : { minutes: null }),
    ...given,
  });

/** What a run keeps to its end, since its numbers depend on it. */
const FIXED = ['backend', 'seed', 'batch'] as const;

/** The configuration of a run that goes on, with the settings now given. `ConfigError` for one that it keeps. */
export const continued =
  (where: string, given: Partial<Settings>) =>
  (config: Config): E.Either<NoisefoldError, Config> => {
    const changed = FIXED.find((name) => given[name] !== undefined && given[name] !== config[name]);
    return changed === undefined
      ? E.right(changedBy(given)(config))
      : fail('ConfigError', {
          where: `--${changed}`,
          expected: `${config[changed]}, with which the run in ${where} began`,
          actual: `${given[changed]}`,
          hint: 'leave the option out, or begin another run without --resume',
        });
  };
