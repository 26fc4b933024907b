/** The settings in the URL of the page: `?backend=wasm&recipe=tiny&goal=12`. */
import type { NoisefoldError } from 'noisefold/dsl';
import type { either as E } from 'fp-ts';
import { type Decoder, numberThat, oneOf, orNull, record, wholeFrom } from '../../mnist/decoder.js';

export interface Settings {
  /**
   * `auto` is WebGPU if available, otherwise WebAssembly. `portable` is WebAssembly that rounds the same on every machine, for links:
   * its pictures are the same bytes in the same browser.
   */
  readonly backend: 'auto' | 'webgpu' | 'wasm' | 'portable';
  /** `tiny` is for tests: it trains in seconds. */
  readonly recipe: 'digits' | 'tiny';
  /** The seed of a new training; null for the default. */
  readonly seed: number | null;
  /** The number of updates; null for that of the recipe. */
  readonly goal: number | null;
  /** The initial number of steps of a drawing. */
  readonly steps: number;
  /** The number of threads of WebAssembly; null for one per core. */
  readonly threads: number | null;
}

/** The default seed. */
export const USUAL_SEED = 7;

/** The maximum number of steps: more do not improve the digits. */
export const MOST_STEPS = 60;

export const defaultSettings: Settings = {
  backend: 'auto',
  recipe: 'digits',
  seed: null,
  goal: null,
  steps: 20,
  threads: null,
};

/** The maximum number of threads that WebAssembly takes. */
export const MOST_THREADS = 64;

/* @__NO_SIDE_EFFECTS__ */
const wholeTo = (most: number): Decoder<number> =>
  numberThat(`a whole number from 1 to ${most}`, (n) => Number.isInteger(n) && n >= 1 && n <= most);

export const stepsDecoder = wholeTo(MOST_STEPS);

const fields: { readonly [K in keyof Settings]: Decoder<Settings[K]> } = {
  backend: oneOf(['auto', 'webgpu', 'wasm', 'portable']),
  recipe: oneOf(['digits', 'tiny']),
  seed: orNull(wholeFrom(0)),
  goal: orNull(wholeFrom(1)),
  steps: stepsDecoder,
  threads: orNull(wholeTo(MOST_THREADS)),
};

export const settingsDecoder: Decoder<Settings> = record(fields);

const isWord = (name: string): boolean => name === 'backend' || name === 'recipe';

/**
 * Reads the settings of a query. Ignores other parameters, which shared links may have. Returns a `ConfigError` for
 * invalid values.
 */
export const settingsOf = (query: string): E.Either<NoisefoldError, Settings> => {
  const known = [...new URLSearchParams(query)].filter(([name]) => Object.hasOwn(fields, name));
  const set = known.map(([name, value]) => [name, isWord(name) ? value : Number(value)] as const);
  return settingsDecoder({ where: 'the address', hint: 'the page uses its defaults instead' })({
    ...defaultSettings,
    ...Object.fromEntries(set),
  });
};
