/** The settings in the URL of the page: `?backend=wasm&recipe=tiny&goal=12`. */
import type { NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { type Decoder, numberThat, oneOf, orNull, record, wholeFrom } from '../../mnist/decoder.js';

export interface Settings {
  /** `auto` is WebGPU if available, otherwise WebAssembly. */
  readonly backend: 'auto' | 'webgpu' | 'wasm';
  /** `tiny` is for tests: it trains in seconds. */
  readonly recipe: 'digits' | 'tiny';
  /** The seed of a new training; null for the default. */
  readonly seed: number | null;
  /** The number of updates; null for that of the recipe. */
  readonly goal: number | null;
  /** The initial number of steps of a drawing. */
  readonly steps: number;
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
};

export const stepsDecoder: Decoder<number> = numberThat(
  `a whole number from 1 to ${MOST_STEPS}`,
  (n) => Number.isInteger(n) && n >= 1 && n <= MOST_STEPS,
);

export const settingsDecoder: Decoder<Settings> = record({
  backend: oneOf('auto', 'webgpu', 'wasm'),
  recipe: oneOf('digits', 'tiny'),
  seed: orNull(wholeFrom(0)),
  goal: orNull(wholeFrom(1)),
  steps: stepsDecoder,
});

/** Reads the settings of a query. `ConfigError` for unknown ones. */
export const settingsOf = (query: string): E.Either<NoisefoldError, Settings> =>
  F.pipe(
    Object.fromEntries(new URLSearchParams(query)),
    ({ seed, goal, steps, ...asked }) => ({
      ...defaultSettings,
      ...asked,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      ...(goal === undefined ? {} : { goal: Number(goal) }),
      ...(steps === undefined ? {} : { steps: Number(steps) }),
    }),
    settingsDecoder({ where: 'the address', hint: 'the page takes its defaults instead' }),
  );
