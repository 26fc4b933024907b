/** config.json: the settings of a run. */
import { fail, failure, type NoisefoldError } from 'noisefold/dsl';
import { unetArchitecture } from 'noisefold/nn';
import { either as E, function as F } from 'fp-ts';
import { by, type Decoder, numberThat, oneOf, orNull, record, show, wholeFrom } from './decoder.js';
import { BACKENDS, drawnBy, PROCESSES, type Recipe, type Settings } from './recipe.js';

export interface Config extends Settings {
  readonly recipe: Recipe;
}

const rate = numberThat('a rate in [0, 1)', (n) => n >= 0 && n < 1);
const positive = numberThat('a number above 0', (n) => n > 0);

const sampler: Decoder<string> = (place) => (value) => {
  const text = typeof value === 'string' ? value : show(value);
  return E.bimap(
    (error: NoisefoldError) => failure('ConfigError', { ...error, ...place }),
    () => text,
  )(drawnBy(text));
};

/** The decoders of the settings. */
export const settingDecoders: { readonly [K in keyof Settings]: Decoder<Settings[K]> } = {
  process: oneOf(PROCESSES),
  backend: oneOf(BACKENDS),
  seed: wholeFrom(0),
  batch: wholeFrom(1),
  steps: wholeFrom(1),
  minutes: orNull(positive),
  checkpointEvery: wholeFrom(1),
  sampler,
  guidance: numberThat('a number', () => true),
};

/** The recipe in a checkpoint, with the defaults of the model. */
export const recipeDecoder: Decoder<Recipe> = record({
  model: by(unetArchitecture),
  learningRate: positive,
  muonRate: orNull(positive),
  warmupSteps: wholeFrom(1),
  decaySteps: wholeFrom(1),
  clip: positive,
  averageDecay: rate,
  labelDropout: rate,
  heldOutEvery: wholeFrom(1),
  heldOutImages: wholeFrom(1),
});

const configDecoder = record<Config>({ ...settingDecoders, recipe: recipeDecoder });

const HINT = 'restore the file, or start another run';

/** The text of a config.json. */
export const encodeConfig = (config: Config): string => `${JSON.stringify(config, null, 2)}\n`;

/**
 * Reads a config.json; `where` names it in errors. Equal settings give equal objects, regardless of the order of their
 * fields. Returns a `DecodeError` for invalid JSON, and a `ConfigError` for a wrong or unknown field.
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

/** Applies settings to a configuration; a number of steps removes the time limit. */
export const changedBy =
  (changes: Partial<Settings>) =>
  (config: Config): Config => ({
    ...config,
    ...(changes.steps === undefined ? {} : { minutes: null }),
    ...changes,
  });

/** The settings that a run cannot change, because its results depend on them. */
const FIXED = ['process', 'backend', 'seed', 'batch'] as const;

/**
 * The configuration of a resumed run with new settings. Returns a `ConfigError` for a setting that cannot be changed.
 */
export const continued =
  (where: string, changes: Partial<Settings>) =>
  (config: Config): E.Either<NoisefoldError, Config> => {
    const changed = FIXED.find((name) => changes[name] !== undefined && changes[name] !== config[name]);
    return changed === undefined
      ? E.right(changedBy(changes)(config))
      : fail('ConfigError', {
          where: `--${changed}`,
          expected: `${config[changed]}, with which the run in ${where} began`,
          actual: `${changes[changed]}`,
          hint: 'leave the option out, or start another run without --resume',
        });
  };
