/** What the address of the page may ask for: `?backend=wasm&recipe=tiny&goal=12`. */
import type { NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { type Decoder, numberThat, oneOf, orNull, record, wholeFrom } from '../../mnist/decoder.js';

export interface Settings {
  /** `auto` is WebGPU where there is one, and else WebAssembly. */
  readonly backend: 'auto' | 'webgpu' | 'wasm';
  /** `tiny` is for tests: it learns in seconds, and not much. */
  readonly recipe: 'digits' | 'tiny';
  /** What a new training begins with; null is the usual. */
  readonly seed: number | null;
  /** How many updates there are to be; null is what the recipe is made for. */
  readonly goal: number | null;
  /** How many steps a drawing takes at first. */
  readonly steps: number;
}

/** The seed of a training that nobody asked another one for. */
export const USUAL_SEED = 7;

/** More steps than this draw nothing better. */
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

/** The settings that a query asks for. `ConfigError` for those that the page does not know. */
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
